/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone dump: the image as a master file, SOA first. The thread pool prints a piece, main writes it and asks for
 * the next one when the client has read: at most two pieces are in memory however large the zone is. The image is
 * retained, so a reload meanwhile does not change what is dumped.
 */
#include <string.h>

#include "conf/base/mem.h"
#include "server/commands.h"
#include "zone/dump.h"
#include "zone/walk.h"

enum { PIECE_BYTES = 64 << 10 };	/* of text, and one record's more */

struct dump {
	struct zone_image *image;
	const struct zone_image_header *base;
	struct zone_walk walk;
	const struct zone_node *node;	/* the next record's, and where in it */
	const struct zone_rrset *set;
	unsigned sets_left, rrs_left;
	struct zone_rr rr;
	bool begun, ended;
	uint64_t records;
	char *text;
	size_t len, room;
};

static void put_record(struct dump *dump, const struct zone_node *node, const struct zone_rrset *set,
		       const struct zone_rr *rr)
{
	uint8_t owner[DNS_NAME_MAX];

	zone_node_name(dump->base, zone_ref_of(dump->base, node), owner);
	char *line = zone_dump_rr(dump->base, owner, set, rr);
	size_t len = strlen(line);

	if (dump->room - dump->len < len + 2) {
		dump->room = (dump->len + len + 2) * 2;
		dump->text = mem_resize(dump->text, dump->room, 1);
	}
	memcpy(dump->text + dump->len, line, len);
	dump->text[dump->len + len] = '\n';
	dump->len += len + 1;
	mem_free(line);
	dump->records++;
}

static void begin(struct dump *dump)
{
	dump->walk = zone_walk_begin(dump->base);
	const struct zone_node *apex = zone_walk_next(&dump->walk);
	const struct zone_rrset *soa = zone_node_find(apex, DNS_SOA);

	dump->begun = true;
	dump->node = apex;
	dump->sets_left = apex->sets;
	dump->set = zone_node_first_set(apex);
	if (soa != NULL) {
		struct zone_rr rr = zone_rr_first(soa);

		put_record(dump, apex, soa, &rr);
	}
}

/* To the next RRset whose records are to be printed; false at the end. */
static bool next_set(struct dump *dump)
{
	for (;;) {
		while (dump->sets_left == 0) {
			dump->node = zone_walk_next(&dump->walk);
			if (dump->node == NULL)
				return false;
			dump->sets_left = dump->node->sets;
			dump->set = zone_node_first_set(dump->node);
		}
		if (zone_rrset_type(dump->set) != DNS_SOA)
			return true;
		dump->set = zone_rrset_next(dump->set);	/* it was the first record */
		dump->sets_left--;
	}
}

/* In the thread pool. */
static void print_piece(void *state)
{
	struct dump *dump = state;

	dump->len = 0;
	if (!dump->begun)
		begin(dump);
	while (dump->len < PIECE_BYTES && !dump->ended) {
		if (dump->rrs_left == 0) {
			if (!next_set(dump)) {
				dump->ended = true;
				break;
			}
			dump->rrs_left = dump->set->count;
			dump->rr = zone_rr_first(dump->set);
		}
		put_record(dump, dump->node, dump->set, &dump->rr);
		if (--dump->rrs_left > 0) {
			dump->rr = zone_rr_next(dump->set, &dump->rr);
		} else {
			dump->set = zone_rrset_next(dump->set);
			dump->sets_left--;
		}
	}
}

static void next_piece(struct call *call);

static void piece_printed(struct call *call)
{
	const struct dump *dump = call->state;

	call_text(call, "%.*s", (int)dump->len, dump->text);
	if (!dump->ended) {
		call_more(call);
		call_produce(call, next_piece);
		return;
	}

	char name[DNS_NAME_TEXT_MAX];
	call_more(call);
	call_set(call, "name", call_string(name_print(dump->base->apex, name)));
	call_set(call, "serial", json_integer(dump->base->serial));
	call_set(call, "records", json_integer((json_int_t)dump->records));
	call_done(call);
}

static void next_piece(struct call *call)
{
	call->produce = NULL;	/* until this one is printed */
	call_work(call, print_piece, piece_printed);
}

static void free_dump(struct call *call)
{
	struct dump *dump = call->state;

	zone_image_release(dump->image);
	mem_free(dump->text);
	mem_free(dump);
}

void command_zone_dump(struct call *call)
{
	const struct zone_entry *zone = command_zone(call, call->args[0]);

	if (zone == NULL)
		return;
	if (zone->base == NULL) {
		call_fail(call, CALL_REFUSED, "zone %s: nothing is loaded", call->args[0]);
		return;
	}

	struct dump *dump = mem_alloc(sizeof *dump);
	dump->image = zone_image_retain(zone->image);
	dump->base = zone->base;
	dump->room = PIECE_BYTES * 2;
	dump->text = mem_alloc(dump->room);
	call->state = dump;
	call->release = free_dump;
	next_piece(call);
}
