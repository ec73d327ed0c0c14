/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/guards.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/hash.h"
#include "sync/json_view.h"
#include "sync/lthash.h"
#include "zone/text.h"
#include "zone/walk.h"

enum { NOT_GIVEN = -1, TYPES_MAX = 64, OVERRIDES_MAX = 1024, TYPE_RRSIG = 46, TYPE_NSEC = 47, TYPE_NSEC3 = 50 };

struct guard {
	char *glob;
	int64_t max_removed_permille, max_removed, max_growth_permille, max_raw, ttl_min, ttl_max;
	uint16_t frozen[TYPES_MAX], forbidden[TYPES_MAX];
	size_t frozen_count, forbidden_count;
};

struct guards {
	struct guard *list;
	size_t count;
	char **overrides;
	size_t override_count;
	size_t unbound;		/* that lift nothing */
};

void guards_free(struct guards *guards)
{
	if (guards == NULL)
		return;
	for (size_t i = 0; i < guards->count; i++)
		mem_free(guards->list[i].glob);
	for (size_t i = 0; i < guards->override_count; i++)
		mem_free(guards->overrides[i]);
	mem_free(guards->list);
	mem_free(guards->overrides);
	mem_free(guards);
}

/* ---- reading ---- */

static int fault(struct err_note *note, const char *glob, const char *what)
{
	err_note_set(note, "policy/guards.json", 0, "zones[\"%.100s\"]: %s", glob, what);
	return ERR_INVALID;
}

static bool read_number(struct json_view *from, const char *name, int64_t *ret)
{
	struct json_view *value = json_view_member(from, name);

	*ret = NOT_GIVEN;
	return value == NULL || (json_view_integer(value, ret) && *ret >= 0);
}

static bool read_types(struct json_view *list, uint16_t types[TYPES_MAX], size_t *ret_count)
{
	size_t count = json_view_count(list);

	if (list == NULL)
		return true;
	if (!json_view_is_list(list) || count > TYPES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_view_text(json_view_at(list, i));

		if (text == NULL || zone_text_type_parse(text, &types[i]) != 0)
			return false;
	}
	*ret_count = count;
	return true;
}

