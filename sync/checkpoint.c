/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/hash.h"
#include "sync/rrtext.h"
#include "sync/zstd.h"
#include "zone/changes.h"
#include "zone/rdata.h"

enum {
	RDATA_MAX = 65535,
	ROOM_A_BYTE = 3,	/* of memory for each of text: what compiling takes, measured with zones of 1 to 3 million records */
};

struct reading {
	const struct checkpoint *checkpoint;
	struct zone_compile *compile;
	struct rrtext_reader *reader;
	struct hash_run *run;
	/* The record before, and room for the next; by turns. */
	struct place {
		struct name owner;
		uint32_t key;
		uint8_t *rdata;		/* canonical */
		size_t len;
	} places[2];
	unsigned now;
	struct err_note *note;
};

static int fault(struct reading *reading, const struct record *record, const char *what)
{
	err_note_set(reading->note, record->file, record->line, "%s", what);
	return ERR_SYNTAX;
}

static int compare(const struct place *a, const struct place *b)
{
	size_t shorter = a->len < b->len ? a->len : b->len;
	bool same = a->owner.len == b->owner.len && memcmp(a->owner.wire, b->owner.wire, a->owner.len) == 0;
	int order = same ? 0 : name_compare(a->owner.wire, b->owner.wire);

	if (order == 0)
		order = (a->key > b->key) - (a->key < b->key);
	if (order == 0)
		order = shorter != 0 ? memcmp(a->rdata, b->rdata, shorter) : 0;
	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int on_record(void *ctx, const struct record *record)
{
	struct reading *reading = ctx;
	struct place *before = &reading->places[reading->now], *place = &reading->places[!reading->now];

	/* Whatever else is wrong with it, compiling says. */
	if (name_from_wire(record->owner.at, record->owner.len, &place->owner) != 0 || record->rdata.len > RDATA_MAX
	    || zone_rdata_fault(record->type, record->rdata) != NULL)
		return fault(reading, record, "the record is not well formed");
	place->key = zone_type_key(record->type, record->type == DNS_RRSIG ? dns_get_u16(record->rdata.at) : 0);
	place->len = record->rdata.len;
	zone_rdata_canonical(record->type, record->rdata, place->rdata);
	if (record->line > 1 && compare(before, place) >= 0)
		return fault(reading, record, "the records are not in canonical order, each once");
	reading->now = !reading->now;
	return zone_compile_add(reading->compile, record);
}

static int on_piece(void *ctx, struct span piece)
{
	struct reading *reading = ctx;

	hash_run_take(reading->run, piece);
	return rrtext_reader_take(reading->reader, piece);
}

/* Compiling ends the process when there is no memory: whether there is some is asked before. */
static int ask_for_room(const struct checkpoint *checkpoint, struct err_note *note)
{
	if (checkpoint->raw_length <= UINT64_MAX / ROOM_A_BYTE && mem_has_room(checkpoint->raw_length * ROOM_A_BYTE))
		return 0;
	err_note_set(note, NULL, 0, "there is no memory for a zone of %" PRIu64 " bytes", checkpoint->raw_length);
	return -ENOMEM;
}

static int check_hash(struct reading *reading)
{
	if (hash_run_mismatch(reading->run) == NULL)
		return 0;
	err_note_set(reading->note, NULL, 0, "the unpacked checkpoint has another SHA-256 than was signed");
	return ERR_FORMAT;
}

int checkpoint_read(const struct checkpoint *checkpoint, struct zone_compile *compile, struct err_note *note)
{
	struct reading reading = { .checkpoint = checkpoint, .compile = compile, .note = note };
	struct hash_list hashes = { 0 };
	int err = ask_for_room(checkpoint, note);

	if (err != 0)
		return err;
	if (checkpoint->raw_sha256[0] != '\0')
		hash_list_add(&hashes, "sha256", checkpoint->raw_sha256);
	reading.run = hash_run_new(&hashes);
	reading.places[0].rdata = mem_array(RDATA_MAX, 1);
	reading.places[1].rdata = mem_array(RDATA_MAX, 1);
	reading.reader = rrtext_reader_new(checkpoint->path, checkpoint->zone, on_record, &reading, note);
	err = zstd_unpack_pieces(checkpoint->packed, checkpoint->raw_length, on_piece, &reading, note);
	if (err == 0 && hashes.count > 0)
		err = check_hash(&reading);
	if (err == 0)
		err = rrtext_reader_end(reading.reader);
	rrtext_reader_free(reading.reader);
	mem_free(reading.places[0].rdata);
	mem_free(reading.places[1].rdata);
	hash_run_free(reading.run);
	return err;
}
