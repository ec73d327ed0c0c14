/* SPDX-License-Identifier: Apache-2.0 */
/* The list of changesets: the way from one serial to another, and what is dropped. */
#include "tests/unit/base/cmocka.h"

#include "sync/publish_chain.h"

static void add(struct json_view *cs, uint32_t from, uint32_t to, int64_t steps)
{
	struct json_view *entry = json_build_object();

	json_build_set_integer(entry, "from", from);
	json_build_set_integer(entry, "to", to);
	json_build_set_integer(entry, "length", 10 * steps);
	json_build_set_integer(entry, "raw", 20);
	json_build_set_text(entry, "sha256", "00");
	if (steps > 1)
		json_build_set_integer(entry, "steps", steps);
	json_build_append(cs, entry);
}

static void the_longest_steps_are_taken(void **state)
{
	struct json_view *cs = json_build_list();
	size_t way[PUBLISH_WAY_MAX];

	(void)state;
	add(cs, 0, 16, 16);
	for (uint32_t serial = 10; serial < 40; serial++)
		add(cs, serial, serial + 1, 1);
	add(cs, 16, 32, 16);
	assert_int_equal(publish_chain_way(cs, 0, 40, way), 10);	/* 16, 16, and eight single ones */
	assert_int_equal(way[0], 0);
	assert_int_equal(way[1], 31);
	assert_int_equal(publish_chain_bytes(cs, way, 10), 160 + 160 + 80);
	assert_int_equal(publish_chain_way(cs, 14, 40, way), 2 + 1 + 8);
	assert_int_equal(publish_chain_way(cs, 16, 30, way), 14);	/* a step beyond is no step there */
	assert_int_equal(publish_chain_way(cs, 40, 40, way), 0);
	assert_int_equal(publish_chain_way(cs, 5, 40, way), -1);
	assert_int_equal(publish_chain_way(cs, 20, 10, way), -1);
	json_view_free(cs);
}

static void serials_wrap(void **state)
{
	struct json_view *cs = json_build_list();
	size_t way[PUBLISH_WAY_MAX];

	(void)state;
	add(cs, UINT32_MAX - 1, UINT32_MAX, 1);
	add(cs, UINT32_MAX, 0, 1);
	add(cs, 0, 1, 1);
	assert_int_equal(publish_chain_way(cs, UINT32_MAX - 1, 1, way), 3);
	json_view_free(cs);
}

static void what_nobody_needs_goes(void **state)
{
	struct json_view *custom = json_build_object(), *cs = json_build_list_in(custom, "cs");
	size_t way[PUBLISH_WAY_MAX];

	(void)state;
	for (uint32_t serial = 0; serial < 40; serial++)
		add(cs, serial, serial + 1, 1);
	publish_chain_prune(custom, 30, 40);
	assert_int_equal(json_view_count(cs), PUBLISH_STEPS_KEPT);
	assert_int_equal(publish_chain_way(cs, 24, 40, way), 16);
	assert_int_equal(publish_chain_way(cs, 23, 40, way), -1);
	add(cs, 40, 41, 1);
	publish_chain_prune(custom, 24, 41);	/* the checkpoint needs all of them */
	assert_int_equal(json_view_count(cs), 17);
	json_view_free(custom);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_steps_are_taken),
		cmocka_unit_test(serials_wrap),
		cmocka_unit_test(what_nobody_needs_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
