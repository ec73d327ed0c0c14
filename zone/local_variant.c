/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/local_variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone/text_verify.h"
#include "zone/verify_inner.h"

enum {
	VARIANT_HEAD = 7,		/* variant, type, TTL */
	LABEL_LOCAL_BYTES = 7,		/* "_local" with its length */
	SVC_IPV4HINT = 4, SVC_IPV6HINT = 6,
	TRIES_MAX = 4,			/* keys of one tag */
};

#define refuse(note, ...) (err_note_set(note, NULL, 0, __VA_ARGS__), ERR_INVALID)

struct finding {
	const struct zone_image_header *base;
	const struct name *name;
	const struct local_wish *wish;
	struct arena *arena;
	struct local_variants *variants;
	struct verify verify;		/* for the keys of the zone */
	struct err_note *note;
};

/* ---- choosing ---- */

static bool all_up(const struct local_variant *variant)
{
	for (unsigned i = 0; i < variant->addresses; i++) {
		if (variant->up[i] != NULL && atomic_load_explicit(variant->up[i], memory_order_relaxed) == 0)
			return false;
	}
	return true;
}

const struct local_variant *local_variants_choose(const struct local_variants *variants, uint16_t type)
{
	const struct local_variant *most = NULL, *up = NULL;

	for (size_t i = 0; i < variants->count; i++) {
		const struct local_variant *variant = &variants->list[i];

		if (variant->type != type)
			continue;
		if (most == NULL || variant->addresses > most->addresses)
			most = variant;
		if ((up == NULL || variant->addresses > up->addresses) && all_up(variant))
			up = variant;
	}
	return up != NULL ? up : most;
}

/* ---- reading ---- */

/* NODE._local.NAME */
static const struct zone_node *container_of(const struct finding *finding)
{
	uint8_t wire[DNS_NAME_MAX + DNS_LABEL_MAX + 16];
	size_t node = strlen(finding->wish->node);
	struct name container;
	struct zone_hit hit;

	if (node == 0 || node > DNS_LABEL_MAX || 1 + node + LABEL_LOCAL_BYTES + finding->name->len > DNS_NAME_MAX)
		return NULL;
	wire[0] = (uint8_t)node;
	memcpy(wire + 1, finding->wish->node, node);
	memcpy(wire + 1 + node, "\6_local", LABEL_LOCAL_BYTES);
	memcpy(wire + 1 + node + LABEL_LOCAL_BYTES, finding->name->wire, finding->name->len);
	if (name_from_wire(wire, 1 + node + LABEL_LOCAL_BYTES + finding->name->len, &container) != 0)
		return NULL;
	zone_image_find(finding->base, &container, &hit);
	return hit.match == ZONE_EXACT && hit.cut == NULL ? hit.node : NULL;
}

static struct local_variant *variant_of(struct finding *finding, uint8_t number, uint16_t type, size_t room)
{
	struct local_variants *variants = finding->variants;

	for (size_t i = 0; i < variants->count; i++) {
		if (variants->list[i].number == number && variants->list[i].type == type)
			return &variants->list[i];
	}
	struct local_variant *variant = &variants->list[variants->count++];
	*variant = (struct local_variant){
		.number = number, .type = type,
		.rdata = arena_alloc(finding->arena, room * sizeof(struct span), _Alignof(struct span)),
		.signatures = arena_alloc(finding->arena, room * sizeof(struct span), _Alignof(struct span)),
	};
	return variant;
}

static bool is_fit(uint16_t type, struct span rdata)
{
	switch (type) {
	case DNS_A: return rdata.len == 4;
	case DNS_AAAA: return rdata.len == 16;
	case DNS_HTTPS:
	case DNS_SVCB: return rdata.len > 2;
	default: return false;
	}
}

static int take_record(struct finding *finding, struct span rdata, size_t room)
{
	struct reader reader = reader_of(rdata.at, rdata.len);
	uint8_t number = reader_u8(&reader);
	uint16_t type = reader_u16(&reader);
	uint32_t ttl = reader_u32(&reader);
	struct span inner = reader_take(&reader, reader_left(&reader));
	struct verify_rrsig rrsig;

	if (reader.bad || (type == DNS_RRSIG ? !verify_rrsig_read(inner, &rrsig) : !is_fit(type, inner)))
		return refuse(finding->note, "variant %u: a record of type %u is malformed", number, type);
	if (type == DNS_RRSIG) {
		struct local_variant *variant = variant_of(finding, number, rrsig.covered, room);
		variant->signatures[variant->signature_count++] = inner;
		return 0;
	}
	struct local_variant *variant = variant_of(finding, number, type, room);
	if (variant->count != 0 && variant->ttl != ttl)
		return refuse(finding->note, "variant %u: records of type %u differ in their TTL", number, type);
	variant->ttl = ttl;
	variant->rdata[variant->count++] = inner;
	return 0;
}

