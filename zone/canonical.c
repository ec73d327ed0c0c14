/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/canonical.h"

#include <string.h>

#include "zone/rdata.h"

size_t canonical_rr(const struct zone_image_header *base, struct span owner, const struct zone_rrset *set,
		    const struct zone_rr *rr, uint32_t ttl, uint8_t *out)
{
	uint8_t *at = out;
	size_t len = rr->prefix.len;

	memcpy(at, owner.at, owner.len);
	at += owner.len;
	memcpy(at, set->fixed, 4);
	dns_put_u32(at + 4, ttl);
	at += DNS_RR_FIXED_BYTES;
	/* Names that are nodes or foreign names are in lower case as they stand, which is what those types want. */
	if (rr->names != 0)
		len = zone_rr_rdata(base, rr, at);
	else
		zone_rdata_canonical(zone_rrset_type(set), rr->prefix, at);
	dns_put_u16(at - 2, (uint16_t)len);
	return (size_t)(at - out) + len;
}
