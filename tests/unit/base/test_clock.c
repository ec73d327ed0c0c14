/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include "conf/base/clock.h"

static void test_print(void **state)
{
	static const struct {
		int64_t wall_s;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },          { 951782400, "2000-02-29T00:00:00Z" },
		{ 1767312245, "2026-01-02T00:04:05Z" }, { 4102444799, "2099-12-31T23:59:59Z" },
		{ -1, "1969-12-31T23:59:59Z" },
	};
	char buf[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(clock_print(cases[i].wall_s, buf, sizeof buf), cases[i].text);
	assert_string_equal(clock_print(0, buf, 5), "");
}

static void test_readings(void **state)
{
	uint64_t before = clock_monotonic_ns();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_monotonic_ns();

		assert_true(now >= before);
		before = now;
	}
	assert_true(clock_wall_s() > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_readings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
