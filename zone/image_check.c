/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of the check: the header, so that sections are in bounds; then one walk over nodes and foreign names that marks
 * every place where a name begins and checks what it can see from there (its parent stands before it and is marked);
 * then, with all places marked, what points to them: names in RRs, the hash table, the NSEC and NSEC3 indexes.
 */
#include "zone/image_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/digest.h"

struct check {
	const struct zone_image_header *base;
	uint8_t *starts;	/* a bit for every zref at which a node or foreign name begins */
	struct err_note *note;
};

static int fault(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fault(struct check *check, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_note_set(check->note, NULL, 0, "not a usable zone image: %s", text);
	return ERR_FORMAT;
}

static bool is_start(const struct check *check, zref ref)
{
	return ref < check->base->foreign_end && check->starts[ref / 8] >> (ref % 8) & 1;
}

static bool is_node(const struct check *check, zref ref)
{
	return ref < check->base->nodes_end && is_start(check, ref);
}

/* Whether count elements of size bytes at ref lie inside the image. */
static bool holds(const struct zone_image_header *base, zref ref, uint64_t count, uint64_t size)
{
	uint64_t at = (uint64_t)ref * 4;

	return at >= sizeof *base && at <= base->size && count <= (base->size - at) / size;
}

static int check_header(struct check *check, size_t size, bool check_digest)
{
	const struct zone_image_header *base = check->base;
	struct name apex;
	uint8_t digest[ZONE_DIGEST_BYTES];
	size_t behind = offsetof(struct zone_image_header, digest) + sizeof base->digest;

	if (size < sizeof *base || memcmp(base->magic, "CATCHZI\n", sizeof base->magic) != 0)
		return fault(check, "no such magic");
	if (base->format != ZONE_IMAGE_FORMAT || base->byte_order != 0x01020304)
		return fault(check, "format %u or byte order is another", base->format);
	if (base->size != size || size % 4 != 0 || size / 4 > UINT32_MAX)
		return fault(check, "size is %zu, header says %llu", size, (unsigned long long)base->size);
	if (check_digest) {
		zone_digest((const uint8_t *)base + behind, size - behind, digest);
		if (memcmp(digest, base->digest, sizeof digest) != 0)
			return fault(check, "digest differs");
	}
	if (base->apex_len == 0 || name_from_wire(base->apex, base->apex_len, &apex) != 0
	    || memcmp(apex.wire, base->apex, base->apex_len) != 0 || apex.labels != base->apex_labels)
		return fault(check, "bad apex name");
	if ((uint64_t)base->apex_node * 4 < sizeof *base || base->apex_node >= base->nodes_end
	    || base->nodes_end > base->foreign_end || (uint64_t)base->foreign_end * 4 > size)
		return fault(check, "sections overlap");
	if (base->slots == 0 || (base->slots & (base->slots - 1)) != 0 || base->slots <= base->nodes
	    || !holds(base, base->hash, base->slots, sizeof(struct zone_slot)))
		return fault(check, "bad hash table");
	if ((base->order == 0) != (base->order_count == 0) || (base->nsec3 == 0) != (base->nsec3_count == 0)
	    || (base->foreign_index == 0) != (base->foreign_index_count == 0))
		return fault(check, "an index without a place");
	if ((base->order != 0 && !holds(base, base->order, base->order_count, sizeof(zref)))
	    || (base->nsec3 != 0 && !holds(base, base->nsec3, base->nsec3_count, sizeof(struct zone_nsec3))))
		return fault(check, "bad NSEC or NSEC3 index");
	if (base->nsec3_links != 0
	    && (base->nsec3_count == 0 || !holds(base, base->nsec3_links, base->slots, sizeof(struct zone_nsec3_link))))
		return fault(check, "bad NSEC3 links");
	if ((base->foreign_index != 0 && !holds(base, base->foreign_index, base->foreign_index_count, sizeof(zref)))
	    || base->flags & ZONE_IMAGE_PATCHED || base->added_count != 0)
		return fault(check, "bad index of foreign names");
	if (base->max_labels < base->apex_labels || base->max_labels > DNS_LABELS_MAX)
		return fault(check, "bad label count");
	return 0;
}

/* Bytes of RDATA this RR takes in rrs, or 0 when it does not fit into room. */
static size_t rr_bytes(uint16_t type, const uint8_t *at, size_t room)
{
	struct zone_layout layout = zone_layout(type);

	if (layout.names == 0) {
		size_t bytes = room >= 2 ? 2 + (size_t)dns_get_u16(at) : SIZE_MAX;

		return bytes <= room ? bytes : 0;
	}
	size_t bytes = ((layout.prefix + 3u) & ~3u) + layout.names * sizeof(zref) + ((layout.suffix + 3u) & ~3u);
	return bytes <= room ? bytes : 0;
}

/* One RRset that begins at ref; bounds only. Gives its size in bytes. */
static int check_rrset_bounds(struct check *check, zref ref, uint32_t *ret_bytes)
{
	const struct zone_image_header *base = check->base;
	const struct zone_rrset *set = zone_at(base, ref);
	size_t room = (size_t)(base->nodes_end - ref) * 4;

	if (room < sizeof *set || set->bytes < sizeof *set || set->bytes > room || set->bytes % 4 != 0)
		return fault(check, "RRset out of bounds at %u", ref);

	uint16_t type = zone_rrset_type(set);
	const uint8_t *at = set->rrs;
	size_t left = set->bytes - sizeof *set;
	if (set->count == 0 || dns_get_u16(set->fixed + 2) != DNS_CLASS_IN || (set->covers != 0 && type != DNS_RRSIG))
		return fault(check, "bad RRset at %u", ref);
	for (unsigned i = 0; i < set->count; i++) {
		size_t bytes = rr_bytes(type, at, left);

		if (bytes == 0)
			return fault(check, "RR out of bounds at %u", ref);
		at += bytes;
		left -= bytes;
	}
	if (left >= 4)
		return fault(check, "RRset with a gap at %u", ref);
	*ret_bytes = set->bytes;
	return 0;
}

static int check_sets(struct check *check, const struct zone_node *node, zref *ref)
{
	uint32_t previous = 0, bytes = 0;

	for (unsigned i = 0; i < node->sets; i++, *ref += bytes / 4) {
		if (*ref >= check->base->nodes_end)
			return fault(check, "RRset behind the nodes at %u", *ref);

		int err = check_rrset_bounds(check, *ref, &bytes);
		if (err != 0)
			return err;
		const struct zone_rrset *set = zone_at(check->base, *ref);
		uint16_t type = zone_rrset_type(set);
		uint32_t key = (uint32_t)(set->covers ? set->covers : type) << 1 | (set->covers != 0);
		if (key <= previous)
			return fault(check, "RRsets out of order at %u", *ref);
		previous = key;
	}
	return 0;
}

static bool flag_needs(const struct zone_node *node, unsigned flag, uint16_t type)
{
	return (node->flags & flag) == 0 || zone_node_find(node, type) != NULL;
}

/* What the flags promise about a node's own records and about those above it. */
static int check_flags(struct check *check, const struct zone_node *node, zref ref)
{
	const struct zone_image_header *base = check->base;
	unsigned above = node->parent ? zone_node_at(base, node->parent)->flags : 0;
	bool below_cut = above & (ZONE_NODE_CUT | ZONE_NODE_BELOW_CUT);
	bool below_dname = above & (ZONE_NODE_DNAME | ZONE_NODE_BELOW_DNAME);

	if (!flag_needs(node, ZONE_NODE_CUT, DNS_NS) || !flag_needs(node, ZONE_NODE_DNAME, DNS_DNAME)
	    || !flag_needs(node, ZONE_NODE_CNAME, DNS_CNAME) || (node->flags & ZONE_NODE_FOREIGN)
	    || (node->flags & ZONE_NODE_BELOW_CUT && !below_cut)
	    || (node->flags & ZONE_NODE_BELOW_DNAME && !below_dname)
	    || !(node->flags & ZONE_NODE_EMPTY) != (node->sets != 0))
		return fault(check, "flags contradict the records at %u", ref);
	return 0;
}

static size_t name_bytes(const struct zone_image_header *base, const struct zone_node *node)
{
	size_t len = node->label_bytes;

	while (node->parent != 0) {
		node = zone_node_at(base, node->parent);
		len += node->label_bytes;
	}
	bool under_apex = !(node->flags & ZONE_NODE_FOREIGN);
	return len + (under_apex ? base->apex_len : 1);
}

/* The labels of a name in front of its parent's: whole, lower case, and as many as the counts say. */
static int check_name(struct check *check, const struct zone_node *node, zref ref, bool foreign)
{
	const struct zone_image_header *base = check->base;
	unsigned labels = 0, at = 0;

	while (at < node->label_bytes) {
		unsigned len = node->wire[at];

		if (len == 0 || len > DNS_LABEL_MAX || at + 1 + len > node->label_bytes)
			return fault(check, "bad label at %u", ref);
		for (unsigned i = 1; i <= len; i++) {
			if (name_lower(node->wire[at + i]) != node->wire[at + i])
				return fault(check, "upper case at %u", ref);
		}
		at += 1 + len;
		labels++;
	}

	bool is_apex = ref == base->apex_node;
	unsigned above = is_apex ? base->apex_labels : 0;
	if (node->parent != 0) {
		if (node->parent >= ref || !is_start(check, node->parent))
			return fault(check, "bad parent at %u", ref);
		above = zone_node_at(base, node->parent)->labels;
	}
	if (is_apex ? labels != 0 || node->parent != 0 : foreign ? false : labels != 1 || node->parent == 0)
		return fault(check, "bad place in the tree at %u", ref);
	if (node->labels != above + labels || (!foreign && node->labels > base->max_labels)
	    || node->labels > DNS_LABELS_MAX || name_bytes(base, node) > DNS_NAME_MAX)
		return fault(check, "bad name length at %u", ref);
	return 0;
}

/* The walk. Nodes and foreign names have the same shape; foreign ones have no RRsets and the flag. */
static int check_places(struct check *check)
{
	const struct zone_image_header *base = check->base;
	uint32_t nodes = 0;

	for (zref ref = base->apex_node; ref < base->foreign_end;) {
		const struct zone_node *node = zone_node_at(base, ref);
		bool foreign = ref >= base->nodes_end;
		size_t room = (size_t)((foreign ? base->foreign_end : base->nodes_end) - ref) * 4;

		if (room < sizeof *node || room < sizeof *node + node->label_bytes)
			return fault(check, "name out of bounds at %u", ref);
		int err = check_name(check, node, ref, foreign);
		if (err != 0)
			return err;
		check->starts[ref / 8] |= (uint8_t)(1u << (ref % 8));

		zref next = ref + (zref)((sizeof *node + node->label_bytes + 3) / 4);
		if (node->flags & ZONE_NODE_EMPTY)
			next += (zref)(sizeof(struct zone_moved) / 4);
		if (node->sets_at != next - ref || next > (foreign ? base->foreign_end : base->nodes_end))
			return fault(check, "RRsets misplaced at %u", ref);
		if (foreign) {
			if (node->sets != 0 || !(node->flags & ZONE_NODE_FOREIGN))
				return fault(check, "foreign name with records at %u", ref);
		} else {
			err = check_sets(check, node, &next);
			if (err == 0)
				err = check_flags(check, node, ref);
			if (err != 0)
				return err;
			nodes++;
		}
		ref = next;
	}
	return nodes == base->nodes ? 0 : fault(check, "%u nodes, header says %u", nodes, base->nodes);
}

static int check_rr_names(struct check *check)
{
	const struct zone_image_header *base = check->base;

	for (zref ref = base->apex_node; ref < base->nodes_end;) {
		const struct zone_node *node = zone_node_at(base, ref);
		const struct zone_rrset *set = zone_node_first_set(node);

		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
			if (zone_layout(zone_rrset_type(set)).names == 0)
				continue;
			struct zone_rr rr = zone_rr_first(set);
			for (unsigned k = 0; k < set->count; k++, rr = zone_rr_next(set, &rr)) {
				if (!is_start(check, rr.name[0]) || (rr.names == 2 && !is_start(check, rr.name[1])))
					return fault(check, "RR names nothing at %u", ref);
			}
		}
		ref = zone_ref_of(base, set);
	}
	return 0;
}

