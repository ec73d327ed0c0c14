/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variants: RRsets for a local name that were signed with the zone's keys before the zone came here, one for each set of
 * addresses that may be up. A node holds no key of a zone, so in a signed zone it can only choose among these.
 *
 * The zone carries them as data, at the name NODE._local.NAME, in records of type LOCAL_VARIANT_TYPE (private use, RFC
 * 6895, 3.1), so that they travel, and are signed, like everything else in it. RDATA, in network order:
 *
 *	variant	1 octet		which variant the record belongs to
 *	type	2 octets	A, AAAA, HTTPS, SVCB, or RRSIG
 *	TTL	4 octets
 *	RDATA	the rest	uncompressed, as in a master file
 *
 * All records of one variant and type are an RRset of NAME; an RRSIG among them covers it. The type must be in the NSEC or
 * NSEC3 bitmap of NAME: the zone has an RRset of it there, which nodes without variants answer.
 */
#ifndef ZONE_LOCAL_VARIANT_H
#define ZONE_LOCAL_VARIANT_H

#include "conf/base/mem.h"
#include "zone/local.h"

enum { LOCAL_VARIANT_TYPE = 65400, LOCAL_VARIANTS_MAX = 256 };

/* An RRset of one variant, with its signatures. Views into the image. */
struct local_variant {
	uint8_t number;
	uint16_t type;
	uint32_t ttl;
	uint16_t count, signature_count;
	struct span *rdata, *signatures;
	unsigned addresses;		/* of A and AAAA: how many; of others those they hint at */
	const _Atomic uint8_t **up;	/* of each of them */
};

struct local_variants {
	struct local_variant *list;
	size_t count;
};

/* Finds, takes apart and verifies those of wish->node for name, with keys of the zone's apex. ERR_INVALID with a sentence
 * when there is none, or when one is malformed, badly signed, out of time, or names an address that is not the node's. */
int local_variants_find(const struct zone_image_header *base, const struct name *name, const struct local_wish *wish,
			struct arena *arena, struct local_variants *ret, struct err_note *note);
/* The one of this type with the most addresses among those whose addresses are all up; when there is none, the one with
 * the most. NULL: no variant is of this type. */
const struct local_variant *local_variants_choose(const struct local_variants *variants, uint16_t type);

#endif
