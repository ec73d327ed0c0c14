/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/1 connection, without its socket: bytes that were read go in, bytes to write come out. The journey of a
 * request is in redirect/serve: sites -> files -> choose -> location -> response. The server owns a struct redirect_http
 * per connection (loop lifetime, one thread) and one struct redirect_env per loop, whose pointers need to stand only
 * while a call runs, so the site table may be exchanged between two calls.
 *
 * How a server uses it, for each read:
 *
 *	do {
 *		redirect_http_feed(&http, &env, &client, &scratch, in, in_len, out, out_size, &fed);
 *		in += fed.consumed, in_len -= fed.consumed;
 *		write fed.produced bytes of out;
 *	} while (fed.full);
 *	if (fed.waiting)
 *		keep the rest of in, read no more, and begin again with it, or with nothing, when told;
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
#include "redirect/serve.h"

/* An idle connection costs this struct and nothing else. Zero-initialised is a new connection. */
struct redirect_http {
	struct redirect_request_parser parser;
	uint32_t drain;		/* bytes of a request body still to be discarded */
	bool closed;		/* an answer said "close": everything that still comes is discarded */
	bool waiting;		/* for a presence answer: the head is kept, nothing more is taken */
};

enum {
	/* Least out_size: one answer of any kind fits an empty buffer. */
	REDIRECT_HTTP_OUT_MIN = REDIRECT_FILE_MAX + (20 << 10),
};

struct redirect_fed {
	size_t consumed;	/* of in; all of it unless full */
	size_t produced;	/* into out */
	bool close;		/* write, then close; also on every later call */
	bool full;		/* out may lack room for the next answer: write it, call again with the rest */
	bool behind;		/* with close: bytes came behind the last answer, which a reset would destroy */
	bool waiting;		/* nothing more is taken until a presence answer is there; then call again with the rest */
};

/* Answers every request that is complete with these bytes, in order. What is incomplete is kept inside, at most
 * REDIRECT_HELD_MAX bytes, and freed when answered. The answers do not depend on how the stream was split. */
void redirect_http_feed(struct redirect_http *http, struct redirect_env *env, const struct redirect_client *client,
			struct redirect_scratch *scratch, const uint8_t *in, size_t in_len, uint8_t *out,
			size_t out_size, struct redirect_fed *ret);
/* No request has begun and none is being drained: such a connection may be closed at any time without a word. */
bool redirect_http_idle(const struct redirect_http *http);
/* It took too long: 408 when a request head has begun; when a presence answer is what did not come, the redirect without
 * it; else nothing (0). The connection is closed then. */
size_t redirect_http_timeout(struct redirect_http *http, struct redirect_env *env,
			     const struct redirect_client *client, struct redirect_scratch *scratch, uint8_t *out,
			     size_t out_size);
/* 503 for a connection that is one too many: needs no struct redirect_http. Close after it. */
size_t redirect_http_overload(struct redirect_env *env, uint8_t *out, size_t out_size);
void redirect_http_fini(struct redirect_http *http);	/* at any time; leaves it closed */

#endif