static uint32_t node_hash(const struct zone_image_header *base, const struct zone_node *node, uint32_t apex_hash)
{
	const struct zone_node *path[DNS_LABELS_MAX];
	unsigned depth = 0;
	uint32_t hash = apex_hash;

	for (; node->parent != 0; node = zone_node_at(base, node->parent))
		path[depth++] = node;
	while (depth-- > 0)
		hash = name_hash_label(hash, path[depth]->wire + 1, path[depth]->wire[0]);
	return hash;
}

/* Every occupied slot names a node under its own hash, none is cut off from where its probe begins by an empty slot,
 * and there are as many as nodes. */
static int check_hash(struct check *check)
{
	const struct zone_image_header *base = check->base;
	const struct zone_slot *slots = zone_at(base, base->hash);
	uint32_t mask = base->slots - 1, used = 0, empty = 0;
	struct name apex;

	name_from_wire(base->apex, base->apex_len, &apex);
	while (empty < base->slots && slots[empty].node != 0)
		empty++;
	if (empty == base->slots)
		return fault(check, "no empty hash slot");

	/* Runs of occupied slots may wrap around the end: begin behind an empty one. */
	uint32_t run = empty + 1;
	for (uint32_t i = empty + 1; i <= empty + mask; i++) {
		const struct zone_slot *slot = &slots[i & mask];

		if (slot->node == 0) {
			run = i + 1;
			continue;
		}
		used++;
		if (!is_node(check, slot->node)
		    || node_hash(base, zone_node_at(base, slot->node), apex.hash[0]) != slot->hash)
			return fault(check, "hash slot %u names something else", i & mask);
		if (((i - slot->hash) & mask) > i - run)
			return fault(check, "hash slot %u cannot be reached", i & mask);
	}
	return used == base->nodes ? 0 : fault(check, "%u hash slots in use for %u nodes", used, base->nodes);
}

