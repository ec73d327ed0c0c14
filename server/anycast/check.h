/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check of a service: run every interval, give or take a tenth, one run at a time, each with a time limit. Its state
 * changes after rise good runs or fall bad ones in a row. Main thread only.
 */
#ifndef SERVER_ANYCAST_CHECK_H
#define SERVER_ANYCAST_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/conf.h"
#include "server/anycast/probe.h"
#include "zone/name.h"

struct node;
struct check_probe;
struct check_pulse;
struct spawn;
struct tls_client;

enum check_state { CHECK_NEW, CHECK_UP, CHECK_DOWN };	/* NEW: neither rise nor fall runs in a row yet */

#define CHECK_NO_ZONE SIZE_MAX

struct check {
	const struct conf_service_check *conf;
	const struct conf_service *service;
	struct node *node;
	void (*changed)(void *ctx, struct check *check);	/* its state, or ready, or the words of a bad run */
	void *ctx;
	enum check_state state;
	bool ready;		/* it has seen everything once: dns has probed every zone */
	int64_t since;		/* wall clock, of the state */
	char words[PROBE_WORDS_MAX];	/* of the last run */
	bool last_good;
	uint64_t runs, failures;
	uint64_t took_ns;	/* the last run */
	uint64_t asked;		/* questions put to this node, for they are counted as traffic */
	/* Its own. */
	unsigned row;		/* runs in a row that ended as last_good says */
	uv_timer_t timer;
	uint64_t began_ns;
	unsigned pending;	/* parts of the run that runs */
	bool run_good;
	char run_words[PROBE_WORDS_MAX];
	struct check_probe *probes;
	struct spawn *spawn;
	struct check_pulse *pulse;
	struct tls_client *tls;	/* made when first needed */
	size_t cursor, probed, needed;	/* zones: the last asked for, how many in a row, of how many */
	size_t failed;		/* the zone whose probe failed last: asked for again until it is good; CHECK_NO_ZONE */
	struct name name;	/* CONF_CHECK_DNS_AT */
	uint16_t type;
};

/* Begins with a run at once. service, conf and node outlive it. */
void check_start(struct check *check, struct node *node, const struct conf_service *service,
		 const struct conf_service_check *conf, void (*changed)(void *ctx, struct check *check), void *ctx);
/* Nothing comes afterwards; the storage stays until the loop has turned. */
void check_close(struct check *check);
/* Whether it looks at what others answer for: a target, another server, a program. */
bool check_is_soft(enum conf_service_check_kind kind);
const char *check_state_name(enum check_state state);	/* "new", "up", "down" */

/* For the kinds (check_*.c). A run is made of parts; it is good when all are, and ends when all have. */
void check_part(struct check *check);
void check_part_done(struct check *check, bool good, const char *words);
/* A part that is a probe. */
struct check_question {
	struct name name;
	uint16_t type, class;
	size_t zone;	/* of those the service needs, or CHECK_NO_ZONE */
};
void check_probe_dns(struct check *check, enum probe_kind kind, const struct addr *to, const struct check_question *question,
		     bool ours);
void check_probe_http(struct check *check, const struct addr *to, const char *host, const char *path, bool ours);
/* The same of ours in TLS; host is the name that is asked for. */
void check_probe_https(struct check *check, const struct addr *to, const char *host, const char *path);
void check_probe_connect(struct check *check, const struct addr *to);

void check_run_dns(struct check *check);
void check_run_zones(struct check *check);
void check_run_http(struct check *check);
void check_run_redirect(struct check *check);

#endif
