/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node: what main owns from start to stop. All calls are for the main thread. What takes long runs in libuv's thread
 * pool and ends in a callback; one such job runs at a time, later ones wait their turn.
 */
#ifndef SERVER_NODE_H
#define SERVER_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/conf.h"
#include "server/counters.h"
#include "server/latency.h"
#include "server/limiter.h"
#include "sync/dataset.h"
#include "sync/follow.h"

struct access_log;
struct admin;
struct anycast;
struct control;
struct events;
struct health;
struct presence;
struct publish;
struct reload;
struct sync;
struct content;
struct watch;
struct worker;
struct worker_sockets;

enum { NODE_SIGNALS = 3 };	/* HUP, INT, TERM */

struct node {
	uv_loop_t *loop;
	const char *conf_path;
	struct conf *boot;		/* as started: what a reload cannot change is still as it says */
	struct conf *conf;		/* in force; may be boot */
	struct dataset *dataset;	/* published; const for everyone but publish */
	struct worker *workers;
	unsigned worker_count;
	struct control *control;
	struct admin *admin;		/* NULL: not configured */
	struct events *events;
	struct anycast *anycast;	/* NULL: no routes are ours */
	uint64_t started_ns;		/* monotonic */
	int64_t started_at;		/* wall */
	bool leaving;			/* a stop that drains first */
	bool stopping;
	struct access_log *access_log;
	struct health *health;		/* of targets */
	struct presence *presence;
	struct sync *sync;		/* NULL: nobody is followed */
	struct publish *publish;
	struct watch *watch;		/* of the files with secrets, and of OCSP responses */
	struct reload *reloads;		/* running first, then waiting */
	uv_signal_t signals[NODE_SIGNALS];
};

/* Takes over boot (as loaded) and dataset; control and events are set by main afterwards. */
int node_start(struct node *node, uv_loop_t *loop, const char *conf_path, struct conf *boot, struct dataset *dataset,
	       const struct worker_sockets *sockets);
/* After the loop has ended: joins the workers, frees everything. Whether the stop left nothing behind: false when a route
 * could not be withdrawn. */
bool node_finish(struct node *node);

/* How a reload ended. err 0: switched, or nothing had to be. Views, valid in the callback. */
struct node_reload_result {
	int err;
	const struct err_list *errors;	/* of the configuration or the sites: nothing was switched */
	const char *tls_fault;		/* certificates that could not be used: the ones before stay; NULL without */
	unsigned zones_failed;		/* zones that keep their last good version: err is 0, but the command says 1 */
	const char *const *restart_keys; /* configuration keys whose change waits for a restart */
	size_t restart_key_count;
	uint64_t generation;		/* now in force */
};
typedef void node_reload_fn(void *ctx, const struct node_reload_result *result);

/* Reads the configuration again, checks it whole, builds a dataset, switches. done may be NULL (SIGHUP). */
void node_reload(struct node *node, node_reload_fn *done, void *ctx);
/* Zones only, with the configuration in force: all whose source changed, or the one named. */
void node_reload_zones(struct node *node, const char *zone, node_reload_fn *done, void *ctx);
/* Cookie secrets, ticket keys and OCSP responses only, from the files of the configuration in force. */
void node_reload_secrets(struct node *node, node_reload_fn *done, void *ctx);
/* What comes from the master once more, by its age of now (sync/age); all else stays as it runs. */
void node_reload_age(struct node *node, node_reload_fn *done, void *ctx);
/* Content from the master: staged aside, probed, committed, and only then switched to. */
struct node_sync_job {
	struct content *content;
	int (*commit)(void *ctx, struct err_note *note);	/* in the thread pool, when all the rest is good */
	void *ctx;
	enum follow_result result;	/* FOLLOW_NEW: switched; else why not, in the note */
	struct err_note note;
};
/* The job is the caller's until done(). */
void node_reload_sync(struct node *node, struct node_sync_job *job, node_reload_fn *done, void *ctx);
/* Begins the stop that SIGTERM begins: routes are drained first, unless it is asked for twice; main's loop ends when all
 * is answered and closed. */
void node_stop(struct node *node);

/* Makes every worker's loop turn once, so that worker->turns tells a living one from a stuck one. */
void node_poke(struct node *node);

/* Opens the access log as the configuration in force says. On a failure the one before goes on, and it is told. */
int node_open_access_log(struct node *node);
uint64_t node_counter(const struct node *node, enum counter counter);	/* summed over the workers */
struct latency_sum node_latency(const struct node *node);
struct latency_sum node_http_latency(const struct node *node);
/* The prefixes limited most, of all workers together; gives how many. */
size_t node_limited(const struct node *node, struct limiter_report *ret_reports, size_t room);
unsigned node_tcp_clients(const struct node *node);	/* DNS connections open now, of all workers */
unsigned node_http_clients(const struct node *node);	/* HTTP and HTTPS connections open now */

#endif
