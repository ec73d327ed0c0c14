/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/1 connection, without its socket: bytes that were read go in, bytes to write come out. The journey of a
 * request in one place: request -> sites -> choose -> location -> response. The server owns a struct redirect_http
 * per connection (loop lifetime, one thread) and one struct redirect_env per loop, whose pointers need to stand only
 * while a call runs, so the site table may be exchanged between two calls.
 *
 * How a server uses it, for each read:
 *
 *	do {
 *		redirect_http_feed(&http, &env, in, in_len, out, out_size, &fed);
 *		in += fed.consumed, in_len -= fed.consumed;
 *		write fed.produced bytes of out;
 *	} while (fed.full);
 *	if (fed.close)
 *		shut down the sending side, discard what still comes for a moment, close;
 *
 * One write holds the answers to everything the read brought. When full, a server whose client is slow keeps the rest
 * of in and goes on when what was written has left.
 * Closing at once with unread input would make the kernel send a reset, which can destroy the answer on its way.
 */
#ifndef REDIRECT_HTTP_H
#define REDIRECT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redirect/request.h"
#include "redirect/response.h"

struct redirect_site;
struct redirect_sites;
struct redirect_target;

/* What became of one request; valid while the callback runs. site and target may be NULL. */
struct redirect_answer {
	enum redirect_outcome outcome;
	unsigned status;			/* as sent */
	enum redirect_method method;		/* REDIRECT_OTHER when the request never got that far */
	const struct redirect_site *site;
	const struct redirect_target *target;	/* redirects only */
	size_t bytes;				/* of the whole response */
};

/* Zero it, then set sites and date; the rest has useful zeros. One per loop. */
struct redirect_env {
	const struct redirect_sites *sites;	/* never NULL; may be empty */
	const _Atomic uint8_t *health;		/* by redirect_target.id, 0 is down; NULL: all are healthy */
	char date[REDIRECT_DATE_SIZE];		/* redirect_date_print(), refreshed by the caller once a second */
	bool tls;				/* the listener's scheme: https; else http */
	bool closing;				/* the node is going down: the last response of a read says close */
	uint64_t random;			/* seeded by the caller, advanced by every choice by weight */
	void (*answered)(void *ctx, const struct redirect_answer *);	/* for counters; may be NULL */
	void *ctx;
};

/* An idle connection costs this struct and nothing else. Zero-initialised is a new connection. */
struct redirect_http {
	struct redirect_request_parser parser;
	uint32_t drain;		/* bytes of a request body still to be discarded */
	bool closed;		/* an answer said "close": everything that still comes is discarded */
};

enum {
	REDIRECT_HTTP_OUT_MIN = 16 << 10,	/* least out_size: one answer of any kind fits an empty buffer */
};

struct redirect_fed {
	size_t consumed;	/* of in; all of it unless full */
	size_t produced;	/* into out */
	bool close;		/* write, then close; also on every later call */
	bool full;		/* out may lack room for the next answer: write it, call again with the rest */
};

/* Answers every request that is complete with these bytes, in order. What is incomplete is kept inside, at most
 * REDIRECT_HELD_MAX bytes, and freed when answered. The answers do not depend on how the stream was split. */
void redirect_http_feed(struct redirect_http *http, struct redirect_env *env, const uint8_t *in, size_t in_len,
			uint8_t *out, size_t out_size, struct redirect_fed *ret);
/* No request has begun and none is being drained: such a connection may be closed at any time without a word. */
bool redirect_http_idle(const struct redirect_http *http);
/* The client took too long: 408 when a request head has begun, else nothing (0). The connection is closed then. */
size_t redirect_http_timeout(struct redirect_http *http, struct redirect_env *env, uint8_t *out, size_t out_size);
/* 503 for a connection that is one too many: needs no struct redirect_http. Close after it. */
size_t redirect_http_overload(struct redirect_env *env, uint8_t *out, size_t out_size);
void redirect_http_fini(struct redirect_http *http);	/* at any time; leaves it closed */

#endif
