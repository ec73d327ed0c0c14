/* SPDX-License-Identifier: Apache-2.0 */
/* Reading is zone/text's; what a master file may have and rr-text may not is looked for first, with a pass over the
 * beginnings of lines. That each line was one record shows in the line numbers. */
#include "sync/rrtext.h"

#include <string.h>

#include "conf/base/mem.h"
#include "zone/walk.h"

char *rrtext_line(struct span owner, uint16_t type, uint32_t ttl, struct span rdata)
{
	char name[DNS_NAME_TEXT_MAX], type_name[ZONE_TEXT_TYPE_MAX];
	char *words = zone_text_rdata(type, rdata.at, rdata.len);
	char *line = mem_format("%s %u %s %s", name_print(owner.at, name), ttl, zone_text_type(type, type_name), words);

	mem_free(words);
	return line;
}

static int write_set(const struct zone_image_header *base, struct span owner, const struct zone_rrset *set,
		     uint8_t *rdata, rrtext_line_fn *on_line, void *ctx)
{
	struct zone_rr rr = zone_rr_first(set);

	for (unsigned i = 0;;) {
		struct span wire = { rdata, zone_rr_rdata(base, &rr, rdata) };
		char *line = rrtext_line(owner, zone_rrset_type(set), zone_rrset_ttl(set), wire);
		size_t len = strlen(line);

		line[len] = '\n';	/* in place of the NUL */
		int stop = on_line(ctx, line, len + 1);
		mem_free(line);
		if (stop != 0 || ++i == set->count)
			return stop;
		rr = zone_rr_next(set, &rr);
	}
}

int rrtext_write(const struct zone_image_header *base, rrtext_line_fn *on_line, void *ctx)
{
	struct zone_walk walk = zone_walk_begin(base);
	uint8_t *rdata = mem_array(DNS_MESSAGE_MAX, 1), name[DNS_NAME_MAX];
	int stop = 0;

	for (const struct zone_node *node; stop == 0 && (node = zone_walk_next(&walk)) != NULL;) {
		const struct zone_rrset *set = zone_node_first_set(node);
		struct span owner = { name, zone_node_name(base, zone_ref_of(base, node), name) };

		for (unsigned i = 0; stop == 0 && i < node->sets; i++, set = zone_rrset_next(set))
			stop = write_set(base, owner, set, rdata, on_line, ctx);
	}
	mem_free(rdata);
	return stop;
}

static int count_line(void *ctx, const char *line, size_t len)
{
	uint64_t *length = ctx;

	(void)line;
	*length += len;
	return 0;
}

uint64_t rrtext_length(const struct zone_image_header *base)
{
	uint64_t length = 0;

	rrtext_write(base, count_line, &length);
	return length;
}

int64_t rrtext_growth(const struct zone_changes *changes)
{
	int64_t growth = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct zone_change *change = &changes->list[i];
		char *line = rrtext_line(change->owner, change->type, change->ttl, change->rdata);
		int64_t len = (int64_t)strlen(line) + 1;

		growth += change->add ? len : -len;
		mem_free(line);
	}
	return growth;
}

struct reading {
	const struct name *zone;
	zone_text_record_fn *on_record;
	void *ctx;
	unsigned lines;			/* records given */
	unsigned behind;		/* lines that came before the text at hand */
	const char *path;
	struct err_note *note;
};

static int fault(struct reading *reading, unsigned line, const char *what)
{
	err_note_set(reading->note, reading->path, line, "%s", what);
	return ERR_SYNTAX;
}

static int on_record(void *ctx, const struct record *record)
{
	struct reading *reading = ctx;
	size_t zone_len = reading->zone->len;
	struct name owner;

	struct record placed = *record;

	placed.line += reading->behind;
	if (placed.line != ++reading->lines)
		return fault(reading, reading->lines, "not one record in one line");
	/* The bytes decide mostly; else it may be the case of letters, or a label that ends in the zone's bytes. */
	if (name_from_wire(record->owner.at, record->owner.len, &owner) != 0
	    || !name_is_below(&owner, reading->zone->wire, zone_len))
		return fault(reading, placed.line, "the owner is not in the zone");
	if (memcmp(owner.wire, record->owner.at, owner.len) != 0)
		return fault(reading, placed.line, "the owner is not in lower case");
	return reading->on_record(reading->ctx, &placed);
}

