/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one address, as a client asks it: over UDP or TCP, through the real sockets, with a time limit. What
 * comes back is judged by a function that knows nothing of sockets (judge.h). Main thread only.
 */
#ifndef SERVER_ANYCAST_PROBE_H
#define SERVER_ANYCAST_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "conf/base/addr.h"
#include "conf/base/span.h"

enum { PROBE_REQUEST_MAX = 1200, PROBE_REPLY_MAX = 4096, PROBE_WORDS_MAX = 200 };

enum probe_kind {
	PROBE_UDP,	/* each datagram is judged by itself */
	PROBE_TCP,	/* what has come so far is judged, from its beginning */
	PROBE_CONNECT,	/* that somebody takes the connection is enough */
	PROBE_TLS,	/* as TCP, in TLS, with a certificate that is in force */
};

enum probe_verdict { PROBE_MORE, PROBE_GOOD, PROBE_BAD };	/* MORE: not the reply, or not all of it */

struct probe_io;
struct tls_client;

struct probe {
	/* Set by the caller, who keeps the struct until done() or probe_abandon() has been called. */
	enum probe_kind kind;
	struct addr to;
	uint8_t request[PROBE_REQUEST_MAX];
	size_t request_len;
	uint64_t timeout_ms;
	const struct tls_client *tls;	/* PROBE_TLS */
	const char *tls_host;		/* the name to ask for */
	/* BAD: words say what was wrong. */
	enum probe_verdict (*judge)(void *ctx, struct span reply, char words[PROBE_WORDS_MAX]);
	/* Once, later; the probe is the caller's again. words: "192.0.2.53@53 udp: no answer within 800 ms". */
	void (*done)(struct probe *probe, bool good, const char *words);
	void *ctx;
	/* Its own. */
	struct probe_io *io;
};

void probe_start(uv_loop_t *loop, struct probe *probe);
/* done() will not come. */
void probe_abandon(struct probe *probe);

#endif
