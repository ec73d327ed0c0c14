/* SPDX-License-Identifier: Apache-2.0 */
#include "server/presence_table.h"

#include <assert.h>
#include <string.h>

#include "conf/base/mem.h"

enum {
	WAYS = 4,
	/* what: known in 2 bits, asking in 1, how long it is valid in 21 (of 64 ms: a day and a half), until when in 40 (34
	 * years). */
	ASKING_BIT = 2, VALID_BIT = 3, UNTIL_BIT = 24,
	VALID_UNIT_MS = 64, VALID_MAX = (1 << 21) - 1,
};

struct what {
	enum presence_known known;
	bool asking;
	uint64_t valid_ms, until_ms;
};

/* Never 0, for a place in use is known or being asked. */
static uint64_t pack(struct what what)
{
	uint64_t valid = what.valid_ms / VALID_UNIT_MS;

	return (uint64_t)what.known | (uint64_t)what.asking << ASKING_BIT |
	       (valid < VALID_MAX ? valid : VALID_MAX) << VALID_BIT | what.until_ms << UNTIL_BIT;
}

static struct what unpack(uint64_t word)
{
	return (struct what){
		.known = (enum presence_known)(word & 3),
		.asking = (word >> ASKING_BIT & 1) != 0,
		.valid_ms = (word >> VALID_BIT & VALID_MAX) * VALID_UNIT_MS,
		.until_ms = word >> UNTIL_BIT,
	};
}

void presence_table_init(struct presence_table *table, struct siphash_key key, size_t places)
{
	table->key = key;
	table->sets = places / WAYS;
	assert((table->sets & (table->sets - 1)) == 0);
	table->places = mem_array(places, sizeof *table->places);
}

void presence_table_fini(struct presence_table *table)
{
	mem_free(table->places);
}

/* SipHash over two words at a time and the hash so far: under a secret key as good as one over all. Never 0. */
uint64_t presence_table_hash(const struct presence_table *table, struct span url)
{
	uint64_t hash = url.len;

	for (size_t at = 0; at < url.len; at += 2 * sizeof(uint64_t)) {
		uint64_t words[2] = { 0 };
		size_t left = url.len - at;

		memcpy(words, url.at + at, left < sizeof words ? left : sizeof words);
		hash = siphash(table->key, words[0], words[1], hash);
	}
	return hash | 1;
}

/* The lowest bit is always set. */
static struct presence_place *set_of(const struct presence_table *table, uint64_t url)
{
	return &table->places[(url >> 1 & (table->sets - 1)) * WAYS];
}

struct presence_seen presence_table_see(const struct presence_table *table, uint64_t url, uint64_t now_ms)
{
	struct presence_place *set = set_of(table, url);

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word = atomic_load(&set[i].what);

		/* The same word before and after: then the hash between them is its own. */
		if (word == 0 || atomic_load(&set[i].url) != url || atomic_load(&set[i].what) != word)
			continue;

		struct what what = unpack(word);
		bool usable = what.known != PRESENCE_NOTHING && now_ms < what.until_ms + what.valid_ms;

		return (struct presence_seen){
			.known = usable ? what.known : PRESENCE_NOTHING,
			.expired = now_ms >= what.until_ms,
			.asking = what.asking,
		};
	}
	return (struct presence_seen){ .expired = true };
}

/* Its own place, a free one, or that of what expires first and is not being asked. NULL: none. */
static struct presence_place *place_for(struct presence_table *table, uint64_t url)
{
	struct presence_place *set = set_of(table, url), *best = NULL;
	uint64_t best_until = UINT64_MAX;

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word = atomic_load(&set[i].what);
		struct what what = unpack(word);

		if (word != 0 && atomic_load(&set[i].url) == url)
			return &set[i];
		if (what.asking || what.until_ms >= best_until)
			continue;
		best_until = what.until_ms;
		best = &set[i];
	}
	return best;
}

static void put(struct presence_place *place, uint64_t url, struct what what)
{
	if (atomic_load(&place->url) != url) {
		atomic_store(&place->what, 0);
		atomic_store(&place->url, url);
	}
	atomic_store(&place->what, pack(what));
}

bool presence_table_asking(struct presence_table *table, uint64_t url, uint64_t now_ms)
{
	struct presence_place *place = place_for(table, url);

	if (place == NULL)
		return false;

	struct what what = unpack(atomic_load(&place->what));
	if (atomic_load(&place->url) != url || what.known == PRESENCE_NOTHING)
		what = (struct what){ .known = PRESENCE_NOTHING, .until_ms = now_ms };
	what.asking = true;
	put(place, url, what);
	return true;
}

void presence_table_set(struct presence_table *table, uint64_t url, enum presence_known known, uint64_t now_ms,
			uint64_t valid_ms)
{
	struct presence_place *place = place_for(table, url);

	if (place != NULL)
		put(place, url, (struct what){ .known = known, .valid_ms = valid_ms, .until_ms = now_ms + valid_ms });
}
