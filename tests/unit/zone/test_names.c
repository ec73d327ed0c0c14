/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zone/names.h"

/* RFC 4034, 6.1 gives this order; keys must have it, and go back to the name they were made from. */
static void test_order(void **state)
{
	static const char *const sorted[] = {
		".", "example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.", "z.example.",
		"\\000.z.example.", "\\001.z.example.", "\\001\\000.z.example.", "\\002.z.example.", "*.z.example.",
		"\\200.z.example.", "zz.example.", "examplf.",
	};
	enum { COUNT = sizeof sorted / sizeof sorted[0] };
	struct zone_names names = { 0 };

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		struct name name;
		uint8_t wire[DNS_NAME_MAX];

		assert_int_equal(name_from_text(sorted[i], &name), 0);
		assert_int_equal(zone_names_add(&names, &name), i);
		assert_int_equal(zone_key_wire(&names.list[i], wire), name.len);
		assert_memory_equal(wire, name.wire, name.len);
		assert_int_equal(names.list[i].labels, name.labels);
		assert_int_equal(names.list[i].hash, name.hash[0]);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		for (unsigned k = 0; k < COUNT; k++) {
			int order = zone_key_compare(&names.list[i], &names.list[k]);

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
	zone_names_fini(&names);
}

static void test_prefixes(void **state)
{
	struct zone_names names = { 0 };
	struct name name;

	(void)state;
	name_from_text("a.b\\000c.d.", &name);
	uint32_t number = zone_names_add(&names, &name);
	struct zone_key key = names.list[number];
	size_t first = zone_key_step(key.key), second = first + zone_key_step(key.key + first);

	uint32_t parent = zone_names_add_prefix(&names, key.key, second);
	name_from_text("b\\000c.d.", &name);
	assert_int_equal(zone_names_add(&names, &name), parent);
	assert_int_equal(names.list[parent].labels, 2);
	assert_true(zone_key_is_prefix(&names.list[parent], &names.list[number]));
	assert_false(zone_key_is_prefix(&names.list[number], &names.list[parent]));
	assert_int_equal(zone_names_add_prefix(&names, key.key, key.len), number);

	uint8_t labels[DNS_NAME_MAX];
	assert_int_equal(zone_key_labels(&key, first, labels), 6);
	assert_memory_equal(labels, "\1a\3b\0c", 6);
	name_from_text("nowhere.", &name);
	uint8_t absent[ZONE_KEY_MAX];
	size_t len = zone_key_make(&name, absent);
	assert_null(zone_names_find(&names, absent, len, name.hash[0]));
	zone_names_fini(&names);
}

static void test_many(void **state)
{
	enum { COUNT = 20000 };
	struct zone_names names = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < COUNT; i++) {
			char text[64];
			struct name name;

			snprintf(text, sizeof text, "n%u.x%u.example.", i, i % 7);
			assert_int_equal(name_from_text(text, &name), 0);
			assert_int_equal(zone_names_add(&names, &name), i);
		}
	}
	assert_int_equal(names.count, COUNT);
	zone_names_fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_prefixes), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
