/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections each client has: an exact count by address prefix, in memory that grows with the clients that
 * have any and never shrinks. Pure; loop lifetime, one thread. Zero it and set key.
 */
#ifndef SERVER_CLIENTS_H
#define SERVER_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/base/prefix.h"
#include "server/siphash.h"

struct clients {
	struct siphash_key key;
	struct client *slots;	/* open addressing, a power of two */
	size_t room, used;
};

/* One connection more of the client, unless it has most already: false then. */
bool clients_enter(struct clients *clients, struct address prefix, unsigned most);
/* One less; it was entered before, with the same prefix. */
void clients_leave(struct clients *clients, struct address prefix);
void clients_fini(struct clients *clients);

#endif
