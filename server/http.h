/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP for what carries it: TCP itself (server/http.c) or TLS (server/https.c). The worker's thread. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "redirect/http.h"
#include "server/stream.h"

enum { HTTP_OUT_BYTES = 2 * REDIRECT_HTTP_OUT_MIN };	/* so that pipelined answers share a write */

/* One a worker and kind. */
struct http_shared {
	struct redirect_env env;
	struct redirect_scratch scratch;
	bool tls;		/* the scheme is https */
	int64_t date_s;		/* of env.date */
	unsigned answered;	/* requests, in the call that runs */
	bool done;		/* the last of them was its client's last, by its own words */
};

/* What stands inside of TLS: requests for https. Without sockets, so without limits of its own. */
extern const struct stream_protocol http_text_protocol;
extern const struct stream_protocol http2_text_protocol;	/* server/http2.c */

/* The environment as it is at this moment; the pointers in it stand until the caller returns. NULL: no site table. */
struct redirect_env *http_env(const struct stream_call *call);
struct redirect_client http_client(const struct stream_call *call);
void http_init_tls(struct worker *worker, void *shared);
/* Around what answers the requests of one read; 0: this one is not measured. */
uint64_t http_latency_begin(struct worker *worker);
void http_latency_end(struct worker *worker, uint64_t began_ns, unsigned answered);

uint64_t http_idle_ms(const struct worker *worker);
uint64_t http_io_ms(const struct worker *worker);
unsigned http_max_clients(const struct worker *worker);
struct stream_client_limit http_client_limit(const struct worker *worker, const struct addr *peer);
const struct prefixes *http_proxies(const struct worker *worker);

#endif