/* ---- judging ---- */

static const struct local_address *address_of(const struct finding *finding, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < finding->wish->address_count; i++) {
		const struct local_address *address = &finding->wish->addresses[i];

		if (address->len == len && memcmp(address->bytes, bytes, len) == 0)
			return address;
	}
	return NULL;
}

static int add_address(struct finding *finding, struct local_variant *variant, const uint8_t *bytes, size_t len)
{
	const struct local_address *address = address_of(finding, bytes, len);

	if (address == NULL)
		return refuse(finding->note, "variant %u: has an address that no target of the site has", variant->number);
	if (variant->addresses == LOCAL_ADDRESSES_MAX)
		return refuse(finding->note, "variant %u: more than %d addresses", variant->number, LOCAL_ADDRESSES_MAX);
	variant->up[variant->addresses++] = address->up;
	return 0;
}

/* The addresses in an SVCB or HTTPS record's hints. */
static int add_hints(struct finding *finding, struct local_variant *variant, struct span rdata)
{
	struct reader reader = reader_of(rdata.at, rdata.len);
	int err = 0;

	reader_u16(&reader);
	verify_take_name(&reader);
	while (!reader.bad && reader_left(&reader) != 0 && err == 0) {
		uint16_t key = reader_u16(&reader);
		struct span value = reader_take(&reader, reader_u16(&reader));
		size_t len = key == SVC_IPV4HINT ? 4 : key == SVC_IPV6HINT ? 16 : 0;

		for (size_t at = 0; len != 0 && at + len <= value.len && err == 0; at += len)
			err = add_address(finding, variant, value.at + at, len);
	}
	if (err == 0 && reader.bad)
		err = refuse(finding->note, "variant %u: a record of type %u is malformed", variant->number, variant->type);
	return err;
}

static int find_addresses(struct finding *finding, struct local_variant *variant)
{
	int err = 0;

	variant->up = arena_alloc(finding->arena, LOCAL_ADDRESSES_MAX * sizeof *variant->up, _Alignof(void *));
	for (unsigned i = 0; i < variant->count && err == 0; i++) {
		struct span rdata = variant->rdata[i];

		err = variant->type == DNS_A || variant->type == DNS_AAAA
			      ? add_address(finding, variant, rdata.at, rdata.len) : add_hints(finding, variant, rdata);
	}
	return err;
}

