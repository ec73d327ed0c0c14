/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of catchment-fetch: sync/web on a loop of its own that runs while a file is waited for. */
#ifndef SYNC_TOOL_FETCH_WEB_H
#define SYNC_TOOL_FETCH_WEB_H

#include "sync/transport.h"

struct fetch_web;

/* ca: PEM to trust, or NULL. NULL when it does not start. */
struct fetch_web *fetch_web_new(const char *ca);
void fetch_web_limit(struct fetch_web *web, uint64_t total_ms);	/* for a whole file, in place of an hour */
struct transport *fetch_web_transport(struct fetch_web *web);
void fetch_web_free(struct fetch_web *web);	/* NULL is allowed */

#endif
