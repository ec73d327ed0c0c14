/* SPDX-License-Identifier: Apache-2.0 */
/* Behind the names: the order of NSEC owners, the NSEC3 hashes, the hash table; then the header and its digest. */
#include <stdlib.h>
#include <string.h>

#include "zone/digest.h"
#include "zone/layout.h"
#include "zone/nsec3.h"
#include "zone/nsec3_chain.h"
#include "zone/rules.h"

enum {
	NSEC3_SHA1 = 1,			/* RFC 5155, 11 */
	NSEC3_OPT_OUT = 1,		/* flag */
	OCCLUDED = ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME,
};

static const struct zone_node *node_of(const struct zone_layout_work *work, size_t index)
{
	zref place = work->records->names.list[work->nodes[index]].place;

	return (const struct zone_node *)(const void *)(work->bytes + (size_t)place * 4);
}

static const struct zone_node *apex_of(const struct zone_layout_work *work)
{
	return node_of(work, 0);
}

/* The chain of NSEC owners, when the apex begins one. */
static zref append_order(struct zone_layout_work *work, uint32_t *ret_count)
{
	zref place = (zref)(work->len / 4);
	uint32_t count = 0;

	if (zone_node_find(apex_of(work), DNS_NSEC) == NULL)
		return 0;
	for (size_t i = 0; i < work->node_count; i++) {
		const struct zone_node *node = node_of(work, i);

		if (node->flags & OCCLUDED || zone_node_find(node, DNS_NSEC) == NULL)
			continue;
		zref owner = work->records->names.list[work->nodes[i]].place;
		memcpy(zone_layout_append(work, sizeof owner), &owner, sizeof owner);
		count++;
	}
	*ret_count = count;
	return place;
}

/* The parameters of the chain that answers are made from: the first with SHA-1 and no flags (RFC 5155, 4). */
static struct span chain_parameters(struct zone_layout_work *work)
{
	const struct zone_records *records = work->records;
	const struct zone_key *apex = &records->names.list[records->apex_number];
	const struct zone_stored *stored = zone_records_find(records, apex, DNS_NSEC3PARAM);
	const struct zone_rrset *set = zone_node_find(apex_of(work), DNS_NSEC3PARAM);

	if (set == NULL)
		return (struct span){ 0 };
	struct zone_rr rr = zone_rr_first(set);
	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		const uint8_t *rdata = rr.prefix.at;

		if (rdata[0] != NSEC3_SHA1 || rdata[1] != 0)
			continue;
		if (dns_get_u16(rdata + 2) != 0 || rdata[4] != 0)
			zone_rules_warn(work, apex, stored, "iterations and salt should be 0 and - (RFC 9276, 3.1)");
		if (set->count > 1)
			zone_rules_warn(work, apex, stored, "several chains of NSEC3; the first is used");
		return rr.prefix;
	}
	zone_rules_warn(work, apex, stored, "no NSEC3PARAM with algorithm 1 and flags 0: NSEC3 is not used");
	return (struct span){ 0 };
}

static int compare_nsec3(const void *a, const void *b)
{
	return memcmp(a, b, ZONE_NSEC3_HASH_BYTES);
}

static zref append_nsec3(struct zone_layout_work *work, struct zone_image_header *header)
{
	struct span parameters = chain_parameters(work);
	struct zone_records *records = work->records;
	struct zone_nsec3 *chain = NULL;
	size_t count = 0, capacity = 0;
	unsigned flags = 0;

	if (parameters.len == 0)
		return 0;
	header->nsec3_iterations = dns_get_u16(parameters.at + 2);
	header->nsec3_salt_len = parameters.at[4];
	memcpy(header->nsec3_salt, parameters.at + 5, header->nsec3_salt_len);
	for (size_t i = 0; i < work->node_count; i++) {
		const struct zone_node *node = node_of(work, i);
		const struct zone_key *key = &records->names.list[work->nodes[i]];
		struct zone_nsec3 link = { .node = key->place };

		if (!nsec3_chain_has(node, parameters, &flags))
			continue;
		if (node->labels != records->apex.labels + 1 || !nsec3_chain_hash(node, link.hash)) {
			zone_rules_warn(work, key, zone_records_find(records, key, DNS_NSEC3),
					"the owner is no hash below the apex: not used");
			continue;
		}
		mem_grow((void **)&chain, &capacity, count, sizeof *chain);
		chain[count++] = link;
	}
	if (count == 0)
		return 0;

	qsort(chain, count, sizeof *chain, compare_nsec3);
	zref place = (zref)(work->len / 4);
	memcpy(zone_layout_append(work, count * sizeof *chain), chain, count * sizeof *chain);
	mem_free(chain);
	header->nsec3_count = (uint32_t)count;
	header->flags |= ZONE_IMAGE_NSEC3 | (flags & NSEC3_OPT_OUT ? ZONE_IMAGE_OPT_OUT : 0);
	return place;
}

/* Filled in the order of nodes, so that the same zone has the same table. At most two thirds full: short probes, in
 * slots of 8 bytes that mostly share a cache line. */
