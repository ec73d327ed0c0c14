/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/json_view.h"

static struct json_view *parse(const char *text)
{
	struct err_note note;

	return json_view_parse(span_string(text), &note);
}

static void test_canonical(void **state)
{
	static const struct {
		const char *text, *canonical;	/* NULL: refused, or has none */
	} cases[] = {
		{ "{}", "{}" },
		{ "[]", "[]" },
		{ " { \"b\" : 1 , \"a\" : [ true , false , null ] } ", "{\"a\":[true,false,null],\"b\":1}" },
		{ "{\"a\":\"x\\\"y\\\\z\"}", "{\"a\":\"x\\\"y\\\\z\"}" },
		{ "{\"a\":\"\\n\\t\\r\\b\\f\\/\"}", "{\"a\":\"\n\t\r\b\f/\"}" },		/* raw, unlike RFC 8785 */
		{ "{\"a\":\"\\u0001\\u007f\"}", "{\"a\":\"\x01\x7f\"}" },
		{ "{\"a\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}", "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}" },
		{ "{\"\\u00e9\":1,\"z\":2,\"Z\":3,\"\":4}", "{\"\":4,\"Z\":3,\"z\":2,\"\xc3\xa9\":1}" },
		{ "{\"\\uff61\":1,\"\\ud83d\\ude00\":2}", "{\"\xef\xbd\xa1\":1,\"\xf0\x9f\x98\x80\":2}" }, /* code points, not UTF-16 */
		{ "{\"aa\":1,\"a\":2,\"a\\u0001\":3,\"a b\":4}", "{\"a\":2,\"a\x01\":3,\"a b\":4,\"aa\":1}" },
		{ "[0,-0,-1,9223372036854775807,-9223372036854775808]", "[0,0,-1,9223372036854775807,-9223372036854775808]" },
		{ "{\"k\\\"\":1}", "{\"k\\\"\":1}" },
		{ "[1.5]", NULL },
		{ "[1e3]", NULL },
		{ "{\"a\":{\"b\":[1.0]}}", NULL },
		{ "[9223372036854775808]", NULL },
		{ "{\"a\":1,\"a\":2}", NULL },
		{ "{\"a\":1,\"\\u0061\":2}", NULL },
		{ "[{\"a\":{\"b\":1,\"b\":1}}]", NULL },
		{ "[\"\\u0000\"]", NULL },
		{ "[\"\\ud800\"]", NULL },
		{ "[\"\xff\"]", NULL },
		{ "[\"\xc0\xaf\"]", NULL },
		{ "[\"\xed\xa0\x80\"]", NULL },
		{ "[\"\n\"]", NULL },
		{ "\xef\xbb\xbf{}", NULL },
		{ "{}x", NULL },
		{ "{} {}", NULL },
		{ "{\"a\":1,}", NULL },
		{ "{'a':1}", NULL },
		{ "[01]", NULL },
		{ "[NaN]", NULL },
		{ "{", NULL },
		{ "", NULL },
		{ "1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_view *view = parse(cases[i].text);
		size_t len = 0;
		uint8_t *canonical = view != NULL ? json_view_canonical(view, &len) : NULL;
		const char *wanted = cases[i].canonical;

		if ((canonical != NULL) != (wanted != NULL)
		    || (wanted != NULL && !span_equal((struct span){ canonical, len }, span_string(wanted))))
			fail_msg("%s: %.*s", cases[i].text, (int)len, canonical != NULL ? (const char *)canonical : "");
		mem_free(canonical);
		json_view_free(view);
	}
}

static void test_depth(void **state)
{
	char text[2 * JSON_VIEW_DEPTH_MAX + 3];

	(void)state;
	for (int depth = JSON_VIEW_DEPTH_MAX; depth <= JSON_VIEW_DEPTH_MAX + 1; depth++) {
		struct err_note note = { 0 };

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		struct json_view *view = json_view_parse((struct span){ (uint8_t *)text, 2 * (size_t)depth }, &note);
		assert_int_equal(view != NULL, depth == JSON_VIEW_DEPTH_MAX);
		if (view == NULL)
			assert_string_equal(note.text, "not taken: JSON more than 64 levels deep");
		json_view_free(view);
	}
	/* Brackets in text are no depth, not behind a backslash either. */
	struct json_view *view = parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\","
				       "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]");
	assert_non_null(view);
	json_view_free(view);
}

static void test_access(void **state)
{
	struct json_view *view = parse("{\"text\":\"t\",\"number\":7,\"flag\":true,\"list\":[1,\"x\"],\"real\":1.5,\"none\":null}");
	struct json_view *list = json_view_member(view, "list");
	static const char *const names[] = { "text", "number", "flag", "list", "real", "none" };
	struct json_member member = { 0 };
	int64_t number = 0;
	bool flag = false;
	size_t i = 0;

	(void)state;
	assert_string_equal(json_view_text(json_view_member(view, "text")), "t");
	assert_null(json_view_text(json_view_member(view, "number")));
	assert_null(json_view_text(NULL));
	assert_true(json_view_integer(json_view_member(view, "number"), &number));
	assert_int_equal(number, 7);
	assert_false(json_view_integer(json_view_member(view, "real"), &number));
	assert_false(json_view_integer(json_view_member(view, "flag"), &number));
	assert_false(json_view_integer(NULL, &number));
	assert_true(json_view_flag(json_view_member(view, "flag"), &flag));
	assert_true(flag);
	assert_false(json_view_flag(json_view_member(view, "none"), &flag));
	assert_true(json_view_is_object(view));
	assert_true(json_view_is_list(list));
	assert_false(json_view_is_list(NULL));
	assert_int_equal(json_view_count(view), 6);
	assert_int_equal(json_view_count(list), 2);
	assert_int_equal(json_view_count(NULL), 0);
	assert_string_equal(json_view_text(json_view_at(list, 1)), "x");
	assert_null(json_view_at(list, 2));
	assert_null(json_view_at(view, 0));
	assert_null(json_view_member(list, "text"));
	assert_null(json_view_member(NULL, "text"));
	while (json_view_next(view, &member))
		assert_string_equal(member.name, names[i++]);
	assert_int_equal(i, COUNT(names));
	member = (struct json_member){ 0 };
	assert_false(json_view_next(list, &member));
	assert_false(json_view_next(NULL, &member));
	json_view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