static int by_bytes(const void *a, const void *b)
{
	const struct span *left = a, *right = b;
	size_t len = left->len < right->len ? left->len : right->len;
	int order = memcmp(left->at, right->at, len);

	return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

/* RRSIG RDATA without the signature, then the records in canonical form and order (RFC 4034, 3.1.8.1). The caller's. */
static uint8_t *signed_data(const struct finding *finding, const struct local_variant *variant,
			    const struct verify_rrsig *rrsig, size_t *ret_len)
{
	const struct name *name = finding->name;
	size_t room = rrsig->head + finding->base->apex_len;

	for (unsigned i = 0; i < variant->count; i++)
		room += (size_t)name->len + DNS_RR_FIXED_BYTES + variant->rdata[i].len;
	uint8_t *data = mem_alloc(room), *at = data;
	memcpy(at, rrsig->rdata, rrsig->head);
	memcpy(at + rrsig->head, finding->base->apex, finding->base->apex_len);
	at += rrsig->head + finding->base->apex_len;
	for (unsigned i = 0; i < variant->count; i++) {
		memcpy(at, name->wire, name->len);
		at += name->len;
		dns_put_u16(at, variant->type);
		dns_put_u16(at + 2, DNS_CLASS_IN);
		dns_put_u32(at + 4, rrsig->original_ttl);
		dns_put_u16(at + 8, (uint16_t)variant->rdata[i].len);
		memcpy(at + DNS_RR_FIXED_BYTES, variant->rdata[i].at, variant->rdata[i].len);
		at += DNS_RR_FIXED_BYTES + variant->rdata[i].len;
	}
	*ret_len = room;
	return data;
}

static int check_signature(struct finding *finding, const struct local_variant *variant, struct span rdata)
{
	const struct name *name = finding->name;
	int64_t now = finding->wish->now_s;
	struct verify_rrsig rrsig;

	verify_rrsig_read(rdata, &rrsig);
	const struct verify_key *key = verify_keys_find(&finding->verify.keys, &rrsig, NULL);
	if (!verify_same_name(rrsig.signer, finding->base->apex, finding->base->apex_len) || rrsig.labels != name->labels
	    || rrsig.original_ttl != variant->ttl)
		return refuse(finding->note, "variant %u: an RRSIG over type %u is for another name, zone or TTL",
			      variant->number, variant->type);
	if (key == NULL)
		return refuse(finding->note, "variant %u: an RRSIG over type %u is by key %u, which the zone has not",
			      variant->number, variant->type, rrsig.tag);
	if (dns_rrsig_time(rrsig.begins, now) > now || dns_rrsig_time(rrsig.expires, now) < now)
		return refuse(finding->note, "variant %u: an RRSIG over type %u is not valid at this time",
			      variant->number, variant->type);

	size_t len;
	uint8_t *data = signed_data(finding, variant, &rrsig, &len);
	int err = ERR_INVALID;
	for (unsigned i = 0; i < TRIES_MAX && key != NULL && err != 0; i++) {
		err = zone_text_verify(rrsig.algorithm,
				       (struct span){ key->rdata.at + VERIFY_KEY_HEAD_BYTES,
						      key->rdata.len - VERIFY_KEY_HEAD_BYTES },
				       rrsig.signature, (struct span){ data, len });
		key = verify_keys_find(&finding->verify.keys, &rrsig, key);
	}
	mem_free(data);
	return err == 0 ? 0 : refuse(finding->note, "variant %u: an RRSIG is no signature over its records of type %u",
				     variant->number, variant->type);
}

static int judge(struct finding *finding, struct local_variant *variant)
{
	if (variant->count == 0 || variant->signature_count == 0)
		return refuse(finding->note, "variant %u: type %u has no %s", variant->number, variant->type,
			      variant->count == 0 ? "records" : "RRSIG");
	qsort(variant->rdata, variant->count, sizeof *variant->rdata, by_bytes);
	int err = find_addresses(finding, variant);
	for (unsigned i = 0; i < variant->signature_count && err == 0; i++)
		err = check_signature(finding, variant, variant->signatures[i]);
	return err;
}

static int read_all(struct finding *finding, const struct zone_rrset *set)
{
	struct zone_rr rr = zone_rr_first(set);
	int err = 0;

	if (set->count > LOCAL_VARIANTS_MAX)
		return refuse(finding->note, "%u records of variants; at most %d are taken", set->count, LOCAL_VARIANTS_MAX);
	finding->variants->list = arena_alloc(finding->arena, set->count * sizeof *finding->variants->list,
					      _Alignof(struct local_variant));
	for (unsigned i = 0; i < set->count && err == 0; i++, rr = i < set->count ? zone_rr_next(set, &rr) : rr)
		err = take_record(finding, rr.prefix, set->count);
	for (size_t i = 0; i < finding->variants->count && err == 0; i++)
		err = judge(finding, &finding->variants->list[i]);
	return err;
}

/* What the zone proves of the name must not say that a type is not there. */
static int check_types(const struct finding *finding, const struct zone_node *node)
{
	for (size_t i = 0; i < finding->variants->count; i++) {
		uint16_t type = finding->variants->list[i].type;

		if (node == NULL || zone_node_find(node, type) == NULL)
			return refuse(finding->note,
				      "the zone is signed and has no RRset of type %u at the name: its proofs would deny the "
				      "variants", type);
	}
	return 0;
}

int local_variants_find(const struct zone_image_header *base, const struct name *name, const struct local_wish *wish,
			struct arena *arena, struct local_variants *ret, struct err_note *note)
{
	const struct zone_verify quiet = { .now_s = wish->now_s };
	size_t counts[ZONE_VERIFY_KINDS] = { 0 };
	struct finding finding = {
		.base = base, .name = name, .wish = wish, .arena = arena, .variants = ret, .note = note,
		.verify = { .base = base, .how = &quiet, .counts = counts },
	};
	const struct zone_node *container = container_of(&finding);
	const struct zone_rrset *set = container != NULL ? zone_node_find(container, LOCAL_VARIANT_TYPE) : NULL;
	struct zone_hit hit;

	if (set == NULL)
		return refuse(note,
			      "the zone is signed, and this node has no key of it: it must carry signed variants for this node, "
			      "in TYPE%d records at %s._local.%s", LOCAL_VARIANT_TYPE, wish->node, wish->name);
	verify_keys_init(&finding.verify);
	int err = read_all(&finding, set);
	verify_keys_fini(&finding.verify);
	zone_image_find(base, name, &hit);
	return err != 0 ? err : check_types(&finding, hit.match == ZONE_EXACT ? hit.node : NULL);
}
