/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_match.h"

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
		{ "a", "a", true }, { "a", "b", false }, { "a", "", false }, { "", "", true }, { "", "a", false },
		{ "a", "A", false }, { "abc", "ab", false }, { "ab", "abc", false },
		{ "*", "", true }, { "*", "a", true }, { "*", "a.b-c", true }, { "*", ".hidden", true }, { "*", "a/b", false },
		{ "*/*", "a/b", true }, { "*/*", "a", false }, { "*/*", "a/b/c", false }, { "*/*", "/", true },
		{ "a/*", "a/", true }, { "a/*", "a", false }, { "a/*/c", "a/b/c", true }, { "a/*/c", "a/b/d/c", false },
		{ "/a", "a", false }, { "a", "/a", false }, { "/a", "/a", true }, { "a/", "a", false }, { "a", "a/", false },
		{ "a//b", "a//b", true }, { "a/b", "a//b", false },
		{ "*.zone", "x.zone", true }, { "*.zone", ".zone", true }, { "*.zone", "x.zones", false },
		{ "*.zone", "a/x.zone", false }, { "a*c", "abbc", true }, { "a*c", "ac", true }, { "a*c", "acb", false },
		{ "a*b*c", "axbxbxc", true }, { "a*b*c", "axbxc/", false }, { "**", "abc", true }, { "**", "a/b", false },
		{ "*a*", "bab", true }, { "*ab", "aab", true }, { "*aab", "aaab", true },
		{ "?", "a", true }, { "?", "", false }, { "?", "ab", false }, { "?", "/", false }, { "a?c", "abc", true },
		{ "?", "\xc3\xa9", true }, { "??", "\xc3\xa9", false }, { "?", "\xf0\x9f\x98\x80", true },
		{ "[ab]", "a", true }, { "[ab]", "c", false }, { "[a-c]x", "bx", true }, { "[a-c]", "d", false },
		{ "[!a-c]", "d", true }, { "[!a-c]", "b", false }, { "[!a]", "", false }, { "[!a]", "/", false },
		{ "[]]", "]", true }, { "[]a]", "a", true }, { "[!]]", "a", true }, { "[!]]", "]", false },
		{ "[-a]", "-", true }, { "[a-]", "-", true }, { "[a-]", "b", false }, { "[c-a]", "b", false },
		{ "[", "[", true }, { "[a", "[a", true }, { "[a", "a", false }, { "[]", "[]", true }, { "[!]", "[!]", true },
		{ "[^a]", "^", true }, { "[^a]", "b", false }, { "[a/b]", "a", false }, { "[a/b]", "[a/b]", true },
		{ "[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true }, { "[\xc3\xa0-\xc3\xaf]", "e", false },
		{ "\\*", "*", false }, { "\\*", "\\x", true }, { "\\a", "a", false },
		{ "*[0-9]", "file7", true }, { "*[0-9]", "file", false }, { "*[", "a[", true }, { "*?", "", false },
		{ "zones/*/zone", "zones/example.org/zone", true }, { "zones/*/zone", "zones/a/b/zone", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (tuf_pattern_matches(cases[i].pattern, cases[i].path) != cases[i].matches)
			fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].path);
	}
}

/* Stars in a row must not take time beyond measure. */
static void test_no_explosion(void **state)
{
	char pattern[401], path[20001];

	(void)state;
	for (size_t i = 0; i < 400; i += 2)
		memcpy(pattern + i, "*a", 2);
	strcpy(pattern + 399, "b");
	memset(path, 'a', 20000);
	path[20000] = '\0';
	assert_false(tuf_pattern_matches(pattern, path));
}

static void test_quote(void **state)
{
	static const struct {
		const char *text, *name, *path;
	} cases[] = {
		{ "targets", "targets", "targets" },
		{ "a-b_c.d~e", "a-b_c.d~e", "a-b_c.d~e" },
		{ "a/b", "a%2Fb", "a/b" },
		{ "../x", "..%2Fx", "../x" },
		{ ".", ".", "." },
		{ "..", "..", ".." },
		{ "...", "...", "..." },
		{ "a b", "a%20b", "a%20b" },
		{ "%2F", "%252F", "%252F" },
		{ "?#[]", "%3F%23%5B%5D", "%3F%23%5B%5D" },
		{ "a+b=c&d@e:f;g,h!i$j'k(l)m*", "a%2Bb%3Dc%26d%40e%3Af%3Bg%2Ch%21i%24j%27k%28l%29m%2A",
		  "a+b=c&d@e:f;g,h!i$j'k(l)m*" },
		{ "\xc3\xa9", "%C3%A9", "%C3%A9" },
		{ "\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D", "%22%3C%3E%5C%5E%60%7B%7C%7D" },
		{ "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *name = tuf_name_quote(cases[i].text), *path = tuf_path_quote(cases[i].text);

		assert_string_equal(name, cases[i].name);
		assert_string_equal(path, cases[i].path);
		mem_free(name);
		mem_free(path);
	}
}

static void test_file_quote(void **state)
{
	static const char *const cases[][2] = {
		{ ".", "%2E" }, { "..", "%2E%2E" }, { "...", "..." }, { "a/b", "a%2Fb" }, { "../x", "..%2Fx" }, { ".x", ".x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *name = tuf_file_quote(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
		mem_free(name);
	}
}

static void test_join(void **state)
{
	static const struct {
		const char *base, *rest, *url;
	} cases[] = {
		{ "http://h/m", "1.root.json", "http://h/m/1.root.json" },
		{ "http://h/m/", "1.root.json", "http://h/m/1.root.json" },
		{ "", "x", "/x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *url = tuf_url_join(cases[i].base, cases[i].rest);

		assert_string_equal(url, cases[i].url);
		mem_free(url);
	}
}

static void test_good_paths(void **state)
{
	static const struct {
		const char *path;
		bool good;
	} cases[] = {
		{ "a", true }, { "a/b", true }, { "../a", true }, { " ", true }, { "\xc3\xa9", true }, { "\xf4\x8f\xbf\xbf", true },
		{ "", false }, { "a\n", false }, { "\x7f", false }, { "\x80", false }, { "\xc3", false }, { "\xc3/", false },
		{ "\xc1\x81", false }, { "\xe0\x80\x80", false }, { "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false }, { "\xff", false }, { "\xe2\x82", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (tuf_path_is_good(cases[i].path) != cases[i].good)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_no_explosion),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_file_quote),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_good_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
