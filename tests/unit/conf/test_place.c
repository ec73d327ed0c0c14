/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/place.h"

static void test_nothing(void **state)
{
	struct conf_places places = { 0 };

	(void)state;
	assert_int_equal(conf_place_line(&places, "dns"), 0);
	conf_place_fini(&places);
}

static void test_nearest(void **state)
{
	struct conf_places places = { 0 };

	(void)state;
	conf_place_add(&places, "sites", 4);
	conf_place_add(&places, "sites[0].targets[0].url", 7);
	conf_place_add(&places, "dns", 2);
	conf_place_add(&places, "sites[0]", 5);
	assert_int_equal(conf_place_line(&places, "sites[0].targets[0].url"), 7);
	assert_int_equal(conf_place_line(&places, "sites[0].targets[1].url"), 5);
	assert_int_equal(conf_place_line(&places, "sites[1].hosts"), 4);
	assert_int_equal(conf_place_line(&places, "dns.listen[3]"), 2);
	assert_int_equal(conf_place_line(&places, "dnsx"), 0);
	conf_place_add(&places, "", 1);
	assert_int_equal(conf_place_line(&places, "dnsx"), 1);
	assert_int_equal(conf_place_line(&places, "dns"), 2);
	conf_place_fini(&places);
	assert_int_equal(conf_place_line(&places, "dns"), 0);
}

static void test_many(void **state)
{
	struct conf_places places = { 0 };
	char path[CONF_PATH_MAX];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof path, "zones[%u]", (i * 7919) % 5000);
		conf_place_add(&places, path, (i * 7919) % 5000 + 1);
	}
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(path, sizeof path, "zones[%u].name", i);
		assert_int_equal(conf_place_line(&places, path), i + 1);
	}
	conf_place_fini(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
