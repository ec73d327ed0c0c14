/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS around stream protocols: a stream protocol itself, fed with records, that feeds another one with their text and
 * seals what that answers; which one of several, client and node agree on in the handshake (ALPN, RFC 7301). So sockets,
 * time-outs, eviction and back-pressure stay with server/stream, and DNS and HTTP know nothing of TLS. A service over
 * TLS is a struct stream_protocol whose calls are the ones below, with an init() of its own that calls
 * tls_stream_init(). Loop lifetime; the worker's thread.
 *
 * Memory: a connection that has said nothing has no TLS state. While a handshake or a record is incomplete its bytes are
 * held by the stream server (one record at most), text of an incomplete message here (pending_max of the inner protocol
 * and one record).
 */
#ifndef SERVER_TLS_STREAM_H
#define SERVER_TLS_STREAM_H

#include <stdalign.h>

#include "conf/base/log.h"
#include "server/stream.h"
#include "server/tls.h"

/* A protocol that may stand inside, and what ALPN calls it. */
struct tls_inner {
	const char *alpn;
	const struct stream_protocol *protocol;
	enum counter agreed;		/* handshakes that ended with it */
};

enum { TLS_STREAM_INNER_MAX = 3 };

struct tls_service {
	/* One at least; a NULL name ends them. The last is also for clients that name none. What certs() offers in ALPN is
	 * among them. The same protocol may stand under two names: it has one shared state then. */
	struct tls_inner inner[TLS_STREAM_INNER_MAX];
	/* Room for any of them: as the protocol of the service was given. */
	size_t state_bytes, shared_bytes, out_bytes;
	/* In force for new connections; NULL: none, after a reload that took the section out. */
	const struct tls_certs *(*certs)(const struct worker *worker);
	/* Handshakes that ended well: all, those with a signature, those with a ticket; by version; without ALPN. Those
	 * that did not: all, and the first of TLS_FAILURES counters in the order of enum tls_failure. */
	enum counter handshakes, full, resumed, version12, version13, unnamed;
	enum counter failed, failures;
};

/* The protocol's state in each server; behind it the shared states of the inner ones, then an out buffer for them. */
struct tls_shared {
	const struct tls_service *service;
	struct worker *worker;
	void *inner[TLS_STREAM_INNER_MAX];	/* shared states */
	uint8_t *out;
	struct log_gate gate;
	uint64_t turn;		/* of the loop, that spent_ns is of */
	uint64_t spent_ns;	/* on first flights, the dear ones */
	uint8_t text[TLS_RECORD_MAX + 2];	/* what one feed can bring, and a byte */
	alignas(max_align_t) uint8_t more[];
};

/* The protocol's state in each connection; the inner one's stands behind it. */
struct tls_stream {
	struct tls tls;
	struct tls_shared *shared;	/* NULL: has said nothing */
	const struct tls_inner *inner;	/* agreed on; NULL before hands are shaken */
	uint8_t *held;			/* text that the inner protocol has not consumed, or NULL */
	uint32_t held_len, held_room;
	bool begun, ended;		/* has said something; over */
	alignas(max_align_t) uint8_t state[];
};

#define TLS_STREAM_ALIGNED(size) (((size) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t))
/* inner_shared_bytes: the sum of TLS_STREAM_ALIGNED() of each; the others: of the largest. */
#define TLS_STREAM_SHARED_BYTES(inner_shared_bytes, inner_out_bytes) \
	(sizeof(struct tls_shared) + TLS_STREAM_ALIGNED(inner_shared_bytes) + (inner_out_bytes))
#define TLS_STREAM_STATE_BYTES(inner_state_bytes) (sizeof(struct tls_stream) + (inner_state_bytes))
/* Also room for a handshake's flight with a usual chain beside it; a longer one takes several writes. */
#define TLS_STREAM_OUT_BYTES(inner_out_bytes) (TLS_SEALED_MAX(inner_out_bytes) + (8 << 10))

/* A first flight is a signature: a tenth of a millisecond with ECDSA, one or more with RSA. Beyond this the others wait
 * for the next turn, so that a flood of handshakes takes from UDP no more than this at a time. */
enum { TLS_STREAM_TURN_NS = 1000 * 1000 };

/* For an inner protocol, with the state of its call: tls_covers() of the connection around it. */
bool tls_stream_covers(const void *state, struct span host);

void tls_stream_init(struct worker *worker, void *shared, const struct tls_service *service);
void tls_stream_fini(void *state);
struct stream_feed tls_stream_feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out, size_t room);
size_t tls_stream_timed_out(const struct stream_call *call, uint8_t *out, size_t room);
size_t tls_stream_goodbye(const struct stream_call *call, uint8_t *out, size_t room);

#endif
