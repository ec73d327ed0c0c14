/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of so many URLs, by a hash of each under a secret key: sets of four places, two words a place. One
 * writer, readers without a lock: the second word changes last, and is 0 while the first one does. Nobody waits, nothing
 * is ever moved; what expires first makes room.
 */
#ifndef SERVER_PRESENCE_TABLE_H
#define SERVER_PRESENCE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "server/siphash.h"

enum presence_known { PRESENCE_NOTHING, PRESENCE_HAS, PRESENCE_LACKS };

struct presence_place {
	_Atomic uint64_t url;	/* its hash */
	_Atomic uint64_t what;	/* 0: free */
};

struct presence_table {
	struct siphash_key key;
	struct presence_place *places;
	size_t sets;		/* of four; a power of 2 */
};

/* What a reader is told: the answer, if it may still be given; whether it should be asked (anew); whether it is. */
struct presence_seen {
	enum presence_known known;
	bool expired, asking;
};

void presence_table_init(struct presence_table *table, struct siphash_key key, size_t places);
void presence_table_fini(struct presence_table *table);
uint64_t presence_table_hash(const struct presence_table *table, struct span url);
/* Times are milliseconds of any clock that starts near 0. */
struct presence_seen presence_table_see(const struct presence_table *table, uint64_t url, uint64_t now_ms);
/* The writer's. It is being asked: what was known stays. False: no place, for all four of the set are being asked. */
bool presence_table_asking(struct presence_table *table, uint64_t url, uint64_t now_ms);
/* The answer, for so long; no place: forgotten. */
void presence_table_set(struct presence_table *table, uint64_t url, enum presence_known known, uint64_t now_ms,
			uint64_t valid_ms);

#endif
