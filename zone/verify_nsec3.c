/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of NSEC3 that answers are made from: a closed ring, one for every authoritative name and empty
 * non-terminal and for nothing else. With opt-out, insecure delegations may have none, nor empty non-terminals above
 * them and nothing else (RFC 5155, 7.1); whether one is such shows when the walk leaves it.
 */
#include <string.h>

#include "conf/base/mem.h"
#include "zone/nsec3.h"
#include "zone/verify_inner.h"

enum {
	OPT_OUT = 1,
	HASHES_MAX = 8 << 20,	/* a load's worth of SHA-1: about a second */
};

/* One of the chain, taken apart. */
struct link {
	uint8_t flags;
	struct span next;
	struct reader bitmap;
};

static const struct zone_nsec3 *ring_of(const struct verify *verify)
{
	return zone_at(verify->base, verify->base->nsec3);
}

static struct verify_subject subject_of(const struct verify *verify, uint32_t index)
{
	return (struct verify_subject){ zone_node_at(verify->base, ring_of(verify)[index].node), DNS_NSEC3, false };
}

/* The first RR of the set that has the chain's parameters; counts them. */
static unsigned read_link(const struct verify *verify, uint32_t index, struct link *ret_link)
{
	const struct zone_image_header *base = verify->base;
	const struct zone_rrset *set = zone_node_find(zone_node_at(base, ring_of(verify)[index].node), DNS_NSEC3);
	struct zone_rr rr = zone_rr_first(set);
	unsigned found = 0;

	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		struct reader reader = reader_of(rr.prefix.at, rr.prefix.len);
		struct link link;

		reader_u8(&reader);
		link.flags = reader_u8(&reader);
		uint16_t iterations = reader_u16(&reader);
		struct span salt = reader_take(&reader, reader_u8(&reader));
		link.next = reader_take(&reader, reader_u8(&reader));
		link.bitmap = reader;
		if (reader.bad || iterations != base->nsec3_iterations
		    || !span_equal(salt, (struct span){ base->nsec3_salt, base->nsec3_salt_len }))
			continue;
		if (found++ == 0)
			*ret_link = link;
	}
	return found;
}

void verify_nsec3_init(struct verify *verify)
{
	const struct zone_image_header *base = verify->base;
	uint64_t hashes = (uint64_t)base->nodes * (base->nsec3_iterations + 1u);

	if (!(base->flags & ZONE_IMAGE_NSEC3))
		return;
	verify->nsec3.seen = mem_alloc(base->nsec3_count / 8 + 1);
	/* A large zone with many iterations would take minutes at each load: some of its names tell enough. */
	verify->nsec3.stride = verify->how->thorough ? 1 : (uint32_t)(hashes / HASHES_MAX + 1);
	if (base->nsec3_iterations > ZONE_VERIFY_ITERATIONS)
		verify_tell(verify, ZONE_VERIFY_WARNING,
			    (struct verify_subject){ zone_node_at(base, base->apex_node), DNS_NSEC3PARAM, false },
			    "asks for %u iterations: validators may take the zone as unsigned (RFC 9276, 3.2)",
			    base->nsec3_iterations);
}

void verify_nsec3_fini(struct verify *verify)
{
	mem_free(verify->nsec3.seen);
}

static void check_link(struct verify *verify, uint32_t index)
{
	const struct zone_nsec3 *ring = ring_of(verify);
	uint32_t after = index + 1 < verify->base->nsec3_count ? index + 1 : 0;
	struct link link;

	if (read_link(verify, index, &link) != 1) {
		verify_tell(verify, ZONE_VERIFY_BROKEN, subject_of(verify, index), "is not one record");
		return;
	}
	/* Validators ignore records with other flags (RFC 5155, 8.2). */
	if (link.flags & ~OPT_OUT)
		verify_tell(verify, ZONE_VERIFY_BROKEN, subject_of(verify, index), "has flags that nobody knows: %u",
			    link.flags);
	if (span_equal(link.next, (struct span){ ring[after].hash, ZONE_NSEC3_HASH_BYTES }))
		return;
	const struct zone_node *next = zone_node_at(verify->base, ring[after].node);
	int len = next->label_bytes > 0 ? next->label_bytes - 1 : 0;
	verify_tell(verify, ZONE_VERIFY_BROKEN, subject_of(verify, index),
		    "does not name %.*s as the next, which it is", len, (const char *)next->wire + 1);
}

/* A name that must be in the chain shows that those above it must be there too. */
static void close_open(struct verify *verify)
{
	for (unsigned i = 0; i < verify->nsec3.depth; i++)
		verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ verify->nsec3.open[i], 0, false },
			    "has no NSEC3, though there are signed names below it");
	verify->nsec3.depth = 0;
}

static bool is_insecure(const struct zone_node *node)
{
	return node->flags & ZONE_NODE_CUT && zone_node_find(node, DNS_DS) == NULL;
}

/* The name has none: whether the range it falls into lets it go without. */
static void visit_missing(struct verify *verify, uint32_t covering)
{
	const struct zone_node *node = verify->place.node;
	struct verify_nsec3 *nsec3 = &verify->nsec3;
	struct link link;

	if (read_link(verify, covering, &link) != 0 && link.flags & OPT_OUT) {
		if (is_insecure(node))
			return;
		if (node->flags & ZONE_NODE_EMPTY) {
			nsec3->open[nsec3->depth++] = node;
			return;
		}
	}
	verify_tell(verify, ZONE_VERIFY_BROKEN, (struct verify_subject){ node, 0, false }, "has no NSEC3");
	if (!(node->flags & ZONE_NODE_EMPTY))
		close_open(verify);
}

void verify_nsec3_name(struct verify *verify)
{
	const struct zone_node *node = verify->place.node;
	struct verify_nsec3 *nsec3 = &verify->nsec3;
	struct link link;
	bool match;

	while (nsec3->depth > 0 && nsec3->open[nsec3->depth - 1]->labels >= node->labels)
		nsec3->depth--;
	if (verify_owns_only_nsec3(node) || nsec3->turn++ % nsec3->stride != 0)
		return;

	uint32_t index = nsec3_find_name(verify->base, verify->place.wire, verify->place.len, &match);
	if (!match) {
		visit_missing(verify, index);
		return;
	}
	nsec3->seen[index / 8] |= (uint8_t)(1u << index % 8);
	if (read_link(verify, index, &link) != 0)
		verify_types(verify, (struct verify_subject){ node, DNS_NSEC3, false }, link.bitmap, node, DNS_NSEC3);
	if (!(node->flags & ZONE_NODE_EMPTY) && !is_insecure(node))
		close_open(verify);
}

void verify_nsec3_end(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->base->nsec3_count; i++) {
		check_link(verify, i);
		if (verify->nsec3.stride == 1 && !(verify->nsec3.seen[i / 8] >> i % 8 & 1))
			verify_tell(verify, ZONE_VERIFY_BROKEN, subject_of(verify, i), "is for no name of the zone");
	}
}
