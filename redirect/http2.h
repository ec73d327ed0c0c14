/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/2 connection (RFC 9113), without its socket: bytes that were read go in, bytes to write come out. Each
 * stream's request goes through redirect/serve as one of HTTP/1 does; the same authorities, paths and methods are
 * refused with the same statuses, by redirect/syntax and redirect/target. The server owns a struct redirect_http2 per
 * connection (loop lifetime, one thread). Abuse has limits that end the connection with GOAWAY: resets (RFC 9113,
 * 10.5, CVE-2023-44487), pings and settings, empty and continued frames, header bytes, answers that are not taken. All are
 * counts of frames held against counts of answered requests, so a connection may live long and no clock is needed.
 *
 * Frames and streams are our own, header decompression is nghttp2's. Measured with Debian's nghttp2 1.52: its session
 * costs 1.1 us a request before anything of ours and 26 KB an idle connection. This takes 0.5 us with the redirect
 * made, and 2.1 KB (28 KB when a client fills its half of the compression with the smallest fields); a request that is
 * whole and whose answer fits the windows needs no stream state at all.
 */
#ifndef REDIRECT_HTTP2_H
#define REDIRECT_HTTP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redirect/serve.h"

struct redirect_http2_session;

enum {
	REDIRECT_HTTP2_STREAMS_MAX = 100,	/* at once; told in SETTINGS */
	REDIRECT_HTTP2_OUT_MIN = 32 << 10,	/* least out_size of a call */
	REDIRECT_HTTP2_PREFACE = 24,		/* bytes: "PRI * HTTP/2.0…" */
	REDIRECT_HTTP2_BLOCK_MAX = 48 << 10,	/* bytes of the frames of one header block; larger: GOAWAY */
	REDIRECT_HTTP2_HELD_MAX = 1 << 20,	/* bytes of answers and waiting requests kept; more: GOAWAY */
	/* While the connections of one environment keep so much, each may keep only this. */
	REDIRECT_HTTP2_HELD_ALL = 64 << 20,
	REDIRECT_HTTP2_HELD_CROWDED = 128 << 10,
};

/* Why we ended a connection: the key of the counters. */
enum redirect_http2_goaway {
	REDIRECT_HTTP2_NOT_GONE,
	REDIRECT_HTTP2_GRACEFUL,	/* idle, slow, or the node goes down: NO_ERROR */
	REDIRECT_HTTP2_PROTOCOL,	/* broken framing, compression or flow control; the code says which */
	/* ENHANCE_YOUR_CALM, for too many: */
	REDIRECT_HTTP2_RESETS,		/* streams reset by the client, or refused, or broken so that we had to */
	REDIRECT_HTTP2_CONTROL,		/* pings, settings, window updates, priorities, unknown frames */
	REDIRECT_HTTP2_EMPTY,		/* frames that carry next to nothing */
	REDIRECT_HTTP2_HEADERS,		/* bytes, fields or frames of one header block */
	REDIRECT_HTTP2_UNTAKEN,		/* answers that the client's windows do not let go */
	REDIRECT_HTTP2_GOAWAYS
};

/* Zero-initialised is a new connection. From its first byte until it is closed or redirect_http2_fini() it belongs to
 * the environment that it was fed with, which stays where it is. */
struct redirect_http2 {
	struct redirect_http2_session *session;	/* NULL until the first byte, and when closed */
	bool closed;
};

struct redirect_http2_fed {
	size_t consumed;	/* of in: frames are taken whole, a header block too, DATA in pieces; the rest is fed
				 * again with what follows, never more than REDIRECT_HTTP2_BLOCK_MAX */
	size_t produced;	/* into out */
	unsigned answered;	/* requests that were answered by this call */
	unsigned opened;	/* streams that the client opened with it */
	bool close;		/* write, then close */
	bool full;		/* more to write than fits: write it, call again with the rest of in, or with none */
	bool waiting;		/* a stream waits for a presence answer: redirect_http2_resume() when it is there */
	bool moved;		/* answers that had waited for the client's windows went on, by more than crumbs */
	enum redirect_http2_goaway goaway;	/* GOAWAY was sent in this call */
};

void redirect_http2_feed(struct redirect_http2 *http, struct redirect_env *env, const struct redirect_client *client,
			 struct redirect_scratch *scratch, const uint8_t *in, size_t in_len, uint8_t *out,
			 size_t out_size, struct redirect_http2_fed *ret);
/* The streams that waited are served again; feed() with no bytes does the same. */
void redirect_http2_resume(struct redirect_http2 *http, struct redirect_env *env,
			   const struct redirect_client *client, struct redirect_scratch *scratch, uint8_t *out,
			   size_t out_size, struct redirect_http2_fed *ret);
bool redirect_http2_idle(const struct redirect_http2 *http);	/* no stream is open, nothing is left to write */
/* GOAWAY: the node goes down or the connection is idle for too long. Returns the bytes to write, 0 when it was said
 * before; what is open is still answered, new streams are not. */
size_t redirect_http2_goodbye(struct redirect_http2 *http, uint8_t *out, size_t out_size);
void redirect_http2_fini(struct redirect_http2 *http);	/* at any time; leaves it closed */

#endif
