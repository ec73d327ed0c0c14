/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/floors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/hash.h"
#include "sync/tuf_match.h"

#define HEAD "catchment floors 1\n"

enum { SUM_LINE = sizeof "sum " - 1 + 2 * HASH_SHA256_BYTES + 1 };	/* with its newline */

void floors_fini(struct floors *floors)
{
	for (size_t i = 0; i < floors->role_count; i++)
		mem_free(floors->roles[i].name);
	mem_free(floors->roles);
	mem_free(floors->node);
	for (size_t i = 0; i < floors->refused_count; i++) {
		mem_free(floors->refused[i].release);
		mem_free(floors->refused[i].why);
	}
	*floors = (struct floors){ 0 };
}

static struct floors_role *find(const struct floors *floors, const char *role)
{
	for (size_t i = 0; i < floors->role_count; i++) {
		if (strcmp(floors->roles[i].name, role) == 0)
			return &floors->roles[i];
	}
	return NULL;
}

int64_t floors_version(const struct floors *floors, const char *role)
{
	const struct floors_role *found = find(floors, role);

	return found != NULL ? found->version : 0;
}

void floors_set(struct floors *floors, const char *role, int64_t version)
{
	struct floors_role *found = find(floors, role);
	void *roles = floors->roles;

	if (found != NULL) {
		found->version = version;
		return;
	}
	if (floors->role_count == FLOORS_ROLES_MAX)
		return;
	mem_grow(&roles, &floors->role_room, floors->role_count, sizeof *floors->roles);
	floors->roles = roles;
	floors->roles[floors->role_count++] = (struct floors_role){ mem_string(role), version };
}

/* Its place, or refused_count. */
static size_t find_refused(const struct floors *floors, const char *release)
{
	size_t i = 0;

	while (i < floors->refused_count && strcmp(floors->refused[i].release, release) != 0)
		i++;
	return i;
}

static void drop_refused(struct floors *floors, size_t i)
{
	mem_free(floors->refused[i].release);
	mem_free(floors->refused[i].why);
	floors->refused_count--;
	memmove(&floors->refused[i], &floors->refused[i + 1], (floors->refused_count - i) * sizeof *floors->refused);
}

void floors_refuse(struct floors *floors, const char *release, unsigned items, const char *why)
{
	struct floors_refused entry = { mem_string(release), items, mem_string(why) };

	/* A line of the file is one line. */
	for (char *at = entry.why; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ')
			*at = ' ';
	}
	floors_allow(floors, release);
	if (floors->refused_count == FLOORS_REFUSED_MAX)
		drop_refused(floors, 0);
	floors->refused[floors->refused_count++] = entry;
}

bool floors_allow(struct floors *floors, const char *release)
{
	size_t i = find_refused(floors, release);

	if (i == floors->refused_count)
		return false;
	drop_refused(floors, i);
	return true;
}

const struct floors_refused *floors_refused(const struct floors *floors, const char *release)
{
	size_t i = find_refused(floors, release);

	return i < floors->refused_count ? &floors->refused[i] : NULL;
}

/* "RELEASE ITEMS WHY", or "RELEASE" as it once was: a release has no blanks. */
static void take_refused(struct floors *floors, char *value)
{
	char *end = strchr(value, ' ');
	unsigned long items = 0;

	if (end != NULL) {
		*end++ = '\0';
		items = strtoul(end, &end, 10);
		end += *end == ' ';
	}
	floors_refuse(floors, value, (unsigned)items, end != NULL ? end : "");
}

void floors_own(struct floors *floors, const char *node)
{
	char *copy = mem_string(node);

	mem_free(floors->node);
	floors->node = copy;
}

static char *path_of(const char *folder, uint64_t sequence)
{
	return mem_format("%s/floor.%c", folder, sequence % 2 != 0 ? 'a' : 'b');
}

/* ---- reading ---- */

