/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of cookies and tickets: what one is, made, rolled, and sealed to those who shall have it. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_secret.h"
#include "sync/publish_tree.h"

enum { LINES = 3, LINE_MAX_BYTES = 161 };

static struct publish_work work;

static int make_work(void **state)
{
	struct json_view *nodes;

	(void)state;
	work = (struct publish_work){ .folder = publish_tree_make("test-secret"), .config = json_build_object() };
	nodes = json_build_object_in(work.config, "nodes");
	/* The base point and its double: public keys that are good. */
	json_build_set_text(json_build_object_in(nodes, "fra1"), "box",
			    "0900000000000000000000000000000000000000000000000000000000000000");
	json_build_set_text(json_build_object_in(nodes, "ams1"), "box",
			    "fb4e68dd9c46ae5c5c0b351eed5c3f8f1471157d680c75d9b7f17318d542d320");
	json_build_object_in(nodes, "lon1");	/* its key is not known */
	return work.folder != NULL ? 0 : -1;
}

static int remove_work(void **state)
{
	(void)state;
	publish_tree_remove(work.folder);
	mem_free(work.folder);
	json_view_free(work.config);
	return 0;
}

static void what_a_secret_is(void **state)
{
#define HEX16 "000102030405060708090a0b0c0d0e0f"
	static const struct {
		const char *use, *text;
		size_t len;		/* 0: as text */
		bool good;
	} rows[] = {
		{ "cookies", HEX16, 0, true }, { "cookies", HEX16 "\n", 0, true }, { "cookies", "sixteen bytes!!!", 0, true },
		{ "cookies", HEX16 "\n" HEX16 "\r\n\n " HEX16 " ", 0, true },
		{ "cookies", "", 0, false }, { "cookies", "\n \n", 0, false }, { "cookies", HEX16 "0", 0, false },
		{ "cookies", HEX16 HEX16, 0, false }, { "cookies", HEX16 "\n" HEX16 "x", 0, false },
		{ "cookies", "g0" HEX16, 0, false }, { "cookies", HEX16 "\0" HEX16, 65, false },
		{ "cookies", HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16, 0, true },
		{ "cookies", HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16 "\n" HEX16, 0,
		  false },
		{ "tickets", HEX16 HEX16 HEX16 HEX16 HEX16, 0, true }, { "tickets", HEX16 HEX16 HEX16, 0, true },
		{ "tickets", HEX16 HEX16 HEX16 "\n" HEX16 HEX16 HEX16 HEX16 HEX16 "\n", 0, true },
		{ "tickets", HEX16, 0, false }, { "tickets", "forty-eight bytes of a ticket key, as they may b", 0, true },
		{ "tickets", "eighty bytes of a ticket key, which are as many as this line has when it is made", 0, true },
		{ "tickets", HEX16 HEX16 HEX16 HEX16, 0, false },
	};
#undef HEX16

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *path = mem_format("secrets/%s/main", rows[i].use);
		struct err_note note = { 0 };
		size_t len = rows[i].len != 0 ? rows[i].len : strlen(rows[i].text);
		int err = publish_secret_check(path, (struct span){ (const uint8_t *)rows[i].text, len }, &note);

		if ((err == 0) != rows[i].good || (err != 0) != (note.text[0] != '\0'))
			fail_msg("row %zu: %d %s", i, err, note.text);
		mem_free(path);
	}
}

static size_t read_lines(struct json_view *item, char lines[LINES][LINE_MAX_BYTES], char **ret_text)
{
	uint8_t *text;
	size_t len;

	memset(lines, 0, LINES * LINE_MAX_BYTES);
	assert_int_equal(file_read(json_view_text(json_view_member(item, "file")), PUBLISH_SECRET_MAX, &text, &len), 0);
	int count = sscanf((char *)text, "%160s %160s %160s", lines[0], lines[1], lines[2]);
	*ret_text = (char *)text;
	return count > 0 ? (size_t)count : 0;
}

/* As a release does. */
static void release(struct json_view *item, const char *text)
{
	char *mark = publish_secret_mark(&work, item, span_string(text));

	json_build_set_text(item, "mark", mark);
	mem_free(mark);
}

