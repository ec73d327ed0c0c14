/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of NSEC3s, written anew when one came or went (24 bytes each, one pass), and the links to it. A link is
 * stale when its NSEC3 is gone, or when the range of the one that covered its wildcard was split by a new one; those are
 * found in one pass over all links, which touches no name. A new NSEC3 is for a name that is new, or has changed, or is
 * above one that has; where it is for another one, all names without an NSEC3 are hashed, if they are few.
 */
#include <stdlib.h>
#include <string.h>

#include "zone/nsec3.h"
#include "zone/nsec3_chain.h"
#include "zone/patch_inner.h"

enum { NSEC3_SHA1 = 1, NSEC3_OPT_OUT = 1, FILTER_BITS = 1 << 12, BLOCK = 16 };

struct step {
	struct zone_nsec3 entry;
	uint32_t at;			/* in the old ring: its own, or that of the one behind it */
	bool out, in, linked;
};

struct work {
	struct patch *patch;
	struct step *steps;
	size_t count;
	struct patch_list stale;	/* owners of NSEC3s whose links are */
	uint64_t filter[FILTER_BITS / 64];
	size_t hashes;			/* that may still be made */
};

static struct zone_nsec3 *ring_of(struct patch *patch)
{
	return patch_at(patch, patch->header->nsec3);
}

static int compare_hashes(const void *a, const void *b)
{
	return memcmp(((const struct step *)a)->entry.hash, ((const struct step *)b)->entry.hash, ZONE_NSEC3_HASH_BYTES);
}

static bool has_change(const struct patch *patch, const struct patch_owner *owner, uint16_t type)
{
	for (size_t i = owner->first; i < owner->first + owner->count; i++) {
		if (patch->changes->list[i].key == zone_type_key(type, 0))
			return true;
	}
	return false;
}

/* What NSEC3PARAM said when the zone was compiled, from the header. */
static struct span parameters(const struct zone_image_header *header, uint8_t out[5 + 255])
{
	out[0] = NSEC3_SHA1;
	out[1] = 0;
	dns_put_u16(out + 2, header->nsec3_iterations);
	out[4] = header->nsec3_salt_len;
	memcpy(out + 5, header->nsec3_salt, header->nsec3_salt_len);
	return (struct span){ out, 5u + header->nsec3_salt_len };
}

/* Owners whose NSEC3 came or went. */
static void collect(struct work *work)
{
	struct patch *patch = work->patch;
	uint8_t bytes[5 + 255];
	struct span chain = parameters(patch->header, bytes);
	unsigned flags = 0;

	for (size_t i = 0; i < patch->owner_count; i++) {
		const struct patch_owner *owner = &patch->owners[i];
		const struct zone_node *node = zone_node_at(patch->header, owner->node);
		struct step step = { .entry.node = owner->node };

		if (!has_change(patch, owner, DNS_NSEC3) || node->labels != patch->header->apex_labels + 1
		    || !nsec3_chain_hash(node, step.entry.hash))
			continue;
		uint32_t near = nsec3_find(patch->header, step.entry.hash, &step.out);
		bool is = owner->set_count != 0 && nsec3_chain_has(node, chain, &flags);
		if (step.out && ring_of(patch)[near].node != owner->node)
			step.out = false;	/* cannot be: a hash is a name */
		if (step.out == is)
			continue;
		step.in = is;
		step.at = near;
		/* Before the first, nsec3_find() gives the last. */
		if (is && memcmp(ring_of(patch)[near].hash, step.entry.hash, ZONE_NSEC3_HASH_BYTES) < 0)
			step.at = near + 1;
		else if (is)
			step.at = 0;
		patch_list_add(&work->stale, ring_of(patch)[near].node);
		work->steps[work->count++] = step;
	}
	if (flags & NSEC3_OPT_OUT)
		patch->header->flags |= ZONE_IMAGE_OPT_OUT;
	patch_list_sort(&work->stale);
	if (work->count > 1)
		qsort(work->steps, work->count, sizeof *work->steps, compare_hashes);
}

static int rewrite(struct work *work)
{
	struct patch *patch = work->patch;
	struct zone_image_header *header = patch->header;
	const struct zone_nsec3 *from = ring_of(patch);
	uint32_t count = header->nsec3_count, at = 0;
	zref place;
	int err = patch_alloc(patch, (count + work->count) * sizeof *from, &place);

	if (err != 0)
		return err;
	struct zone_nsec3 *to = patch_at(patch, place), *begin = to;
	for (size_t i = 0; i < work->count; i++) {
		const struct step *step = &work->steps[i];

		memcpy(to, from + at, (step->at - at) * sizeof *to);
		to += step->at - at;
		at = step->at + step->out;
		if (step->in)
			*to++ = step->entry;
	}
	memcpy(to, from + at, (count - at) * sizeof *to);
	to += count - at;
	if (to == begin)
		return patch_fault(patch, ERR_LIMIT, "the zone loses its NSEC3s");
	header->nsec3 = place;
	header->nsec3_count = (uint32_t)(to - begin);
	return 0;
}

static void note_link(struct work *work, zref match)
{
	for (size_t i = 0; i < work->count; i++) {
		if (work->steps[i].in && work->steps[i].entry.node == match)
			work->steps[i].linked = true;
	}
}

