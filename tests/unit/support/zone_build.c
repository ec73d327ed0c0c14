/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/zone_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "zone/compile.h"
#include "zone/dump.h"
#include "zone/text.h"

static void say(char *said, const char *line)
{
	size_t len = strlen(said);

	snprintf(said + len, ZONE_BUILD_SAID_MAX - len, "%s\n", line);
}

static void say_notes(char *said, char kind, struct err_list *list)
{
	char line[1024];

	for (size_t i = 0; i < list->kept; i++) {
		snprintf(line, sizeof line, "%c %u %s", kind, list->notes[i].line, list->notes[i].text);
		say(said, line);
	}
	err_list_fini(list);
}

struct zone_image *zone_build(const char *origin, const char *text, char said[ZONE_BUILD_SAID_MAX])
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_image *image = NULL;
	struct err_note note;
	struct name apex;
	void *bytes;
	size_t size;

	if (name_from_text(origin, &apex) != 0)
		abort();
	struct zone_compile *compile = zone_compile_new(&apex);
	int read_err = zone_text_parse("test", text, strlen(text), &apex, zone_compile_add, compile, &errors);
	int err = zone_compile_finish(compile, &bytes, &size, &errors, &warnings);
	if ((read_err != 0 || err != 0) != (errors.count != 0))
		abort();	/* failures have faults, and faults are failures */
	if (err == 0 && read_err != 0)
		mem_free(bytes);
	else if (err == 0 && zone_image_open(bytes, size, true, &image, &note) != 0) {
		fprintf(stderr, "%s\n", note.text);
		abort();
	}
	zone_compile_free(compile);
	said[0] = '\0';
	say_notes(said, 'E', &errors);
	say_notes(said, 'W', &warnings);
	return image;
}

struct dump {
	char *text;
	size_t len;
};

static int add_line(void *ctx, const char *line, size_t len)
{
	struct dump *dump = ctx;

	dump->text = mem_resize(dump->text, dump->len + len + 2, 1);
	memcpy(dump->text + dump->len, line, len);
	dump->len += len;
	memcpy(dump->text + dump->len++, "\n", 2);
	return 0;
}

char *zone_build_dump(const struct zone_image *image)
{
	struct dump dump = { 0 };

	zone_dump(zone_image_header(image), add_line, &dump);
	return dump.text;
}

static int say_record(void *said, const struct record *record)
{
	char owner[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX], class[ZONE_TEXT_TYPE_MAX];
	char *rdata = zone_text_rdata(record->type, record->rdata.at, record->rdata.len);
	char *line = mem_format("%u %s %u %s %s %s", record->line, name_print(record->owner.at, owner), record->ttl,
				zone_text_class(record->class, class), zone_text_type(record->type, type), rdata);

	say(said, line);
	mem_free(line);
	mem_free(rdata);
	return 0;
}

void zone_build_read(const char *origin, const char *text, size_t len, char said[ZONE_BUILD_SAID_MAX])
{
	struct err_list errors = { 0 };
	struct name apex;

	if (name_from_text(origin, &apex) != 0)
		abort();
	said[0] = '\0';
	char *copy = mem_copy(text, len);	/* of exact size, for the address sanitizer */
	zone_text_parse("test", copy, len, &apex, say_record, said, &errors);
	mem_free(copy);
	say_notes(said, 'E', &errors);
}
