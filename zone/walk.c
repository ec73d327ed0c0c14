/* SPDX-License-Identifier: Apache-2.0 */
/* A patched image has two lists in canonical order, which are merged: the nodes that it was compiled with, in the order
 * of places, and those that were added. A node that was removed is still in its place, as a foreign name. */
#include "zone/walk.h"

static const zref *added_of(const struct zone_image_header *base)
{
	return zone_at(base, base->added);
}

static void read_added(struct zone_walk *walk)
{
	if (walk->added < walk->base->added_count)
		zone_node_name(walk->base, added_of(walk->base)[walk->added], walk->name);
}

struct zone_walk zone_walk_begin(const struct zone_image_header *base)
{
	struct zone_walk walk = { .base = base, .next = base->apex_node };

	read_added(&walk);
	return walk;
}

zref zone_walk_behind(const struct zone_image_header *base, const struct zone_node *node)
{
	return node->sets_at == 0 ? zone_node_moved(node)->next : zone_ref_of(base, zone_node_next(node));
}

static bool added_is_first(const struct zone_walk *walk)
{
	uint8_t name[DNS_NAME_MAX];

	if (walk->added == walk->base->added_count || walk->next >= walk->base->nodes_end)
		return walk->added < walk->base->added_count;
	zone_node_name(walk->base, walk->next, name);
	return name_compare(walk->name, name) < 0;
}

const struct zone_node *zone_walk_next(struct zone_walk *walk)
{
	const struct zone_image_header *base = walk->base;

	while (walk->next < base->nodes_end && zone_node_at(base, walk->next)->flags & ZONE_NODE_FOREIGN)
		walk->next = zone_walk_behind(base, zone_node_at(base, walk->next));
	if (added_is_first(walk)) {
		zref ref = added_of(base)[walk->added++];

		read_added(walk);
		return zone_node_at(base, ref);
	}
	if (walk->next >= base->nodes_end)
		return NULL;

	const struct zone_node *node = zone_node_at(base, walk->next);
	walk->next = zone_walk_behind(base, node);
	return node;
}
