/* SPDX-License-Identifier: Apache-2.0 */
/* Records of an image into the compiler, those that go left out, then those that come. Both sides are in canonical
 * order, so one pass finds each removal. */
#include <string.h>

#include "zone/compile.h"
#include "zone/patch.h"
#include "zone/rdata.h"
#include "zone/text.h"
#include "zone/walk.h"

struct merge {
	const struct zone_image_header *base;
	const struct zone_changes *changes;
	size_t at, end;			/* changes of the name the walk is at */
	struct zone_compile *compile;
	struct err_list *errors;
	size_t removed;
	uint8_t rdata[DNS_MESSAGE_MAX], canonical[DNS_MESSAGE_MAX];
};

static void fault(struct merge *merge, const struct zone_change *change, const char *what)
{
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];

	err_list_add(merge->errors, NULL, 0, "%s %s: %s", name_print(change->owner.at, name),
		     zone_text_type(change->type, type), what);
}

/* Whether the record stays. */
static bool stays(struct merge *merge, const struct zone_rrset *set, size_t len)
{
	uint32_t key = zone_type_key(zone_rrset_type(set), set->covers);
	bool canonical = false, there = true;

	for (size_t i = merge->at; i < merge->end; i++) {
		const struct zone_change *change = &merge->changes->list[i];

		if (change->key != key)
			continue;
		if (!canonical)
			zone_rdata_canonical(change->type, (struct span){ merge->rdata, len }, merge->canonical);
		canonical = true;
		if (!span_equal(change->canonical, (struct span){ merge->canonical, len }))
			continue;
		if (!change->add && change->ttl == zone_rrset_ttl(set)) {
			merge->removed++;
			there = false;
		}
	}
	for (size_t i = merge->at; canonical && there && i < merge->end; i++) {
		const struct zone_change *change = &merge->changes->list[i];

		if (change->key == key && change->add
		    && span_equal(change->canonical, (struct span){ merge->canonical, len }))
			fault(merge, change, "is to be added, but it is there already");
	}
	return there;
}

static void take_set(struct merge *merge, struct span owner, const struct zone_rrset *set)
{
	struct zone_rr rr = zone_rr_first(set);

	for (unsigned i = 0;;) {
		size_t len = zone_rr_rdata(merge->base, &rr, merge->rdata);
		struct record record = { owner, zone_rrset_type(set), DNS_CLASS_IN, zone_rrset_ttl(set),
					 { merge->rdata, len }, "", 0 };

		if (merge->at == merge->end || stays(merge, set, len))
			zone_compile_add(merge->compile, &record);
		if (++i == set->count)
			return;
		rr = zone_rr_next(set, &rr);
	}
}

/* Moves on to the changes of the name. */
static void find_changes(struct merge *merge, struct span owner)
{
	const struct zone_changes *changes = merge->changes;

	merge->at = merge->end;
	while (merge->at < changes->count && name_compare(changes->list[merge->at].owner.at, owner.at) < 0)
		merge->at++;
	merge->end = merge->at;
	while (merge->end < changes->count && span_equal(changes->list[merge->end].owner, owner))
		merge->end++;
}

static void take_image(struct merge *merge)
{
	struct zone_walk walk = zone_walk_begin(merge->base);
	uint8_t name[DNS_NAME_MAX];

	for (const struct zone_node *node; (node = zone_walk_next(&walk)) != NULL;) {
		const struct zone_rrset *set = zone_node_first_set(node);
		struct span owner = { name, zone_node_name(merge->base, zone_ref_of(merge->base, node), name) };

		if (merge->changes != NULL)
			find_changes(merge, owner);
		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set))
			take_set(merge, owner, set);
	}
}

static void take_additions(struct merge *merge)
{
	size_t removals = 0;

	for (size_t i = 0; i < merge->changes->count; i++) {
		const struct zone_change *change = &merge->changes->list[i];
		struct record record = { change->owner, change->type, DNS_CLASS_IN, change->ttl, change->rdata, "", 0 };

		if (change->add)
			zone_compile_add(merge->compile, &record);
		else
			removals++;
	}
	if (removals != merge->removed)
		err_list_add(merge->errors, NULL, 0, "%zu of %zu records to be removed are not there",
			     removals - merge->removed, removals);
}

int zone_merge(const struct zone_image_header *base, const struct zone_changes *changes, void **ret_bytes,
	       size_t *ret_size, struct err_list *errors, struct err_list *warnings)
{
	struct merge *merge = mem_alloc(sizeof *merge);
	size_t before = errors->count;
	struct name apex;
	void *bytes;
	size_t size;

	name_from_wire(base->apex, base->apex_len, &apex);
	merge->base = base;
	merge->changes = changes;
	merge->errors = errors;
	merge->compile = zone_compile_new(&apex);
	take_image(merge);
	if (changes != NULL)
		take_additions(merge);
	int err = errors->count == before ? zone_compile_finish(merge->compile, &bytes, &size, errors, warnings)
					  : ERR_INVALID;
	zone_compile_free(merge->compile);
	mem_free(merge);
	if (err == 0) {
		*ret_bytes = bytes;
		*ret_size = size;
	}
	return err;
}
