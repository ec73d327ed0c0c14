/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How routes come and go. One interface, five back-ends (anycast.backend); what becomes of a route when this process
 * dies or hangs is theirs:
 *
 *	device		addresses with a lifetime on a TUN device that we hold: gone in milliseconds, or when the lease ends
 *	none		nothing is done: whoever announces asks us (status, /readyz)
 *	exec		a program is run for each change: the route stays
 *	exabgp		lines to ExaBGP: the route stays, unless ExaBGP runs us and dies too
 *	bird-file	a file that BIRD includes, and configure: the route stays
 *
 * A group is what is announced as one (server/anycast/seed.h). Main thread only; calls return at once, and each change
 * ends in done(), perhaps before carrier_set() returns.
 */
#ifndef SERVER_ANYCAST_CARRIER_H
#define SERVER_ANYCAST_CARRIER_H

#include <uv.h>

#include "server/anycast/lease.h"
#include "server/anycast/machine.h"
#include "server/anycast/seed.h"

struct carrier;
struct node;

struct carrier_start {
	uv_loop_t *loop;
	const struct conf_anycast *conf;
	const char *state_dir;
	const struct seed *seed;
	struct worker *workers;
	unsigned worker_count;
	/* The last change of the group asked for is carried out, or could not be: why then says so, else it is NULL. A change
	 * that a later one has overtaken is not told of. */
	void (*done)(void *ctx, size_t group, const char *why);
	/* As of struct lease_start; alive stays true, and nothing is lost, with other back-ends than device. */
	void (*lost)(void *ctx, size_t group, const char *why);
	void (*alive)(void *ctx, bool alive, const char *why);
	void (*say)(void *ctx, enum log_level level, const char *text);
	void *ctx;
};

struct carrier *carrier_new(const struct carrier_start *start);
void carrier_set(struct carrier *carrier, size_t group, enum route_level level);
bool carrier_can_lower(const struct conf_anycast *conf);
/* With device; else false. */
bool carrier_lease(struct carrier *carrier, struct lease_report *ret);
/* No calls afterwards; done() does not come any more. What is not known to be withdrawn is withdrawn once more: a hook, or
 * BIRD, keeps the loop from ending until it has done so, but not longer than its own time-out (exec: hook-timeout). */
void carrier_close(struct carrier *carrier);
/* After the loop has ended: something may still be announced; it was logged. */
bool carrier_left(const struct carrier *carrier);
void carrier_free(struct carrier *carrier);	/* after the loop has ended; NULL is fine */

/* For the back-ends. */
struct carrier_backend {
	struct carrier_state *(*open)(struct carrier *carrier);	/* NULL: none; for the three below NULL too */
	void (*set)(struct carrier *carrier, size_t group);	/* to carrier->levels[group] */
	void (*close)(struct carrier *carrier);
	void (*free)(struct carrier *carrier);
};
extern const struct carrier_backend carrier_device, carrier_exec, carrier_exabgp, carrier_bird;

struct carrier {
	struct carrier_start start;
	const struct carrier_backend *backend;
	struct carrier_state *state;	/* the back-end's own */
	enum route_level *levels;	/* wanted, of each group */
	bool *withdrawn;		/* each group: it was carried out */
	bool closed, left;		/* left: in closing, a withdrawal failed */
};
/* The change of a group ended: format NULL when it is carried out. */
void carrier_done(struct carrier *carrier, size_t group, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *carrier_level_name(enum route_level level);	/* "withdraw", "deprefer", "announce" */

#endif
