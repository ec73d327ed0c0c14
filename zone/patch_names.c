/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that come and go, and the hash table. */
#include <assert.h>
#include <string.h>

#include "zone/layout.h"
#include "zone/patch_inner.h"
#include "zone/walk.h"

static struct zone_slot *slots_of(struct patch *patch)
{
	return patch_at(patch, patch->header->hash);
}

static struct zone_nsec3_link *links_of(struct patch *patch)
{
	return patch->header->nsec3_links != 0 ? patch_at(patch, patch->header->nsec3_links) : NULL;
}

static void hash_insert(struct patch *patch, uint32_t hash, zref ref)
{
	uint32_t slot = patch_slot(patch, hash, 0);	/* the first free one */

	slots_of(patch)[slot] = (struct zone_slot){ hash, ref };
	patch->header->nodes++;
}

/* What follows moves up where its probe would otherwise meet the gap. */
static void hash_remove(struct patch *patch, uint32_t hash, zref ref)
{
	struct zone_slot *slots = slots_of(patch);
	struct zone_nsec3_link *links = links_of(patch);
	uint32_t mask = patch->header->slots - 1, gap = patch_slot(patch, hash, ref);

	for (uint32_t i = (gap + 1) & mask; slots[i].node != 0; i = (i + 1) & mask) {
		/* Bytes from where the probe begins to here, against those from the gap to here. */
		if (((i - slots[i].hash) & mask) < ((i - gap) & mask))
			continue;
		slots[gap] = slots[i];
		if (links != NULL)
			links[gap] = links[i];
		gap = i;
	}
	slots[gap] = (struct zone_slot){ 0 };
	if (links != NULL)
		links[gap] = (struct zone_nsec3_link){ 0 };
	patch->header->nodes--;
}

static bool is_wildcard(const struct zone_node *node)
{
	return node->label_bytes == 2 && node->wire[1] == '*';
}

int patch_make_node(struct patch *patch, const struct name *name, unsigned index, zref *ret_ref)
{
	const struct zone_node *there = zone_image_lookup(patch->header, name, index);
	const uint8_t *label = name->wire + name->start[index];
	size_t bytes = zone_layout_node_bytes(label[0] + 1u);
	zref parent, ref, foreign;

	if (there != NULL) {
		*ret_ref = zone_ref_of(patch->header, there);
		return 0;
	}
	int err = patch_make_node(patch, name, index + 1, &parent);
	if (err == 0 && patch->header->nodes + 1 >= patch->header->slots)	/* one stays free, to end probes */
		err = patch_fault(patch, ERR_LIMIT, "the hash table is full");
	if (err == 0)
		err = patch_alloc(patch, bytes + sizeof(struct zone_moved), &ref);
	if (err != 0)
		return err;

	struct zone_node *node = patch_node(patch, ref);
	node->parent = parent;
	node->flags = ZONE_NODE_EMPTY;
	node->labels = (uint8_t)(name->labels - index);
	node->label_bytes = (uint8_t)(label[0] + 1);
	memcpy(node->wire, label, node->label_bytes);
	if (is_wildcard(node))
		patch_node(patch, parent)->flags |= ZONE_NODE_WILDCARD_CHILD;
	if (node->labels > patch->header->max_labels)
		patch->header->max_labels = node->labels;
	/* RDATA that knows the name as a foreign one finds the node by it. */
	foreign = patch_find_foreign(patch, name, index);
	if (foreign != 0) {
		patch_node(patch, foreign)->parent = ref;
		patch_node(patch, foreign)->label_bytes = 0;
	}
	hash_insert(patch, name->hash[index], ref);
	patch_map_add(&patch->parents, parent, ref);
	patch_list_add(&patch->added, ref);
	*ret_ref = ref;
	return 0;
}

struct zone_moved *patch_move(struct patch *patch, zref ref)
{
	struct zone_node *node = patch_node(patch, ref);
	struct zone_moved *moved = (struct zone_moved *)(void *)(patch->bytes
		+ ((const uint8_t *)zone_node_moved(node) - patch->bytes));

	if (node->sets_at != 0) {
		zref next = zone_ref_of(patch->header, zone_node_next(node));

		*moved = (struct zone_moved){ .next = next };
		node->sets_at = 0;
	}
	return moved;
}

static zref place_behind(struct patch *patch, zref ref)
{
	return zone_walk_behind(patch->header, zone_node_at(patch->header, ref));
}

/* Below a node that was compiled, those that were stand directly behind it. */
static bool has_children(struct patch *patch, zref ref)
{
	const struct zone_image_header *base = patch->header;
	unsigned labels = zone_node_at(base, ref)->labels;
	size_t at = 0;

	if (patch_map_find(&patch->parents, ref, &at) != 0)
		return true;
	for (zref child = place_behind(patch, ref); ref < base->nodes_end && child < base->nodes_end;
	     child = place_behind(patch, child)) {
		if (zone_node_at(base, child)->labels <= labels)
			return false;
		if (!(zone_node_at(base, child)->flags & ZONE_NODE_FOREIGN))
			return true;
	}
	return false;
}

/* The place stays, for RDATA that names it and for walks. */
static void remove_node(struct patch *patch, zref ref)
{
	struct zone_node *node = patch_node(patch, ref);
	struct name name;

	assert(ref < patch->header->nodes_end);	/* what is new has records, or names below */
	patch_name(patch, ref, &name);
	hash_remove(patch, name.hash[0], ref);
	if (is_wildcard(node))
		patch_node(patch, node->parent)->flags &= (uint16_t)~ZONE_NODE_WILDCARD_CHILD;
	patch_move(patch, ref);
	node->flags = ZONE_NODE_FOREIGN;
	node->sets = 0;
	patch_list_add(&patch->changed, ref);
}

static void empty_node(struct patch *patch, zref ref)
{
	struct zone_node *node = patch_node(patch, ref);

	patch_move(patch, ref)->sets = 0;
	node->flags |= ZONE_NODE_EMPTY;
	node->sets = 0;
	patch_list_add(&patch->changed, ref);
}

/* Empty non-terminals that may have lost the last name below them, the deepest first: each may leave another one. */
static void remove_empty(struct patch *patch, struct patch_list *parents, unsigned labels)
{
	for (; labels > patch->header->apex_labels; labels--) {
		for (size_t i = 0; i < parents->count; i++) {
			zref ref = parents->refs[i];
			const struct zone_node *node = patch_node(patch, ref);

			if (node->labels != labels || !(node->flags & ZONE_NODE_EMPTY) || has_children(patch, ref))
				continue;
			zref parent = node->parent;
			remove_node(patch, ref);
			patch_list_add(parents, parent);
		}
	}
}

void patch_remove_nodes(struct patch *patch)
{
	struct patch_list parents = { 0 };
	unsigned deepest = 0;

	/* From the last: children come behind their parents. */
	for (size_t i = patch->owner_count; i-- > 0;) {
		const struct patch_owner *owner = &patch->owners[i];

		if (owner->set_count != 0 || owner->node == 0)
			continue;
		const struct zone_node *node = patch_node(patch, owner->node);
		if (has_children(patch, owner->node)) {
			empty_node(patch, owner->node);
			continue;
		}
		if (node->labels > deepest)
			deepest = node->labels;
		patch_list_add(&parents, node->parent);
		remove_node(patch, owner->node);
	}
	patch_list_sort(&parents);
	remove_empty(patch, &parents, deepest);
	mem_free(parents.refs);
}
