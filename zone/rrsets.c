/* SPDX-License-Identifier: Apache-2.0 */
/* The RRsets of one node: its records grouped by type, each group in canonical order and without duplicates. */
#include <stdlib.h>
#include <string.h>

#include "zone/layout.h"
#include "zone/rdata.h"
#include "zone/rules.h"

enum {
	SCRATCH_MAX = 64 << 20,			/* duplicates included */
};

/* An RR while its set is sorted. */
struct rr {
	const uint8_t *rdata;	/* canonical form, in scratch */
	size_t len;
	const struct zone_stored *stored;
};

static uint32_t member_key(const struct zone_stored *stored)
{
	if (stored->type == DNS_RRSIG)
		return (uint32_t)dns_get_u16(stored->rdata) << 1 | 1;
	return (uint32_t)stored->type << 1;
}

/* Later in the list of records is later in the file: duplicates are told with the line that is dropped. */
static int compare_members(const void *a, const void *b)
{
	const struct zone_member *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return left->stored < right->stored ? -1 : left->stored > right->stored;
}

static void gather(struct zone_layout_work *work, const struct zone_key *owner)
{
	const struct zone_stored *list = work->records->list;

	work->member_count = work->group_count = 0;
	for (uint32_t number = owner->first; number != 0; number = list[number - 1].next) {
		mem_grow((void **)&work->members, &work->member_capacity, work->member_count, sizeof *work->members);
		work->members[work->member_count++] =
			(struct zone_member){ member_key(&list[number - 1]), &list[number - 1] };
	}
	qsort(work->members, work->member_count, sizeof *work->members, compare_members);
	for (uint32_t i = 0; i < work->member_count; i++) {
		struct zone_group *last = work->group_count ? &work->groups[work->group_count - 1] : NULL;

		if (last != NULL && last->key == work->members[i].key) {
			last->count++;
			continue;
		}
		mem_grow((void **)&work->groups, &work->group_capacity, work->group_count, sizeof *work->groups);
		work->groups[work->group_count++] = (struct zone_group){ work->members[i].key, i, 1 };
	}
}

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* RRs that differ in the case of names only are the same: which of them stays must not depend on their order, or the
 * same zone would give two images. */
static int compare_rrs(const void *a, const void *b)
{
	const struct rr *left = a, *right = b;
	int order = compare_bytes(left->rdata, left->len, right->rdata, right->len);

	if (order == 0)
		order = compare_bytes(left->stored->rdata, left->stored->len, right->stored->rdata,
				      right->stored->len);
	return order != 0 ? order : left->stored < right->stored ? -1 : left->stored > right->stored;
}

/* Canonical RDATA of all members of a group, one behind the other. False when that is beyond any sense. */
static bool fill_scratch(struct zone_layout_work *work, const struct zone_group *group, struct rr *rrs)
{
	size_t used = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		const struct zone_stored *stored = work->members[group->at + i].stored;
		uint8_t rdata[ZONE_RDATA_MAX];

		if (used + ZONE_RDATA_MAX > work->scratch_room) {
			if (used > SCRATCH_MAX)
				return false;
			work->scratch_room = (used + ZONE_RDATA_MAX) * 2;
			work->scratch = mem_resize(work->scratch, work->scratch_room, 1);
		}
		size_t len = zone_records_rdata(work->records, stored, rdata);
		zone_rdata_canonical(stored->type, (struct span){ rdata, len }, work->scratch + used);
		rrs[i] = (struct rr){ NULL, len, stored };
		used += len;
	}
	used = 0;
	for (uint32_t i = 0; i < group->count; i++) {
		rrs[i].rdata = work->scratch + used;
		used += rrs[i].len;
	}
	return true;
}

/* Sorts the members of a group and drops duplicates. False when it cannot be one RRset. */
static bool sort_group(struct zone_layout_work *work, const struct zone_key *owner, struct zone_group *group)
{
	struct zone_member *members = work->members + group->at;
	struct rr few[16];
	struct rr *rrs = few;
	uint32_t kept = 0;

	if (group->count == 1)
		return true;
	if (group->count > sizeof few / sizeof few[0])
		rrs = mem_array(group->count, sizeof *rrs);
	bool good = fill_scratch(work, group, rrs);
	if (good) {
		qsort(rrs, group->count, sizeof *rrs, compare_rrs);
		for (uint32_t i = 0; i < group->count; i++) {
			if (kept > 0
			    && compare_bytes(rrs[i].rdata, rrs[i].len, rrs[i - 1].rdata, rrs[i - 1].len) == 0)
				zone_rules_warn(work, owner, rrs[i].stored, "a duplicate record is dropped");
			else
				members[kept++].stored = rrs[i].stored;
		}
		group->count = kept;
	}
	if (rrs != few)
		mem_free(rrs);
	return good;
}

