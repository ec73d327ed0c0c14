/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/changeset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"

static const char HEAD[] = "changeset/1 ";
enum {
	SOA_BEHIND_NAMES = 20,	/* SERIAL REFRESH RETRY EXPIRE MINIMUM */
	MARK_BYTES = 2,		/* "- " or "+ " */
};

void changeset_fini(struct changeset *set)
{
	zone_changes_fini(&set->changes);
}

static int fault(struct err_note *note, const char *path, unsigned line, const char *what)
{
	err_note_set(note, path, line, "%s", what);
	return ERR_SYNTAX;
}

/* A decimal number without a sign or leading zeros, and what ends it. */
static bool take_serial(const char **at, const char *end, char ends_with, uint32_t *ret_serial)
{
	const char *from = *at;
	uint64_t value = 0;

	while (*at < end && **at >= '0' && **at <= '9' && value <= UINT32_MAX)
		value = value * 10 + (uint64_t)(*(*at)++ - '0');
	if (*at == from || *at - from > 10 || (*from == '0' && *at - from > 1) || value > UINT32_MAX || *at == end
	    || **at != ends_with)
		return false;
	(*at)++;
	*ret_serial = (uint32_t)value;
	return true;
}

static int read_head(const char *path, struct span text, struct changeset *set, size_t *ret_len, struct err_note *note)
{
	const char *at = (const char *)text.at, *end = at + text.len;
	char name[DNS_NAME_TEXT_MAX], again[DNS_NAME_TEXT_MAX];

	if (text.len < sizeof HEAD || memcmp(at, HEAD, sizeof HEAD - 1) != 0)
		return fault(note, path, 1, "expected \"changeset/1 ZONE FROM TO\"");
	at += sizeof HEAD - 1;
	const char *blank = memchr(at, ' ', (size_t)(end - at));
	if (blank == NULL || blank == at || (size_t)(blank - at) >= sizeof name)
		return fault(note, path, 1, "expected the name of the zone");
	memcpy(name, at, (size_t)(blank - at));
	name[blank - at] = '\0';
	if (name_from_text(name, &set->zone) != 0 || strcmp(name_print(set->zone.wire, again), name) != 0)
		return fault(note, path, 1, "expected the name of the zone, absolute and in lower case");
	at = blank + 1;
	if (!take_serial(&at, end, ' ', &set->from) || !take_serial(&at, end, '\n', &set->to) || set->from == set->to)
		return fault(note, path, 1, "expected two serials behind the name of the zone");
	*ret_len = (size_t)(at - (const char *)text.at);
	return 0;
}

struct parsing {
	struct changeset *set;
	const char *path;
	struct err_note *note;
	unsigned removals;	/* lines; those behind are additions */
};

/* The body without the marks, a record a line. */
static int cut_marks(struct parsing *parsing, struct span body, char *out, size_t *ret_len)
{
	const char *at = (const char *)body.at, *end = at + body.len;
	bool additions = false;
	char *to = out;

	for (unsigned line = 2; at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline == NULL)
			return fault(parsing->note, parsing->path, line, "no newline at the end");
		if (newline - at <= MARK_BYTES || (*at != '-' && *at != '+') || at[1] != ' ')
			return fault(parsing->note, parsing->path, line, "expected \"- RECORD\" or \"+ RECORD\"");
		if (*at == '-' && additions)
			return fault(parsing->note, parsing->path, line, "a removal behind an addition");
		additions = *at == '+';
		parsing->removals += !additions;
		at += MARK_BYTES;
		memcpy(to, at, (size_t)(newline + 1 - at));
		to += newline + 1 - at;
		at = newline + 1;
	}
	*ret_len = (size_t)(to - out);
	return 0;
}

static int on_record(void *ctx, const struct record *record)
{
	struct parsing *parsing = ctx;

	return zone_changes_add(&parsing->set->changes, record->line > parsing->removals, record, parsing->note);
}

