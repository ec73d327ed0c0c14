/* SPDX-License-Identifier: Apache-2.0 */
/* What server/anycast/lease.c (renewing) and lease_watch.c (other people's hands) share. Nobody else includes it. */
#ifndef SERVER_ANYCAST_LEASE_INNER_H
#define SERVER_ANYCAST_LEASE_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/anycast/lease.h"

/*
 * Times, with a lease L. Every L/5 the thread asks each loop to turn and renews when all have within the last L/2. A loop
 * that gave no evidence for a whole L withdraws everything in that moment, though the leases of the renewals in between may
 * have longer to live. A renewal that comes later than L (less MARGIN, for the way to the kernel) after the one before would
 * announce an address that the kernel has removed meanwhile: nothing is renewed then, and main is told.
 */
enum {
	LEASE_ROUNDS = 5,			/* in a lease */
	LEASE_ANNOUNCE_MS = 900,	/* an announcement that takes longer has failed: main waits no longer for it */
	LEASE_MARGIN_MS = 200,
	LEASE_NOTES = 16,
	LEASE_MS_NS = 1000000,			/* ns */
};

struct lease_note {
	enum log_level level;
	char text[200];
};

struct lease {
	struct lease_start start;
	pthread_t thread;
	int wake, watch;		/* eventfd; rtnetlink, -1 without */
	uv_async_t async;		/* the thread to main, and main's evidence */
	_Atomic uint64_t main_turned_ms;	/* as of uv_now() */
	uint64_t began_ms, asked_ms;	/* likewise; asked: the loops, by the thread */
	atomic_bool stop;
	bool thread_runs;
	/* Under the lock. */
	pthread_mutex_t lock;
	enum route_level *levels;	/* of each route */
	uint64_t *renewed_ns;		/* of each route that is announced */
	bool alive, changed;		/* changed: main has to hear */
	bool gone;			/* the helper: only a restart helps */
	int links[NETADMIN_DEVICES];	/* now; 0: none, or it was deleted */
	bool missing[NETADMIN_DEVICES];	/* deleted, and to be made again */
	int refused[NETADMIN_DEVICES];	/* why it could not be: told once */
	struct lease_loss {
		bool pending;		/* main has to hear */
		char why[MACHINE_CAUSE_MAX];
	} *losses;			/* of each group */
	char why[MACHINE_CAUSE_MAX];
	struct lease_report report;
	struct lease_note notes[LEASE_NOTES];
	unsigned note_count;
};

static inline uint64_t lease_ns(const struct lease *lease)
{
	return lease->start.lease_ms * LEASE_MS_NS;
}

static inline enum netadmin_device lease_device_of(enum route_level level)
{
	return level == ROUTE_LOW ? NETADMIN_LOW : NETADMIN_CARRIER;
}

/* With the lock held. */
void lease_say(struct lease *lease, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* All that is announced is withdrawn; main hears why. */
void lease_lose(struct lease *lease, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What belongs to the route's group is. */
void lease_lose_one(struct lease *lease, size_t route, const char *format, ...) __attribute__((format(printf, 3, 4)));
void lease_lose_to_time(struct lease *lease, size_t route, uint64_t gap_ns);
void lease_make_missing(struct lease *lease);	/* each round */

/* Without it: hears what the kernel has to tell. */
void lease_watch(struct lease *lease);

#endif
