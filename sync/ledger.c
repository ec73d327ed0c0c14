/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/hash.h"
#include "zone/wire.h"

enum {
	FILE_MAX = 64 << 20,
	DIGITS = 2 * LTHASH_SUM_BYTES,
	LINE_MAX_BYTES = 3 * 21 + DIGITS + DNS_NAME_TEXT_MAX + 8,
	IDLE_LINES = 1024,		/* that may lie there without use before the file is written anew */
};

static void push(struct ledger *ledger, const struct ledger_entry *entry)
{
	void *list = ledger->list;

	mem_grow(&list, &ledger->room, ledger->count, sizeof *ledger->list);
	ledger->list = list;
	ledger->list[ledger->count] = *entry;
	ledger->list[ledger->count++].zone = mem_string(entry->zone);
}

/* Older than a week, or more than there is room for. */
static void forget(struct ledger *ledger, int64_t now_s)
{
	size_t old = ledger->count > LEDGER_MAX ? ledger->count - LEDGER_MAX : 0;

	while (old < ledger->count && ledger->list[old].at_s < now_s - LEDGER_WEEK_S)
		old++;
	for (size_t i = 0; i < old; i++)
		mem_free(ledger->list[i].zone);
	if (old > 0)
		memmove(ledger->list, ledger->list + old, (ledger->count - old) * sizeof *ledger->list);
	ledger->count -= old;
}

/* ---- lines: TIME HAD REMOVED BODY ZONE ---- */

static size_t print(const struct ledger_entry *entry, char *out)
{
	char digits[DIGITS + 1];

	hash_put_hex((struct span){ entry->body, sizeof entry->body }, digits);
	return (size_t)snprintf(out, LINE_MAX_BYTES, "%" PRId64 " %" PRIu64 " %" PRIu64 " %s %s\n", entry->at_s, entry->had,
				entry->removed, digits, entry->zone);
}

static bool parse(char *line, struct ledger_entry *ret)
{
	char digits[DIGITS + 1], *zone = strrchr(line, ' ');
	int used = 0;

	/* The format has no other blanks, so that the zone is what is behind the last. */
	if (zone == NULL || zone[1] == '\0' || strlen(zone + 1) >= DNS_NAME_TEXT_MAX
	    || sscanf(line, "%" SCNd64 " %" SCNu64 " %" SCNu64 " %64[0-9a-f] %n", &ret->at_s, &ret->had, &ret->removed, digits,
		      &used) != 4
	    || line + used != zone + 1 || hash_get_hex(digits, ret->body, sizeof ret->body) != sizeof ret->body)
		return false;
	ret->zone = zone + 1;
	return true;
}

static int write_all(struct ledger *ledger, struct err_note *note)
{
	char *text = mem_alloc(ledger->count * LINE_MAX_BYTES + 1);
	size_t len = 0;

	for (size_t i = 0; i < ledger->count; i++)
		len += print(&ledger->list[i], text + len);
	int err = file_replace(ledger->path, text, len, 0600);
	mem_free(text);
	if (err != 0) {
		err_note_set(note, ledger->path, 0, "cannot be written: %s", err_text(err));
		return err;
	}
	ledger->lines = ledger->count;
	ledger->torn = false;
	return 0;
}

