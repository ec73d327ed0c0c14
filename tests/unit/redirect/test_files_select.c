/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "redirect/files.h"
#include "redirect/request.h"

#define TAG "\"abc\""
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A file of ten bytes. "206 2+3": three bytes from the third on. */
static const char *selected(enum redirect_method method, size_t len, const char *if_match, const char *if_none_match,
			    const char *if_range, const char *range)
{
	static char text[64];
	const struct redirect_file file = { .content = { (const uint8_t *)"0123456789", len }, .etag = SPAN_TEXT(TAG) };
	const struct redirect_request request = {
		.method = method,
		.if_match = span_string(if_match),
		.if_none_match = span_string(if_none_match),
		.if_range = span_string(if_range),
		.range = span_string(range),
	};
	struct redirect_file_part part;

	redirect_file_select(&file, &request, &part);
	assert_true(part.first + part.len <= len);
	if (part.status / 100 == 2)
		snprintf(text, sizeof text, "%u %zu+%zu", part.status, part.first, part.len);
	else
		snprintf(text, sizeof text, "%u", part.status);
	return text;
}

struct row {
	const char *if_match, *if_none_match, *if_range, *range, *expected;
};

static void check_rows(const struct row *rows, size_t count, enum redirect_method method, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		const char *got =
			selected(method, len, row->if_match, row->if_none_match, row->if_range, row->range);

		if (strcmp(got, row->expected) != 0)
			fail_msg("row %zu (%s|%s|%s|%s): %s, expected %s", i, row->if_match, row->if_none_match,
				 row->if_range, row->range, got, row->expected);
	}
}

