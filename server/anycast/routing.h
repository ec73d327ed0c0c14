/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routing daemon's side of it, printed from the node's own configuration so that both say the same: addresses of the
 * carriers become routes with an explicit mark; only what is marked is exported (RFC 4786, 4.4.6: what somebody forgets
 * stays inside), local ones with NO_EXPORT, those of the low carrier with GRACEFUL_SHUTDOWN (RFC 8326). Pure; thread: any.
 */
#ifndef SERVER_ANYCAST_ROUTING_H
#define SERVER_ANYCAST_ROUTING_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "server/textbuf.h"

enum routing_daemon { ROUTING_BIRD, ROUTING_FRR };

/* False with a sentence in why when the configuration does not say enough, or its back-end needs another one. */
bool routing_print(const struct conf_anycast *anycast, enum routing_daemon daemon, struct textbuf *out, char *why, size_t size);

/* For routing.c. */
void routing_print_bird(const struct conf_anycast *anycast, struct textbuf *out);
void routing_print_frr(const struct conf_anycast *anycast, struct textbuf *out);
enum { ROUTING_MARK = 4786, ROUTING_MARK_GLOBAL = 1, ROUTING_MARK_LOCAL = 2 };	/* large community AS:4786:scope */
/* Calls each(ctx, prefix, scope) for the announced prefixes of one family. Gives how many. */
size_t routing_each(const struct conf_anycast *anycast, bool ipv4, enum conf_scope scope,
		    void (*each)(void *ctx, const struct prefix *prefix), void *ctx);

#endif
