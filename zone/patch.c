/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of work, in which each step may count on those before it:
 *
 *     owners     what every changed name will have, checked against what it has; nothing is written yet
 *     nodes      new names and empty non-terminals above them; those that were foreign names lead to their nodes
 *     removal    names without records and without names below leave the hash table; their places stay, as foreign
 *                names, for the RDATA that still names them
 *     RRsets     of changed names, behind the file's end; names in RDATA find their nodes, all of which are there now
 *     flags      of changed names and of what is below a cut or DNAME that came or went
 *     indexes    NSEC order, NSEC3 ring and links, the list of new nodes, the header
 */
#include "zone/patch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zone/canonical.h"
#include "zone/digest.h"
#include "zone/image_inner.h"
#include "zone/patch_inner.h"
#include "zone/text.h"

enum {
	PROBE_SHARE = 8,	/* one slot in so many stays free, or probes become long */
	ROOM_BYTES = 4 << 20,	/* behind the file's end at least; not touched, it costs nothing */
	ROOM_SHARE = 4,		/* and that part of the image */
};

int patch_fault(struct patch *patch, int err, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_note_set(patch->note, NULL, 0, "%s", text);
	return err;
}

int patch_record_fault(struct patch *patch, struct span owner, uint32_t key, const char *what)
{
	char name[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];

	return patch_fault(patch, ERR_INVALID, "%.250s %s: %s", name_print(owner.at, name),
			   zone_text_type(key & 1 ? DNS_RRSIG : (uint16_t)(key >> 1), type), what);
}

static size_t map_slot(const struct patch_map *map, uint32_t key)
{
	return (size_t)(key * 0x9e3779b1u) & (map->slots - 1);
}

void patch_map_add(struct patch_map *map, uint32_t key, zref ref)
{
	if (map->count * 2 >= map->slots) {
		struct patch_map grown = { .slots = map->slots ? map->slots * 2 : 64 };

		grown.entries = mem_array(grown.slots, sizeof *grown.entries);
		for (size_t i = 0; i < map->slots; i++) {
			if (map->entries[i].ref != 0)
				patch_map_add(&grown, map->entries[i].key, map->entries[i].ref);
		}
		mem_free(map->entries);
		*map = grown;
	}
	size_t slot = map_slot(map, key);
	while (map->entries[slot].ref != 0)
		slot = (slot + 1) & (map->slots - 1);
	map->entries[slot] = (struct patch_entry){ key, ref };
	map->count++;
}

zref patch_map_find(const struct patch_map *map, uint32_t key, size_t *at)
{
	if (map->slots == 0)
		return 0;
	for (;;) {
		const struct patch_entry *entry =
			&map->entries[(map_slot(map, key) + (*at)++) & (map->slots - 1)];

		if (entry->ref == 0 || entry->key == key)
			return entry->ref;
	}
}

void patch_list_add(struct patch_list *list, zref ref)
{
	mem_grow((void **)&list->refs, &list->capacity, list->count, sizeof *list->refs);
	list->refs[list->count++] = ref;
}

static int compare_refs(const void *a, const void *b)
{
	zref left = *(const zref *)a, right = *(const zref *)b;

	return (left > right) - (left < right);
}

void patch_list_sort(struct patch_list *list)
{
	size_t kept = 0;

	if (list->count > 1)
		qsort(list->refs, list->count, sizeof *list->refs, compare_refs);
	for (size_t i = 0; i < list->count; i++) {
		if (kept == 0 || list->refs[kept - 1] != list->refs[i])
			list->refs[kept++] = list->refs[i];
	}
	list->count = kept;
}

bool patch_list_has(const struct patch_list *list, zref ref)
{
	return list->count != 0 && bsearch(&ref, list->refs, list->count, sizeof ref, compare_refs) != NULL;
}

int patch_alloc(struct patch *patch, size_t bytes, zref *ret_ref)
{
	bytes = (bytes + 3) & ~(size_t)3;
	if (bytes > patch->room - patch->used)
		return patch_fault(patch, ERR_LIMIT, "the changes take more than the room for them");
	*ret_ref = (zref)(patch->used / 4);
	patch->used += bytes;
	return 0;
}

void patch_name(struct patch *patch, zref ref, struct name *ret_name)
{
	uint8_t wire[DNS_NAME_MAX];

	name_from_wire(wire, zone_node_name(patch->header, ref, wire), ret_name);
}

uint32_t patch_slot(const struct patch *patch, uint32_t hash, zref ref)
{
	const struct zone_slot *slots = zone_at(patch->header, patch->header->hash);
	uint32_t slot = hash & (patch->header->slots - 1);

	while (slots[slot].node != ref)
		slot = (slot + 1) & (patch->header->slots - 1);
	return slot;
}

