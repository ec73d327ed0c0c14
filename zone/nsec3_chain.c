/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/nsec3_chain.h"

#include <string.h>

enum {
	NSEC3_SHA1 = 1,			/* RFC 5155, 11 */
	NSEC3_LABEL_BYTES = 32,		/* 20 bytes in base32hex */
};

/* RFC 4648, 7, without padding: exactly 32 characters for 20 bytes. */
bool nsec3_chain_hash(const struct zone_node *node, uint8_t out[ZONE_NSEC3_HASH_BYTES])
{
	uint64_t bits = 0;

	if (node->label_bytes != 1 + NSEC3_LABEL_BYTES || node->wire[0] != NSEC3_LABEL_BYTES)
		return false;
	for (unsigned i = 0; i < NSEC3_LABEL_BYTES; i++) {
		uint8_t byte = node->wire[1 + i];
		bool digit = byte >= '0' && byte <= '9';

		if (!digit && (byte < 'a' || byte > 'v'))
			return false;
		bits = bits << 5 | (uint8_t)(digit ? byte - '0' : byte - 'a' + 10);
		if (i % 8 == 7) {
			for (unsigned k = 0; k < 5; k++)
				*out++ = (uint8_t)(bits >> (32 - 8 * k));
			bits = 0;
		}
	}
	return true;
}

bool nsec3_chain_has(const struct zone_node *node, struct span parameters, unsigned *flags)
{
	const struct zone_rrset *set = zone_node_find(node, DNS_NSEC3);

	if (set == NULL)
		return false;
	struct zone_rr rr = zone_rr_first(set);
	for (unsigned i = 0; i < set->count; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr) {
		const uint8_t *rdata = rr.prefix.at;
		size_t front = 5u + rdata[4];

		/* Algorithm, then iterations, salt length and salt as in NSEC3PARAM; the flags differ. */
		if (rdata[0] == NSEC3_SHA1 && front == parameters.len
		    && memcmp(rdata + 2, parameters.at + 2, front - 2) == 0) {
			*flags |= rdata[1];
			return true;
		}
	}
	return false;
}
