/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laying out an image: nodes with their RRsets in canonical order, then foreign names, then what points to them. RRs
 * hold the numbers of names at first; when all names have a place, numbers become places. Inside zone/compile; one
 * thread. Pointers into bytes are good until the next append.
 */
#ifndef ZONE_LAYOUT_H
#define ZONE_LAYOUT_H

#include "conf/base/err.h"
#include "zone/image.h"
#include "zone/records.h"

/* One RRset of the node that is being laid out. */
struct zone_group {
	uint32_t key;	/* type, or the type an RRSIG covers; times 2, plus 1 for an RRSIG: the order of RRsets */
	uint32_t at;	/* in members */
	uint32_t count;	/* of records, and then without duplicates */
};

struct zone_member {
	uint32_t key;
	const struct zone_stored *stored;
};

/* The ancestors of the next name: the nodes from the apex down to the last one. */
struct zone_step {
	uint32_t number;	/* in names */
	zref place;
};

struct zone_layout_work {
	struct zone_records *records;
	struct err_list *errors, *warnings;

	uint8_t *bytes;
	size_t len, room;
	uint32_t *nodes;	/* numbers of their names, in order */
	size_t node_count, node_capacity;
	struct zone_step path[DNS_LABELS_MAX + 1];
	unsigned depth;

	struct zone_member *members;	/* of one node */
	size_t member_count, member_capacity;
	struct zone_group *groups;
	size_t group_count, group_capacity;
	uint8_t *scratch;	/* RDATA of one RRset */
	size_t scratch_room;

	zref *foreign_index;
	size_t foreign_index_count, foreign_index_capacity;
	uint32_t record_count, name_count;
	unsigned max_labels;
	bool has_expiry;
	uint32_t rrsig_expires;
};

static inline uint16_t zone_group_type(const struct zone_group *group)
{
	return group->key & 1 ? DNS_RRSIG : (uint16_t)(group->key >> 1);
}

/* Of a node or foreign name with its label and padding. */
static inline size_t zone_layout_node_bytes(size_t label_bytes)
{
	return (sizeof(struct zone_node) + label_bytes + 3) & ~(size_t)3;
}

/* Room for size more bytes at the end, all zero; the first of them. */
uint8_t *zone_layout_append(struct zone_layout_work *work, size_t size);

/* Every node with its RRsets, the rules checked on the way. 0 or ERR_LIMIT. */
int zone_layout_nodes(struct zone_layout_work *work);
/* The RRsets of the node at place: groups, and members in canonical order. Gives how many were written. */
void zone_layout_sets(struct zone_layout_work *work, const struct zone_key *owner, zref place);
/* Names in RDATA that have no node; then numbers become places. */
void zone_layout_foreign(struct zone_layout_work *work);
/* Indexes and header, and the digest over all of it. nodes_end and foreign_end as for the header. */
void zone_layout_finish(struct zone_layout_work *work, zref nodes_end, zref foreign_end);

#endif
