/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zones of one dataset, found by name: a hash table over the apexes. Immutable once built; dataset lifetime; any
 * thread reads.
 */
#ifndef ZONE_SET_H
#define ZONE_SET_H

#include <stddef.h>

#include "zone/image.h"
#include "zone/name.h"

struct zone_apex {
	const uint8_t *wire;	/* lower case, uncompressed */
	uint8_t len, labels;
	uint32_t hash;		/* of the whole name */
};

struct zone_entry {
	struct zone_apex apex;
	struct zone_image *image;	/* retained by the set; NULL: configured, but nothing usable is loaded */
	const struct zone_image_header *base;	/* of image, or NULL */
	bool aged;		/* there is a version, but it is too old to be answered from: image is NULL */
	const struct local_set *locals;		/* names in it that are this node's; NULL: none. The dataset's. */
};

struct local_set;
struct zone_set;

/* The set retains the image. Apexes are added once each (ERR_INVALID for a second), at most capacity of them, before others read the set. */
struct zone_set *zone_set_new(size_t capacity);
int zone_set_add(struct zone_set *set, const struct name *apex, struct zone_image *image);
/* The same zones once more, sharing their images and names: costs some bytes a zone, whatever its size. */
struct zone_set *zone_set_copy(const struct zone_set *set);
/* Another version of the zone at index; retains image. In a copy nobody reads yet. */
void zone_set_replace(struct zone_set *set, size_t index, struct zone_image *image);
/* The zone that was added last is too old: see zone_entry. */
void zone_set_aged(struct zone_set *set);
/* In a set nobody reads yet; locals stand as long as the set is read. */
void zone_set_locals(struct zone_set *set, size_t index, const struct local_set *locals);
void zone_set_free(struct zone_set *set);

size_t zone_set_count(const struct zone_set *set);
/* In the order in which they were added. */
const struct zone_entry *zone_set_at(const struct zone_set *set, size_t index);
size_t zone_set_index(const struct zone_set *set, const struct zone_entry *entry);
/* The zone closest above name, or NULL. With above_apex a zone whose apex is the name itself does not count (DS). */
const struct zone_entry *zone_set_find(const struct zone_set *set, const struct name *name, bool above_apex);
/* The zone with this very apex, or NULL; the second for the apex of an entry of another set. */
const struct zone_entry *zone_set_get(const struct zone_set *set, const struct name *apex);
const struct zone_entry *zone_set_same(const struct zone_set *set, const struct zone_entry *entry);

#endif
