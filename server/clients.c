/* SPDX-License-Identifier: Apache-2.0 */
#include "server/clients.h"

#include <assert.h>

#include "conf/base/mem.h"

struct client {
	struct address prefix;
	unsigned connections;	/* 0: the slot is free */
};

enum { ROOM_FIRST = 64 };

static size_t home_of(const struct clients *clients, struct address prefix)
{
	return siphash(clients->key, prefix.high, prefix.low, 0) & (clients->room - 1);
}

/* The client's slot, or the free one where it would be. */
static size_t find(const struct clients *clients, struct address prefix)
{
	size_t at = home_of(clients, prefix);

	while (clients->slots[at].connections != 0
	       && (clients->slots[at].prefix.low != prefix.low || clients->slots[at].prefix.high != prefix.high))
		at = (at + 1) & (clients->room - 1);
	return at;
}

/* At most half full, so that a search ends soon. */
static void grow(struct clients *clients)
{
	struct client *before = clients->slots;
	size_t count = clients->room;

	if (clients->used < count / 2)
		return;
	clients->room = count > 0 ? 2 * count : ROOM_FIRST;
	clients->slots = mem_array(clients->room, sizeof *clients->slots);
	for (size_t i = 0; i < count; i++) {
		if (before[i].connections != 0)
			clients->slots[find(clients, before[i].prefix)] = before[i];
	}
	mem_free(before);
}

bool clients_enter(struct clients *clients, struct address prefix, unsigned most)
{
	if (most == 0)
		return false;
	grow(clients);

	struct client *client = &clients->slots[find(clients, prefix)];
	if (client->connections >= most)
		return false;
	clients->used += client->connections == 0;
	client->prefix = prefix;
	client->connections++;
	return true;
}

/* Takes the slot out: what stands behind it and would be looked for across it moves up (Knuth, 6.4, algorithm R). */
static void clear(struct clients *clients, size_t gap)
{
	size_t mask = clients->room - 1;

	clients->slots[gap].connections = 0;
	for (size_t at = (gap + 1) & mask; clients->slots[at].connections != 0; at = (at + 1) & mask) {
		size_t home = home_of(clients, clients->slots[at].prefix);

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		clients->slots[gap] = clients->slots[at];
		clients->slots[at].connections = 0;
		gap = at;
	}
}

void clients_leave(struct clients *clients, struct address prefix)
{
	size_t at = clients->room > 0 ? find(clients, prefix) : 0;

	assert(clients->room > 0 && clients->slots[at].connections > 0);
	if (--clients->slots[at].connections > 0)
		return;
	clients->used--;
	clear(clients, at);
}

void clients_fini(struct clients *clients)
{
	mem_free(clients->slots);
	clients->slots = NULL;
	clients->room = clients->used = 0;
}
