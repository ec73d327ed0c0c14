/* SPDX-License-Identifier: Apache-2.0 */
/* The RRsets of one owner: those it has and its changes, both sorted, merged. Strict: what is added must not be there,
 * what is removed must. A record is the same whatever the case of names in it; a record with another TTL is another. */
#include <string.h>

#include "zone/patch_inner.h"
#include "zone/rdata.h"
#include "zone/rules.h"

struct old_rr {
	struct span rdata, canonical;
};

/* One RRset while it is made. */
struct making {
	struct patch *patch;
	const struct patch_owner *owner;
	uint32_t key;
	uint16_t type;
	const struct zone_rrset *old;		/* or NULL */
	struct old_rr *rrs;
	unsigned old_count;
	const struct zone_change *change, *end;	/* of this RRset */
	struct patch_set *set;
	bool has_ttl;
	size_t bytes;
};

static int compare_spans(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter != 0 ? memcmp(a.at, b.at, shorter) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static void read_old(struct making *making)
{
	struct patch *patch = making->patch;
	struct zone_rr rr = zone_rr_first(making->old);

	making->old_count = making->old->count;
	making->rrs = arena_alloc(&patch->arena, making->old_count * sizeof *making->rrs, sizeof(void *));
	for (unsigned i = 0;;) {
		struct old_rr *to = &making->rrs[i];
		uint8_t named[2 * DNS_NAME_MAX + 64];

		to->rdata = rr.prefix;
		if (rr.names != 0) {
			to->rdata.len = zone_rr_rdata(patch->header, &rr, named);
			to->rdata.at = arena_copy(&patch->arena, named, to->rdata.len);
		}
		uint8_t *canonical = arena_alloc(&patch->arena, to->rdata.len, 1);
		zone_rdata_canonical(making->type, to->rdata, canonical);
		to->canonical = (struct span){ canonical, to->rdata.len };
		if (++i == making->old_count)
			return;
		rr = zone_rr_next(making->old, &rr);
	}
}

static int fault(struct making *making, const char *what)
{
	return patch_record_fault(making->patch, making->owner->wire, making->key, what);
}

static int keep(struct making *making, struct span rdata, uint32_t ttl)
{
	struct patch_set *set = making->set;

	if (making->has_ttl && set->ttl != ttl)
		return fault(making, "the TTLs of the RRset would differ");
	making->has_ttl = true;
	set->ttl = ttl;
	set->rrs[set->count++] = rdata;
	making->bytes += rdata.len;
	return 0;
}

/* All changes of one record, and the old one (NULL: there is none). */
static int merge_record(struct making *making, const struct old_rr *old)
{
	uint32_t ttl = making->old != NULL ? zone_rrset_ttl(making->old) : 0;
	const struct zone_change *first = making->change, *added = NULL;
	bool there = old != NULL;

	for (; making->change < making->end
	       && (making->change == first || compare_spans(making->change->canonical, first->canonical) == 0);
	     making->change++) {
		const struct zone_change *change = making->change;

		if (change->add && added != NULL)
			return fault(making, "is added twice");
		if (change->add) {
			added = change;
			continue;
		}
		if (!there || change->ttl != ttl)
			return fault(making, "is to be removed, but it is not there with that TTL and RDATA");
		there = false;
	}
	if (added != NULL && there)
		return fault(making, "is to be added, but it is there already");
	if (added != NULL)
		return keep(making, added->rdata, added->ttl);
	return there ? keep(making, old->rdata, ttl) : 0;
}

static int merge_records(struct making *making)
{
	unsigned i = 0;
	int err = 0;

	while (err == 0 && (i < making->old_count || making->change < making->end)) {
		int order = i == making->old_count ? 1 : making->change == making->end ? -1
					: compare_spans(making->rrs[i].canonical, making->change->canonical);

		if (order < 0) {
			err = keep(making, making->rrs[i].rdata, zone_rrset_ttl(making->old));
			i++;
		} else {
			err = merge_record(making, order == 0 ? &making->rrs[i] : NULL);
			i += order == 0;
		}
	}
	if (err == 0 && making->set->count != 0
	    && !zone_rules_fits(making->type, making->set->count, making->bytes))
		err = fault(making, "the RRset is too large for any message");
	return err;
}

/* What an RRset will be with its changes, of which there is at least one. */
static int change_set(struct patch *patch, const struct patch_owner *owner, const struct zone_rrset *old,
		      const struct zone_change *change, const struct zone_change *end, struct patch_set *set)
{
	struct making making = { .patch = patch, .owner = owner, .key = change->key, .type = change->type, .old = old,
				 .change = change, .end = end, .set = set };

	if (old != NULL)
		read_old(&making);
	*set = (struct patch_set){ .key = change->key };
	set->rrs = arena_alloc(&patch->arena, (making.old_count + (size_t)(end - change)) * sizeof *set->rrs,
			       sizeof(void *));
	return merge_records(&making);
}

static const struct patch_set *find_set(const struct patch_owner *owner, uint16_t type)
{
	for (unsigned i = 0; i < owner->set_count; i++) {
		if (owner->sets[i].key == zone_type_key(type, 0))
			return &owner->sets[i];
	}
	return NULL;
}

/* The rules of zone/rules that are faults, for what can have become one. */
static int check_rules(struct patch *patch, const struct patch_owner *owner)
{
	static const uint16_t single[] = { DNS_SOA, DNS_CNAME, DNS_DNAME };
	bool apex = owner->wire.len == patch->header->apex_len;
	const struct patch_set *cname = find_set(owner, DNS_CNAME);

	for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
		const struct patch_set *set = find_set(owner, single[i]);

		if (set != NULL && set->count > 1)
			return patch_record_fault(patch, owner->wire, set->key,
						  "expected one record of this type at a name");
	}
	for (unsigned i = 0; cname != NULL && i < owner->set_count; i++) {
		uint32_t key = owner->sets[i].key;

		if (!(key & 1) && !zone_rules_may_join_cname((uint16_t)(key >> 1)))
			return patch_record_fault(patch, owner->wire, key, "a CNAME must be alone at its name");
	}
	if (apex != (find_set(owner, DNS_SOA) != NULL))
		return patch_record_fault(patch, owner->wire, zone_type_key(DNS_SOA, 0),
					  apex ? "the zone would have no SOA"
					       : "an SOA belongs to the apex of a zone only");
	if (apex && find_set(owner, DNS_NS) == NULL)
		return patch_record_fault(patch, owner->wire, zone_type_key(DNS_NS, 0),
					  "the zone would have no NS at its apex");
	return 0;
}