/* Changes by owner, in their order. */
static int collect_owners(struct patch *patch)
{
	const struct zone_changes *changes = patch->changes;
	struct patch_owner *owner = NULL;
	struct name name;

	for (size_t i = 0; i < changes->count; i++) {
		const struct zone_change *change = &changes->list[i];

		if (owner != NULL && span_equal(owner->wire, change->owner)) {
			owner->count++;
			continue;
		}
		name_from_wire(change->owner.at, change->owner.len, &name);
		if (!name_is_below(&name, patch->header->apex, patch->header->apex_len))
			return patch_record_fault(patch, change->owner, change->key, "the owner is not in the zone");
		mem_grow((void **)&patch->owners, &patch->owner_capacity, patch->owner_count, sizeof *owner);
		owner = &patch->owners[patch->owner_count++];
		*owner = (struct patch_owner){ .wire = change->owner, .first = i, .count = 1 };

		const struct zone_node *node = zone_image_lookup(patch->header, &name, 0);
		owner->node = node != NULL ? zone_ref_of(patch->header, node) : 0;
		owner->had = node != NULL && node->sets != 0;
	}
	return 0;
}

static int make_owners(struct patch *patch)
{
	struct name name;
	int err = 0;

	for (size_t i = 0; err == 0 && i < patch->owner_count; i++) {
		struct patch_owner *owner = &patch->owners[i];

		if (owner->set_count == 0)
			continue;
		if (owner->node != 0) {
			patch_node(patch, owner->node)->flags &= (uint16_t)~ZONE_NODE_EMPTY;
			continue;
		}
		if (patch->header->nodes >= patch->header->slots - patch->header->slots / PROBE_SHARE)
			return patch_fault(patch, ERR_LIMIT, "the hash table is full");
		name_from_wire(owner->wire.at, owner->wire.len, &name);
		err = patch_make_node(patch, &name, 0, &owner->node);
		if (err == 0)
			patch_node(patch, owner->node)->flags &= (uint16_t)~ZONE_NODE_EMPTY;
	}
	return err;
}

static int compare_places(const void *a, const void *b, void *patch)
{
	uint8_t left[DNS_NAME_MAX], right[DNS_NAME_MAX];
	const struct zone_image_header *base = ((struct patch *)patch)->header;

	zone_node_name(base, *(const zref *)a, left);
	zone_node_name(base, *(const zref *)b, right);
	return name_compare(left, right);
}

/* What walks merge into the order of places. */
static int write_added(struct patch *patch)
{
	struct patch_list *added = &patch->added;
	zref ref;

	if (added->count == 0)
		return 0;
	int err = patch_alloc(patch, added->count * sizeof(zref), &ref);
	if (err != 0)
		return err;
	memcpy(patch_at(patch, ref), added->refs, added->count * sizeof(zref));
	qsort_r(patch_at(patch, ref), added->count, sizeof(zref), compare_places, patch);
	patch->header->added = ref;
	patch->header->added_count = (uint32_t)added->count;
	return 0;
}

/* Which file, and what was done to it. */
static void write_digest(struct patch *patch)
{
	uint8_t *bytes = mem_array(ZONE_DIGEST_BYTES + 1 + CANONICAL_RR_MAX, 1);

	memcpy(bytes, patch->header->digest, ZONE_DIGEST_BYTES);
	for (size_t i = 0; i < patch->changes->count; i++) {
		const struct zone_change *change = &patch->changes->list[i];

		bytes[ZONE_DIGEST_BYTES] = change->add ? '+' : '-';
		size_t len = zone_change_wire(change, bytes + ZONE_DIGEST_BYTES + 1);
		zone_digest(bytes, ZONE_DIGEST_BYTES + 1 + len, bytes);
	}
	memcpy(patch->header->digest, bytes, ZONE_DIGEST_BYTES);
	mem_free(bytes);
}

static void write_header(struct patch *patch)
{
	struct zone_image_header *header = patch->header;
	const struct zone_node *apex = zone_node_at(header, header->apex_node);
	const struct zone_rrset *set = zone_node_find(apex, DNS_SOA);
	struct zone_rr soa = zone_rr_first(set);
	uint32_t minimum = dns_get_u32(soa.suffix.at + 16);

	header->serial = dns_get_u32(soa.suffix.at);
	header->soa_expire = dns_get_u32(soa.suffix.at + 12);
	header->negative_ttl = minimum < zone_rrset_ttl(set) ? minimum : zone_rrset_ttl(set);
	header->flags &= (uint16_t)~ZONE_IMAGE_SIGNED;
	if (zone_node_find(apex, DNS_DNSKEY) != NULL && zone_node_rrsig(apex, DNS_DNSKEY) != NULL)
		header->flags |= ZONE_IMAGE_SIGNED;
	header->flags |= ZONE_IMAGE_PATCHED;
	header->size = patch->used;
	write_digest(patch);
}

