/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of server/anycast/anycast*.c share. Nobody else includes it. */
#ifndef SERVER_ANYCAST_ANYCAST_INNER_H
#define SERVER_ANYCAST_ANYCAST_INNER_H

#include "server/anycast/anycast.h"
#include "server/anycast/orders.h"
#include "server/events.h"
#include "server/node.h"

enum {
	ANYCAST_LOOK_MS = 250,		/* the stop file, the ebb, what is to be tried again */
	ANYCAST_RETRY_MS = 5000,
	ANYCAST_LOST_MS = 500,		/* what was lost may rise again behind it, if the hold-down lets it */
	ANYCAST_LEAVE_MS = 3000,	/* beyond the services' own times */
};

enum anycast_ebb { ANYCAST_EBB_DNS, ANYCAST_EBB_HTTP, ANYCAST_EBBS };	/* what is counted apart */

struct anycast {
	struct node *node;
	const struct conf_anycast *conf;
	struct seed *seed;
	struct carrier *carrier;
	struct anycast_service *services;
	struct anycast_covering *covering;
	bool alive;
	char why[MACHINE_CAUSE_MAX];	/* not alive */
	bool stop_file;
	enum machine_stale stale;
	uv_timer_t due, look;
	uint64_t ebb_count[ANYCAST_EBBS], ebb_at;	/* requests, and when they were counted (ms); 0: not measuring */
	struct anycast_waiter *waiters;
	struct anycast_keep *keep;	/* orders being written; NULL: none */
	bool keep_again;		/* they have changed since */
	bool leaving, closed;
	uint64_t leave_by;		/* ms */
	void (*left)(void *ctx);
	void *left_ctx;
};

/* anycast.c */
uint64_t anycast_now(void);	/* ms, never steps */
void anycast_advance(struct anycast_service *service);
void anycast_advance_all(struct anycast *anycast);
bool anycast_look_stop_file(struct anycast *anycast);	/* whether it came or went */
/* anycast_order.c: after each change. */
void anycast_tell_waiters(struct anycast *anycast);
/* anycast_drain.c: each look. */
void anycast_measure_ebb(struct anycast *anycast);
void anycast_mark_draining(struct anycast *anycast);
/* It is drained: who still has a connection, idle, shall ask anew. */
void anycast_dismiss(struct anycast_service *service);

#endif
