/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/zonemd.h"

#include <nettle/sha2.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/canonical.h"
#include "zone/walk.h"

enum { BUFFER_BYTES = 4 * CANONICAL_RR_MAX };	/* records are hashed in large pieces */

struct summing {
	const struct zone_image_header *base;
	enum zonemd_algorithm algorithm;
	struct sha512_ctx context;	/* SHA-384 is SHA-512 that begins elsewhere and ends early */
	uint8_t *buffer;
	size_t len;
};

static void flush(struct summing *summing)
{
	sha512_update(&summing->context, summing->len, summing->buffer);
	summing->len = 0;
}

static void add_set(struct summing *summing, struct span owner, const struct zone_rrset *set)
{
	struct zone_rr rr = zone_rr_first(set);

	for (unsigned i = 0;;) {
		if (BUFFER_BYTES - summing->len < CANONICAL_RR_MAX)
			flush(summing);
		summing->len += canonical_rr(summing->base, owner, set, &rr, zone_rrset_ttl(set),
					     summing->buffer + summing->len);
		if (++i == set->count)
			return;
		rr = zone_rr_next(set, &rr);
	}
}

/* In the image an RRSIG stands behind what it covers; here all of a name are one RRset at the place of their type.
 * Their canonical order is that of the types they cover, the first field of their RDATA. */
enum part { BEFORE_RRSIG, RRSIG, BEHIND_RRSIG };

static enum part part_of(const struct zone_rrset *set)
{
	uint16_t type = zone_rrset_type(set);

	return type == DNS_RRSIG ? RRSIG : type < DNS_RRSIG ? BEFORE_RRSIG : BEHIND_RRSIG;
}

static void add_node(struct summing *summing, const struct zone_node *node, bool apex)
{
	uint8_t wire[DNS_NAME_MAX];
	struct span owner = { wire, zone_node_name(summing->base, zone_ref_of(summing->base, node), wire) };

	for (enum part part = BEFORE_RRSIG; part <= BEHIND_RRSIG; part++) {
		const struct zone_rrset *set = zone_node_first_set(node);

		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
			bool own = zone_rrset_type(set) == DNS_ZONEMD || set->covers == DNS_ZONEMD;

			if (part_of(set) == part && !(apex && own))
				add_set(summing, owner, set);
		}
	}
}

size_t zonemd_digest(const struct zone_image_header *base, enum zonemd_algorithm algorithm,
		     uint8_t ret_digest[ZONEMD_DIGEST_MAX])
{
	struct summing summing = { .base = base, .algorithm = algorithm, .buffer = mem_alloc(BUFFER_BYTES) };
	struct zone_walk walk = zone_walk_begin(base);

	if (algorithm == ZONEMD_SHA384)
		sha384_init(&summing.context);
	else
		sha512_init(&summing.context);
	for (const struct zone_node *node; (node = zone_walk_next(&walk)) != NULL;)
		add_node(&summing, node, node->parent == 0);
	flush(&summing);
	mem_free(summing.buffer);
	if (algorithm == ZONEMD_SHA384) {
		sha384_digest(&summing.context, ZONEMD_SHA384_BYTES, ret_digest);
		return ZONEMD_SHA384_BYTES;
	}
	sha512_digest(&summing.context, ZONEMD_SHA512_BYTES, ret_digest);
	return ZONEMD_SHA512_BYTES;
}

/* How many of the set are of this scheme and algorithm; *ret_rdata is the last of them. */
static unsigned find(const struct zone_rrset *set, enum zonemd_algorithm algorithm, struct span *ret_rdata)
{
	struct zone_rr rr = zone_rr_first(set);
	unsigned found = 0;

	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		struct span rdata = rr.prefix;

		if (rdata.len >= ZONEMD_HEAD_BYTES && rdata.at[4] == ZONEMD_SIMPLE && rdata.at[5] == algorithm) {
			*ret_rdata = rdata;
			found++;
		}
	}
	return found;
}

static enum zonemd_outcome verify_one(const struct zone_image_header *base, const struct zone_rrset *set,
				      enum zonemd_algorithm algorithm)
{
	size_t len = algorithm == ZONEMD_SHA384 ? ZONEMD_SHA384_BYTES : ZONEMD_SHA512_BYTES;
	uint8_t digest[ZONEMD_DIGEST_MAX];
	struct span rdata;
	unsigned found = find(set, algorithm, &rdata);

	if (found != 1)
		return found == 0 ? ZONEMD_UNKNOWN : ZONEMD_TWICE;
	if (rdata.len != ZONEMD_HEAD_BYTES + len)
		return ZONEMD_MALFORMED;
	if (dns_get_u32(rdata.at) != base->serial)
		return ZONEMD_SERIAL;
	zonemd_digest(base, algorithm, digest);
	return memcmp(digest, rdata.at + ZONEMD_HEAD_BYTES, len) == 0 ? ZONEMD_GOOD : ZONEMD_WRONG;
}

enum zonemd_outcome zonemd_verify(const struct zone_image_header *base)
{
	const struct zone_rrset *set = zone_node_find(zone_node_at(base, base->apex_node), DNS_ZONEMD);

	if (set == NULL)
		return ZONEMD_NONE;

	enum zonemd_outcome first = verify_one(base, set, ZONEMD_SHA384);
	if (first == ZONEMD_GOOD)
		return first;
	enum zonemd_outcome second = verify_one(base, set, ZONEMD_SHA512);
	return second == ZONEMD_GOOD || second > first ? second : first;
}

const char *zonemd_text(enum zonemd_outcome outcome)
{
	switch (outcome) {
	case ZONEMD_NONE: return "the zone has no ZONEMD";
	case ZONEMD_UNKNOWN: return "no ZONEMD is of scheme 1 with SHA-384 or SHA-512";
	case ZONEMD_TWICE: return "several ZONEMDs are of one scheme and algorithm: none of them counts";
	case ZONEMD_MALFORMED: return "the digest in the ZONEMD is not as long as its algorithm makes it";
	case ZONEMD_SERIAL: return "the ZONEMD was made for another serial than the SOA's";
	case ZONEMD_WRONG:
		return "the digest in the ZONEMD is not that of the zone: records were changed, lost or added";
	case ZONEMD_GOOD: break;
	}
	return "the ZONEMD is right";
}
