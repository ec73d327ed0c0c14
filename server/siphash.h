/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-1-3 of three words under a random key: for tables whose keys clients choose, so that nobody can compute
 * which of them share a place. As long as the input is always three words, its length need not be hashed. Thread:
 * any.
 */
#ifndef SERVER_SIPHASH_H
#define SERVER_SIPHASH_H

#include <stdint.h>

struct siphash_key {
	uint64_t a, b;
};

/* Random from the kernel; weaker, but still not known to others, before it has any. */
struct siphash_key siphash_key_new(void);

#define SIPHASH_TURN(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))
#define SIPHASH_ROUND(v) \
	do { \
		v[0] += v[1], v[1] = SIPHASH_TURN(v[1], 13) ^ v[0], v[0] = SIPHASH_TURN(v[0], 32); \
		v[2] += v[3], v[3] = SIPHASH_TURN(v[3], 16) ^ v[2]; \
		v[0] += v[3], v[3] = SIPHASH_TURN(v[3], 21) ^ v[0]; \
		v[2] += v[1], v[1] = SIPHASH_TURN(v[1], 17) ^ v[2], v[2] = SIPHASH_TURN(v[2], 32); \
	} while (0)

static inline uint64_t siphash(struct siphash_key key, uint64_t first, uint64_t second, uint64_t third)
{
	const uint64_t words[] = { first, second, third };
	uint64_t v[] = {
		key.a ^ UINT64_C(0x736f6d6570736575), key.b ^ UINT64_C(0x646f72616e646f6d),
		key.a ^ UINT64_C(0x6c7967656e657261), key.b ^ UINT64_C(0x7465646279746573),
	};

	for (unsigned i = 0; i < 3; i++) {
		v[3] ^= words[i];
		SIPHASH_ROUND(v);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	SIPHASH_ROUND(v);
	SIPHASH_ROUND(v);
	SIPHASH_ROUND(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
