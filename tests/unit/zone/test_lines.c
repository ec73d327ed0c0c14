/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "zone/lines.h"

/* Every logical line as "LINE[>]:word|word", the faults as "LINE!text" behind them, each with a newline. */
static void print_lines(struct zone_lines *lines, char *out, size_t size)
{
	struct err_list errors = { 0 };
	size_t len = 0;

	out[0] = '\0';
	while (zone_lines_next(lines, &errors)) {
		len += (size_t)snprintf(out + len, size - len, "%u%s:", lines->line, lines->indented ? ">" : "");
		for (unsigned i = 0; i < lines->words; i++)
			len += (size_t)snprintf(out + len, size - len, "%s%s", i ? "|" : "", zone_lines_word(lines, i));
		len += (size_t)snprintf(out + len, size - len, "\n");
	}
	for (size_t i = 0; i < errors.kept; i++)
		len += (size_t)snprintf(out + len, size - len, "%u!%s\n", errors.notes[i].line, errors.notes[i].text);
	err_list_fini(&errors);
}

static void check(const char *text, size_t text_len, const char *expected)
{
	struct zone_lines lines;
	char out[4096];

	/* An exact copy, so that the address sanitizer sees one byte too many. */
	char *copy = mem_copy(text, text_len);
	zone_lines_init_memory(&lines, "test", copy, text_len);
	print_lines(&lines, out, sizeof out);
	assert_string_equal(out, expected);
	zone_lines_fini(&lines);
	mem_free(copy);
}

static void test_cutting(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "", "" },
		{ "\n\n ; only a comment\n\t\n", "" },
		{ "a b\tc", "1:a|b|c\n" },
		{ "a b c\n  d e\n", "1:a|b|c\n2>:d|e\n" },
		{ "a b\r\nc d\r\n", "1:a|b\n2:c|d\n" },
		{ "a;b c\nd ;e\n", "1:a\n2:d\n" },
		{ "a ( b ; x\n c\n) d\ne\n", "1:a|b|c|d\n4:e\n" },
		{ "a(b)c\n", "1:a|b|c\n" },
		{ "( a\nb )\n", "1:a|b\n" },
		{ "\n\n(\n a\nb ) c\n", "4:a|b|c\n" },
		{ "a ((b)\nc) d\n", "1:a|b|c|d\n" },
		{ "a \"b c\" d\n", "1:a|\"b c\"|d\n" },
		{ "a \"b;(c)\"\"d\"e\n", "1:a|\"b\\059\\040c\\041\"|\"d\"|e\n" },
		{ "a k=\"b c\",d e\n", "1:a|k=\"b c\",d|e\n" },
		{ "a \"\"\n", "1:a|\"\"\n" },
		{ "a\\.b \\@ \\$x \\; \\( \\\" \\\\ \\a \\#\n", "1:a\\046b|\\064|\\036x|\\059|\\040|\\034|\\092|a|\\#\n" },
		{ "a\\ b \\000\\255\\046\n", "1:a\\032b|\\000\\255\\046\n" },
		{ "\"\t\\\"\xc3\xa9\" \xc3\xa9\n", "1:\"\\009\\034\\195\\169\"|\\195\\169\n" },
		{ "\xef\xbb\xbf@ a\n", "1:@|a\n" },
		{ "$TTL 5\n", "1:$TTL|5\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(cases[i].text, strlen(cases[i].text), cases[i].expected);
}

