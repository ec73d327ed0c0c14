/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread, one libuv loop, its own SO_REUSEPORT sockets, connections and counters. Nothing is shared with
 * other workers but the dataset, which is immutable: main hands each worker the newest (worker_give), the worker takes
 * it between two callbacks and says so (worker->seen); what none can still see main frees (server/publish). What a
 * worker embeds lives as long as its loop and is closed as one. Made and joined by main; everything else here belongs
 * to the worker's own thread.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "conf/conf.h"
#include "server/counters.h"
#include "server/latency.h"
#include "server/limiter.h"
#include "sync/dataset.h"

struct access_ring;
struct presence;
struct udp_listener;
struct catchment;
struct stream_server;

struct worker {
	unsigned index;
	unsigned of;			/* how many workers there are */
	uv_loop_t loop;
	uv_thread_t thread;
	uv_async_t poke;		/* main wants something: a look at the atomics below */
	uv_check_t after_wait;
	bool stopping;
	const struct dataset *dataset;	/* valid in callbacks of this loop, until they return */
	struct counters counters;
	struct latency latency;		/* of UDP */
	struct latency http_latency;	/* of one read in HTTP_LATENCY_SAMPLE */
	unsigned http_reads;
	struct access_ring *access;	/* of the access log */
	struct limiter limiter;		/* of UDP; its settings are the dataset's */
	struct udp_listener *udp;	/* one a DNS address */
	size_t udp_count;
	struct stream_server *dns;	/* DNS over TCP; NULL without */
	struct stream_server *dns_tls;	/* DNS over TLS; NULL without */
	struct stream_server *http;	/* NULL without */
	struct stream_server *https;	/* NULL without */
	struct catchment *catchment;	/* NULL: not counted */
	struct presence *presence;	/* of the process; NULL: nobody is asked */
	uint64_t presence_seen;		/* its changes, at the last wake */
	struct udp_batch *batch;	/* of all its DNS sockets */
	struct udp_demand {
		uint32_t second;
		uint32_t queries;	/* in it, so far */
		bool high;		/* in the second before */
	} udp_demand;
	_Atomic(const struct dataset *) given;	/* by main, to be taken; NULL: nothing new */
	_Atomic uint64_t seen;		/* generation of the dataset it uses */
	atomic_bool stop_asked;
	const struct conf_anycast *anycast;
	_Atomic uint64_t dismissed;	/* by main, to be taken: worker_dismiss() */
	atomic_bool draining;		/* by main: HTTP clients shall go elsewhere next time */
	atomic_bool ended;		/* all is answered and closed */
	_Atomic uint64_t turns;		/* of the loop; worker_poke() makes one: evidence of life */
	_Atomic uint64_t turned_ms;	/* the last one, as of uv_now(); 0: none yet */
	uv_async_t *taken;		/* main's: sent when a dataset was taken */
};

/* Sockets are bound before any thread starts and before privileges are dropped: fds[i] belongs to conf's i-th address,
 * or -1. The worker takes them over. */
struct worker_sockets {
	int *dns_udp, *dns_tcp, *dns_tls, *http, *https;
	int *admin;	/* in the first worker's set alone, for main: server/admin */
	int *notify_udp, *notify_tcp;	/* likewise, for server/sync */
};

/* worker->index, of, taken, catchment and presence are set; its storage stays where it is until worker_join(). dataset is its first. */
int worker_start(struct worker *worker, const struct conf *conf, const struct dataset *dataset,
		 const struct worker_sockets *sockets);
/* From main: the dataset to use from now on. The one before may go when worker->seen says the new one's generation. */
void worker_give(struct worker *worker, const struct dataset *dataset);
/* Which service has the address, as server/catchment.h counts them: 1 + its place, or 0. */
uint8_t worker_owner_of(const struct worker *worker, struct address address);
/* Whether it is an address of a service: what asks from there is this node itself. */
bool worker_is_own(const struct worker *worker, struct address address);
/* From main: idle connections at the addresses of these services end. Bit i: services[i] of the section anycast that the worker
 * was started with. */
void worker_dismiss(struct worker *worker, uint64_t services);
/* From main: makes the loop turn once. */
void worker_poke(struct worker *worker);
/* Asks it to stop: no new connections, what is in flight is answered, at most STOP_GRACE_MS; worker_join() waits. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker);

enum { WORKER_STOP_GRACE_MS = 2000 };

#endif
