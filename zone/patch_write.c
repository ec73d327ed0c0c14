/* SPDX-License-Identifier: Apache-2.0 */
/* RRsets of changed names, written behind the file's end; and what the flags of nodes say of them. */
#include <stdlib.h>
#include <string.h>

#include "zone/patch_inner.h"
#include "zone/walk.h"

enum {
	OCCLUDED = ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME,
	KEPT = ZONE_NODE_WILDCARD_CHILD | ZONE_NODE_EMPTY,
};

static size_t round4(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

static size_t set_bytes(const struct patch_set *set)
{
	uint16_t type = set->key & 1 ? DNS_RRSIG : (uint16_t)(set->key >> 1);
	struct zone_layout layout = zone_layout(type);
	size_t bytes = sizeof(struct zone_rrset);

	if (set->old != NULL)
		return set->old->bytes;
	for (unsigned i = 0; i < set->count; i++)
		bytes += layout.names == 0 ? 2 + set->rrs[i].len
					   : round4(layout.prefix) + layout.names * sizeof(zref) + round4(layout.suffix);
	return round4(bytes);
}

/* RDATA with names, which become places. */
static int write_named(struct patch *patch, struct zone_layout layout, struct span rdata, uint8_t **at)
{
	struct reader reader = reader_of(rdata.at, rdata.len);
	uint8_t *to = *at;

	if (layout.prefix != 0)
		memcpy(to, reader_take(&reader, layout.prefix).at, layout.prefix);
	to += round4(layout.prefix);
	for (unsigned i = 0; i < layout.names; i++, to += sizeof(zref)) {
		struct name name;
		zref ref;

		if (name_read(&reader, &name) != 0)
			return patch_fault(patch, ERR_INVALID, "a name in RDATA is not well formed");
		int err = patch_refer(patch, &name, 0, &ref);
		if (err != 0)
			return err;
		memcpy(to, &ref, sizeof ref);
	}
	if (layout.suffix != 0)
		memcpy(to, reader.at, layout.suffix);
	*at = to + round4(layout.suffix);
	return 0;
}

static int write_set(struct patch *patch, const struct patch_set *meant, uint8_t *at)
{
	struct zone_rrset *set = (struct zone_rrset *)(void *)at;
	uint16_t type = meant->key & 1 ? DNS_RRSIG : (uint16_t)(meant->key >> 1);
	struct zone_layout layout = zone_layout(type);
	int err = 0;

	if (meant->old != NULL) {
		memcpy(at, meant->old, meant->old->bytes);
		return 0;
	}
	dns_put_u16(set->fixed, type);
	dns_put_u16(set->fixed + 2, DNS_CLASS_IN);
	dns_put_u32(set->fixed + 4, meant->ttl);
	set->count = (uint16_t)meant->count;
	set->covers = type == DNS_RRSIG ? (uint16_t)(meant->key >> 1) : 0;
	set->bytes = (uint32_t)set_bytes(meant);
	at = set->rrs;
	for (unsigned i = 0; err == 0 && i < meant->count; i++) {
		struct span rdata = meant->rrs[i];

		if (layout.names != 0) {
			err = write_named(patch, layout, rdata, &at);
			continue;
		}
		dns_put_u16(at, (uint16_t)rdata.len);
		memcpy(at + 2, rdata.at, rdata.len);
		at += 2 + rdata.len;
	}
	return err;
}

static int write_owner(struct patch *patch, const struct patch_owner *owner)
{
	struct zone_node *node = patch_node(patch, owner->node);
	size_t bytes = 0;
	zref ref, at;

	for (unsigned i = 0; i < owner->set_count; i++)
		bytes += set_bytes(&owner->sets[i]);
	int err = patch_alloc(patch, bytes, &ref);
	at = ref;
	for (unsigned i = 0; err == 0 && i < owner->set_count; i++) {
		size_t size = set_bytes(&owner->sets[i]);	/* before the old bytes are spoilt */

		err = write_set(patch, &owner->sets[i], patch_at(patch, at));
		at += (zref)(size / 4);
	}
	if (err != 0)
		return err;
	patch_move(patch, owner->node)->sets = ref - owner->node;
	node->sets = (uint16_t)owner->set_count;
	return 0;
}

int patch_write_sets(struct patch *patch)
{
	struct zone_image_header *header = patch->header;
	int err = 0;

	for (size_t i = 0; err == 0 && i < patch->owner_count; i++) {
		const struct patch_owner *owner = &patch->owners[i];

		if (owner->set_count != 0)
			err = write_owner(patch, owner);
		header->names += (uint32_t)(owner->set_count != 0) - (uint32_t)owner->had;
	}
	for (size_t i = 0; i < patch->changes->count; i++)
		header->records += patch->changes->list[i].add ? 1u : UINT32_MAX;
	return err;
}

/* What names below inherit: the same as in zone/layout. */
static uint16_t bequest(unsigned flags)
{
	if (flags & (ZONE_NODE_CUT | ZONE_NODE_BELOW_CUT))
		return ZONE_NODE_BELOW_CUT;
	return flags & (ZONE_NODE_DNAME | ZONE_NODE_BELOW_DNAME) ? ZONE_NODE_BELOW_DNAME : 0;
}

static uint16_t flags_of(struct patch *patch, const struct zone_node *node)
{
	uint16_t kept = node->flags & KEPT;
	uint16_t inherited = node->parent != 0 ? bequest(patch_node(patch, node->parent)->flags) : 0;

	if (inherited != 0 || node->sets == 0)
		return kept | inherited;
	if (node->parent != 0 && zone_node_find(node, DNS_NS) != NULL)
		return kept | ZONE_NODE_CUT;
	if (zone_node_find(node, DNS_DNAME) != NULL)
		return kept | ZONE_NODE_DNAME;
	return kept | (zone_node_find(node, DNS_CNAME) != NULL ? ZONE_NODE_CNAME : 0);
}

/* True: what names below inherit is another. */
static bool update_flags(struct patch *patch, zref ref)
{
	struct zone_node *node = patch_node(patch, ref);
	uint16_t before = node->flags;

	node->flags = flags_of(patch, node);
	if ((before ^ node->flags) & OCCLUDED)
		patch_list_add(&patch->changed, ref);
	return bequest(before) != bequest(node->flags);
}

/* Compiled nodes below a compiled node; new ones come later, as they have more labels. */
static int update_below(struct patch *patch, zref ref, size_t *budget)
{
	const struct zone_image_header *base = patch->header;
	unsigned labels = patch_node(patch, ref)->labels;

	if (ref >= base->nodes_end)
		return 0;
	for (zref at = zone_walk_behind(base, zone_node_at(base, ref));
	     at < base->nodes_end && zone_node_at(base, at)->labels > labels;
	     at = zone_walk_behind(base, zone_node_at(base, at))) {
		if ((*budget)-- == 0)
			return patch_fault(patch, ERR_LIMIT, "a delegation changes the standing of too many names");
		if (!(zone_node_at(base, at)->flags & ZONE_NODE_FOREIGN))
			update_flags(patch, at);
	}
	return 0;
}

static int compare_depth(const void *a, const void *b, void *patch)
{
	return (int)patch_node(patch, *(const zref *)a)->labels - (int)patch_node(patch, *(const zref *)b)->labels;
}

/* The earliest by serial arithmetic (RFC 4034, 3.1.5). */
static void note_expiry(struct patch *patch, const struct patch_owner *owner)
{
	struct zone_image_header *header = patch->header;

	for (size_t i = owner->first; i < owner->first + owner->count; i++) {
		const struct zone_change *change = &patch->changes->list[i];

		if (!change->add || change->type != DNS_RRSIG || patch_node(patch, owner->node)->flags & OCCLUDED)
			continue;
		uint32_t expires = dns_get_u32(change->rdata.at + 8);
		if (header->rrsig_expires == 0 || (int32_t)(expires - header->rrsig_expires) < 0)
			header->rrsig_expires = expires;
	}
}

int patch_write_flags(struct patch *patch)
{
	struct patch_list touched = { 0 };
	size_t budget = ZONE_PATCH_FLAGS_MAX;
	int err = 0;

	for (size_t i = 0; i < patch->added.count; i++)
		patch_list_add(&touched, patch->added.refs[i]);
	for (size_t i = 0; i < patch->owner_count; i++) {
		const struct patch_owner *owner = &patch->owners[i];

		if (owner->node != 0 && !(patch_node(patch, owner->node)->flags & ZONE_NODE_FOREIGN))
			patch_list_add(&touched, owner->node);
	}
	patch_list_sort(&touched);
	if (touched.count > 1)
		qsort_r(touched.refs, touched.count, sizeof *touched.refs, compare_depth, patch);
	for (size_t i = 0; err == 0 && i < touched.count; i++) {
		if (update_flags(patch, touched.refs[i]))
			err = update_below(patch, touched.refs[i], &budget);
	}
	for (size_t i = 0; err == 0 && i < patch->owner_count; i++) {
		if (patch->owners[i].set_count != 0)
			note_expiry(patch, &patch->owners[i]);
	}
	mem_free(touched.refs);
	return err;
}
