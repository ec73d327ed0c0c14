/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs whose bytes have been looked at in this refresh: a file of many that is asked for thrice is hashed once. What is
 * read into memory is hashed then in any case. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/state_inner.h"

enum { SLOTS_MIN = 64 };

static const uint8_t NONE[HASH_SHA256_BYTES];

struct state_seen {
	uint8_t (*slots)[HASH_SHA256_BYTES];	/* zeros: free */
	size_t count, room;			/* room: a power of two */
};

struct state_seen *state_seen_new(void)
{
	return mem_alloc(sizeof(struct state_seen));
}

void state_seen_free(struct state_seen *seen)
{
	if (seen != NULL)
		mem_free(seen->slots);
	mem_free(seen);
}

void state_refresh(struct state *state)
{
	mem_free(state->seen->slots);
	*state->seen = (struct state_seen){ 0 };
}

/* Digests are as good as random: their first bytes are the place to begin. */
static uint8_t *find(const struct state_seen *seen, const uint8_t *digest)
{
	uint64_t at;

	memcpy(&at, digest, sizeof at);
	for (;; at++) {
		uint8_t *slot = seen->slots[at & (seen->room - 1)];

		if (memcmp(slot, digest, HASH_SHA256_BYTES) == 0 || memcmp(slot, NONE, sizeof NONE) == 0)
			return slot;
	}
}

/* Zeros are no digest of anything, but somebody may sign them. */
static bool digest_of(const struct manifest_blob *blob, uint8_t *digest)
{
	return hash_get_hex(blob->sha256, digest, HASH_SHA256_BYTES) == HASH_SHA256_BYTES
		&& memcmp(digest, NONE, sizeof NONE) != 0;
}

bool state_seen_has(const struct state_seen *seen, const struct manifest_blob *blob)
{
	uint8_t digest[HASH_SHA256_BYTES];

	return seen->count > 0 && digest_of(blob, digest) && memcmp(find(seen, digest), digest, sizeof digest) == 0;
}

void state_seen_add(struct state_seen *seen, const struct manifest_blob *blob)
{
	uint8_t digest[HASH_SHA256_BYTES];

	if (!digest_of(blob, digest))
		return;
	if (seen->count * 2 >= seen->room) {
		struct state_seen grown = { .room = seen->room > 0 ? seen->room * 2 : SLOTS_MIN };

		grown.slots = mem_array(grown.room, sizeof *grown.slots);
		for (size_t i = 0; i < seen->room; i++)
			memcpy(find(&grown, seen->slots[i]), seen->slots[i], HASH_SHA256_BYTES);
		grown.count = seen->count;
		mem_free(seen->slots);
		*seen = grown;
	}
	uint8_t *slot = find(seen, digest);
	seen->count += memcmp(slot, digest, sizeof digest) != 0;
	memcpy(slot, digest, sizeof digest);
}
