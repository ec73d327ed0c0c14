/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease: addresses on the carriers live as long as somebody proves that this process does. A thread of its own
 * (SCHED_FIFO where permitted) renews them through the helper, but only with fresh evidence from every loop: each worker
 * and main must have turned since it last asked. It never announces: what was not renewed in time is given up for good,
 * whoever wakes up late, and main hears that it is lost (a hold-down follows). It also watches the kernel for other
 * people's hands on our addresses and interfaces: a carrier that is deleted is made again, a group whose address went or
 * whose carrier was set down is lost, and no other.
 *
 * Calls are main's; the callbacks come in main's loop. Process lifetime.
 */
#ifndef SERVER_ANYCAST_LEASE_H
#define SERVER_ANYCAST_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/base/log.h"
#include "server/anycast/machine.h"
#include "server/anycast/seed.h"

struct lease;
struct worker;

struct lease_start {
	uv_loop_t *loop;
	const struct seed *seed;	/* with helper and carriers; stays */
	struct worker *workers;		/* each gives evidence; stay until lease_stop() */
	unsigned worker_count;
	uint64_t lease_ms;
	/* A group, of seed, was lost alone, for the reason given: all of it is withdrawn already. */
	void (*lost)(void *ctx, size_t group, const char *why);
	/* Life changed: alive false with the reason, or true again. When it was false every route is withdrawn already. */
	void (*alive)(void *ctx, bool alive, const char *why);
	/* Somebody else did something, or something is odd. */
	void (*say)(void *ctx, enum log_level level, const char *text);
	void *ctx;
};

/* Never NULL. */
struct lease *lease_new(const struct lease_start *start);
/* Brings a route to a level, at once; higher before lower, so that there is no moment without it in between. -errno;
 * -EAGAIN: there is no evidence of life, or lost() is still to come: nothing is announced now. */
int lease_set(struct lease *lease, size_t route, enum route_level level);
/* Ends the thread; nothing is renewed any more. The handle in the loop is closed by lease_close(). */
void lease_stop(struct lease *lease);
void lease_close(struct lease *lease);
void lease_free(struct lease *lease);	/* after the loop has ended; NULL is fine */

struct lease_report {
	bool alive, realtime;
	uint64_t renewals;	/* rounds */
	uint64_t lost;		/* times that announced routes were given up */
	uint64_t foreign;	/* changes by others */
	uint64_t age_ms;	/* since the last renewal; 0 when nothing is announced */
	uint64_t longest_gap_ms;	/* between two renewals, of what was announced */
};
void lease_report(struct lease *lease, struct lease_report *ret);

#endif
