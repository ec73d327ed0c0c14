/* SPDX-License-Identifier: Apache-2.0 */
/* Records of an image in the canonical wire form over which signatures (RFC 4034, 6.2) and zone digests (RFC 8976,
 * 3.3.1) are made. Pure; thread: any. */
#ifndef ZONE_CANONICAL_H
#define ZONE_CANONICAL_H

#include "zone/image.h"

enum { CANONICAL_RR_MAX = DNS_NAME_MAX + DNS_RR_FIXED_BYTES + DNS_MESSAGE_MAX };

/* Owner (lower case, uncompressed), type, class, the TTL given, RDLENGTH and RDATA of one RR into out, which has
 * CANONICAL_RR_MAX bytes; gives how many. */
size_t canonical_rr(const struct zone_image_header *base, struct span owner, const struct zone_rrset *set,
		    const struct zone_rr *rr, uint32_t ttl, uint8_t *out);

#endif