static int check_indexes(struct check *check)
{
	const struct zone_image_header *base = check->base;
	const zref *order = zone_at(base, base->order);
	const struct zone_nsec3 *nsec3 = zone_at(base, base->nsec3);

	for (uint32_t i = 0; base->order != 0 && i < base->order_count; i++) {
		if (!is_node(check, order[i]) || (i > 0 && order[i] <= order[i - 1])
		    || zone_node_find(zone_node_at(base, order[i]), DNS_NSEC) == NULL)
			return fault(check, "bad NSEC index at %u", i);
	}
	for (uint32_t i = 0; base->nsec3 != 0 && i < base->nsec3_count; i++) {
		if (!is_node(check, nsec3[i].node)
		    || (i > 0 && memcmp(nsec3[i - 1].hash, nsec3[i].hash, sizeof nsec3[i].hash) >= 0)
		    || zone_node_find(zone_node_at(base, nsec3[i].node), DNS_NSEC3) == NULL)
			return fault(check, "bad NSEC3 index at %u", i);
	}
	if ((base->flags & ZONE_IMAGE_NSEC && base->order_count == 0)
	    || (base->flags & ZONE_IMAGE_NSEC3 && base->nsec3_count == 0))
		return fault(check, "signed, but no proofs are indexed");
	return 0;
}

