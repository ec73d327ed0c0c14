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
	int64_t date_s;		/* of env.date */
	unsigned answered;	/* requests, in the call that runs */
};

/* What stands inside of TLS: requests for https. Without sockets, so without limits of its own. */
extern const struct stream_protocol http_text_protocol;

uint64_t http_idle_ms(const struct worker *worker);
uint64_t http_io_ms(const struct worker *worker);
unsigned http_max_clients(const struct worker *worker);

#endif
