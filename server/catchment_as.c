/* SPDX-License-Identifier: Apache-2.0 */
#include "server/catchment_as.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 256, BLANKS = 3 };

static const char blanks[] = " \t\r\n";

static int compare(const struct address *a, const struct address *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return (a->low > b->low) - (a->low < b->low);
}

static int by_address(const void *a, const void *b)
{
	return compare(&((const struct catchment_as *)a)->prefix.first, &((const struct catchment_as *)b)->prefix.first);
}

static bool covers(const struct prefix *outer, const struct prefix *inner)
{
	struct address mask = address_mask(outer->bits);

	return outer->bits <= inner->bits && (inner->first.high & mask.high) == outer->first.high
	       && (inner->first.low & mask.low) == outer->first.low;
}

/* The first of list that does not stand before address. */
static size_t first_from(const struct catchment_as *list, size_t count, const struct address *address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&list[middle].prefix.first, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* False: the line is not one. Cut at its blanks. */
static bool parse(char *line, struct prefix *ret_prefix, const char **ret_as)
{
	char text[PREFIX_TEXT_MAX], *rest, *words[BLANKS];
	size_t count = 0;

	for (char *word = strtok_r(line, blanks, &rest); word != NULL; word = strtok_r(NULL, blanks, &rest)) {
		if (count == BLANKS)
			return false;
		words[count++] = word;
	}
	if (count < 2)
		return false;
	int len = count == 2 ? snprintf(text, sizeof text, "%s", words[0]) : snprintf(text, sizeof text, "%s/%s", words[0], words[1]);
	*ret_as = words[count - 1];
	return len > 0 && (size_t)len < sizeof text && prefix_parse(text, ret_prefix) == 0;
}

static void take(struct catchment_as *list, size_t count, const struct prefix *prefix, const char *as)
{
	for (size_t i = first_from(list, count, &prefix->first); i < count && covers(prefix, &list[i].prefix); i++) {
		if (list[i].as[0] != '\0' && list[i].bits > prefix->bits)
			continue;
		list[i].bits = prefix->bits;
		snprintf(list[i].as, sizeof list[i].as, "%s", as);
	}
}

static int look_up(FILE *file, const char *path, struct catchment_as *list, size_t count, struct err_note *note)
{
	char line[LINE_MAX_BYTES];

	for (unsigned number = 1; fgets(line, sizeof line, file) != NULL; number++) {
		struct prefix prefix;
		const char *as;

		if (strchr(line, '\n') == NULL && !feof(file)) {
			err_note_set(note, path, number, "longer than %d bytes", LINE_MAX_BYTES - 2);
			return ERR_SYNTAX;
		}
		line[strcspn(line, "#")] = '\0';
		if (line[strspn(line, blanks)] == '\0')
			continue;
		if (!parse(line, &prefix, &as)) {
			err_note_set(note, path, number, "expected PREFIX AS or ADDRESS LENGTH AS");
			return ERR_SYNTAX;
		}
		take(list, count, &prefix, as);
	}
	if (!ferror(file))
		return 0;
	err_note_set(note, path, 0, "cannot be read: %s", strerror(errno));
	return -EIO;
}

int catchment_as_look_up(const char *path, struct catchment_as *list, size_t count, struct err_note *note)
{
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		int err = -errno;

		err_note_set(note, path, 0, "cannot be read: %s", err_text(err));
		return err;
	}
	if (count > 0)
		qsort(list, count, sizeof *list, by_address);
	int err = look_up(file, path, list, count, note);
	fclose(file);
	return err;
}

const char *catchment_as_of(const struct catchment_as *list, size_t count, const struct prefix *prefix)
{
	size_t i = first_from(list, count, &prefix->first);

	return i < count && compare(&list[i].prefix.first, &prefix->first) == 0 ? list[i].as : "";
}
