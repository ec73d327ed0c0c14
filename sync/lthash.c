/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/lthash.h"

#include <sodium.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/canonical.h"
#include "zone/walk.h"

static const uint8_t DOMAIN[] = "catchment rr 1";	/* its NUL belongs to it */
static const uint8_t NONCE[crypto_stream_chacha20_NONCEBYTES];

static void read_lanes(const uint8_t *bytes, uint16_t *lanes)
{
	memcpy(lanes, bytes, LTHASH_STATE_BYTES);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	for (unsigned i = 0; i < LTHASH_LANES; i++)
		lanes[i] = __builtin_bswap16(lanes[i]);
#endif
}

static void spread(struct span record, uint16_t lanes[LTHASH_LANES])
{
	crypto_generichash_state hash;
	uint8_t key[crypto_stream_chacha20_KEYBYTES], stream[LTHASH_STATE_BYTES];

	crypto_generichash_init(&hash, NULL, 0, sizeof key);
	crypto_generichash_update(&hash, DOMAIN, sizeof DOMAIN);
	crypto_generichash_update(&hash, record.at, record.len);
	crypto_generichash_final(&hash, key, sizeof key);
	crypto_stream_chacha20(stream, sizeof stream, NONCE, key);
	read_lanes(stream, lanes);
}

/* Without this libsodium does not use what the processor has, which is a third of the speed; it works all the same
 * when this fails. Done once, then cheap. */
static void prepare(void)
{
	(void)!sodium_init();
}

static void add(struct lthash *state, struct span record)
{
	uint16_t lanes[LTHASH_LANES];

	spread(record, lanes);
	for (unsigned i = 0; i < LTHASH_LANES; i++)
		state->lane[i] = (uint16_t)(state->lane[i] + lanes[i]);
}

static void subtract(struct lthash *state, struct span record)
{
	uint16_t lanes[LTHASH_LANES];

	spread(record, lanes);
	for (unsigned i = 0; i < LTHASH_LANES; i++)
		state->lane[i] = (uint16_t)(state->lane[i] - lanes[i]);
}

void lthash_add(struct lthash *state, struct span record)
{
	prepare();
	add(state, record);
}

void lthash_remove(struct lthash *state, struct span record)
{
	prepare();
	subtract(state, record);
}

static void put_set(struct lthash *state, const struct zone_image_header *base, struct span owner,
		    const struct zone_rrset *set, void (*put)(struct lthash *state, struct span record), uint8_t *wire)
{
	struct zone_rr rr = zone_rr_first(set);

	for (unsigned i = 0;;) {
		size_t len = canonical_rr(base, owner, set, &rr, zone_rrset_ttl(set), wire);

		put(state, (struct span){ wire, len });
		if (++i == set->count)
			return;
		rr = zone_rr_next(set, &rr);
	}
}

void lthash_add_image(struct lthash *state, const struct zone_image_header *base)
{
	struct zone_walk walk = zone_walk_begin(base);
	uint8_t *wire = mem_array(CANONICAL_RR_MAX, 1), name[DNS_NAME_MAX];

	prepare();
	for (const struct zone_node *node; (node = zone_walk_next(&walk)) != NULL;) {
		const struct zone_rrset *set = zone_node_first_set(node);
		struct span owner = { name, zone_node_name(base, zone_ref_of(base, node), name) };

		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set))
			put_set(state, base, owner, set, add, wire);
	}
	mem_free(wire);
}

void lthash_apply(struct lthash *state, const struct zone_changes *changes)
{
	uint8_t *wire = mem_array(CANONICAL_RR_MAX, 1);

	prepare();
	for (size_t i = 0; i < changes->count; i++) {
		struct span record = { wire, zone_change_wire(&changes->list[i], wire) };

		if (changes->list[i].add)
			add(state, record);
		else
			subtract(state, record);
	}
	mem_free(wire);
}

static bool is_of_version(uint16_t type)
{
	return type == DNS_SOA || type == DNS_ZONEMD;
}

void lthash_body(const struct lthash *state, const struct zone_image_header *base, uint8_t ret_sum[LTHASH_SUM_BYTES])
{
	const struct zone_node *apex = zone_node_at(base, base->apex_node);
	const struct zone_rrset *set = zone_node_first_set(apex);
	uint8_t *wire = mem_array(CANONICAL_RR_MAX, 1);
	struct lthash body = *state;

	prepare();
	for (unsigned i = 0; i < apex->sets; i++, set = zone_rrset_next(set)) {
		if (is_of_version(zone_rrset_type(set)) || is_of_version(set->covers))
			put_set(&body, base, (struct span){ base->apex, base->apex_len }, set, subtract, wire);
	}
	mem_free(wire);
	lthash_sum(&body, ret_sum);
}

void lthash_write(const struct lthash *state, uint8_t out[LTHASH_STATE_BYTES])
{
	for (unsigned i = 0; i < LTHASH_LANES; i++) {
		out[2 * i] = (uint8_t)state->lane[i];
		out[2 * i + 1] = (uint8_t)(state->lane[i] >> 8);
	}
}

void lthash_read(struct lthash *state, const uint8_t bytes[LTHASH_STATE_BYTES])
{
	read_lanes(bytes, state->lane);
}

void lthash_sum(const struct lthash *state, uint8_t ret_sum[LTHASH_SUM_BYTES])
{
	uint8_t bytes[LTHASH_STATE_BYTES];

	lthash_write(state, bytes);
	crypto_generichash(ret_sum, LTHASH_SUM_BYTES, bytes, sizeof bytes, NULL, 0);
}
