/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/set.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "conf/base/mem.h"

/* The apexes' bytes: the same for a set and its copies. */
struct names {
	_Atomic unsigned holders;
	struct arena arena;
};

struct zone_set {
	struct zone_entry *entries;
	size_t count, capacity;
	struct names *names;
	uint32_t *slots;	/* index + 1 into entries; 0: empty */
	uint32_t mask;
	unsigned min_labels, max_labels;	/* of all apexes: bounds the look-ups for one name */
};

struct zone_set *zone_set_new(size_t capacity)
{
	struct zone_set *set = mem_alloc(sizeof *set);
	uint32_t slots = 4;

	while (slots < capacity * 2)
		slots *= 2;
	set->entries = mem_array(capacity, sizeof *set->entries);
	set->capacity = capacity;
	set->names = mem_alloc(sizeof *set->names);
	set->names->holders = 1;
	set->slots = mem_array(slots, sizeof *set->slots);
	set->mask = slots - 1;
	set->min_labels = DNS_LABELS_MAX;
	return set;
}

static const struct zone_entry *get(const struct zone_set *set, uint32_t hash, const uint8_t *wire, size_t len)
{
	for (uint32_t i = hash & set->mask; set->slots[i] != 0; i = (i + 1) & set->mask) {
		const struct zone_entry *entry = &set->entries[set->slots[i] - 1];

		if (entry->apex.hash == hash && entry->apex.len == len && memcmp(entry->apex.wire, wire, len) == 0)
			return entry;
	}
	return NULL;
}

/* The entry whose apex is the suffix of name from label index on. */
static const struct zone_entry *get_suffix(const struct zone_set *set, const struct name *name, unsigned index)
{
	return get(set, name->hash[index], name->wire + name->start[index], (size_t)name->len - name->start[index]);
}

const struct zone_entry *zone_set_get(const struct zone_set *set, const struct name *apex)
{
	return get_suffix(set, apex, 0);
}

const struct zone_entry *zone_set_same(const struct zone_set *set, const struct zone_entry *entry)
{
	return get(set, entry->apex.hash, entry->apex.wire, entry->apex.len);
}

static void set_image(struct zone_entry *entry, struct zone_image *image)
{
	entry->image = image != NULL ? zone_image_retain(image) : NULL;
	entry->base = image != NULL ? zone_image_header(image) : NULL;
}

int zone_set_add(struct zone_set *set, const struct name *apex, struct zone_image *image)
{
	assert(set->count < set->capacity);
	if (zone_set_get(set, apex) != NULL)
		return ERR_INVALID;

	struct zone_entry *entry = &set->entries[set->count++];
	entry->apex = (struct zone_apex){
		.wire = arena_copy(&set->names->arena, apex->wire, apex->len),
		.len = apex->len, .labels = apex->labels, .hash = apex->hash[0],
	};
	set_image(entry, image);

	uint32_t i = apex->hash[0] & set->mask;
	while (set->slots[i] != 0)
		i = (i + 1) & set->mask;
	set->slots[i] = (uint32_t)set->count;
	if (apex->labels < set->min_labels)
		set->min_labels = apex->labels;
	if (apex->labels > set->max_labels)
		set->max_labels = apex->labels;
	return 0;
}

struct zone_set *zone_set_copy(const struct zone_set *set)
{
	struct zone_set *copy = mem_copy(set, sizeof *set);

	copy->entries = mem_copy(set->entries, set->capacity * sizeof *set->entries);
	copy->slots = mem_copy(set->slots, ((size_t)set->mask + 1) * sizeof *set->slots);
	atomic_fetch_add(&copy->names->holders, 1);
	for (size_t i = 0; i < copy->count; i++) {
		set_image(&copy->entries[i], set->entries[i].image);
		copy->entries[i].locals = NULL;	/* of the other dataset */
	}
	return copy;
}

void zone_set_replace(struct zone_set *set, size_t index, struct zone_image *image)
{
	assert(index < set->count);
	zone_image_release(set->entries[index].image);
	set_image(&set->entries[index], image);
	set->entries[index].aged = false;
}

void zone_set_aged(struct zone_set *set)
{
	assert(set->count > 0 && set->entries[set->count - 1].image == NULL);
	set->entries[set->count - 1].aged = true;
}

void zone_set_locals(struct zone_set *set, size_t index, const struct local_set *locals)
{
	assert(index < set->count);
	set->entries[index].locals = locals;
}

void zone_set_free(struct zone_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		zone_image_release(set->entries[i].image);
	if (atomic_fetch_sub(&set->names->holders, 1) == 1) {
		arena_fini(&set->names->arena);
		mem_free(set->names);
	}
	mem_free(set->entries);
	mem_free(set->slots);
	mem_free(set);
}

size_t zone_set_count(const struct zone_set *set)
{
	return set->count;
}

const struct zone_entry *zone_set_at(const struct zone_set *set, size_t index)
{
	assert(index < set->count);
	return &set->entries[index];
}

size_t zone_set_index(const struct zone_set *set, const struct zone_entry *entry)
{
	return (size_t)(entry - set->entries);
}

const struct zone_entry *zone_set_find(const struct zone_set *set, const struct name *name, bool above_apex)
{
	if (set->count == 0 || name->labels < set->min_labels)
		return NULL;

	unsigned index = name->labels > set->max_labels ? name->labels - set->max_labels : 0;
	unsigned last = name->labels - set->min_labels;
	if (above_apex && index == 0)
		index = 1;
	for (; index <= last; index++) {
		const struct zone_entry *entry = get_suffix(set, name, index);

		if (entry != NULL)
			return entry;
	}
	return NULL;
}
