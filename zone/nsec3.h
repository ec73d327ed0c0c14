/* SPDX-License-Identifier: Apache-2.0 */
/* NSEC3 owner hashes (RFC 5155, 5) and where they lie in the image's ordered index. The door to nettle's SHA-1.
 * Transaction lifetime; any thread. */
#ifndef ZONE_NSEC3_H
#define ZONE_NSEC3_H

#include "zone/image.h"

/* Hash of an uncompressed lower-case wire name with the zone's salt and iterations. */
void nsec3_hash(const struct zone_image_header *base, const uint8_t *wire, size_t len,
		uint8_t ret_hash[ZONE_NSEC3_HASH_BYTES]);

/* Index of the NSEC3 whose hash is this one or else the last before it, around the end of the ring. *ret_match tells
 * which. */
uint32_t nsec3_find(const struct zone_image_header *base, const uint8_t hash[ZONE_NSEC3_HASH_BYTES], bool *ret_match);
/* The same for the hash of a name. */
uint32_t nsec3_find_name(const struct zone_image_header *base, const uint8_t *wire, size_t len, bool *ret_match);
/* For the wildcard directly below the name. */
uint32_t nsec3_find_wildcard(const struct zone_image_header *base, const uint8_t *wire, size_t len, bool *ret_match);

#endif