static void test_get(void **state)
{
	static const struct row rows[] = {
		{ "", "", "", "", "200 0+10" },
		/* one range */
		{ "", "", "", "bytes=0-0", "206 0+1" },
		{ "", "", "", "bytes=0-9", "206 0+10" },
		{ "", "", "", "bytes=0-4", "206 0+5" },
		{ "", "", "", "bytes=2-4", "206 2+3" },
		{ "", "", "", "bytes=9-9", "206 9+1" },
		{ "", "", "", "bytes=5-", "206 5+5" },
		{ "", "", "", "bytes=0-", "206 0+10" },
		{ "", "", "", "bytes=9-", "206 9+1" },
		{ "", "", "", "bytes=5-99", "206 5+5" },
		{ "", "", "", "bytes=-1", "206 9+1" },
		{ "", "", "", "bytes=-3", "206 7+3" },
		{ "", "", "", "bytes=-10", "206 0+10" },
		{ "", "", "", "bytes=-11", "206 0+10" },
		{ "", "", "", "bytes=-99999999999999999999999999", "206 0+10" },
		{ "", "", "", "bytes=0-99999999999999999999999999", "206 0+10" },
		{ "", "", "", "bytes=0-18446744073709551615", "206 0+10" },
		{ "", "", "", "bytes=0-18446744073709551616", "206 0+10" },
		{ "", "", "", "bytes=00000000000000000000002-0003", "206 2+2" },
		{ "", "", "", "Bytes=2-4", "206 2+3" },
		{ "", "", "", "BYTES=2-4", "206 2+3" },
		{ "", "", "", " bytes=2-4\t", "206 2+3" },
		/* none of the file */
		{ "", "", "", "bytes=10-", "416" },
		{ "", "", "", "bytes=10-10", "416" },
		{ "", "", "", "bytes=11-20", "416" },
		{ "", "", "", "bytes=99999999999999999999999999-", "416" },
		{ "", "", "", "bytes=18446744073709551616-", "416" },
		{ "", "", "", "bytes=-0", "416" },
		{ "", "", "", "bytes=-000", "416" },
		/* no range at all, or more than one */
		{ "", "", "", "bytes=4-2", "200 0+10" },
		{ "", "", "", "bytes=0-1,3-4", "200 0+10" },
		{ "", "", "", "bytes=0-1, -1", "200 0+10" },
		{ "", "", "", "bytes=20-30,40-50", "200 0+10" },
		{ "", "", "", "bytes=,0-1", "200 0+10" },
		{ "", "", "", "bytes=0-1,", "200 0+10" },
		{ "", "", "", "bytes=", "200 0+10" },
		{ "", "", "", "bytes=-", "200 0+10" },
		{ "", "", "", "bytes", "200 0+10" },
		{ "", "", "", "bytes 0-1", "200 0+10" },
		{ "", "", "", "bytes=--1", "200 0+10" },
		{ "", "", "", "bytes=1--1", "200 0+10" },
		{ "", "", "", "bytes=+1-2", "200 0+10" },
		{ "", "", "", "bytes=1 - 2", "200 0+10" },
		{ "", "", "", "bytes=1-2 3", "200 0+10" },
		{ "", "", "", "bytes=a-b", "200 0+10" },
		{ "", "", "", "bytes=0x0-1", "200 0+10" },
		{ "", "", "", "bytes=1-2-3", "200 0+10" },
		{ "", "", "", "bytes=5", "200 0+10" },
		{ "", "", "", "b\x19tes=0-1", "200 0+10" },
		{ "", "", "", "items=0-1", "200 0+10" },
		{ "", "", "", "=0-1", "200 0+10" },
		/* If-None-Match: weak comparison */
		{ "", TAG, "", "", "304" },
		{ "", "W/" TAG, "", "", "304" },
		{ "", "*", "", "", "304" },
		{ "", " * ", "", "", "304" },
		{ "", "\"x\"", "", "", "200 0+10" },
		{ "", "\"x\", " TAG, "", "", "304" },
		{ "", "\"x\"," TAG, "", "", "304" },
		{ "", ",, \"x\" ,\t" TAG ",", "", "", "304" },
		{ "", "\"a,b\", W/" TAG, "", "", "304" },
		{ "", "\"\"", "", "", "200 0+10" },
		{ "", "\"abc", "", "", "200 0+10" },
		{ "", "abc", "", "", "200 0+10" },
		{ "", "w/" TAG, "", "", "200 0+10" },
		{ "", "\"ABC\"", "", "", "200 0+10" },
		{ "", "\"x\" " TAG, "", "", "200 0+10" },
		{ "", "\"a c\", " TAG, "", "", "200 0+10" },
		{ "", "W/", "", "", "200 0+10" },
		{ "", "*, " TAG, "", "", "200 0+10" },
		{ "", TAG, "", "bytes=0-1", "304" },
		{ "", TAG, "", "bytes=99-", "304" },
		{ "", "\"x\"", "", "bytes=0-1", "206 0+2" },
		{ "", "\"x\"", "", "bytes=99-", "416" },
		/* If-Match: strong comparison, before all others */
		{ TAG, "", "", "", "200 0+10" },
		{ "*", "", "", "", "200 0+10" },
		{ "\"x\", " TAG, "", "", "", "200 0+10" },
		{ "\"x\"", "", "", "", "412" },
		{ "W/" TAG, "", "", "", "412" },
		{ "W/" TAG ", " TAG, "", "", "", "200 0+10" },
		{ "abc", "", "", "", "412" },
		{ ",", "", "", "", "412" },
		{ TAG, TAG, "", "", "304" },
		{ "\"x\"", TAG, "", "", "412" },
		{ "\"x\"", "", "", "bytes=0-1", "412" },
		{ TAG, "", "", "bytes=0-1", "206 0+2" },
		{ "*", "\"x\"", TAG, "bytes=1-", "206 1+9" },
		/* If-Range: our strong tag or nothing */
		{ "", "", TAG, "bytes=0-1", "206 0+2" },
		{ "", "", " " TAG " ", "bytes=0-1", "206 0+2" },
		{ "", "", "W/" TAG, "bytes=0-1", "200 0+10" },
		{ "", "", "\"x\"", "bytes=0-1", "200 0+10" },
		{ "", "", "\"x\", " TAG, "bytes=0-1", "200 0+10" },
		{ "", "", "*", "bytes=0-1", "200 0+10" },
		{ "", "", "Sun, 06 Nov 1994 08:49:37 GMT", "bytes=0-1", "200 0+10" },
		{ "", "", TAG, "", "200 0+10" },
		{ "", "", TAG, "bytes=10-", "416" },
		{ "", "", "\"x\"", "bytes=10-", "200 0+10" },
		{ "", "", TAG, "bytes=4-2", "200 0+10" },
		{ "", TAG, TAG, "bytes=0-1", "304" },
		{ "\"x\"", "", TAG, "bytes=0-1", "412" },
	};

	(void)state;
	assert_true(COUNT(rows) >= 80);
	check_rows(rows, COUNT(rows), REDIRECT_GET, 10);
}

