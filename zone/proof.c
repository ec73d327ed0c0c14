/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/proof.h"

#include <string.h>

#include "zone/nsec3.h"

static void add(struct proof *proof, const struct zone_node *node)
{
	zref ref = zone_ref_of(proof->base, node);

	for (unsigned i = 0; i < proof->count; i++) {
		if (proof->nodes[i] == ref)
			return;
	}
	if (proof->count < PROOFS_MAX)
		proof->nodes[proof->count++] = ref;
}

bool proof_write(const struct proof *proof, struct writer *writer)
{
	uint16_t type = proof->base->flags & ZONE_IMAGE_NSEC3 ? DNS_NSEC3 : DNS_NSEC;

	for (unsigned i = 0; i < proof->count; i++) {
		const struct zone_node *node = zone_node_at(proof->base, proof->nodes[i]);
		const struct zone_rrset *set = zone_node_find(node, type), *rrsig = zone_node_rrsig(node, type);
		struct writer_owner owner = { .ref = proof->nodes[i] };

		if (!writer_rrset(writer, WRITER_AUTHORITY, owner, set)
		    || (rrsig != NULL && !writer_rrset(writer, WRITER_AUTHORITY, owner, rrsig)))
			return false;
	}
	return true;
}

/* NSEC */

/* The owner of the last NSEC at or before the name in canonical order. */
static const struct zone_node *nsec_covering(const struct zone_image_header *base, const uint8_t *wire)
{
	const zref *order = zone_at(base, base->order);
	uint32_t low = 0, high = base->order_count;
	uint8_t owner[DNS_NAME_MAX];

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		zone_node_name(base, order[middle], owner);
		if (name_compare(owner, wire) <= 0)
			low = middle;
		else
			high = middle;
	}
	return zone_node_at(base, order[low]);
}

static void nsec_for(struct proof *proof, const uint8_t *wire, const struct zone_node *node)
{
	/* An empty non-terminal owns no NSEC: the one that covers it shows that there is something below. */
	if (node != NULL && zone_node_find(node, DNS_NSEC) != NULL)
		add(proof, node);
	else
		add(proof, nsec_covering(proof->base, wire));
}

/* NSEC3 */

static void add_nsec3(struct proof *proof, zref owner)
{
	add(proof, zone_node_at(proof->base, owner));
}

static zref ring_owner(const struct zone_image_header *base, uint32_t index)
{
	const struct zone_nsec3 *ring = zone_at(base, base->nsec3);

	return ring[index].node;
}

/* Whether the name from label index on has an NSEC3 of its own; *ret_owner owns that one. Names that exist are linked. */
static bool nsec3_of(const struct zone_image_header *base, const struct name *name, unsigned index, zref *ret_owner)
{
	const struct zone_nsec3_link *link = zone_image_nsec3_link(base, name, index);
	bool match;

	if (link != NULL) {
		*ret_owner = link->match;
		return link->match != 0;
	}
	*ret_owner = ring_owner(base, nsec3_find_name(base, name->wire + name->start[index],
						      (size_t)name->len - name->start[index], &match));
	return match;
}

/* The NSEC3 that has or covers a name that does not exist. */
static void cover(struct proof *proof, const struct name *name, unsigned index)
{
	bool match;

	add_nsec3(proof, ring_owner(proof->base, nsec3_find_name(proof->base, name->wire + name->start[index],
								 (size_t)name->len - name->start[index], &match)));
}

/* The one that has or covers the wildcard directly below the name from label index on. */
static void cover_wildcard(struct proof *proof, const struct name *name, unsigned index)
{
	const struct zone_nsec3_link *link = zone_image_nsec3_link(proof->base, name, index);
	bool match;

	add_nsec3(proof, link != NULL ? link->wildcard
				      : ring_owner(proof->base,
						   nsec3_find_wildcard(proof->base, name->wire + name->start[index],
								       (size_t)name->len - name->start[index], &match)));
}

/* The closest encloser that has an NSEC3, which shows that it exists, and the one that covers the name one label longer,
 * which shows that this does not (RFC 5155, 7.2.1). With opt-out some names have none: then it is one further up, and
 * that is the encloser given. */
static unsigned closest_encloser_proof(struct proof *proof, const struct name *name, unsigned encloser)
{
	zref nsec3;

	while (!nsec3_of(proof->base, name, encloser, &nsec3) && encloser < (unsigned)(name->labels - proof->base->apex_labels))
		encloser++;
	if (nsec3 != 0)
		add_nsec3(proof, nsec3);
	if (encloser > 0)
		cover(proof, name, encloser - 1);
	return encloser;
}

static void wildcard_of(const struct name *name, unsigned encloser, uint8_t *wire)
{
	wire[0] = 1;
	wire[1] = '*';
	memcpy(wire + 2, name->wire + name->start[encloser], (size_t)name->len - name->start[encloser]);
}

/* The cases */

static bool is_nsec3(const struct proof *proof)
{
	return proof->base->flags & ZONE_IMAGE_NSEC3;
}

static bool has_none(const struct proof *proof)
{
	return (proof->base->flags & (ZONE_IMAGE_NSEC | ZONE_IMAGE_NSEC3)) == 0;
}

void proof_no_name(struct proof *proof, const struct name *name, const struct zone_hit *hit)
{
	uint8_t wildcard[DNS_NAME_MAX + 2];

	if (has_none(proof))
		return;
	if (!is_nsec3(proof)) {
		wildcard_of(name, hit->skipped, wildcard);
		nsec_for(proof, name->wire, NULL);
		nsec_for(proof, wildcard, NULL);
		return;
	}
	cover_wildcard(proof, name, closest_encloser_proof(proof, name, hit->skipped));
}

void proof_no_type(struct proof *proof, const struct name *name, const struct zone_node *node)
{
	unsigned index = (unsigned)(name->labels - node->labels);
	zref nsec3;

	if (has_none(proof))
		return;
	if (!is_nsec3(proof))
		nsec_for(proof, name->wire + name->start[index], node);
	else if (nsec3_of(proof->base, name, index, &nsec3))
		add_nsec3(proof, nsec3);
	else
		closest_encloser_proof(proof, name, index);	/* in an opt-out range (RFC 5155, 7.2.4) */
}

void proof_wildcard_no_type(struct proof *proof, const struct name *name, const struct zone_hit *hit,
			    const struct zone_node *wildcard)
{
	uint8_t wire[DNS_NAME_MAX + 2];

	if (has_none(proof))
		return;
	if (!is_nsec3(proof)) {
		wildcard_of(name, hit->skipped, wire);
		nsec_for(proof, wire, wildcard);
		nsec_for(proof, name->wire, NULL);
		return;
	}
	cover_wildcard(proof, name, closest_encloser_proof(proof, name, hit->skipped));
}

void proof_no_closer(struct proof *proof, const struct name *name, const struct zone_hit *hit)
{
	if (has_none(proof))
		return;
	if (is_nsec3(proof))
		cover(proof, name, hit->skipped - 1);
	else
		nsec_for(proof, name->wire, NULL);
}