static uint32_t soa_serial(const struct zone_change *soa)
{
	return dns_get_u32(soa->rdata.at + soa->rdata.len - SOA_BEHIND_NAMES);
}

/* One SOA goes and one comes, at the apex, with the serials of the head. */
static int check_soa(const struct changeset *set, const char *path, struct err_note *note)
{
	struct span zone = { set->zone.wire, set->zone.len };
	unsigned count = 0;

	for (size_t i = 0; i < set->changes.count; i++) {
		const struct zone_change *change = &set->changes.list[i];

		if (change->type != DNS_SOA)
			continue;
		if (!span_equal(change->owner, zone) || soa_serial(change) != (change->add ? set->to : set->from))
			count = 2;
		count += change->add ? 16 : 1;
	}
	if (count == 17)
		return 0;
	err_note_set(note, path, 0, "expected that the SOA with serial %" PRIu32 " goes and one with %" PRIu32
		     " comes", set->from, set->to);
	return ERR_INVALID;
}

int changeset_parse(const char *path, struct span text, struct changeset *ret_set, struct err_note *note)
{
	struct changeset set = { 0 };
	struct parsing parsing = { .set = &set, .path = path, .note = note };
	size_t head_len, len;
	int err = read_head(path, text, &set, &head_len, note);

	if (err != 0)
		return err;
	char *body = mem_array(text.len - head_len + 1, 1);
	err = cut_marks(&parsing, (struct span){ text.at + head_len, text.len - head_len }, body, &len);
	if (err == 0) {
		err = rrtext_read(path, (struct span){ (const uint8_t *)body, len }, &set.zone, on_record, &parsing,
				  note);
		if (err != 0 && note->line != 0)
			note->line++;	/* the head */
	}
	mem_free(body);
	if (err == 0)
		err = zone_changes_sort(&set.changes, note);
	if (err == 0)
		err = check_soa(&set, path, note);
	if (err != 0)
		changeset_fini(&set);
	else
		*ret_set = set;
	return err;
}

struct text {
	char *at;
	size_t len, room;
};

static void append(struct text *text, const char *bytes)
{
	size_t len = strlen(bytes);

	if (text->room - text->len < len + 1) {
		text->room = (text->len + len + 1) * 2;
		text->at = mem_resize(text->at, text->room, 1);
	}
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
	text->at[text->len] = '\0';
}

char *changeset_print(const struct changeset *set, size_t *ret_len)
{
	char name[DNS_NAME_TEXT_MAX], serials[32];
	struct text text = { 0 };

	snprintf(serials, sizeof serials, " %" PRIu32 " %" PRIu32 "\n", set->from, set->to);
	append(&text, HEAD);
	append(&text, name_print(set->zone.wire, name));
	append(&text, serials);
	for (int add = 0; add <= 1; add++) {
		for (size_t i = 0; i < set->changes.count; i++) {
			const struct zone_change *change = &set->changes.list[i];

			if (change->add != (add != 0))
				continue;
			char *line = rrtext_line(change->owner, change->type, change->ttl, change->rdata);
			append(&text, add ? "+ " : "- ");
			append(&text, line);
			append(&text, "\n");
			mem_free(line);
		}
	}
	*ret_len = text.len;
	return text.at;
}

int changeset_combine(const struct changeset *first, const struct changeset *second, struct changeset *ret_set,
		      struct err_note *note)
{
	struct changeset set = { .zone = first->zone, .from = first->from, .to = second->to };

	if (first->zone.len != second->zone.len || memcmp(first->zone.wire, second->zone.wire, first->zone.len) != 0
	    || first->to != second->from || first->from == second->to) {
		err_note_set(note, NULL, 0, "the changesets do not follow each other: %" PRIu32 " to %" PRIu32
			     ", then %" PRIu32 " to %" PRIu32, first->from, first->to, second->from, second->to);
		return ERR_INVALID;
	}
	int err = zone_changes_combine(&first->changes, &second->changes, &set.changes, note);
	if (err == 0)
		*ret_set = set;
	return err;
}
