/* SPDX-License-Identifier: Apache-2.0 */
/* The order of NSEC owners. Written anew when one came or went: 4 bytes an owner, one pass. */
#include <stdlib.h>
#include <string.h>

#include "zone/patch_inner.h"

enum { OCCLUDED = ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME };

struct step {
	uint32_t at;		/* in the old order: of this owner, or of the one behind it */
	bool out;
	zref ref;
};

struct steps {
	struct step *list;
	size_t count, capacity;
};

/* Where the name stands, or where it would. */
static bool find(const struct zone_image_header *base, const uint8_t *wire, uint32_t *ret_at)
{
	const zref *order = zone_at(base, base->order);
	uint32_t low = 0, high = base->order_count;
	uint8_t owner[DNS_NAME_MAX];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		zone_node_name(base, order[middle], owner);
		int difference = name_compare(owner, wire);
		if (difference == 0) {
			*ret_at = middle;
			return true;
		}
		if (difference < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_at = low;
	return false;
}

static void look_at(struct patch *patch, zref ref, struct steps *steps)
{
	const struct zone_node *node = zone_node_at(patch->header, ref);
	struct step step = { .ref = ref };
	uint8_t wire[DNS_NAME_MAX];

	zone_node_name(patch->header, ref, wire);
	bool was = find(patch->header, wire, &step.at);
	bool is = !(node->flags & (OCCLUDED | ZONE_NODE_FOREIGN)) && zone_node_find(node, DNS_NSEC) != NULL;
	if (was == is)
		return;
	step.out = was;
	mem_grow((void **)&steps->list, &steps->capacity, steps->count, sizeof *steps->list);
	steps->list[steps->count++] = step;
}

static int compare_steps(const void *a, const void *b, void *patch)
{
	const struct step *left = a, *right = b;
	uint8_t left_name[DNS_NAME_MAX], right_name[DNS_NAME_MAX];

	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	if (left->out != right->out)	/* what comes in front of an owner that goes */
		return left->out ? 1 : -1;
	zone_node_name(((struct patch *)patch)->header, left->ref, left_name);
	zone_node_name(((struct patch *)patch)->header, right->ref, right_name);
	return name_compare(left_name, right_name);
}

static int rewrite(struct patch *patch, struct steps *steps)
{
	struct zone_image_header *header = patch->header;
	const zref *from = zone_at(header, header->order);
	uint32_t count = header->order_count, at = 0;
	zref place;

	qsort_r(steps->list, steps->count, sizeof *steps->list, compare_steps, patch);
	int err = patch_alloc(patch, (count + steps->count) * sizeof(zref), &place);
	if (err != 0)
		return err;
	zref *to = patch_at(patch, place), *begin = to;
	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->list[i];

		memcpy(to, from + at, (step->at - at) * sizeof *to);
		to += step->at - at;
		at = step->at + step->out;
		if (!step->out)
			*to++ = step->ref;
	}
	memcpy(to, from + at, (count - at) * sizeof *to);
	to += count - at;
	header->order = place;
	header->order_count = (uint32_t)(to - begin);
	return 0;
}

int patch_order(struct patch *patch)
{
	const struct zone_image_header *header = patch->header;
	const struct zone_node *apex = zone_node_at(header, header->apex_node);
	struct patch_list looked = { 0 };
	struct steps steps = { 0 };
	int err = 0;

	if ((header->order != 0) != (zone_node_find(apex, DNS_NSEC) != NULL))
		return patch_fault(patch, ERR_LIMIT, "the zone gets or loses its NSECs");
	if (header->order == 0)
		return 0;
	for (size_t i = 0; i < patch->changed.count; i++)
		patch_list_add(&looked, patch->changed.refs[i]);
	for (size_t i = 0; i < patch->changes->count; i++) {
		size_t low = 0, high = patch->owner_count;

		if (patch->changes->list[i].key != zone_type_key(DNS_NSEC, 0))
			continue;
		while (high - low > 1) {
			size_t middle = low + (high - low) / 2;

			if (patch->owners[middle].first <= i)
				low = middle;
			else
				high = middle;
		}
		patch_list_add(&looked, patch->owners[low].node);
	}
	patch_list_sort(&looked);
	for (size_t i = 0; i < looked.count; i++)
		look_at(patch, looked.refs[i], &steps);
	if (steps.count != 0)
		err = rewrite(patch, &steps);
	mem_free(looked.refs);
	mem_free(steps.list);
	return err;
}