/* One TTL for an RRset (RFC 2181, 5.2): the lowest, so that nothing is cached for longer than anyone meant. */
static uint32_t group_ttl(struct zone_layout_work *work, const struct zone_key *owner, const struct zone_group *group)
{
	const struct zone_member *members = work->members + group->at;
	uint32_t lowest = members[0].stored->ttl;
	bool differ = false;

	for (uint32_t i = 1; i < group->count; i++) {
		differ |= members[i].stored->ttl != lowest;
		if (members[i].stored->ttl < lowest)
			lowest = members[i].stored->ttl;
	}
	if (differ)
		zone_rules_warn(work, owner, members[0].stored, "the TTLs of the RRset differ; the lowest is taken");
	return lowest;
}

static size_t wire_len(const struct zone_layout_work *work, const struct zone_stored *stored)
{
	struct zone_layout layout = zone_layout(stored->type);
	uint8_t wire[DNS_NAME_MAX];
	size_t len = stored->len;

	for (unsigned i = 0; i < layout.names; i++)
		len += zone_key_wire(&work->records->names.list[zone_stored_name(stored, i)], wire)
		       - sizeof(uint32_t);
	return len;
}

static bool fits_message(const struct zone_layout_work *work, const struct zone_group *group)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < group->count && sum <= DNS_MESSAGE_MAX; i++)
		sum += wire_len(work, work->members[group->at + i].stored);
	return zone_rules_fits(zone_group_type(group), group->count, sum);
}

static size_t round4(size_t bytes)
{
	return (bytes + 3) & ~(size_t)3;
}

static void append_rr(struct zone_layout_work *work, const struct zone_stored *stored)
{
	struct zone_layout layout = zone_layout(stored->type);

	if (layout.names == 0) {
		uint8_t *at = zone_layout_append(work, 2u + stored->len);

		dns_put_u16(at, stored->len);
		memcpy(at + 2, stored->rdata, stored->len);
		return;
	}
	size_t names = layout.names * sizeof(uint32_t), suffix = layout.prefix + names;
	uint8_t *at = zone_layout_append(work, round4(layout.prefix) + names + round4(layout.suffix));
	memcpy(at, stored->rdata, layout.prefix);
	memcpy(at + round4(layout.prefix), stored->rdata + layout.prefix, names);
	memcpy(at + round4(layout.prefix) + names, stored->rdata + suffix, layout.suffix);
}

static void append_set(struct zone_layout_work *work, const struct zone_group *group, uint32_t ttl)
{
	size_t begin = work->len;
	uint16_t type = zone_group_type(group);

	zone_layout_append(work, sizeof(struct zone_rrset));
	for (uint32_t i = 0; i < group->count; i++)
		append_rr(work, work->members[group->at + i].stored);
	zone_layout_append(work, round4(work->len) - work->len);

	struct zone_rrset *set = (struct zone_rrset *)(void *)(work->bytes + begin);
	dns_put_u16(set->fixed, type);
	dns_put_u16(set->fixed + 2, DNS_CLASS_IN);
	dns_put_u32(set->fixed + 4, ttl);
	set->count = (uint16_t)group->count;
	set->covers = type == DNS_RRSIG ? (uint16_t)(group->key >> 1) : 0;
	set->bytes = (uint32_t)(work->len - begin);
	work->record_count += group->count;
}

/* The earliest of the zone by serial arithmetic (RFC 4034, 3.1.5). */
static void note_expiry(struct zone_layout_work *work, const struct zone_group *group)
{
	for (uint32_t i = 0; i < group->count; i++) {
		uint32_t expires = dns_get_u32(work->members[group->at + i].stored->rdata + 8);

		if (!work->has_expiry || (int32_t)(expires - work->rrsig_expires) < 0)
			work->rrsig_expires = expires;
		work->has_expiry = true;
	}
}

void zone_layout_sets(struct zone_layout_work *work, const struct zone_key *owner, zref place)
{
	struct zone_node *node = (struct zone_node *)(void *)(work->bytes + (size_t)place * 4);
	uint16_t flags = node->flags, sets = 0;
	struct zone_key key = *owner;

	gather(work, &key);
	for (size_t i = 0; i < work->group_count; i++) {
		struct zone_group *group = &work->groups[i];

		if (!sort_group(work, &key, group) || !fits_message(work, group)) {
			zone_rules_error(work, &key, work->members[group->at].stored,
					 "the RRset is too large for any message");
			continue;
		}
		if (sets == UINT16_MAX) {
			zone_rules_error(work, &key, work->members[group->at].stored, "too many types at one name");
			break;
		}
		append_set(work, group, group_ttl(work, &key, group));
		sets++;
		if (zone_group_type(group) == DNS_RRSIG && !(flags & (ZONE_NODE_BELOW_CUT | ZONE_NODE_BELOW_DNAME)))
			note_expiry(work, group);
	}
	node = (struct zone_node *)(void *)(work->bytes + (size_t)place * 4);
	node->sets = sets;
	zone_rules_node(work, &key, flags);
}
