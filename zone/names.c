/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/names.h"

#include <string.h>

void zone_names_fini(struct zone_names *names)
{
	mem_free(names->list);
	mem_free(names->slots);
	arena_fini(&names->arena);
	*names = (struct zone_names){ 0 };
}

size_t zone_key_make(const struct name *name, uint8_t *out)
{
	uint8_t *to = out;

	for (unsigned i = name->labels; i-- > 0;) {
		const uint8_t *label = name->wire + name->start[i];

		for (unsigned k = 1; k <= label[0]; k++) {
			if (label[k] > 1) {
				*to++ = label[k];
			} else {
				*to++ = 1;
				*to++ = (uint8_t)(label[k] + 1);
			}
		}
		*to++ = 0;
	}
	return (size_t)(to - out);
}

size_t zone_key_step(const uint8_t *key)
{
	const uint8_t *at = key;

	while (*at != 0)
		at++;
	return (size_t)(at - key) + 1;
}

size_t zone_key_label(const uint8_t *key, uint8_t *out)
{
	uint8_t len = 0;

	for (; *key != 0; key++) {
		if (*key == 1)
			out[++len] = (uint8_t)(*++key - 1);
		else
			out[++len] = *key;
	}
	out[0] = len;
	return len + 1u;
}

size_t zone_key_labels(const struct zone_key *key, size_t from, uint8_t *out)
{
	uint8_t labels[DNS_LABELS_MAX][DNS_LABEL_MAX + 1];
	unsigned count = 0;
	size_t len = 0;

	for (; from < key->len; from += zone_key_step(key->key + from))
		zone_key_label(key->key + from, labels[count++]);
	while (count-- > 0) {
		memcpy(out + len, labels[count], labels[count][0] + 1u);
		len += labels[count][0] + 1u;
	}
	return len;
}

size_t zone_key_wire(const struct zone_key *key, uint8_t *out)
{
	size_t len = zone_key_labels(key, 0, out);

	out[len] = 0;
	return len + 1;
}

int zone_key_compare(const struct zone_key *a, const struct zone_key *b)
{
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (int)a->len - (int)b->len;
}

/* At most two thirds full. */
static void grow_slots(struct zone_names *names)
{
	size_t old = names->slot_count;
	size_t count = old ? old * 2 : 1024;
	uint64_t *slots = mem_array(count, sizeof *slots);

	for (size_t i = 0; i < old; i++) {
		size_t slot = (names->slots[i] >> 32) & (count - 1);

		if (names->slots[i] == 0)
			continue;
		while (slots[slot] != 0)
			slot = (slot + 1) & (count - 1);
		slots[slot] = names->slots[i];
	}
	mem_free(names->slots);
	names->slots = slots;
	names->slot_count = count;
}

/* The slot that holds the name or where it would go. */
static size_t find_slot(const struct zone_names *names, const uint8_t *key, size_t len, uint32_t hash)
{
	size_t mask = names->slot_count - 1;
	size_t slot = hash & mask;

	for (; names->slots[slot] != 0; slot = (slot + 1) & mask) {
		if (names->slots[slot] >> 32 != hash)
			continue;
		const struct zone_key *entry = &names->list[(uint32_t)names->slots[slot] - 1];
		if (entry->len == len && memcmp(entry->key, key, len) == 0)
			break;
	}
	return slot;
}

struct zone_key *zone_names_find(const struct zone_names *names, const uint8_t *key, size_t len, uint32_t hash)
{
	if (names->slot_count == 0)
		return NULL;

	uint32_t number = (uint32_t)names->slots[find_slot(names, key, len, hash)];
	return number != 0 ? &names->list[number - 1] : NULL;
}

static uint32_t add(struct zone_names *names, const uint8_t *key, size_t len, uint32_t hash, unsigned labels)
{
	if (names->count + names->count / 2 >= names->slot_count)
		grow_slots(names);

	size_t slot = find_slot(names, key, len, hash);
	if (names->slots[slot] != 0)
		return (uint32_t)names->slots[slot] - 1;

	mem_grow((void **)&names->list, &names->capacity, names->count, sizeof *names->list);
	names->list[names->count] = (struct zone_key){ .key = arena_copy(&names->arena, key, len), .hash = hash,
						       .len = (uint16_t)len, .labels = (uint8_t)labels };
	names->slots[slot] = (uint64_t)hash << 32 | (uint32_t)++names->count;
	return (uint32_t)names->count - 1;
}

uint32_t zone_names_add(struct zone_names *names, const struct name *name)
{
	uint8_t key[ZONE_KEY_MAX];
	size_t len = zone_key_make(name, key);

	return add(names, key, len, name->hash[0], name->labels);
}

uint32_t zone_names_add_prefix(struct zone_names *names, const uint8_t *key, size_t len)
{
	uint32_t hash = NAME_ROOT_HASH;
	unsigned labels = 0;

	for (size_t at = 0; at < len; at += zone_key_step(key + at), labels++) {
		uint8_t label[DNS_LABEL_MAX + 1];

		zone_key_label(key + at, label);
		hash = name_hash_label(hash, label + 1, label[0]);
	}
	return add(names, key, len, hash, labels);
}