static bool is_known(const char *name)
{
	static const char *const names[] = {
		"max_removed_permille", "max_removed", "max_growth_permille", "frozen_apex", "ttl", "max_raw", "forbidden",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int read_guard(const char *glob, struct json_view *from, struct guard *guard, struct err_note *note)
{
	struct json_view *ttl = json_view_member(from, "ttl");
	struct json_member member = { 0 };

	guard->glob = mem_string(glob);
	guard->ttl_min = guard->ttl_max = NOT_GIVEN;
	/* A rail that nobody here understands must not look as if it held. */
	while (json_view_next(from, &member)) {
		if (is_known(member.name))
			continue;
		char *what = mem_format("it has a guard that this version does not know: %.100s", member.name);
		int err = fault(note, glob, what);
		mem_free(what);
		return err;
	}
	if (!json_view_is_object(from) || !read_number(from, "max_removed_permille", &guard->max_removed_permille)
	    || !read_number(from, "max_removed", &guard->max_removed)
	    || !read_number(from, "max_growth_permille", &guard->max_growth_permille)
	    || !read_number(from, "max_raw", &guard->max_raw))
		return fault(note, glob, "expected numbers of 0 and above");
	if (ttl != NULL && (json_view_count(ttl) != 2 || !json_view_integer(json_view_at(ttl, 0), &guard->ttl_min)
			    || !json_view_integer(json_view_at(ttl, 1), &guard->ttl_max)))
		return fault(note, glob, "ttl: expected [LEAST, MOST]");
	if (!read_types(json_view_member(from, "frozen_apex"), guard->frozen, &guard->frozen_count)
	    || !read_types(json_view_member(from, "forbidden"), guard->forbidden, &guard->forbidden_count))
		return fault(note, glob, "expected a list of at most 64 types");
	return 0;
}

static bool is_of_zone(const char *override, const char *zone)
{
	size_t len = strlen(zone);

	return strncmp(override, zone, len) == 0 && override[len] == ' ';
}

static int read_override(struct json_view *from, struct guards *guards)
{
	const char *zone = json_view_text(json_view_member(from, "zone")), *sum = json_view_text(json_view_member(from, "sum"));
	uint8_t bytes[LTHASH_SUM_BYTES];
	int64_t head;

	/* A number, or a text: the release of an older version. Whoever signs zones can say that it is that one. */
	if (!json_view_is_object(from)) {
		guards->unbound++;
		return json_view_is_list(from) ? ERR_INVALID : 0;
	}
	if (zone == NULL || sum == NULL || hash_get_hex(sum, bytes, sizeof bytes) != (int)sizeof bytes
	    || !json_view_integer(json_view_member(from, "head"), &head) || head < 0 || head > UINT32_MAX)
		return ERR_INVALID;
	char *id = guards_content_id(zone, (uint32_t)head, sum);
	size_t len = strcspn(id, " ");
	id[len] = '\0';
	for (size_t i = 0; i < guards->override_count; i++) {
		if (is_of_zone(guards->overrides[i], id)) {
			mem_free(id);
			return ERR_INVALID;
		}
	}
	id[len] = ' ';
	guards->overrides[guards->override_count++] = id;
	return 0;
}

static int read_overrides(struct json_view *list, struct guards *guards, struct err_note *note)
{
	size_t count = json_view_count(list);

	if (list != NULL && (!json_view_is_list(list) || count > OVERRIDES_MAX)) {
		err_note_set(note, "policy/guards.json", 0, "overrides: expected a list of at most %d", OVERRIDES_MAX);
		return ERR_INVALID;
	}
	guards->overrides = mem_array(count, sizeof(char *));
	for (size_t i = 0; i < count; i++) {
		if (read_override(json_view_at(list, i), guards) != 0) {
			err_note_set(note, "policy/guards.json", 0, "overrides[%zu]: expected {\"zone\":NAME,\"head\":SERIAL,"
				     "\"sum\":64 hexadecimal digits}, one for a zone", i);
			return ERR_INVALID;
		}
	}
	return 0;
}

int guards_parse(struct span json, struct guards **ret, struct err_note *note)
{
	struct json_view *document = json_view_parse(json, note);
	struct json_view *zones = json_view_member(document, "zones"), *overrides = json_view_member(document, "overrides");
	struct json_member member = { 0 };
	struct guards *guards;
	int64_t version = 0;
	int err = 0;

	if (document == NULL)
		return ERR_SYNTAX;
	if (!json_view_integer(json_view_member(document, "v"), &version) || version != 1
	    || (zones != NULL && !json_view_is_object(zones))) {
		json_view_free(document);
		err_note_set(note, "policy/guards.json", 0, "expected {\"v\":1,\"zones\":{...}}");
		return ERR_INVALID;
	}
	guards = mem_alloc(sizeof *guards);
	guards->list = mem_array(json_view_count(zones), sizeof *guards->list);
	while (err == 0 && zones != NULL && json_view_next(zones, &member))
		err = read_guard(member.name, member.value, &guards->list[guards->count++], note);
	if (err == 0)
		err = read_overrides(overrides, guards, note);
	json_view_free(document);
	if (err != 0) {
		guards_free(guards);
		return err;
	}
	*ret = guards;
	return 0;
}

/* ---- overrides ---- */

char *guards_content_id(const char *zone, uint32_t head, const char *sum)
{
	size_t len = strlen(zone);
	bool dot = len > 1 && zone[len - 1] == '.';
	char *id = mem_format("%.*s %" PRIu32 " %s", (int)(len - dot), zone, head, sum);

	for (char *at = id; *at != '\0'; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
	return id;
}

bool guards_lift(const struct guards *guards, const char *content_id)
{
	for (size_t i = 0; guards != NULL && i < guards->override_count; i++) {
		if (strcmp(guards->overrides[i], content_id) == 0)
			return true;
	}
	return false;
}

size_t guards_unbound(const struct guards *guards)
{
	return guards->unbound;
}

/* ---- checking ---- */

static bool is_for(const struct guard *guard, const char *zone)
{
	return fnmatch(guard->glob, zone, FNM_CASEFOLD) == 0;
}

uint64_t guards_max_raw(const struct guards *guards, const char *zone)
{
	uint64_t most = UINT64_MAX;

	for (size_t i = 0; guards != NULL && i < guards->count; i++) {
		const struct guard *guard = &guards->list[i];

		if (guard->max_raw != NOT_GIVEN && (uint64_t)guard->max_raw < most && is_for(guard, zone))
			most = (uint64_t)guard->max_raw;
	}
	return most;
}

static bool has_type(const uint16_t *types, size_t count, uint16_t type)
{
	for (size_t i = 0; i < count; i++) {
		if (types[i] == type)
			return true;
	}
	return false;
}

static int broken(struct err_note *note, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int broken(struct err_note *note, const char *format, ...)
{
	va_list args;

	*note = (struct err_note){ 0 };
	va_start(args, format);
	vsnprintf(note->text, sizeof note->text, format, args);
	va_end(args);
	return ERR_INVALID;
}

/* By RRset: changes stand in its order. */
uint64_t guards_removed(const struct zone_changes *changes)
{
	uint64_t removed = 0;

	for (size_t i = 0, next; i < changes->count; i = next) {
		const struct zone_change *first = &changes->list[i];
		int64_t net = 0;

		for (next = i; next < changes->count && changes->list[next].key == first->key
		     && span_equal(changes->list[next].owner, first->owner); next++)
			net += changes->list[next].add ? -1 : 1;
		if (net > 0 && first->type != TYPE_RRSIG && first->type != TYPE_NSEC && first->type != TYPE_NSEC3)
			removed += (uint64_t)net;
	}
	return removed;
}

/* Within the hour, so that many small steps are no way around. */
static int check_amount(const struct guard *guard, const struct zone_image_header *before,
			const struct zone_image_header *after, const struct zone_changes *changes,
			const struct guards_past *past, struct err_note *note)
{
	uint64_t removed = guards_removed(changes), had = past->had != 0 ? past->had : before->records;

	/* What takes nothing away is not held up by what went before it. */
	removed += removed != 0 ? past->removed : 0;
	had = had > 0 ? had : 1;
	const char *within = past->removed != 0 ? " within the hour" : "";
	if (guard->max_removed != NOT_GIVEN && removed > (uint64_t)guard->max_removed)
		return broken(note, "guard max_removed: %" PRIu64 " records would go%s, %" PRId64 " may", removed, within,
			      guard->max_removed);
	if (guard->max_removed_permille != NOT_GIVEN && removed * 1000 > had * (uint64_t)guard->max_removed_permille)
		return broken(note, "guard max_removed_permille: %" PRIu64 " of %" PRIu64 " records would go%s, %" PRId64
			      " in a thousand may", removed, had, within, guard->max_removed_permille);
	if (guard->max_growth_permille != NOT_GIVEN && after->records > before->records && after->records > had
	    && (after->records - had) * UINT64_C(1000) > had * (uint64_t)guard->max_growth_permille)
		return broken(note, "guard max_growth_permille: from %" PRIu64 " to %u records%s, %" PRId64
			      " in a thousand more may be", had, after->records, past->had != 0 ? " within the hour" : "",
			      guard->max_growth_permille);
	return 0;
}

static int check_record(const struct guard *guard, uint16_t type, uint32_t ttl, struct err_note *note)
{
	char text[ZONE_TEXT_TYPE_MAX];

	if (has_type(guard->forbidden, guard->forbidden_count, type))
		return broken(note, "guard forbidden: a record of type %s would come", zone_text_type(type, text));
	if (guard->ttl_min != NOT_GIVEN && (ttl < guard->ttl_min || ttl > guard->ttl_max))
		return broken(note, "guard ttl: %u is not from %" PRId64 " to %" PRId64, ttl, guard->ttl_min, guard->ttl_max);
	return 0;
}

static int check_changes(const struct guard *guard, const struct zone_image_header *before,
			 const struct zone_changes *changes, struct err_note *note)
{
	char text[ZONE_TEXT_TYPE_MAX];
	int err = 0;

	for (size_t i = 0; i < changes->count && err == 0; i++) {
		const struct zone_change *change = &changes->list[i];

		if (has_type(guard->frozen, guard->frozen_count, change->type) && change->owner.len == before->apex_len
		    && memcmp(change->owner.at, before->apex, before->apex_len) == 0)
			return broken(note, "guard frozen_apex: %s of the apex would change",
				      zone_text_type(change->type, text));
		if (change->add)
			err = check_record(guard, change->type, change->ttl, note);
	}
	return err;
}

static int check_all(const struct guard *guard, const struct zone_image_header *after, struct err_note *note)
{
	struct zone_walk walk = zone_walk_begin(after);
	int err = 0;

	for (const struct zone_node *node; err == 0 && (node = zone_walk_next(&walk)) != NULL;) {
		const struct zone_rrset *set = zone_node_first_set(node);

		for (unsigned i = 0; i < node->sets && err == 0; i++, set = zone_rrset_next(set))
			err = check_record(guard, zone_rrset_type(set), zone_rrset_ttl(set), note);
	}
	return err;
}

/* RFC 1982, 3.2 */
static bool rises(uint32_t from, uint32_t to)
{
	return from != to && to - from < UINT32_C(0x80000000);
}

bool guards_are_for(const struct guards *guards, const char *zone)
{
	for (size_t i = 0; guards != NULL && i < guards->count; i++) {
		if (is_for(&guards->list[i], zone))
			return true;
	}
	return false;
}

int guards_check(const struct guards *guards, const char *content_id, const char *zone,
		 const struct zone_image_header *before, const struct zone_image_header *after,
		 const struct zone_changes *changes, const struct guards_past *past, struct err_note *note)
{
	int err = 0;

	if (guards_lift(guards, content_id))
		return 0;
	for (size_t i = 0; i < guards->count && err == 0; i++) {
		const struct guard *guard = &guards->list[i];

		if (!is_for(guard, zone))
			continue;
		if (before == NULL) {
			err = check_all(guard, after, note);
			continue;
		}
		if (changes->count > 0 && !rises(before->serial, after->serial) && !(past->served && past->held_back))
			return broken(note, "guard serial: %u is not above %u", after->serial, before->serial);
		if (past->served)
			continue;
		err = check_amount(guard, before, after, changes, past, note);
		if (err == 0)
			err = check_changes(guard, before, changes, note);
	}
	return err;
}