/* Conditions as with GET; ranges are GET's alone (RFC 9110, 14.2). */
static void test_head(void **state)
{
	static const struct row rows[] = {
		{ "", "", "", "", "200 0+10" },		    { "", "", "", "bytes=0-1", "200 0+10" },
		{ "", "", "", "bytes=99-", "200 0+10" },    { "", "", TAG, "bytes=0-1", "200 0+10" },
		{ "", TAG, "", "", "304" },		    { "", TAG, "", "bytes=0-1", "304" },
		{ "\"x\"", "", "", "", "412" },		    { "\"x\"", "", "", "bytes=0-1", "412" },
		{ TAG, "\"x\"", "", "bytes=1-", "200 0+10" },
	};

	(void)state;
	check_rows(rows, COUNT(rows), REDIRECT_HEAD, 10);
}

static void test_empty_file(void **state)
{
	static const struct row rows[] = {
		{ "", "", "", "", "200 0+0" },		{ "", "", "", "bytes=0-", "416" },
		{ "", "", "", "bytes=0-0", "416" },	{ "", "", "", "bytes=-1", "200 0+0" },
		{ "", "", "", "bytes=-0", "416" },	{ "", "*", "", "", "304" },
	};

	(void)state;
	check_rows(rows, COUNT(rows), REDIRECT_GET, 0);
}

/* Every short text of the alphabet of ranges, against the grammar written down another way. */
static void test_range_grammar(void **state)
{
	static const char alphabet[] = "029-, ";
	char range[16] = "bytes=", expected[32];

	(void)state;
	for (unsigned n = 0; n < 6 * 6 * 6 * 6 * 6; n++) {
		size_t len = 6;
		unsigned first, last;
		int used = 0;

		for (unsigned rest = n; rest != 0; rest /= 6)
			range[len++] = alphabet[rest % 6];
		range[len] = '\0';
		char *end = range + len;
		while (end > range + 6 && end[-1] == ' ')
			*--end = '\0';
		const char *text = range + 6 + strspn(range + 6, " ");
		strcpy(expected, "200 0+10");
		if (strspn(text, "029-") == strlen(text) && strlen(text) != 0) {
			if (text[0] != '-' && sscanf(text, "%u-%n", &first, &used) == 1 && used != 0 && text[used] == '\0')
				snprintf(expected, sizeof expected, first < 10 ? "206 %u+%u" : "416", first,
					 10 - first);
			else if (text[0] != '-' && sscanf(text, "%u-%u%n", &first, &last, &used) == 2
				 && text[used] == '\0' && strchr(text, '-') == strrchr(text, '-') && first <= last)
				snprintf(expected, sizeof expected, first < 10 ? "206 %u+%u" : "416", first,
					 (last < 9 ? last : 9) + 1 - first);
			else if (text[0] == '-' && sscanf(text + 1, "%u%n", &last, &used) == 1
				 && text[1 + used] == '\0' && text[1] != '-')
				snprintf(expected, sizeof expected, last != 0 ? "206 %u+%u" : "416",
					 last < 10 ? 10 - last : 0, last < 10 ? last : 10);
		}
		const char *got = selected(REDIRECT_GET, 10, "", "", "", range);
		if (strcmp(got, expected) != 0)
			fail_msg("\"%s\": %s, expected %s", range, got, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_range_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
