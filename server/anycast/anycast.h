/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes of this node: services, their checks and machines, the carrier that carries out what they decide, orders of
 * operators. Made by main from the seed, when the workers answer. Main thread only; others may read what is said here.
 */
#ifndef SERVER_ANYCAST_ANYCAST_H
#define SERVER_ANYCAST_ANYCAST_H

#include <uv.h>

#include "server/anycast/carrier.h"
#include "server/anycast/check.h"
#include "server/anycast/machine.h"

struct anycast;
struct node;

struct anycast_service {
	struct anycast *anycast;
	const struct conf_service *conf;
	struct check *checks;		/* conf->check_count */
	struct machine machine;
	enum machine_order order;	/* an operator's, kept over restarts */
	int64_t ordered_at;
	int64_t since;			/* wall clock, of machine.state */
	enum route_level level;		/* asked of the carrier */
	bool settled;			/* and carried out, or failed */
	char trouble[MACHINE_CAUSE_MAX];	/* why it could not be carried out; tried again at retry_at */
	uint64_t retry_at;		/* ms; 0: nothing to try */
	uint64_t changes;		/* of the route */
	bool serves_http;		/* the redirect front end listens at one of its addresses */
};

struct anycast_covering {
	const struct conf_covering *conf;
	enum route_level level;
	bool settled;
	char trouble[MACHINE_CAUSE_MAX];
	uint64_t retry_at;
	uint64_t changes;
};

/* Takes over seed. The configuration is node->boot->anycast; there is at least one service. */
struct anycast *anycast_start(struct node *node, struct seed *seed);

size_t anycast_service_count(const struct anycast *anycast);
struct anycast_service *anycast_service(struct anycast *anycast, size_t index);
struct anycast_service *anycast_find(struct anycast *anycast, const char *name);	/* or NULL */
size_t anycast_covering_count(const struct anycast *anycast);
const struct anycast_covering *anycast_covering(const struct anycast *anycast, size_t index);
/* What the world sees, which may be behind what was decided: as machine_public_name(), or "announcing", "withdrawing" while
 * the carrier is at it. */
const char *anycast_state(const struct anycast_service *service);
/* "announced", "announced-low", "withdrawn", or "announcing", "withdrawing". */
const char *anycast_route(enum route_level level, bool settled);
const char *anycast_reason(const struct anycast_service *service, char *buf, size_t size);	/* returns buf */
bool anycast_lease(struct anycast *anycast, struct lease_report *ret);	/* false without */

/* An order for one service, or, with NULL, for all: in force at once, and kept for the next start soon; when that fails, an
 * event tells. */
void anycast_order(struct anycast *anycast, struct anycast_service *service, enum machine_order order);

/* Tells when an order is carried out and kept. Storage is the caller's until done() or anycast_unwait(). */
struct anycast_waiter {
	struct anycast_service *service;	/* NULL: all */
	enum machine_order order;
	/* why NULL: carried out; else what keeps it from being so, now. May come in anycast_wait(). */
	void (*done)(void *ctx, const char *why);
	void *ctx;
	struct anycast_waiter *next;
};
void anycast_wait(struct anycast *anycast, struct anycast_waiter *waiter);
void anycast_unwait(struct anycast *anycast, struct anycast_waiter *waiter);

/* What sync knows of the content's freshness and what its when-stale says. */
void anycast_set_stale(struct anycast *anycast, enum machine_stale stale);

/* Drains everything, without leaving an order, then calls left once; bounded by the services' own times. */
void anycast_leave(struct anycast *anycast, void (*left)(void *ctx), void *ctx);
/* Withdraws what is left, see carrier_close(); no callbacks afterwards. Waiters are told. Before the workers are joined. */
void anycast_close(struct anycast *anycast);
bool anycast_left(const struct anycast *anycast);	/* after the loop has ended: as of carrier_left() */
void anycast_free(struct anycast *anycast);	/* after the loop has ended; NULL is fine */

#endif
