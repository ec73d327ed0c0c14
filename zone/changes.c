/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/changes.h"

#include <stdlib.h>
#include <string.h>

#include "zone/name.h"
#include "zone/rdata.h"
#include "zone/text.h"

enum { RRSIG_COVERED_BYTES = 2, RDATA_MAX = 65535 };

static int fault(struct err_note *note, const struct record *record, const struct span *owner, const char *what)
{
	char name[DNS_NAME_TEXT_MAX] = "?", type[ZONE_TEXT_TYPE_MAX];

	if (owner != NULL)
		name_print(owner->at, name);
	err_note_set(note, record->file, record->line, "%s %s: %s", name, zone_text_type(record->type, type), what);
	return ERR_INVALID;
}

static const char *record_fault(const struct record *record)
{
	if (record->class != DNS_CLASS_IN)
		return "expected class IN";
	if (dns_type_is_meta(record->type))
		return "the type is for queries and messages, not for zones";
	if (record->ttl > DNS_TTL_MAX)
		return "its TTL is above 2147483647";
	if (record->rdata.len > RDATA_MAX)
		return "its RDATA is longer than 65535 bytes";
	return zone_rdata_fault(record->type, record->rdata);
}

/* Most owners are that of the change before. */
static struct span keep_owner(struct zone_changes *changes, const struct name *owner)
{
	struct span wire = { owner->wire, owner->len };

	if (changes->count != 0 && span_equal(changes->list[changes->count - 1].owner, wire))
		return changes->list[changes->count - 1].owner;
	wire.at = arena_copy(&changes->arena, owner->wire, owner->len);
	return wire;
}

static struct span keep(struct zone_changes *changes, struct span bytes)
{
	return (struct span){ arena_copy(&changes->arena, bytes.at, bytes.len), bytes.len };
}

int zone_changes_add(struct zone_changes *changes, bool add, const struct record *record, struct err_note *note)
{
	struct name owner;
	uint8_t small[512];

	if (name_from_wire(record->owner.at, record->owner.len, &owner) != 0)
		return fault(note, record, NULL, "the owner is not a name");
	const char *wrong = record_fault(record);
	if (wrong != NULL)
		return fault(note, record, &(struct span){ owner.wire, owner.len }, wrong);

	struct zone_change change = { .add = add, .type = record->type, .ttl = record->ttl };
	change.key = zone_type_key(record->type, record->type == DNS_RRSIG ? dns_get_u16(record->rdata.at) : 0);
	change.owner = keep_owner(changes, &owner);
	change.rdata = change.canonical = keep(changes, record->rdata);
	uint8_t *canonical = record->rdata.len <= sizeof small ? small : mem_array(record->rdata.len, 1);
	zone_rdata_canonical(record->type, record->rdata, canonical);
	if (record->rdata.len != 0 && memcmp(canonical, record->rdata.at, record->rdata.len) != 0)
		change.canonical = keep(changes, (struct span){ canonical, record->rdata.len });
	if (canonical != small)
		mem_free(canonical);
	mem_grow((void **)&changes->list, &changes->capacity, changes->count, sizeof *changes->list);
	changes->list[changes->count++] = change;
	return 0;
}

static int compare_spans(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter != 0 ? memcmp(a.at, b.at, shorter) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The record alone, whether it comes or goes. */
static int compare_records(const struct zone_change *a, const struct zone_change *b)
{
	int order = span_equal(a->owner, b->owner) ? 0 : name_compare(a->owner.at, b->owner.at);

	if (order == 0)
		order = (a->key > b->key) - (a->key < b->key);
	if (order == 0)
		order = compare_spans(a->canonical, b->canonical);
	if (order == 0)
		order = (a->ttl > b->ttl) - (a->ttl < b->ttl);
	/* Records that differ in the case of names only are one for the zone, but not for who prints it. */
	return order != 0 ? order : compare_spans(a->rdata, b->rdata);
}

int zone_change_compare(const struct zone_change *a, const struct zone_change *b)
{
	int order = compare_records(a, b);

	return order != 0 ? order : a->add - b->add;
}

static int compare_void(const void *a, const void *b)
{
	return zone_change_compare(a, b);
}

static int twice(const struct zone_change *change, const char *what, struct err_note *note)
{
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];
	char *rdata = zone_text_rdata(change->type, change->rdata.at, change->rdata.len);

	err_note_set(note, NULL, 0, "%s %s %.200s is %s %s", name_print(change->owner.at, name),
		     zone_text_type(change->type, type), rdata, change->add ? "added" : "removed", what);
	mem_free(rdata);
	return ERR_INVALID;
}

int zone_changes_sort(struct zone_changes *changes, struct err_note *note)
{
	const struct zone_change *list = changes->list;
	bool sorted = true;

	for (size_t i = 1; sorted && i < changes->count; i++)
		sorted = zone_change_compare(&list[i - 1], &list[i]) < 0;
	if (sorted)
		return 0;
	qsort(changes->list, changes->count, sizeof *changes->list, compare_void);
	for (size_t i = 1; i < changes->count; i++) {
		if (compare_records(&list[i - 1], &list[i]) != 0)
			continue;
		if (list[i - 1].add == list[i].add)
			return twice(&list[i], "twice", note);
		return twice(&list[i - 1], "and put back at once", note);
	}
	return 0;
}

static void take(struct zone_changes *both, const struct zone_change *change)
{
	struct zone_change copy = *change;
	const struct zone_change *last = both->count != 0 ? &both->list[both->count - 1] : NULL;

	copy.owner = last != NULL && span_equal(last->owner, change->owner) ? last->owner : keep(both, change->owner);
	copy.rdata = copy.canonical = keep(both, change->rdata);
	if (change->canonical.at != change->rdata.at)
		copy.canonical = keep(both, change->canonical);
	mem_grow((void **)&both->list, &both->capacity, both->count, sizeof *both->list);
	both->list[both->count++] = copy;
}

int zone_changes_combine(const struct zone_changes *first, const struct zone_changes *second,
			 struct zone_changes *ret_both, struct err_note *note)
{
	struct zone_changes both = { 0 };
	size_t a = 0, b = 0;

	while (a < first->count || b < second->count) {
		int order = a == first->count ? 1 : b == second->count ? -1
					: compare_records(&first->list[a], &second->list[b]);

		if (order < 0) {
			take(&both, &first->list[a++]);
		} else if (order > 0) {
			take(&both, &second->list[b++]);
		} else if (first->list[a].add == second->list[b].add) {
			zone_changes_fini(&both);
			return twice(&second->list[b], "once more", note);
		} else {
			a++;
			b++;
		}
	}
	*ret_both = both;
	return 0;
}

void zone_changes_fini(struct zone_changes *changes)
{
	mem_free(changes->list);
	arena_fini(&changes->arena);
	*changes = (struct zone_changes){ 0 };
}

size_t zone_change_wire(const struct zone_change *change, uint8_t *out)
{
	uint8_t *at = out;

	memcpy(at, change->owner.at, change->owner.len);
	at += change->owner.len;
	dns_put_u16(at, change->type);
	dns_put_u16(at + 2, DNS_CLASS_IN);
	dns_put_u32(at + 4, change->ttl);
	dns_put_u16(at + 8, (uint16_t)change->canonical.len);
	at += DNS_RR_FIXED_BYTES;
	if (change->canonical.len != 0)
		memcpy(at, change->canonical.at, change->canonical.len);
	return (size_t)(at - out) + change->canonical.len;
}