static zref append_hash(struct zone_layout_work *work, uint32_t *ret_slots)
{
	uint32_t count = 4;
	zref place = (zref)(work->len / 4);

	while (count < work->node_count + work->node_count / 2 + 1)
		count *= 2;
	struct zone_slot *slots =
		(struct zone_slot *)(void *)zone_layout_append(work, count * sizeof(struct zone_slot));
	for (size_t i = 0; i < work->node_count; i++) {
		const struct zone_key *key = &work->records->names.list[work->nodes[i]];
		uint32_t slot = key->hash & (count - 1);

		while (slots[slot].node != 0)
			slot = (slot + 1) & (count - 1);
		slots[slot] = (struct zone_slot){ key->hash, key->place };
	}
	*ret_slots = count;
	return place;
}

/* Room for the links, filled when the header stands. */
static zref append_links(struct zone_layout_work *work, const struct zone_image_header *header)
{
	zref place = (zref)(work->len / 4);

	if (header->nsec3 == 0 || header->nsec3_iterations > ZONE_NSEC3_LINK_ITERATIONS)
		return 0;
	zone_layout_append(work, header->slots * sizeof(struct zone_nsec3_link));
	return place;
}

static void fill_links(uint8_t *bytes)
{
	const struct zone_image_header *base = (const struct zone_image_header *)(void *)bytes;
	const struct zone_slot *slots = zone_at(base, base->hash);
	const struct zone_nsec3 *ring = zone_at(base, base->nsec3);
	struct zone_nsec3_link *links = (struct zone_nsec3_link *)(void *)(bytes + (size_t)base->nsec3_links * 4);

	for (uint32_t i = 0; base->nsec3_links != 0 && i < base->slots; i++) {
		uint8_t wire[DNS_NAME_MAX];
		bool match;

		if (slots[i].node == 0)
			continue;
		size_t len = zone_node_name(base, slots[i].node, wire);
		uint32_t own = nsec3_find_name(base, wire, len, &match);
		links[i].match = match ? ring[own].node : 0;
		/* Nothing is asked below a name without room for another label. */
		if (len + 2 <= DNS_NAME_MAX)
			links[i].wildcard = ring[nsec3_find_wildcard(base, wire, len, &match)].node;
	}
}

static zref append_foreign_index(struct zone_layout_work *work, uint32_t *ret_count)
{
	zref place = (zref)(work->len / 4);
	size_t bytes = work->foreign_index_count * sizeof(zref);

	if (bytes == 0)
		return 0;
	memcpy(zone_layout_append(work, bytes), work->foreign_index, bytes);
	*ret_count = (uint32_t)work->foreign_index_count;
	return place;
}

static void fill_soa(const struct zone_layout_work *work, struct zone_image_header *header)
{
	const struct zone_rrset *set = zone_node_find(apex_of(work), DNS_SOA);
	struct zone_rr rr = zone_rr_first(set);
	uint32_t minimum = dns_get_u32(rr.suffix.at + 16);

	header->serial = dns_get_u32(rr.suffix.at);
	header->soa_expire = dns_get_u32(rr.suffix.at + 12);
	header->negative_ttl = minimum < zone_rrset_ttl(set) ? minimum : zone_rrset_ttl(set);
}

static void fill_header(struct zone_layout_work *work, struct zone_image_header *header)
{
	const struct zone_records *records = work->records;
	const struct zone_node *apex = apex_of(work);

	memcpy(header->magic, "CATCHZI\n", sizeof header->magic);
	header->format = ZONE_IMAGE_FORMAT;
	header->byte_order = 0x01020304;
	header->apex_len = records->apex.len;
	header->apex_labels = records->apex.labels;
	header->max_labels = (uint8_t)work->max_labels;
	memcpy(header->apex, records->apex.wire, records->apex.len);
	header->records = work->record_count;
	header->names = work->name_count;
	header->nodes = (uint32_t)work->node_count;
	header->apex_node = records->names.list[records->apex_number].place;
	header->rrsig_expires = work->rrsig_expires;
	if (zone_node_find(apex, DNS_DNSKEY) != NULL && zone_node_rrsig(apex, DNS_DNSKEY) != NULL)
		header->flags |= ZONE_IMAGE_SIGNED;
	fill_soa(work, header);
}

void zone_layout_finish(struct zone_layout_work *work, zref nodes_end, zref foreign_end)
{
	struct zone_image_header *header = mem_alloc(sizeof *header);
	size_t behind = offsetof(struct zone_image_header, digest) + sizeof header->digest;

	fill_header(work, header);
	header->nodes_end = nodes_end;
	header->foreign_end = foreign_end;
	header->order = append_order(work, &header->order_count);
	if (header->order != 0)
		header->flags |= ZONE_IMAGE_NSEC;
	header->nsec3 = append_nsec3(work, header);
	header->hash = append_hash(work, &header->slots);
	header->nsec3_links = append_links(work, header);
	header->foreign_index = append_foreign_index(work, &header->foreign_index_count);
	header->size = work->len;

	work->bytes = mem_resize(work->bytes, work->len, 1);
	work->room = work->len;
	memcpy(work->bytes, header, sizeof *header);
	fill_links(work->bytes);
	zone_digest(work->bytes + behind, work->len - behind,
		    work->bytes + offsetof(struct zone_image_header, digest));
	mem_free(header);
}
