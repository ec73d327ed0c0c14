/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/nsec3.h"

#include <nettle/sha1.h>
#include <string.h>

void nsec3_hash(const struct zone_image_header *base, const uint8_t *wire, size_t len,
		uint8_t ret_hash[ZONE_NSEC3_HASH_BYTES])
{
	struct sha1_ctx sha1;

	sha1_init(&sha1);
	sha1_update(&sha1, len, wire);
	sha1_update(&sha1, base->nsec3_salt_len, base->nsec3_salt);
	sha1_digest(&sha1, ZONE_NSEC3_HASH_BYTES, ret_hash);
	for (unsigned i = 0; i < base->nsec3_iterations; i++) {
		sha1_update(&sha1, ZONE_NSEC3_HASH_BYTES, ret_hash);
		sha1_update(&sha1, base->nsec3_salt_len, base->nsec3_salt);
		sha1_digest(&sha1, ZONE_NSEC3_HASH_BYTES, ret_hash);
	}
}

static uint32_t hash_prefix(const uint8_t *hash)
{
	return dns_get_u32(hash);
}

/* Hashes are spread evenly: the first guess by their leading bits is near, and the search around it short. */
uint32_t nsec3_find(const struct zone_image_header *base, const uint8_t hash[ZONE_NSEC3_HASH_BYTES], bool *ret_match)
{
	const struct zone_nsec3 *ring = zone_at(base, base->nsec3);
	uint32_t count = base->nsec3_count;
	uint32_t guess = (uint32_t)((uint64_t)hash_prefix(hash) * count >> 32);
	uint32_t low, high, step = 1;

	/* Gallop from the guess until the hash lies in [low, high): ring[low] <= hash < ring[high], or the ring's ends. */
	if (memcmp(ring[guess].hash, hash, ZONE_NSEC3_HASH_BYTES) <= 0) {
		low = guess;
		high = guess + 1;
		while (high < count && memcmp(ring[high].hash, hash, ZONE_NSEC3_HASH_BYTES) <= 0) {
			low = high;
			high = high + step < count ? high + step : count;
			step *= 2;
		}
	} else {
		high = guess;
		low = guess;
		while (low > 0 && memcmp(ring[low].hash, hash, ZONE_NSEC3_HASH_BYTES) > 0) {
			high = low;
			low = low > step ? low - step : 0;
			step *= 2;
		}
		if (memcmp(ring[low].hash, hash, ZONE_NSEC3_HASH_BYTES) > 0) {
			*ret_match = false;	/* before the first: the last one's range wraps around */
			return count - 1;
		}
	}
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(ring[middle].hash, hash, ZONE_NSEC3_HASH_BYTES) <= 0)
			low = middle;
		else
			high = middle;
	}
	*ret_match = memcmp(ring[low].hash, hash, ZONE_NSEC3_HASH_BYTES) == 0;
	return low;
}

uint32_t nsec3_find_name(const struct zone_image_header *base, const uint8_t *wire, size_t len, bool *ret_match)
{
	uint8_t hash[ZONE_NSEC3_HASH_BYTES];

	nsec3_hash(base, wire, len, hash);
	return nsec3_find(base, hash, ret_match);
}

uint32_t nsec3_find_wildcard(const struct zone_image_header *base, const uint8_t *wire, size_t len, bool *ret_match)
{
	uint8_t wildcard[DNS_NAME_MAX + 2];

	wildcard[0] = 1;
	wildcard[1] = '*';
	memcpy(wildcard + 2, wire, len);
	return nsec3_find_name(base, wildcard, len + 2, ret_match);
}