/* What begins a line, with 2 to 5 words of which the second is a number: then nothing is left out. */
static const char *line_fault(const char *line, const char *end)
{
	const char *blank = memchr(line, ' ', (size_t)(end - line));

	if (*line == '$' || *line == ';' || *line == '(' || *line == '"' || *line == '@')
		return "expected OWNER TTL TYPE RDATA";
	if (blank == NULL || blank == line || blank[-1] != '.')
		return "expected an absolute owner, TTL, TYPE and RDATA with single blanks";
	if (blank + 1 == end || blank[1] < '0' || blank[1] > '9')
		return "expected a TTL behind the owner";
	return NULL;
}

static int check_lines(struct reading *reading, struct span text)
{
	const char *at = (const char *)text.at, *end = at + text.len;

	for (unsigned line = reading->behind + 1; at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *wrong = newline != NULL ? line_fault(at, newline) : "no newline at the end";

		if (wrong != NULL)
			return fault(reading, line, wrong);
		at = newline + 1;
	}
	return 0;
}

static unsigned count_lines(struct span text)
{
	unsigned lines = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	return lines;
}

/* Whole lines. */
static int read_text(struct reading *reading, struct span text)
{
	struct err_list errors = { 0 };
	int err = check_lines(reading, text);

	if (err != 0 || text.len == 0)
		return err;
	err = zone_text_parse(reading->path, (const char *)text.at, text.len, reading->zone, on_record, reading, &errors);
	if (errors.count != 0) {
		*reading->note = errors.notes[0];
		if (reading->note->line != 0)
			reading->note->line += reading->behind;
		err = err == 0 ? ERR_SYNTAX : err;
	} else if (err == 0 && reading->lines - reading->behind != count_lines(text)) {
		err = fault(reading, reading->lines + 1, "not one record in one line");
	}
	err_list_fini(&errors);
	reading->behind = reading->lines;
	return err;
}

int rrtext_read(const char *path, struct span text, const struct name *zone, zone_text_record_fn *record_fn, void *ctx,
		struct err_note *note)
{
	struct reading reading = { .zone = zone, .on_record = record_fn, .ctx = ctx, .path = path, .note = note };

	return read_text(&reading, text);
}

/* ---- in pieces ---- */

struct rrtext_reader {
	struct reading reading;
	uint8_t *bytes;			/* lines that are not read yet, the last of them without its end */
	size_t len;
	int err;			/* the first */
};

struct rrtext_reader *rrtext_reader_new(const char *path, const struct name *zone, zone_text_record_fn *record_fn,
					void *ctx, struct err_note *note)
{
	struct rrtext_reader *reader = mem_alloc(sizeof *reader);

	reader->reading = (struct reading){ .zone = zone, .on_record = record_fn, .ctx = ctx, .path = path, .note = note };
	reader->bytes = mem_array(RRTEXT_LINE_MAX, 1);
	return reader;
}

/* All whole lines. */
static int read_lines(struct rrtext_reader *reader)
{
	const uint8_t *last = memrchr(reader->bytes, '\n', reader->len);

	if (last == NULL)
		return fault(&reader->reading, reader->reading.lines + 1, "the line is longer than any record");
	size_t len = (size_t)(last - reader->bytes) + 1;
	int err = read_text(&reader->reading, (struct span){ reader->bytes, len });
	reader->len -= len;
	memmove(reader->bytes, reader->bytes + len, reader->len);
	return err;
}

int rrtext_reader_take(struct rrtext_reader *reader, struct span piece)
{
	while (reader->err == 0 && piece.len > 0) {
		size_t room = RRTEXT_LINE_MAX - reader->len, len = piece.len < room ? piece.len : room;

		memcpy(reader->bytes + reader->len, piece.at, len);
		reader->len += len;
		piece.at += len;
		piece.len -= len;
		if (reader->len == RRTEXT_LINE_MAX)
			reader->err = read_lines(reader);
	}
	return reader->err;
}

int rrtext_reader_end(struct rrtext_reader *reader)
{
	if (reader->err == 0)
		reader->err = read_text(&reader->reading, (struct span){ reader->bytes, reader->len });
	reader->len = 0;
	return reader->err;
}

void rrtext_reader_free(struct rrtext_reader *reader)
{
	mem_free(reader->bytes);
	mem_free(reader);
}
