/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of one stream server: where their structs come from, and the list of each phase. In one list all
 * have the same time-out and stand in the order in which they entered, so the first is always the next to expire,
 * and the first of the idle ones is the longest idle. Loop lifetime; the worker's thread. Private to server/stream*.
 */
#ifndef SERVER_STREAM_POOL_H
#define SERVER_STREAM_POOL_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/addr.h"

enum stream_phase {
	STREAM_IDLE,		/* between messages */
	STREAM_OPENING,		/* a handshake has begun */
	STREAM_BUSY,		/* part of a message is here */
	STREAM_WRITING,		/* the peer reads slowly; we do not read */
	STREAM_LINGERING,	/* all is said: discards until the peer has seen it */
	STREAM_YIELDED,		/* had its turn; goes on in the next one */
	STREAM_WAITING,		/* for something that is not the client's */
	STREAM_PHASES,
	STREAM_CLOSING = STREAM_PHASES,	/* in no list; closed, when it is in the pool */
};

struct stream_out;
struct stream_server;

struct stream {
	struct stream_server *server;
	struct stream *older, *newer;	/* in the list of its phase; in the pool older is the next free one */
	uint64_t since;			/* ms of the loop when the phase began */
	struct stream_out *out;		/* what is not yet written, or NULL */
	uint8_t *held;			/* input that was not consumed, or NULL */
	uint32_t held_len, held_room;
	uint32_t discarded;		/* bytes, while lingering */
	int fd;
	uint8_t owner;			/* of the address it came to */
	uint8_t client_bits;		/* it is counted among its client's, under so many bits of peer; 0: it is not */
	enum stream_phase phase : 4, after_yield : 4;	/* the latter: that it returns to */
	bool readable : 1;		/* the kernel may hold bytes: nothing will tell again that it does */
	bool ending : 1;		/* behind them the peer's end, or a fault, is waiting */
	bool eof : 1;			/* the peer will send no more */
	bool close_after : 1;		/* close when out is written */
	bool answered : 1;		/* a message of what was read last */
	bool later : 1;			/* yielded with input that is still to be fed */
	bool proxied : 1;		/* a PROXY header comes first */
	struct addr peer;
	alignas(max_align_t) uint8_t state[];	/* the protocol's */
};

struct stream_list {
	struct stream *oldest, *newest;
};

void stream_list_append(struct stream_list *list, struct stream *stream);
void stream_list_remove(struct stream_list *list, struct stream *stream);

/* Grows by slabs as connections come and keeps them until the server ends; the caller bounds how many are out. */
struct stream_pool {
	size_t state_bytes;
	struct stream *free;
	struct stream_slab *slabs;
};

struct stream *stream_pool_take(struct stream_pool *pool);	/* zeroed */
void stream_pool_give(struct stream_pool *pool, struct stream *stream);
void stream_pool_fini(struct stream_pool *pool);

#endif