static bool sum_is_good(const char *text, size_t len)
{
	char digits[2 * HASH_SHA256_BYTES + 1];
	uint8_t digest[HASH_SHA256_BYTES];

	if (len < SUM_LINE + sizeof HEAD - 1 || memcmp(text, HEAD, sizeof HEAD - 1) != 0
	    || memcmp(text + len - SUM_LINE, "sum ", 4) != 0 || text[len - 1] != '\n')
		return false;
	hash_sha256((struct span){ (const uint8_t *)text, len - SUM_LINE }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	return memcmp(text + len - SUM_LINE + 4, digits, sizeof digits - 1) == 0;
}

/* One line, cut at its first blank. What is not known is of a later version: passed over. */
static void take_line(struct floors *floors, const char *key, char *value)
{
	if (strcmp(key, "sequence") == 0)
		floors->sequence = strtoull(value, NULL, 10);
	else if (strcmp(key, "time") == 0)
		floors->time_s = strtoll(value, NULL, 10);
	else if (strcmp(key, "fetched") == 0)
		floors->fetched_s = strtoll(value, NULL, 10);
	else if (strcmp(key, "expires") == 0)
		floors->expires_s = strtoll(value, NULL, 10);
	else if (strcmp(key, "active") == 0)
		floors->active = strtoull(value, NULL, 10);
	else if (strcmp(key, "refused") == 0)
		take_refused(floors, value);
	else if (strcmp(key, "node") == 0)
		floors_own(floors, value);
	else if (strcmp(key, "soak") == 0)
		floors->soak_s = strtoll(value, NULL, 10);
	else if (strcmp(key, "role") == 0) {
		char *name = strchr(value, ' ');

		if (name != NULL)
			floors_set(floors, name + 1, strtoll(value, NULL, 10));
	}
}

static void take_lines(struct floors *floors, char *text, size_t len)
{
	text[len - SUM_LINE] = '\0';
	for (char *line = text + sizeof HEAD - 1, *next; *line != '\0'; line = next) {
		char *end = strchr(line, '\n'), *blank;

		next = end + 1;
		*end = '\0';
		blank = strchr(line, ' ');
		if (blank == NULL)
			continue;
		*blank = '\0';
		take_line(floors, line, blank + 1);
	}
}

/* 0, -ENOENT, ERR_FORMAT, or -errno. */
static int load_one(const char *folder, uint64_t which, struct floors *ret)
{
	char *path = path_of(folder, which);
	uint8_t *bytes;
	size_t len;
	int err = file_read(path, FLOORS_BYTES_MAX, &bytes, &len);

	mem_free(path);
	if (err != 0)
		return err == ERR_LIMIT ? ERR_FORMAT : err;
	*ret = (struct floors){ 0 };
	if (memchr(bytes, '\0', len) == NULL && sum_is_good((const char *)bytes, len))
		take_lines(ret, (char *)bytes, len);
	mem_free(bytes);
	if (ret->sequence != 0 && ret->sequence % 2 == which)
		return 0;
	floors_fini(ret);
	return ERR_FORMAT;
}

int floors_load(const char *folder, struct floors *ret, struct err_note *note)
{
	struct floors two[2] = { { 0 }, { 0 } };
	int err[2] = { load_one(folder, 0, &two[0]), load_one(folder, 1, &two[1]) };
	int newer = two[1].sequence > two[0].sequence;

	*ret = two[newer];
	floors_fini(&two[!newer]);
	for (int i = 0; i < 2; i++) {
		/* From the second writing on there are two. */
		if (err[i] == 0 || (err[i] == -ENOENT && ret->sequence < 2))
			continue;
		err_note_set(note, folder, 0, "floor.%c is %s; %s", i == 1 ? 'a' : 'b',
			     err[i] == ERR_FORMAT ? "damaged" : err[i] == -ENOENT ? "gone" : err_text(err[i]),
			     ret->sequence != 0 ? "the other one is used, which may be one step older"
						: "no other one is whole: what was seen is taken from the metadata and the generations");
		return err[i];
	}
	return 0;
}

/* ---- writing ---- */

struct text {
	char *at;
	size_t len, room;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list args;

	for (;;) {
		va_start(args, format);
		int len = vsnprintf(text->at + text->len, text->room - text->len, format, args);
		va_end(args);
		if ((size_t)len < text->room - text->len) {
			text->len += (size_t)len;
			return;
		}
		text->room = text->room * 2 + (size_t)len + 1;
		text->at = mem_resize(text->at, text->room, 1);
	}
}

int floors_save(const char *folder, struct floors *floors, struct err_note *note)
{
	struct text text = { mem_alloc(4096), 0, 4096 };
	char digits[2 * HASH_SHA256_BYTES + 1];
	uint8_t digest[HASH_SHA256_BYTES];
	uint64_t sequence = floors->sequence + 1;

	add(&text, HEAD "sequence %" PRIu64 "\ntime %" PRId64 "\nfetched %" PRId64 "\nexpires %" PRId64
	    "\nactive %" PRIu64 "\n", sequence, floors->time_s, floors->fetched_s, floors->expires_s, floors->active);
	if (floors->node != NULL)
		add(&text, "node %s\n", floors->node);
	if (floors->soak_s != 0)
		add(&text, "soak %" PRId64 "\n", floors->soak_s);
	for (size_t i = 0; i < floors->refused_count; i++)
		add(&text, "refused %s %u %s\n", floors->refused[i].release, floors->refused[i].items,
		    floors->refused[i].why);
	for (size_t i = 0; i < floors->role_count; i++) {
		/* A role's name is the repository's: one with a newline would be a line of its own. */
		if (tuf_path_is_good(floors->roles[i].name))
			add(&text, "role %" PRId64 " %s\n", floors->roles[i].version, floors->roles[i].name);
	}
	hash_sha256((struct span){ (const uint8_t *)text.at, text.len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	add(&text, "sum %s\n", digits);
	char *path = path_of(folder, sequence);
	int err = file_replace(path, text.at, text.len, 0644);
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	else
		floors->sequence = sequence;
	mem_free(path);
	mem_free(text.at);
	return err;
}
