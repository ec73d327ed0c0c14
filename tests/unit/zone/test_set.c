/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "conf/base/err.h"
#include "zone/set.h"

static struct name name(const char *text)
{
	struct name made;

	assert_int_equal(name_from_text(text, &made), 0);
	return made;
}

static struct zone_set *set_of(const char *const *apexes, size_t count)
{
	struct zone_set *set = zone_set_new(count);

	for (size_t i = 0; i < count; i++) {
		struct name apex = name(apexes[i]);

		assert_int_equal(zone_set_add(set, &apex, NULL), 0);
	}
	return set;
}

static void the_closest_zone_is_found(void **state)
{
	static const char *const apexes[] = { "example", "sub.example", "a.b.test", "." };
	static const struct {
		const char *name;
		bool above;
		int index;	/* in apexes; -1: none */
	} rows[] = {
		{ "example", false, 0 }, { "www.example", false, 0 }, { "SUB.example", false, 1 },
		{ "x.y.sub.example", false, 1 }, { "sub.example", true, 0 }, { "x.sub.example", true, 1 },
		{ "b.test", false, 3 }, { "a.b.test", false, 2 }, { ".", false, 3 }, { ".", true, -1 },
		{ "notexample", false, 3 }, { "a.b.c.d.e.f.g.h.i.j.k.example", false, 0 },
	};
	struct zone_set *set = set_of(apexes, 4);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct name asked = name(rows[i].name);
		const struct zone_entry *entry = zone_set_find(set, &asked, rows[i].above);

		if (rows[i].index < 0)
			assert_null(entry);
		else
			assert_ptr_equal(entry, zone_set_at(set, (size_t)rows[i].index));
	}
	zone_set_free(set);
}

static void without_the_root_there_may_be_none(void **state)
{
	static const char *const apexes[] = { "sub.example" };
	struct zone_set *set = set_of(apexes, 1), *empty = zone_set_new(0);
	struct name inside = name("a.sub.example"), above = name("example"), beside = name("a.b.c.other");

	(void)state;
	assert_non_null(zone_set_find(set, &inside, false));
	assert_null(zone_set_find(set, &above, false));
	assert_null(zone_set_find(set, &beside, false));
	assert_null(zone_set_find(empty, &inside, false));
	assert_null(zone_set_find(empty, &inside, true));
	zone_set_free(set);
	zone_set_free(empty);
}

static void a_second_zone_of_a_name_is_refused(void **state)
{
	struct zone_set *set = zone_set_new(2);
	struct name lower = name("example"), upper = name("EXAMPLE");

	(void)state;
	assert_int_equal(zone_set_add(set, &lower, NULL), 0);
	assert_int_equal(zone_set_add(set, &upper, NULL), ERR_INVALID);
	assert_int_equal(zone_set_count(set), 1);
	zone_set_free(set);
}

static void thousands_are_found(void **state)
{
	enum { COUNT = 20000 };
	struct zone_set *set = zone_set_new(COUNT);
	char text[32];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof text, "z%d.example", i);
		struct name apex = name(text);
		assert_int_equal(zone_set_add(set, &apex, NULL), 0);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof text, "www.z%d.example", i);
		struct name asked = name(text);
		const struct zone_entry *entry = zone_set_find(set, &asked, false);
		assert_non_null(entry);
		assert_int_equal(zone_set_index(set, entry), i);
	}
	zone_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_closest_zone_is_found), cmocka_unit_test(without_the_root_there_may_be_none),
		cmocka_unit_test(a_second_zone_of_a_name_is_refused), cmocka_unit_test(thousands_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
