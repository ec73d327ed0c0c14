/* SPDX-License-Identifier: Apache-2.0 */
/* Two images side by side, both in canonical order: names, RRsets of a name, records of an RRset, each a merge. RRsets
 * of the same bytes are passed over; those whose RDATA holds places of names are compared record by record. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "zone/rdata.h"
#include "zone/walk.h"

struct side {
	const struct zone_image_header *base;
	struct zone_walk walk;
	const struct zone_node *node;	/* NULL: at the end */
	uint8_t name[DNS_NAME_MAX];
	size_t name_len;
	bool add;			/* what only this side has comes; else it goes */
};

/* A record of one side at a time. */
struct cursor {
	const struct side *side;
	const struct zone_rrset *set;
	struct zone_rr rr;
	unsigned left;
	size_t len;
	uint8_t rdata[DNS_MESSAGE_MAX], canonical[DNS_MESSAGE_MAX];
};

struct diff {
	struct zone_changes *changes;
	struct err_note *note;
	int err;
	struct cursor from, to;
};

static void load_record(struct cursor *cursor)
{
	cursor->len = zone_rr_rdata(cursor->side->base, &cursor->rr, cursor->rdata);
	zone_rdata_canonical(zone_rrset_type(cursor->set), (struct span){ cursor->rdata, cursor->len },
			     cursor->canonical);
}

/* set NULL: none. */
static void cursor_begin(struct cursor *cursor, const struct side *side, const struct zone_rrset *set)
{
	cursor->side = side;
	cursor->set = set;
	cursor->left = set != NULL ? set->count : 0;
	if (set == NULL)
		return;
	cursor->rr = zone_rr_first(set);
	load_record(cursor);
}

static void cursor_next(struct cursor *cursor)
{
	if (--cursor->left == 0)
		return;
	cursor->rr = zone_rr_next(cursor->set, &cursor->rr);
	load_record(cursor);
}

static void note_change(struct diff *diff, const struct cursor *cursor)
{
	const struct side *side = cursor->side;
	struct record record = { { side->name, side->name_len }, zone_rrset_type(cursor->set), DNS_CLASS_IN,
				 zone_rrset_ttl(cursor->set), { cursor->rdata, cursor->len }, "", 0 };

	if (diff->err == 0)
		diff->err = zone_changes_add(diff->changes, side->add, &record, diff->note);
}

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Records of one RRset (or of none on one side). With another TTL, every record is another one. */
static void diff_sets(struct diff *diff)
{
	struct cursor *from = &diff->from, *to = &diff->to;
	bool same_ttl = from->set != NULL && to->set != NULL && zone_rrset_ttl(from->set) == zone_rrset_ttl(to->set);

	while (from->left != 0 || to->left != 0) {
		int order = from->left == 0 ? 1 : to->left == 0 ? -1
					: compare_bytes(from->canonical, from->len, to->canonical, to->len);
		bool same = order == 0 && same_ttl && memcmp(from->rdata, to->rdata, from->len) == 0;

		if (order <= 0 && !same)
			note_change(diff, from);
		if (order >= 0 && !same)
			note_change(diff, to);
		if (order <= 0)
			cursor_next(from);
		if (order >= 0)
			cursor_next(to);
	}
}

static uint32_t key_of(const struct zone_rrset *set)
{
	return zone_type_key(zone_rrset_type(set), set->covers);
}

static bool same_bytes(const struct zone_rrset *a, const struct zone_rrset *b)
{
	return zone_layout(zone_rrset_type(a)).names == 0 && a->bytes == b->bytes && memcmp(a, b, a->bytes) == 0;
}

/* The RRsets of one name, which one side may not have (NULL). */
static void diff_nodes(struct diff *diff, const struct side *from, const struct zone_node *from_node,
		       const struct side *to, const struct zone_node *to_node)
{
	const struct zone_rrset *a = from_node ? zone_node_first_set(from_node) : NULL;
	const struct zone_rrset *b = to_node ? zone_node_first_set(to_node) : NULL;
	unsigned a_left = from_node ? from_node->sets : 0, b_left = to_node ? to_node->sets : 0;

	while (a_left != 0 || b_left != 0) {
		bool take_a = a_left != 0 && (b_left == 0 || key_of(a) <= key_of(b));
		bool take_b = b_left != 0 && (a_left == 0 || key_of(b) <= key_of(a));

		if (!(take_a && take_b && same_bytes(a, b))) {
			cursor_begin(&diff->from, from, take_a ? a : NULL);
			cursor_begin(&diff->to, to, take_b ? b : NULL);
			diff_sets(diff);
		}
		if (take_a && --a_left != 0)
			a = zone_rrset_next(a);
		if (take_b && --b_left != 0)
			b = zone_rrset_next(b);
	}
}

static void side_next(struct side *side)
{
	side->node = zone_walk_next(&side->walk);
	if (side->node != NULL)
		side->name_len = zone_node_name(side->base, zone_ref_of(side->base, side->node), side->name);
}

static void side_begin(struct side *side, const struct zone_image_header *base, bool add)
{
	side->base = base;
	side->walk = zone_walk_begin(base);
	side->add = add;
	side_next(side);
}

static int compare_names(const struct side *a, const struct side *b)
{
	if (a->node == NULL || b->node == NULL)
		return a->node == NULL ? 1 : -1;
	if (a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0)
		return 0;
	return name_compare(a->name, b->name);
}

int changeset_diff(const struct zone_image_header *from, const struct zone_image_header *to, struct changeset *ret_set,
		   struct err_note *note)
{
	struct changeset set = { .from = from->serial, .to = to->serial };
	struct diff *diff = mem_alloc(sizeof *diff);
	struct side a, b;

	diff->changes = &set.changes;
	diff->note = note;
	name_from_wire(from->apex, from->apex_len, &set.zone);
	if (from->apex_len != to->apex_len || memcmp(from->apex, to->apex, from->apex_len) != 0) {
		err_note_set(note, NULL, 0, "the two are not versions of one zone");
		diff->err = ERR_INVALID;
	}
	side_begin(&a, from, false);
	side_begin(&b, to, true);
	while (diff->err == 0 && (a.node != NULL || b.node != NULL)) {
		int order = compare_names(&a, &b);

		diff_nodes(diff, &a, order <= 0 ? a.node : NULL, &b, order >= 0 ? b.node : NULL);
		if (order <= 0)
			side_next(&a);
		if (order >= 0)
			side_next(&b);
	}
	if (diff->err == 0 && set.from == set.to && set.changes.count != 0) {
		err_note_set(note, NULL, 0, "the zone has changed, but not its serial %u", set.from);
		diff->err = ERR_INVALID;
	}
	int err = diff->err == 0 ? zone_changes_sort(&set.changes, note) : diff->err;
	if (err == 0)
		*ret_set = set;
	else
		changeset_fini(&set);
	mem_free(diff);
	return err;
}