static bool has_bit(const uint8_t *bits, const struct zone_image_header *base, zref ref)
{
	return ref < base->nodes_end && bits[ref / 8] >> (ref % 8) & 1;
}

/* Links lead to owners of NSEC3s that are in the index; a name without another label's room needs none for it. */
static int check_links(struct check *check)
{
	const struct zone_image_header *base = check->base;
	const struct zone_nsec3 *nsec3 = zone_at(base, base->nsec3);
	const struct zone_nsec3_link *links = zone_at(base, base->nsec3_links);
	const struct zone_slot *slots = zone_at(base, base->hash);
	int err = 0;

	if (base->nsec3_links == 0)
		return 0;
	uint8_t *owners = mem_alloc((size_t)base->nodes_end / 8 + 1);
	for (uint32_t i = 0; i < base->nsec3_count; i++)
		owners[nsec3[i].node / 8] |= (uint8_t)(1u << nsec3[i].node % 8);
	for (uint32_t i = 0; err == 0 && i < base->slots; i++) {
		bool needs = slots[i].node != 0
			&& name_bytes(base, zone_node_at(base, slots[i].node)) + 2 <= DNS_NAME_MAX;

		if ((links[i].match != 0 && !has_bit(owners, base, links[i].match))
		    || (links[i].wildcard != 0 ? !has_bit(owners, base, links[i].wildcard) : needs))
			err = fault(check, "bad NSEC3 link at %u", i);
	}
	mem_free(owners);
	return err;
}

static int check_foreign_index(struct check *check)
{
	const struct zone_image_header *base = check->base;
	const zref *index = zone_at(base, base->foreign_index);

	for (uint32_t i = 0; base->foreign_index != 0 && i < base->foreign_index_count; i++) {
		if (index[i] < base->nodes_end || !is_start(check, index[i]) || (i > 0 && index[i] <= index[i - 1]))
			return fault(check, "bad index of foreign names at %u", i);
	}
	return 0;
}

static int check_apex(struct check *check)
{
	const struct zone_node *apex = zone_node_at(check->base, check->base->apex_node);
	const struct zone_rrset *soa = zone_node_find(apex, DNS_SOA);

	if (soa == NULL || soa->count != 1 || zone_node_find(apex, DNS_NS) == NULL)
		return fault(check, "no SOA or no NS at the apex");
	if (apex->flags & (ZONE_NODE_CUT | ZONE_NODE_CNAME))
		return fault(check, "the apex is a cut or an alias");
	return 0;
}

int zone_image_check(const void *bytes, size_t size, bool check_digest, struct err_note *note)
{
	struct check check = { .base = bytes, .note = note };
	int err = check_header(&check, size, check_digest);

	if (err != 0)
		return err;
	check.starts = mem_alloc((size_t)check.base->foreign_end / 8 + 1);
	err = check_places(&check);
	if (err == 0)
		err = check_apex(&check);
	if (err == 0)
		err = check_rr_names(&check);
	if (err == 0)
		err = check_hash(&check);
	if (err == 0)
		err = check_indexes(&check);
	if (err == 0)
		err = check_links(&check);
	if (err == 0)
		err = check_foreign_index(&check);
	mem_free(check.starts);
	return err;
}