/* Each fault is told once, with its line, and reading goes on behind it. */
static void test_faults(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "a \"b\nc d\n", "2:c|d\n1!a: a quoted string does not end in its line\n" },
		{ "a ( \"b\n c\n) d\ne\n", "4:e\n1!a: a quoted string does not end in its line\n" },
		{ "a b)\nc\n", "2:c\n1!a: a closing parenthesis without an opening one\n" },
		{ " b ) ) )\nc\n", "2:c\n1!a closing parenthesis without an opening one\n" },
		{ "x\na ( b\nc\n", "1:x\n4!a: the file ends inside parentheses\n" },
		{ "a \\\nb\n", "2:b\n1!a: a backslash ends the line\n" },
		{ "a \\", "1!a: a backslash ends the line\n" },
		{ "a \\1b\nb\n", "2:b\n1!a: a backslash and a digit, but not three digits\n" },
		{ "a \\256\nb\n", "2:b\n1!a: an escape above \\255\n" },
		{ "a b\"c\"\nd\n", "2:d\n1!a: a quote in the middle of a word\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(cases[i].text, strlen(cases[i].text), cases[i].expected);
	check("a b\0c\nd\n", 8, "2:d\n1!a: a NUL byte\n");
	check("a \"\0\"\nd\n", 8, "2:d\n1!a: a NUL byte\n");
}

static void test_limits(void **state)
{
	size_t len = 2 * ZONE_LINE_MAX;
	char *text = mem_alloc(len + 1);
	struct zone_lines lines;
	struct err_list errors = { 0 };

	(void)state;
	memset(text, 'a', len);
	memcpy(text + len - 7, "\nb c\nd\n", 7);
	zone_lines_init_memory(&lines, "long", text, len);
	assert_true(zone_lines_next(&lines, &errors));
	assert_int_equal(lines.line, 2);
	assert_string_equal(zone_lines_word(&lines, 1), "c");
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.notes[0].text, "a record is longer than 256 KiB; is a parenthesis not closed?");
	zone_lines_fini(&lines);
	err_list_fini(&errors);

	/* More words than are indexed: all are counted, and joined. */
	for (size_t i = 0; i < 100; i++)
		memcpy(text + 2 * i, "x ", 2);
	zone_lines_init_memory(&lines, "many", text, 200);
	assert_true(zone_lines_next(&lines, &errors));
	assert_int_equal(lines.words, 100);
	assert_int_equal(strlen(zone_lines_join(&lines, 1)), 99 * 2 - 1);
	zone_lines_fini(&lines);
	mem_free(text);
}

/* Files are read in blocks: nothing depends on where one ends. */
static void test_blocks(void **state)
{
	char path[] = "/tmp/catchment-lines-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w+");
	struct zone_lines lines;
	struct err_list errors = { 0 };
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		fprintf(file, "name%u \"q\\;%u\" ( x ; comment\n y )\n", i, i);
	fflush(file);
	lseek(fd, 0, SEEK_SET);
	zone_lines_init_file(&lines, path, fd);
	for (; zone_lines_next(&lines, &errors); count++) {
		char expected[64];

		snprintf(expected, sizeof expected, "name%u \"q\\059%u\" x y", count, count);
		assert_int_equal(lines.line, 2 * count + 1);
		assert_int_equal(lines.words, 4);
		assert_string_equal(zone_lines_join(&lines, 0), expected);
	}
	assert_int_equal(count, 20000);
	assert_int_equal(errors.count, 0);
	assert_int_equal(lines.err, 0);
	zone_lines_fini(&lines);
	fclose(file);
	unlink(path);
}

static void test_words(void **state)
{
	struct zone_lines lines;
	struct err_list errors = { 0 };

	(void)state;
	zone_lines_init_memory(&lines, "x", "$INCLUDE \"my\\032file\\#\" \\000x a", 31);
	assert_true(zone_lines_next(&lines, &errors));
	assert_true(lines.word[1].quoted);
	assert_string_equal(zone_lines_plain(zone_lines_word(&lines, 1)), "my file#");
	assert_null(zone_lines_plain(zone_lines_word(&lines, 2)));
	zone_lines_quote(&lines, 2);
	assert_string_equal(zone_lines_word(&lines, 3), "a");
	zone_lines_quote(&lines, 3);
	assert_string_equal(zone_lines_word(&lines, 3), "\"a\"");
	zone_lines_quote(&lines, 3);
	assert_string_equal(zone_lines_word(&lines, 3), "\"a\"");
	zone_lines_fini(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cutting), cmocka_unit_test(test_faults), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_blocks), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
