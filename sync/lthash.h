/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of a set of records that follows every change at the price of that change: lthash16-1024-b2b-cc20/1. Each
 * record is spread over 1024 lanes of 16 bits, which are summed:
 *
 *     key   = BLAKE2b-256("catchment rr 1" 00 | the record in canonical wire form, RFC 4034, 6)
 *     lanes = 2048 bytes of ChaCha20 (that key, nonce 0, counter 0) as little-endian numbers
 *
 * It is one of a set: a record counted 65536 times would vanish. Plain data; entered into libsodium here. Thread: any.
 */
#ifndef SYNC_LTHASH_H
#define SYNC_LTHASH_H

#include "conf/base/span.h"
#include "zone/changes.h"
#include "zone/image.h"

#define LTHASH_NAME "lthash16-1024-b2b-cc20/1"

enum { LTHASH_LANES = 1024, LTHASH_STATE_BYTES = 2048, LTHASH_SUM_BYTES = 32 };

/* Zero-initialised is the state of no records. */
struct lthash {
	uint16_t lane[LTHASH_LANES];
};

/* One record in canonical wire form: owner, type, class, TTL, RDLENGTH, RDATA. */
void lthash_add(struct lthash *state, struct span record);
void lthash_remove(struct lthash *state, struct span record);
/* Every record of an image, which may be a patched one: 1.2 us each. */
void lthash_add_image(struct lthash *state, const struct zone_image_header *base);
/* What the changes do to a state. */
void lthash_apply(struct lthash *state, const struct zone_changes *changes);

/* The sum of a state without the records of a version: SOA, ZONEMD, and their RRSIGs. Of equal bodies are equal, whatever
 * their serials. state: of base. */
void lthash_body(const struct lthash *state, const struct zone_image_header *base, uint8_t ret_sum[LTHASH_SUM_BYTES]);

void lthash_sum(const struct lthash *state, uint8_t ret_sum[LTHASH_SUM_BYTES]);
/* The state as bytes, the same on every machine: little-endian lanes. */
void lthash_write(const struct lthash *state, uint8_t out[LTHASH_STATE_BYTES]);
void lthash_read(struct lthash *state, const uint8_t bytes[LTHASH_STATE_BYTES]);

#endif
