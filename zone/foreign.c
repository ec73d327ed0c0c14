/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in RDATA that have no node: outside the zone, or inside without records at or below them. They become a tree
 * with a place wherever two of them part, so that names of one provider share a parent and compress against each
 * other in answers. Sorted by key, a name parts from its neighbours only: the common labels of each pair of
 * neighbours are all the places needed.
 */
#include <stdlib.h>
#include <string.h>

#include "zone/layout.h"

struct foreign {
	uint32_t *numbers;
	size_t count, capacity;
};

static void add_foreign(struct foreign *foreign, uint32_t number)
{
	mem_grow((void **)&foreign->numbers, &foreign->capacity, foreign->count, sizeof *foreign->numbers);
	foreign->numbers[foreign->count++] = number;
}

/* Calls visit for every name in the RDATA of every node. */
typedef void visit_fn(struct zone_layout_work *work, void *ctx, zref *name);

static void visit_names(struct zone_layout_work *work, zref nodes_end, visit_fn *visit, void *ctx)
{
	const uint8_t *end = work->bytes + (size_t)nodes_end * 4;
	const uint8_t *at = work->bytes + sizeof(struct zone_image_header);

	while (at < end) {
		const struct zone_node *node = (const struct zone_node *)(const void *)at;
		const struct zone_rrset *set = zone_node_first_set(node);

		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
			struct zone_layout layout = zone_layout(zone_rrset_type(set));
			size_t prefix = (layout.prefix + 3u) & ~3u, suffix = (layout.suffix + 3u) & ~3u;
			uint8_t *rr = work->bytes + (set->rrs - work->bytes);

			if (layout.names == 0)
				continue;
			for (unsigned k = 0; k < set->count; k++) {
				zref *names = (zref *)(void *)(rr + prefix);

				for (unsigned n = 0; n < layout.names; n++)
					visit(work, ctx, &names[n]);
				rr += prefix + layout.names * sizeof(zref) + suffix;
			}
		}
		at = (const uint8_t *)set;
	}
}

/* As a place: on the list already. No image has such a place. */
static const zref WANTED = UINT32_MAX;

static void collect(struct zone_layout_work *work, void *ctx, zref *name)
{
	struct zone_key *key = &work->records->names.list[*name];

	if (key->place != 0)
		return;
	key->place = WANTED;
	add_foreign(ctx, *name);
}

static void resolve(struct zone_layout_work *work, void *ctx, zref *name)
{
	(void)ctx;
	*name = work->records->names.list[*name].place;
}

/* The nearest ancestor that has a node, or NULL: then the root. */
static const struct zone_key *nearest_node(const struct zone_layout_work *work, const struct zone_key *key)
{
	const struct zone_names *names = &work->records->names;
	const struct zone_key *nearest = NULL;
	uint32_t hash = NAME_ROOT_HASH;
	size_t at = 0;

	if (!key->inside)
		return NULL;
	for (;;) {
		uint8_t label[DNS_LABEL_MAX + 1];

		if (at >= names->list[work->records->apex_number].len) {
			const struct zone_key *ancestor = zone_names_find(names, key->key, at, hash);

			if (ancestor == NULL || ancestor->place == 0 || ancestor->place == WANTED)
				return nearest;
			nearest = ancestor;
		}
		if (at == key->len)
			return nearest;
		zone_key_label(key->key + at, label);
		hash = name_hash_label(hash, label + 1, label[0]);
		at += zone_key_step(key->key + at);
	}
}

static size_t common_labels(const struct zone_key *a, const struct zone_key *b)
{
	size_t at = 0, common = 0;

	for (; at < a->len && at < b->len && a->key[at] == b->key[at]; at++) {
		if (a->key[at] == 0)
			common = at + 1;
	}
	return common;
}

static int compare_numbers(const void *a, const void *b, void *names)
{
	const struct zone_key *list = ((const struct zone_names *)names)->list;

	return zone_key_compare(&list[*(const uint32_t *)a], &list[*(const uint32_t *)b]);
}

static void sort_foreign(struct zone_layout_work *work, struct foreign *foreign)
{
	if (foreign->count > 1)
		qsort_r(foreign->numbers, foreign->count, sizeof *foreign->numbers, compare_numbers,
			&work->records->names);
}

static void add_partings(struct zone_layout_work *work, struct foreign *foreign)
{
	struct zone_names *names = &work->records->names;
	size_t count = foreign->count;

	for (size_t i = 0; i + 1 < count; i++) {
		struct zone_key key = names->list[foreign->numbers[i]];
		const struct zone_key *node = nearest_node(work, &key);
		size_t common = common_labels(&key, &names->list[foreign->numbers[i + 1]]);

		if (common <= (node != NULL ? node->len : 0u))
			continue;
		uint32_t parting = zone_names_add_prefix(names, key.key, common);
		if (names->list[parting].place != 0)
			continue;
		names->list[parting].inside = key.inside && node != NULL;
		names->list[parting].place = WANTED;
		add_foreign(foreign, parting);
	}
}

static void place_one(struct zone_layout_work *work, uint32_t number)
{
	struct zone_names *names = &work->records->names;
	struct zone_key *key = &names->list[number];
	const struct zone_key *parent = nearest_node(work, key);
	uint8_t labels[DNS_NAME_MAX];

	while (work->depth > 0 && !zone_key_is_prefix(&names->list[work->path[work->depth - 1].number], key))
		work->depth--;
	/* The root, named as in "MX 0 .", is never a parent: there is no need to point at it. */
	if (work->depth > 0) {
		const struct zone_key *last = &names->list[work->path[work->depth - 1].number];

		if (last->len > (parent != NULL ? parent->len : 0u))
			parent = last;
	}

	size_t len = zone_key_labels(key, parent != NULL ? parent->len : 0, labels);
	zref place = (zref)(work->len / 4);
	struct zone_node *node = (struct zone_node *)(void *)zone_layout_append(work, zone_layout_node_bytes(len));
	node->parent = parent != NULL ? parent->place : 0;
	node->flags = ZONE_NODE_FOREIGN;
	node->labels = key->labels;
	node->label_bytes = (uint8_t)len;
	node->sets_at = (uint16_t)(work->len / 4 - place);
	memcpy(node->wire, labels, len);
	key->place = place;
	work->path[work->depth++] = (struct zone_step){ number, place };
}

/* The name that comes next: whoever looks for one begins at the last in the index that is not behind it. */
static void add_to_index(struct zone_layout_work *work)
{
	mem_grow((void **)&work->foreign_index, &work->foreign_index_capacity, work->foreign_index_count, sizeof(zref));
	work->foreign_index[work->foreign_index_count++] = (zref)(work->len / 4);
}

void zone_layout_foreign(struct zone_layout_work *work)
{
	struct foreign foreign = { 0 };
	zref nodes_end = (zref)(work->len / 4);

	visit_names(work, nodes_end, collect, &foreign);
	sort_foreign(work, &foreign);
	add_partings(work, &foreign);
	sort_foreign(work, &foreign);
	work->depth = 0;
	for (size_t i = 0; i < foreign.count; i++) {
		if (i % ZONE_FOREIGN_STEP == 0)
			add_to_index(work);
		place_one(work, foreign.numbers[i]);
	}
	visit_names(work, nodes_end, resolve, NULL);
	mem_free(foreign.numbers);
}
