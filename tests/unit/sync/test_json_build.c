/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of our own: made, changed, printed; canonical as the signatures want it. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/json_build.h"

static void expect(const struct json_view *view, const char *canonical)
{
	size_t len;
	uint8_t *bytes = json_view_canonical((struct json_view *)(uintptr_t)view, &len);

	assert_int_equal(len, strlen(canonical));
	assert_memory_equal(bytes, canonical, len);
	mem_free(bytes);
}

static void members_are_made_and_changed(void **state)
{
	struct json_view *object = json_build_object(), *list;

	(void)state;
	json_build_set_text(object, "b", "text");
	json_build_set_integer(object, "a", INT64_MAX);
	json_build_set(object, "c", json_build_flag(true));
	list = json_build_list_in(object, "list");
	assert_ptr_equal(json_build_list_in(object, "list"), list);
	json_build_append_text(list, "two");
	json_build_insert(list, 0, json_build_integer(1));
	json_build_append(list, json_build_object());
	expect(object, "{\"a\":9223372036854775807,\"b\":\"text\",\"c\":true,\"list\":[1,\"two\",{}]}");
	json_build_remove_at(list, 1);
	json_build_set_text(object, "b", NULL);
	json_build_remove(object, "not there");
	json_build_set_integer(json_build_object_in(object, "c"), "was", 1);	/* a flag becomes an object */
	expect(object, "{\"a\":9223372036854775807,\"c\":{\"was\":1},\"list\":[1,{}]}");
	json_view_free(object);
}

static void copies_are_deep(void **state)
{
	struct json_view *object = json_build_object(), *copy;

	(void)state;
	json_build_set_integer(json_build_object_in(object, "in"), "n", 1);
	copy = json_build_copy(object);
	assert_true(json_build_equal(object, copy));
	json_build_set_integer(json_view_member(copy, "in"), "n", 2);
	assert_false(json_build_equal(object, copy));
	assert_false(json_build_equal(object, NULL));
	assert_true(json_build_equal(NULL, NULL));
	expect(object, "{\"in\":{\"n\":1}}");
	json_view_free(object);
	json_view_free(copy);
}

static void people_can_read_it(void **state)
{
	struct json_view *object = json_build_object();
	size_t len;

	(void)state;
	json_build_set_text(object, "b", "x");
	json_build_set_integer(object, "a", 1);
	char *text = json_build_print(object, &len);
	assert_string_equal(text, "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n");
	assert_int_equal(len, strlen(text));
	mem_free(text);
	json_view_free(object);
	assert_true(json_build_is_text("a b~"));
	assert_false(json_build_is_text("caf\xc3\xa9"));
	assert_false(json_build_is_text("a\tb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_made_and_changed),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(people_can_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