static int not_as_meant(struct patch *patch, const struct patch_owner *owner)
{
	patch_record_fault(patch, owner->wire, patch->changes->list[owner->first].key, "is not as it was meant to be");
	return ERR_FORMAT;
}

/* Whether every changed name is found as it was meant, which is what all of the above is for. */
static int check_owners(struct patch *patch)
{
	struct name name;

	for (size_t i = 0; i < patch->owner_count; i++) {
		const struct patch_owner *owner = &patch->owners[i];

		name_from_wire(owner->wire.at, owner->wire.len, &name);
		const struct zone_node *node = zone_image_lookup(patch->header, &name, 0);
		if ((node != NULL ? node->sets : 0) != owner->set_count)
			return not_as_meant(patch, owner);
		const struct zone_rrset *set = node != NULL ? zone_node_first_set(node) : NULL;
		for (unsigned k = 0; k < owner->set_count; k++, set = zone_rrset_next(set)) {
			const struct patch_set *meant = &owner->sets[k];

			if (zone_type_key(zone_rrset_type(set), set->covers) != meant->key
			    || set->count != meant->count)
				return not_as_meant(patch, owner);
		}
	}
	return 0;
}

static int run(struct patch *patch)
{
	int err = collect_owners(patch);

	for (size_t i = 0; err == 0 && i < patch->owner_count; i++)
		err = patch_owner_sets(patch, &patch->owners[i]);
	if (err == 0)
		err = make_owners(patch);
	if (err != 0)
		return err;
	patch_remove_nodes(patch);
	err = patch_write_sets(patch);
	if (err == 0)
		err = patch_write_flags(patch);
	if (err == 0)
		err = patch_order(patch);
	if (err == 0)
		err = patch_nsec3(patch);
	if (err == 0)
		err = write_added(patch);
	if (err != 0)
		return err;
	write_header(patch);
	return check_owners(patch);
}

static void patch_fini(struct patch *patch)
{
	arena_fini(&patch->arena);
	mem_free(patch->owners);
	mem_free(patch->added.refs);
	mem_free(patch->changed.refs);
	mem_free(patch->parents.entries);
	mem_free(patch->foreign.entries);
}

static size_t round_page(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) & ~(page - 1);
}

/* Maps the file and applies changes to it. */
static int make(const struct zone_backing *backing, const struct zone_changes *changes, void **ret_bytes,
		size_t *ret_size, struct err_note *note)
{
	size_t size = round_page(zone_backing_size(backing));
	size_t room = round_page(size + size / ROOM_SHARE + ROOM_BYTES);
	struct patch patch = { .changes = changes, .note = note, .used = size, .room = room };
	void *bytes;
	int err = zone_backing_map(backing, room, &bytes, note);

	if (err != 0)
		return err;
	patch.bytes = bytes;
	patch.header = bytes;
	err = run(&patch);
	size_t used = round_page(patch.used);
	patch_fini(&patch);
	if (used < room)
		munmap((uint8_t *)bytes + used, room - used);
	if (err == 0 && mprotect(bytes, used, PROT_READ) != 0)
		err = patch_fault(&patch, ERR_LIMIT, "the patched image cannot be protected");
	if (err != 0) {
		munmap(bytes, used);
		return err;
	}
	*ret_bytes = bytes;
	*ret_size = used;
	return 0;
}

int zone_patch(struct zone_image *from, const struct zone_changes *changes, struct zone_image **ret_image,
	       struct err_note *note)
{
	struct zone_changes all;
	struct zone_backing *backing = NULL;
	void *bytes = NULL;
	size_t size = 0;
	int err = zone_changes_combine(&from->changes, changes, &all, note);

	if (err != 0)
		return err;
	if (all.count > ZONE_PATCH_CHANGES_MAX) {
		err_note_set(note, NULL, 0, "%zu changes are more than a patch takes", all.count);
		err = ERR_LIMIT;
	} else if (from->backing != NULL) {
		backing = zone_backing_retain(from->backing);
	} else {
		err = zone_backing_of_bytes(from->bytes, from->size, &backing, note);
	}
	if (err == 0)
		err = make(backing, &all, &bytes, &size, note);
	if (err != 0) {
		zone_changes_fini(&all);
		zone_backing_release(backing);
		return err;
	}
	*ret_image = zone_image_new(bytes, size, backing);
	(*ret_image)->changes = all;
	return 0;
}

size_t zone_patch_count(const struct zone_image *image)
{
	return image->changes.count;
}