/* What zone/indexes fills in. */
static void fill_link(struct work *work, uint32_t slot)
{
	struct patch *patch = work->patch;
	const struct zone_slot *slots = zone_at(patch->header, patch->header->hash);
	struct zone_nsec3_link *links = patch_at(patch, patch->header->nsec3_links);
	uint8_t wire[DNS_NAME_MAX];
	size_t len = zone_node_name(patch->header, slots[slot].node, wire);
	bool match;
	uint32_t own = nsec3_find_name(patch->header, wire, len, &match);

	links[slot] = (struct zone_nsec3_link){ .match = match ? ring_of(patch)[own].node : 0 };
	if (len + 2 <= DNS_NAME_MAX)
		links[slot].wildcard =
			ring_of(patch)[nsec3_find_wildcard(patch->header, wire, len, &match)].node;
	if (links[slot].match != 0)
		note_link(work, links[slot].match);
}

static void link_node(struct work *work, zref ref)
{
	struct name name;

	patch_name(work->patch, ref, &name);
	fill_link(work, patch_slot(work->patch, name.hash[0], ref));
}

/* New names, whether the ring is another or not; changed ones and those above them if it is. */
static void link_changed(struct work *work)
{
	struct patch *patch = work->patch;
	struct patch_list nodes = { 0 };

	for (size_t i = 0; i < patch->added.count; i++)
		patch_list_add(&nodes, patch->added.refs[i]);
	for (size_t i = 0; work->count != 0 && i < patch->owner_count; i++) {
		zref ref = patch->owners[i].node;

		for (; ref != 0; ref = patch_node(patch, ref)->parent) {
			if (!(patch_node(patch, ref)->flags & ZONE_NODE_FOREIGN))
				patch_list_add(&nodes, ref);
		}
	}
	patch_list_sort(&nodes);
	for (size_t i = 0; i < nodes.count; i++)
		link_node(work, nodes.refs[i]);
	mem_free(nodes.refs);
}

static uint32_t filter_bit(zref ref)
{
	return ref / 4 % FILTER_BITS;
}

static bool is_stale(const struct work *work, zref ref)
{
	uint32_t bit = filter_bit(ref);

	return work->filter[bit / 64] >> bit % 64 & 1 && patch_list_has(&work->stale, ref);
}

/* Whether one of BLOCK links may be stale; for one change, and most patches are one, without a branch for each link. */
static bool may_be_stale(const struct work *work, const struct zone_nsec3_link *links)
{
	const zref *refs = work->stale.refs;
	zref first = refs[0], last = refs[work->stale.count - 1];
	unsigned hits = 0;

	if (work->stale.count > 2)
		return true;
	for (unsigned i = 0; i < BLOCK; i++)
		hits |= (links[i].match == first) | (links[i].match == last) | (links[i].wildcard == first)
			| (links[i].wildcard == last);
	return hits != 0;
}

static void link_stale(struct work *work)
{
	const struct zone_image_header *header = work->patch->header;
	const struct zone_slot *slots = zone_at(header, header->hash);
	const struct zone_nsec3_link *links = zone_at(header, header->nsec3_links);

	for (size_t i = 0; i < work->stale.count; i++) {
		uint32_t bit = filter_bit(work->stale.refs[i]);

		work->filter[bit / 64] |= (uint64_t)1 << bit % 64;
	}
	for (uint32_t i = 0; i < header->slots; i++) {
		if (i % BLOCK == 0 && header->slots >= BLOCK && !may_be_stale(work, &links[i])) {
			i += BLOCK - 1;
			continue;
		}
		if ((is_stale(work, links[i].match) || is_stale(work, links[i].wildcard)) && slots[i].node != 0)
			fill_link(work, i);
	}
}

static bool all_linked(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		if (work->steps[i].in && !work->steps[i].linked)
			return false;
	}
	return true;
}

/* The owner of an NSEC3 is no name that could have one (RFC 5155, 7.2.8); in such zones half of the nodes are. */
static bool may_have_nsec3(const struct zone_node *node)
{
	return node->sets == 0 || zone_rrset_type(zone_node_first_set(node)) != DNS_NSEC3;
}

static int link_others(struct work *work)
{
	const struct zone_image_header *header = work->patch->header;
	const struct zone_slot *slots = zone_at(header, header->hash);
	const struct zone_nsec3_link *links = zone_at(header, header->nsec3_links);
	size_t price = 2 * (1u + header->nsec3_iterations);

	for (uint32_t i = 0; !all_linked(work) && i < header->slots; i++) {
		if (slots[i].node == 0 || links[i].match != 0
		    || !may_have_nsec3(zone_node_at(header, slots[i].node)))
			continue;
		if (work->hashes < price)
			return patch_fault(work->patch, ERR_LIMIT, "a new NSEC3 is for a name that has not changed");
		work->hashes -= price;
		fill_link(work, i);
	}
	return 0;
}

int patch_nsec3(struct patch *patch)
{
	struct zone_image_header *header = patch->header;
	struct work work = { .patch = patch, .hashes = ZONE_PATCH_HASHES_MAX };
	int err = 0;

	for (size_t i = 0; i < patch->owner_count; i++) {
		const struct patch_owner *owner = &patch->owners[i];
		bool apex = owner->node == header->apex_node;

		if ((apex && has_change(patch, owner, DNS_NSEC3PARAM))
		    || (header->nsec3 == 0 && has_change(patch, owner, DNS_NSEC3)))
			return patch_fault(patch, ERR_LIMIT, "the zone gets, loses or changes its NSEC3s");
	}
	if (header->nsec3 == 0)
		return 0;
	work.steps = mem_array(patch->owner_count, sizeof *work.steps);
	collect(&work);
	if (work.count != 0)
		err = rewrite(&work);
	if (err == 0 && header->nsec3_links != 0) {
		link_changed(&work);
		if (work.count != 0) {
			link_stale(&work);
			err = link_others(&work);
		}
	}
	mem_free(work.steps);
	mem_free(work.stale.refs);
	return err;
}
