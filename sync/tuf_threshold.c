/* SPDX-License-Identifier: Apache-2.0 */
/* Who has signed: TUF 1.0.34, 4.3 and the "arbitrary software attack" checks of section 5. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/key.h"
#include "sync/tuf_metadata.h"

static bool id_is_hash(struct json_view *view, const char *id)
{
	size_t len;
	uint8_t *canonical = json_view_canonical(view, &len);
	uint8_t digest[HASH_SHA256_BYTES];
	char text[2 * HASH_SHA256_BYTES + 1];

	if (canonical == NULL)
		return false;
	hash_sha256((struct span){ canonical, len }, digest);
	mem_free(canonical);
	hash_put_hex((struct span){ digest, sizeof digest }, text);
	return strcmp(text, id) == 0;
}

static struct key *find_key(struct json_view *keys, const char *id)
{
	struct json_view *view = json_view_member(keys, id);
	const char *public_part = json_view_text(json_view_member(json_view_member(view, "keyval"), "public"));

	if (public_part == NULL)
		return NULL;
	return key_new(json_view_text(json_view_member(view, "keytype")),
		       json_view_text(json_view_member(view, "scheme")), public_part);
}

/* A set of keys, each once. */
struct ring {
	struct key **keys;
	size_t count;
};

static bool ring_has(const struct ring *ring, const struct key *key)
{
	for (size_t i = 0; i < ring->count; i++) {
		if (key_same(ring->keys[i], key))
			return true;
	}
	return false;
}

static void ring_fini(struct ring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		key_free(ring->keys[i]);
	mem_free(ring->keys);
}

/* NULL is no signature, as is one that is not digits: it may be meant for another kind of client. */
static const char *signature_of(const struct tuf_metadata *metadata, const char *id)
{
	for (size_t i = 0; i < json_view_count(metadata->signatures); i++) {
		struct json_view *signature = json_view_at(metadata->signatures, i);

		if (strcmp(json_view_text(json_view_member(signature, "keyid")), id) == 0)
			return json_view_text(json_view_member(signature, "sig"));
	}
	return NULL;
}

static bool has_signed(const struct key *key, const struct tuf_metadata *metadata, const char *digits)
{
	uint8_t signature[KEY_SIGNATURE_MAX];
	int len = hash_get_hex(digits, signature, sizeof signature);

	return len > 0 && key_verify(key, (struct span){ metadata->canonical, metadata->canonical_len },
				     (struct span){ signature, (size_t)len });
}

int64_t tuf_role_signatures(const struct tuf_role *role, struct json_view *keys, const struct tuf_metadata *metadata,
			    bool strict)
{
	size_t ids = json_view_count(role->keyids);
	struct ring good = { .keys = mem_array(ids, sizeof *good.keys) };
	int64_t count;

	for (size_t i = 0; i < ids && (int64_t)good.count < role->threshold; i++) {
		const char *id = json_view_text(json_view_at(role->keyids, i));
		const char *signature = signature_of(metadata, id);
		struct key *key = signature != NULL ? find_key(keys, id) : NULL;

		if (key != NULL && !ring_has(&good, key) && (!strict || id_is_hash(json_view_member(keys, id), id))
		    && has_signed(key, metadata, signature))
			good.keys[good.count++] = key;
		else
			key_free(key);
	}
	count = (int64_t)good.count;
	ring_fini(&good);
	return count;
}

static struct ring ring_of(const struct tuf_role *role, struct json_view *keys)
{
	size_t ids = json_view_count(role->keyids);
	struct ring ring = { .keys = mem_array(ids, sizeof *ring.keys) };

	for (size_t i = 0; i < ids; i++) {
		struct key *key = find_key(keys, json_view_text(json_view_at(role->keyids, i)));

		if (key != NULL && !ring_has(&ring, key))
			ring.keys[ring.count++] = key;
		else
			key_free(key);
	}
	return ring;
}

bool tuf_role_lost_key(const struct tuf_role *role, struct json_view *keys, const struct tuf_role *later,
		       struct json_view *later_keys)
{
	struct ring before = ring_of(role, keys), after = ring_of(later, later_keys);
	bool lost = false;

	for (size_t i = 0; i < before.count && !lost; i++)
		lost = !ring_has(&after, before.keys[i]);
	ring_fini(&before);
	ring_fini(&after);
	return lost;
}