static void made_and_rolled(void **state)
{
	static const struct {
		const char *path;
		size_t digits;
	} rows[] = { { "secrets/cookies/main", 32 }, { "secrets/tickets/main", 160 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char first[LINES][LINE_MAX_BYTES], second[LINES][LINE_MAX_BYTES], third[LINES][LINE_MAX_BYTES], *text;
		struct json_view *item = json_build_object();
		struct err_note note = { 0 };

		assert_int_equal(publish_secret_new(&work, item, rows[i].path, &note), 0);
		assert_int_equal(read_lines(item, first, &text), 2);
		assert_int_equal(strlen(first[0]), rows[i].digits);
		assert_string_not_equal(first[0], first[1]);
		assert_int_equal(publish_secret_check(rows[i].path, span_string(text), &note), 0);

		/* No node knows the next one before it is released. */
		assert_int_equal(publish_secret_roll(&work, item, rows[i].path, &note), ERR_INVALID);
		assert_non_null(strstr(note.text, "release first"));
		release(item, text);
		mem_free(text);
		assert_int_equal(publish_secret_roll(&work, item, rows[i].path, &note), 0);
		assert_int_equal(read_lines(item, second, &text), 3);
		assert_string_equal(second[0], first[1]);	/* the next one is in use */
		assert_string_equal(second[2], first[0]);	/* the one before is taken */
		assert_int_equal(publish_secret_check(rows[i].path, span_string(text), &note), 0);
		assert_int_equal(publish_secret_roll(&work, item, rows[i].path, &note), ERR_INVALID);
		release(item, text);
		mem_free(text);
		assert_int_equal(publish_secret_roll(&work, item, rows[i].path, &note), 0);
		assert_int_equal(read_lines(item, third, &text), 3);
		mem_free(text);
		assert_string_equal(third[0], second[1]);
		assert_string_equal(third[2], second[0]);

		/* All anew: nothing of before. */
		assert_int_equal(publish_secret_new(&work, item, rows[i].path, &note), 0);
		assert_int_equal(read_lines(item, first, &text), 2);
		release(item, text);
		for (size_t j = 0; j < LINES; j++)
			assert_null(strstr(text, third[j]));
		mem_free(text);
		/* Of somebody else's making. */
		json_build_remove(item, "made");
		assert_int_equal(publish_secret_roll(&work, item, rows[i].path, &note), ERR_INVALID);
		assert_non_null(strstr(note.text, "was not made here"));
		json_view_free(item);
	}
}

static struct json_view *item_for(const char *to)
{
	struct json_view *item = json_build_object(), *list;

	if (strcmp(to, "*") == 0) {
		json_build_set_text(item, "to", to);
		return item;
	}
	list = json_build_list_in(item, "to");
	for (; *to != '\0'; to += strcspn(to, " "), to += *to == ' ') {
		char *name = mem_format("%.*s", (int)strcspn(to, " "), to);

		json_build_append_text(list, name);
		mem_free(name);
	}
	return item;
}

static void sealed_for_readers(void **state)
{
	static const struct {
		const char *to, *sealed, *fault;
	} rows[] = {
		{ "*", "ams1 fra1", NULL }, { "fra1", "fra1", NULL }, { "ams1 fra1", "ams1 fra1", NULL }, { "", "", NULL },
		{ "fra1 lon1", NULL, "secrets/cookies/main: node lon1 has no good box key: add node lon1 --box HEX" },
		{ "nobody", NULL, "secrets/cookies/main: node nobody has no good box key: add node nobody --box HEX" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_view *item = item_for(rows[i].to), *view;
		struct err_list errors = { 0 };
		struct json_member member = { 0 };
		struct publish_bytes content;
		struct err_note note;
		int err = publish_secret_seal(&work, item, "secrets/cookies/main", span_string("secret"), &content, &errors);

		assert_int_equal(err, rows[i].fault != NULL ? ERR_INVALID : 0);
		if (err != 0) {
			assert_string_equal(errors.notes[0].text, rows[i].fault);
		} else {
			char *names = mem_string("");

			view = json_view_parse((struct span){ content.bytes, content.len }, &note);
			while (json_view_next(json_view_member(view, "sealed"), &member)) {
				char *more = mem_format("%s%s%s", names, names[0] != '\0' ? " " : "", member.name);

				mem_free(names);
				names = more;
				assert_int_equal(strlen(json_view_text(member.value)), 72);	/* 6 + 48 bytes */
				assert_null(strstr(json_view_text(member.value), "secret"));
			}
			assert_string_equal(names, rows[i].sealed);
			mem_free(names);
			mem_free(content.bytes);
			json_view_free(view);
		}
		err_list_fini(&errors);
		json_view_free(item);
	}
}

/* Anew when the content, a reader or the key of one is another; not for their order in publish.json. */
static void marks(void **state)
{
	struct json_view *item = item_for("fra1 ams1"), *other = item_for("ams1 fra1"), *all = item_for("*"),
		*one = item_for("fra1");
	struct json_view *node = json_view_member(json_view_member(work.config, "nodes"), "ams1");
	char *mark = publish_secret_mark(&work, item, span_string("secret"));
	char *same[2] = { publish_secret_mark(&work, other, span_string("secret")),
		publish_secret_mark(&work, all, span_string("secret")) };
	char *box = mem_string(json_view_text(json_view_member(node, "box")));

	(void)state;
	assert_string_equal(mark, same[0]);
	assert_string_equal(mark, same[1]);
	json_build_set_text(node, "box", "0900000000000000000000000000000000000000000000000000000000000000");
	char *different[3] = { publish_secret_mark(&work, item, span_string("secret")), NULL, NULL };
	json_build_set_text(node, "box", box);
	different[1] = publish_secret_mark(&work, one, span_string("secret"));
	different[2] = publish_secret_mark(&work, item, span_string("another"));
	for (size_t i = 0; i < 3; i++) {
		assert_string_not_equal(mark, different[i]);
		mem_free(different[i]);
	}
	mem_free(same[0]);
	mem_free(same[1]);
	mem_free(mark);
	mem_free(box);
	json_view_free(item);
	json_view_free(other);
	json_view_free(all);
	json_view_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_secret_is),
		cmocka_unit_test(made_and_rolled),
		cmocka_unit_test(sealed_for_readers),
		cmocka_unit_test(marks),
	};

	return cmocka_run_group_tests(tests, make_work, remove_work);
}
