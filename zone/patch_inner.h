/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of zone/patch share: the image while it is written to, and the owners that change. One thread. */
#ifndef ZONE_PATCH_INNER_H
#define ZONE_PATCH_INNER_H

#include "zone/patch.h"

/* An RRset as it will be: the old bytes, or records. */
struct patch_set {
	uint32_t key;			/* zone_type_key() */
	uint32_t ttl;
	const struct zone_rrset *old;	/* NULL: made of rrs */
	struct span *rrs;		/* RDATA as wire, canonical order */
	unsigned count;
};

/* A name whose records change. */
struct patch_owner {
	struct span wire;
	size_t first, count;		/* in the changes */
	zref node;			/* 0: none (yet) */
	bool had;			/* records before */
	struct patch_set *sets;
	unsigned set_count;
};

/* 32-bit keys to places; a key may have several. Zero-initialised is empty. */
struct patch_map {
	struct patch_entry {
		uint32_t key;
		zref ref;		/* 0: free */
	} *entries;
	size_t slots, count;
};

struct patch_list {
	zref *refs;
	size_t count, capacity;
};

struct patch {
	uint8_t *bytes;
	struct zone_image_header *header;	/* at bytes */
	size_t used, room;		/* of bytes; what is new is put at used */
	const struct zone_changes *changes;
	struct err_note *note;
	struct arena arena;
	struct patch_owner *owners;	/* canonical order */
	size_t owner_count, owner_capacity;
	struct patch_list added;	/* nodes that are new */
	struct patch_list changed;	/* nodes, some may be gone, whose place among the authoritative may be another */
	struct patch_map parents;	/* of new nodes */
	struct patch_map foreign;	/* new foreign names by hash */
};

void patch_map_add(struct patch_map *map, uint32_t key, zref ref);
/* The next place of the key; *at is 0 at first. 0: no more. */
zref patch_map_find(const struct patch_map *map, uint32_t key, size_t *at);
void patch_list_add(struct patch_list *list, zref ref);

/* Sets the note; gives err. */
int patch_fault(struct patch *patch, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same about a record: "OWNER TYPE: WHAT". */
int patch_record_fault(struct patch *patch, struct span owner, uint32_t key, const char *what);

/* Zeroed room at the end, a multiple of 4. ERR_LIMIT. */
int patch_alloc(struct patch *patch, size_t bytes, zref *ret_ref);
static inline void *patch_at(struct patch *patch, zref ref)
{
	return patch->bytes + (size_t)ref * 4;
}
static inline struct zone_node *patch_node(struct patch *patch, zref ref)
{
	return patch_at(patch, ref);
}
/* Of a node: its name with hashes. */
void patch_name(struct patch *patch, zref ref, struct name *ret_name);

/* patch_sets.c: what an owner will have; the rules for it. */
int patch_owner_sets(struct patch *patch, struct patch_owner *owner);

/* patch_names.c */
/* The node of the name's suffix from label index on, made where there is none, as are those above it. */
int patch_make_node(struct patch *patch, const struct name *name, unsigned index, zref *ret_ref);
/* Owners without records any more: gone, or empty non-terminals; and those above that are so no longer. */
void patch_remove_nodes(struct patch *patch);
/* Makes room in a node for telling where its RRsets are from now on; what stood there is spoilt. */
struct zone_moved *patch_move(struct patch *patch, zref ref);

/* patch_foreign.c */
/* The foreign name that the suffix was compiled with, or 0. */
zref patch_find_foreign(struct patch *patch, const struct name *name, unsigned index);
/* What RDATA calls a name by: its node or its foreign name, made where there is none. */
int patch_refer(struct patch *patch, const struct name *name, unsigned index, zref *ret_ref);

/* patch_write.c: the RRsets of owners that have some; then the flags of nodes. */
int patch_write_sets(struct patch *patch);
int patch_write_flags(struct patch *patch);

/* patch_order.c, patch_nsec3.c: what denials are made from. */
int patch_order(struct patch *patch);
int patch_nsec3(struct patch *patch);

/* The slot of a node with that hash. */
uint32_t patch_slot(const struct patch *patch, uint32_t hash, zref ref);

/* Places of the kind of those in list, without doubles. */
void patch_list_sort(struct patch_list *list);
bool patch_list_has(const struct patch_list *list, zref ref);	/* sorted */

#endif
