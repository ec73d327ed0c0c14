/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "conf/base/err.h"

static void test_text(void **state)
{
	static const struct {
		int err;
		const char *text;
	} cases[] = {
		{ 0, "done" },
		{ ERR_SYNTAX, "syntax error" },
		{ ERR_LIMIT, "over a limit" },
		{ ERR_INVALID, "not valid" },
		{ ERR_FORMAT, "damaged, or of another format version" },
		{ ERR_UNKNOWN, "no such thing" },
		{ ERR_UNAVAILABLE, "not available in this version" },
		{ -ENOENT, "No such file or directory" },
		{ -EADDRINUSE, "Address already in use" },
		{ -4000, "unknown error" },
		{ 1, "unknown error" },
		{ INT_MIN, "unknown error" },
		{ INT_MAX, "unknown error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(err_text(cases[i].err), cases[i].text);
}

static void test_note(void **state)
{
	static const struct {
		const char *file;
		unsigned line;
		const char *printed;
	} cases[] = {
		{ "f.conf", 7, "f.conf:7: number 3" },
		{ "f.conf", 0, "f.conf: number 3" },
		{ "", 7, "number 3" },
		{ NULL, 0, "number 3" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err_note note;

		err_note_set(&note, cases[i].file, cases[i].line, "number %d", 3);
		assert_string_equal(err_note_print(&note, buf, sizeof buf), cases[i].printed);
		assert_int_equal(strlen(err_note_print(&note, buf, 4)), 3);
		assert_memory_equal(buf, cases[i].printed, 3);
	}
}

static void test_long_note(void **state)
{
	char text[2000];
	struct err_note note;

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	err_note_set(&note, text, 1, "%s", text);
	assert_int_equal(strlen(note.file), sizeof note.file - 1);
	assert_int_equal(strlen(note.text), sizeof note.text - 1);
}

static void test_list(void **state)
{
	struct err_list list = { 0 };

	(void)state;
	for (unsigned i = 0; i < ERR_LIST_MAX + 5; i++)
		err_list_add(&list, "f", i, "fault %u", i);
	assert_int_equal(list.count, ERR_LIST_MAX + 5);
	assert_int_equal(list.kept, ERR_LIST_MAX);
	assert_string_equal(list.notes[0].text, "fault 0");
	assert_string_equal(list.notes[ERR_LIST_MAX - 1].text, "fault 99");
	assert_int_equal(list.notes[ERR_LIST_MAX - 1].line, 99);
	err_list_fini(&list);
	assert_null(list.notes);
	assert_int_equal(list.count + list.kept, 0);
	err_list_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_long_note),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
