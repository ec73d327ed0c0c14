/* SPDX-License-Identifier: Apache-2.0 */
/* Names in RDATA. Those that were compiled are in canonical order with an index; new ones have a place for each label,
 * so that names which share some compress against each other. */
#include <string.h>

#include "zone/layout.h"
#include "zone/patch_inner.h"

/* The place of the last name in the index that is not behind wire, or 0. */
static zref index_place(struct patch *patch, const uint8_t *wire)
{
	const struct zone_image_header *base = patch->header;
	const zref *index = zone_at(base, base->foreign_index);
	uint32_t low = 0, high = base->foreign_index_count;
	uint8_t name[DNS_NAME_MAX];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		zone_node_name(base, index[middle], name);
		if (name_compare(name, wire) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? index[low - 1] : 0;
}

zref patch_find_foreign(struct patch *patch, const struct name *name, unsigned index)
{
	const struct zone_image_header *base = patch->header;
	const uint8_t *wire = name->wire + name->start[index];
	size_t len = (size_t)name->len - name->start[index];
	zref ref = base->foreign_index != 0 ? index_place(patch, wire) : 0;
	uint8_t other[DNS_NAME_MAX];

	for (unsigned i = 0; ref != 0 && i < ZONE_FOREIGN_STEP && ref < base->foreign_end; i++) {
		if (zone_node_name(base, ref, other) == len && memcmp(other, wire, len) == 0)
			return ref;
		ref += zone_node_at(base, ref)->sets_at;
	}
	return 0;
}

static zref find_new(struct patch *patch, const struct name *name, unsigned index)
{
	size_t len = (size_t)name->len - name->start[index], at = 0;
	uint8_t other[DNS_NAME_MAX];

	for (zref ref; (ref = patch_map_find(&patch->foreign, name->hash[index], &at)) != 0;) {
		if (zone_node_name(patch->header, ref, other) == len
		    && memcmp(other, name->wire + name->start[index], len) == 0)
			return ref;
	}
	return 0;
}

/* The root, as in "MX 0 .", has a place, but nobody's parent is there. */
static int make_foreign(struct patch *patch, const struct name *name, unsigned index, zref *ret_ref)
{
	const uint8_t *label = name->wire + name->start[index];
	size_t label_bytes = label[0] != 0 ? label[0] + 1u : 0;
	zref parent = 0, ref;
	int err = 0;

	if (index + 1 < name->labels)
		err = patch_refer(patch, name, index + 1, &parent);
	if (err == 0)
		err = patch_alloc(patch, zone_layout_node_bytes(label_bytes), &ref);
	if (err != 0)
		return err;
	struct zone_node *node = patch_node(patch, ref);
	node->parent = parent;
	node->flags = ZONE_NODE_FOREIGN;
	node->labels = (uint8_t)(name->labels - index);
	node->label_bytes = (uint8_t)label_bytes;
	node->sets_at = (uint16_t)(zone_layout_node_bytes(label_bytes) / 4);
	memcpy(node->wire, label, label_bytes);
	patch_map_add(&patch->foreign, name->hash[index], ref);
	*ret_ref = ref;
	return 0;
}

static bool is_inside(const struct patch *patch, const struct name *name, unsigned index)
{
	size_t len = (size_t)name->len - name->start[index];

	return len >= patch->header->apex_len && name_is_below(name, patch->header->apex, patch->header->apex_len);
}

int patch_refer(struct patch *patch, const struct name *name, unsigned index, zref *ret_ref)
{
	const struct zone_node *node = is_inside(patch, name, index) ? zone_image_lookup(patch->header, name, index)
								     : NULL;
	zref ref = node != NULL ? zone_ref_of(patch->header, node) : 0;

	if (ref == 0)	/* first, as it is the cheaper question */
		ref = find_new(patch, name, index);
	if (ref == 0)
		ref = patch_find_foreign(patch, name, index);
	if (ref == 0)
		return make_foreign(patch, name, index, ret_ref);
	*ret_ref = ref;
	return 0;
}