int patch_owner_sets(struct patch *patch, struct patch_owner *owner)
{
	const struct zone_node *node = owner->had ? zone_node_at(patch->header, owner->node) : NULL;
	const struct zone_rrset *old = node != NULL ? zone_node_first_set(node) : NULL;
	const struct zone_change *change = &patch->changes->list[owner->first], *end = change + owner->count;
	unsigned left = node != NULL ? node->sets : 0;
	int err = 0;

	if (left + owner->count > UINT16_MAX)
		return patch_fault(patch, ERR_LIMIT, "too many types at one name");
	owner->sets = arena_alloc(&patch->arena, (left + owner->count) * sizeof *owner->sets, sizeof(void *));
	while (err == 0 && (left != 0 || change < end)) {
		struct patch_set *set = &owner->sets[owner->set_count];
		uint32_t old_key = left != 0 ? zone_type_key(zone_rrset_type(old), old->covers) : UINT32_MAX;
		bool has_old = change == end || old_key <= change->key;

		if (change == end || old_key < change->key) {
			*set = (struct patch_set){ old_key, zone_rrset_ttl(old), old, NULL, old->count };
		} else {
			const struct zone_change *next = change;

			while (next < end && next->key == change->key)
				next++;
			err = change_set(patch, owner, has_old ? old : NULL, change, next, set);
			change = next;
		}
		owner->set_count += set->count != 0;
		if (has_old && --left != 0)
			old = zone_rrset_next(old);
	}
	return err == 0 ? check_rules(patch, owner) : err;
}
