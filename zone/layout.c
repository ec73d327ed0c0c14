/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners are sorted by their keys; walking them in order with the path from the apex to the last node at hand shows
 * which ancestors have no records of their own: those become empty non-terminals, and all flags but one come from the
 * parent.
 */
#include "zone/layout.h"

#include <stdlib.h>
#include <string.h>

#include "zone/rules.h"

uint8_t *zone_layout_append(struct zone_layout_work *work, size_t size)
{
	if (work->room - work->len < size) {
		work->room = (work->room + size) * 2;
		work->bytes = mem_resize(work->bytes, work->room, 1);
	}

	uint8_t *at = work->bytes + work->len;
	memset(at, 0, size);
	work->len += size;
	return at;
}

/* Keys of 8 bytes behind the apex decide most comparisons without leaving the array that is sorted. */
struct owner {
	uint64_t front;
	const struct zone_key *key;
};

static uint64_t key_front(const struct zone_key *key, size_t from)
{
	uint64_t front = 0;

	for (size_t i = from; i < from + 8; i++)
		front = front << 8 | (i < key->len ? key->key[i] : 0);
	return front;
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *left = a, *right = b;

	if (left->front != right->front)
		return left->front < right->front ? -1 : 1;
	return zone_key_compare(left->key, right->key);
}

static struct owner *sort_owners(const struct zone_records *records, size_t *ret_count)
{
	const struct zone_names *names = &records->names;
	size_t apex_len = names->list[records->apex_number].len, count = 0;

	for (size_t i = 0; i < names->count; i++)
		count += names->list[i].first != 0;
	struct owner *owners = mem_array(count, sizeof *owners);
	count = 0;
	for (size_t i = 0; i < names->count; i++) {
		if (names->list[i].first != 0)
			owners[count++] = (struct owner){ key_front(&names->list[i], apex_len), &names->list[i] };
	}
	qsort(owners, count, sizeof *owners, compare_owners);
	*ret_count = count;
	return owners;
}

static struct zone_node *node_at(struct zone_layout_work *work, zref place)
{
	return (struct zone_node *)(void *)(work->bytes + (size_t)place * 4);
}

/* What a node inherits. Below a cut nothing is authoritative, so a DNAME or another cut there counts for nothing;
 * nor below a DNAME. */
static uint16_t inherited_flags(struct zone_layout_work *work, zref parent)
{
	unsigned above = parent != 0 ? node_at(work, parent)->flags : 0;

	if (above & (ZONE_NODE_CUT | ZONE_NODE_BELOW_CUT))
		return ZONE_NODE_BELOW_CUT;
	return above & (ZONE_NODE_DNAME | ZONE_NODE_BELOW_DNAME) ? ZONE_NODE_BELOW_DNAME : 0;
}

static uint16_t own_flags(const struct zone_layout_work *work, const struct zone_key *key, uint16_t inherited)
{
	const struct zone_records *records = work->records;
	bool is_apex = key == &records->names.list[records->apex_number];

	if (key->first == 0)
		return ZONE_NODE_EMPTY;
	if (inherited & (ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME))
		return 0;
	if (!is_apex && zone_records_find(records, key, DNS_NS) != NULL)
		return ZONE_NODE_CUT;
	if (zone_records_find(records, key, DNS_DNAME) != NULL)
		return ZONE_NODE_DNAME;
	return zone_records_find(records, key, DNS_CNAME) != NULL ? ZONE_NODE_CNAME : 0;
}

/* Appends the node of a name whose parent is the last one on the path, and puts it there. */
static void add_node(struct zone_layout_work *work, uint32_t number)
{
	struct zone_key *key = &work->records->names.list[number];
	zref parent = work->depth > 0 ? work->path[work->depth - 1].place : 0;
	size_t from = work->depth > 0 ? work->records->names.list[work->path[work->depth - 1].number].len : key->len;
	uint8_t label[DNS_LABEL_MAX + 1];
	size_t label_len = from < key->len ? zone_key_label(key->key + from, label) : 0;
	uint16_t inherited = inherited_flags(work, parent);
	zref place = (zref)(work->len / 4);

	zone_layout_append(work, zone_layout_node_bytes(label_len)
				 + (key->first == 0 ? sizeof(struct zone_moved) : 0));
	struct zone_node *node = node_at(work, place);
	node->parent = parent;
	node->flags = inherited | own_flags(work, key, inherited);
	node->labels = key->labels;
	node->label_bytes = (uint8_t)label_len;
	node->sets_at = (uint16_t)(work->len / 4 - place);
	memcpy(node->wire, label, label_len);
	if (label_len == 2 && label[1] == '*')
		node_at(work, parent)->flags |= ZONE_NODE_WILDCARD_CHILD;

	key->place = place;
	work->path[work->depth++] = (struct zone_step){ number, place };
	mem_grow((void **)&work->nodes, &work->node_capacity, work->node_count, sizeof *work->nodes);
	work->nodes[work->node_count++] = number;
	if (key->first == 0)
		return;
	work->name_count++;
	if (key->labels > work->max_labels)
		work->max_labels = key->labels;
	zone_layout_sets(work, key, place);
}

/* The nodes between the path and an owner, and the owner's. */
static void add_owner(struct zone_layout_work *work, uint32_t number)
{
	struct zone_names *names = &work->records->names;
	struct zone_key key = names->list[number];	/* a copy: adding names moves the list */

	while (work->depth > 0 && !zone_key_is_prefix(&names->list[work->path[work->depth - 1].number], &key))
		work->depth--;
	if (work->depth > 0) {
		size_t at = names->list[work->path[work->depth - 1].number].len;

		for (at += zone_key_step(key.key + at); at < key.len; at += zone_key_step(key.key + at)) {
			uint32_t between = zone_names_add_prefix(names, key.key, at);

			names->list[between].inside = true;
			add_node(work, between);
		}
	}
	add_node(work, number);
}

/* Names, records and RDATA lie in the order of the file, and the walk is in canonical order: each step would wait for
 * memory three times in a row. So the name is asked for 12 owners ahead, its key and last record 8, that one's
 * RDATA 4. */
static void look_ahead(const struct zone_records *records, const uint32_t *numbers, size_t i, size_t count)
{
	const struct zone_key *names = records->names.list;

	if (i + 12 >= count)
		return;
	__builtin_prefetch(&names[numbers[i + 12]]);
	__builtin_prefetch(names[numbers[i + 8]].key);
	__builtin_prefetch(&records->list[names[numbers[i + 8]].first - 1]);
	__builtin_prefetch(records->list[names[numbers[i + 4]].first - 1].rdata);
}

int zone_layout_nodes(struct zone_layout_work *work)
{
	struct zone_names *names = &work->records->names;
	size_t count;
	struct owner *owners = sort_owners(work->records, &count);
	int err = 0;

	/* Names are added on the way, and the list may move: from here on only numbers. */
	uint32_t *numbers = mem_array(count, sizeof *numbers);
	for (size_t i = 0; i < count; i++)
		numbers[i] = (uint32_t)(owners[i].key - names->list);
	mem_free(owners);

	work->max_labels = names->list[work->records->apex_number].labels;
	for (size_t i = 0; i < count && err == 0; i++) {
		look_ahead(work->records, numbers, i, count);
		add_owner(work, numbers[i]);
		if (work->len / 4 > UINT32_MAX / 2) {
			err_list_add(work->errors, NULL, 0, "the zone is too large: its image would exceed 8 GB");
			err = ERR_LIMIT;
		}
	}
	mem_free(numbers);
	return err;
}