static int append(struct ledger *ledger, size_t count, struct err_note *note)
{
	char *text = mem_alloc(count * LINE_MAX_BYTES + 1);
	size_t len = 0;
	int err = 0;

	for (size_t i = ledger->count - count; i < ledger->count; i++)
		len += print(&ledger->list[i], text + len);
	int fd = open(ledger->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		err = -errno;
	else {
		ssize_t wrote = write(fd, text, len);

		/* A part of a line is torn: the next ones must not be written behind it. */
		ledger->torn = wrote != (ssize_t)len;
		err = wrote < 0 ? -errno : ledger->torn ? -ENOSPC : fdatasync(fd) != 0 ? -errno : 0;
		close(fd);
	}
	mem_free(text);
	if (err != 0) {
		ledger->torn = true;	/* all of it the next time */
		err_note_set(note, ledger->path, 0, "cannot be written: %s", err_text(err));
	} else {
		ledger->lines += count;
	}
	return err;
}

/* ---- life ---- */

void ledger_open(struct ledger *ledger, const char *path, int64_t now_s, struct err_list *warnings)
{
	struct ledger_entry entry;
	uint8_t *bytes;
	size_t len, bad = 0;
	int err = file_read(path, FILE_MAX, &bytes, &len);

	*ledger = (struct ledger){ .path = mem_string(path) };
	if (err == -ENOENT)
		return;
	if (err != 0) {
		err_list_add(warnings, path, 0, "cannot be read, what was served lately is not known: %s", err_text(err));
		ledger->torn = true;
		return;
	}
	ledger->torn = len > 0 && bytes[len - 1] != '\n';
	for (char *line = (char *)bytes, *end; (end = memchr(line, '\n', (size_t)((char *)bytes + len - line))) != NULL;
	     line = end + 1) {
		*end = '\0';
		ledger->lines++;
		if (parse(line, &entry))
			push(ledger, &entry);
		else
			bad++;
	}
	mem_free(bytes);
	if (bad > 0)
		err_list_add(warnings, path, 0, "%zu lines are damaged and passed over", bad);
	forget(ledger, now_s);
}

void ledger_fini(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		mem_free(ledger->list[i].zone);
	mem_free(ledger->list);
	mem_free(ledger->path);
	*ledger = (struct ledger){ 0 };
}

int ledger_add(struct ledger *ledger, const struct ledger_entry *entries, size_t count, int64_t now_s,
	       struct err_note *note)
{
	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		push(ledger, &entries[i]);
	forget(ledger, now_s);
	if (count > ledger->count)
		count = ledger->count;
	return ledger->torn || ledger->lines + count > 2 * ledger->count + IDLE_LINES ? write_all(ledger, note)
		: append(ledger, count, note);
}

/* ---- asking ---- */

static bool is_counted(const uint8_t body[LTHASH_SUM_BYTES])
{
	static const uint8_t none[LTHASH_SUM_BYTES];

	return memcmp(body, none, sizeof none) != 0;
}

/* Those of one zone, newest first; the caller's. */
static const struct ledger_entry **entries_of(const struct ledger *ledger, const char *zone, size_t *ret_count)
{
	const struct ledger_entry **list = NULL;
	size_t count = 0, room = 0;
	void *grown = NULL;

	for (size_t i = ledger->count; i > 0; i--) {
		if (strcmp(ledger->list[i - 1].zone, zone) != 0)
			continue;
		mem_grow(&grown, &room, count, sizeof *list);
		list = grown;
		list[count++] = &ledger->list[i - 1];
	}
	*ret_count = count;
	return list;
}

/* Each entry is a change from its body to that of the next one. Where the zone was in one state twice, what lies between
 * was gone back from: it is passed over, from the later time to the first. So who goes to and fro between states that
 * were served, which no guard holds up, is where he was. */
uint64_t ledger_removed(const struct ledger *ledger, const char *zone, const uint8_t body[LTHASH_SUM_BYTES],
			int64_t now_s, uint64_t *ret_had)
{
	size_t count;
	const struct ledger_entry **list = entries_of(ledger, zone, &count);
	uint64_t removed = 0;

	*ret_had = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = count; j > i && is_counted(body); j--) {
			if (memcmp(list[j - 1]->body, body, LTHASH_SUM_BYTES) == 0) {
				i = j;
				break;
			}
		}
		if (i == count || list[i]->at_s <= now_s - LEDGER_HOUR_S || list[i]->had == 0)
			break;
		removed += list[i]->removed;
		*ret_had = list[i]->had;
		body = list[i]->body;
	}
	mem_free(list);
	return removed;
}

bool ledger_served(const struct ledger *ledger, const char *zone, const uint8_t body[LTHASH_SUM_BYTES], int64_t now_s)
{
	if (!is_counted(body))
		return false;
	for (size_t i = ledger->count; i > 0; i--) {
		const struct ledger_entry *entry = &ledger->list[i - 1];

		if (entry->at_s >= now_s - LEDGER_WEEK_S && memcmp(entry->body, body, LTHASH_SUM_BYTES) == 0
		    && strcmp(entry->zone, zone) == 0)
			return true;
	}
	return false;
}
