/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the TUF client's driver gets a file: an interface, so that verification knows no network. Implemented over
 * sync/web by catchment-fetch, and by tests. Whoever calls get() waits for its end. Thread: one at a time.
 */
#ifndef SYNC_TRANSPORT_H
#define SYNC_TRANSPORT_H

#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

/* A piece of the content, in order. Negative: no more of it, and get() gives it back. */
typedef int transport_take(void *ctx, struct span piece);

struct transport {
	/* The content of url, at most max_bytes of it. 0: it came whole. ERR_UNKNOWN: the server says that it is not
	 * there (404, 403, no such file). ERR_LIMIT: there is more. Others: it could not be had. A note with each of
	 * them. */
	int (*get)(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
		   struct err_note *note);
};

/* A body that is wanted whole: transport_buffer_take() with a zeroed buffer as its ctx; bytes are the caller's (mem_free). What
 * bounds it is the transport's limit. */
struct transport_buffer {
	uint8_t *bytes;
	size_t len, room;
};
int transport_buffer_take(void *buffer, struct span piece);

#endif
