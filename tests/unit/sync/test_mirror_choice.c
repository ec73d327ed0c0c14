/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/mirror_choice.h"
#include "tests/unit/base/cmocka.h"

static const uint64_t MS = 1000000;

static void test_order(void **state)
{
	struct mirror_choice choice = { .count = 3 };

	(void)state;
	assert_int_equal(mirror_next(&choice, 0, 0), 0);
	assert_int_equal(mirror_next(&choice, 1, 0), 1);
	assert_int_equal(mirror_next(&choice, 3, 0), 2);
	assert_int_equal(mirror_next(&choice, 7, 0), 3);
	mirror_failed(&choice.mirrors[0], false, "down", 1000 * MS);
	assert_int_equal(mirror_next(&choice, 0, 1000 * MS), 1);
	assert_int_equal(mirror_next(&choice, 2, 1000 * MS), 2);
	/* One that rests is better than none. */
	assert_int_equal(mirror_next(&choice, 6, 1000 * MS), 0);
	assert_int_equal(mirror_next(&choice, 7, 1000 * MS), 3);
	/* And the first again once it has rested. */
	assert_int_equal(mirror_next(&choice, 0, 5999 * MS), 1);
	assert_int_equal(mirror_next(&choice, 0, 6000 * MS), 0);
	mirror_failed(&choice.mirrors[0], false, "down", 6000 * MS);
	mirror_failed(&choice.mirrors[1], false, "down", 6000 * MS);
	mirror_failed(&choice.mirrors[2], false, "down", 6000 * MS);
	assert_int_equal(mirror_next(&choice, 0, 6000 * MS), 0);
	mirror_wake_all(&choice);
	assert_int_equal(mirror_next(&choice, 0, 6000 * MS), 0);
	assert_int_equal(choice.mirrors[0].failures, 2);
}

static void test_rests(void **state)
{
	static const unsigned rests_s[] = { 5, 10, 20, 40, 80, 160, 300, 300, 300 };
	struct mirror mirror = { 0 };
	uint64_t now = 7 * MS;

	(void)state;
	for (size_t i = 0; i < COUNT(rests_s); i++) {
		mirror_failed(&mirror, false, "refused", now);
		assert_int_equal((mirror.rests_until_ns - now) / MS, rests_s[i] * 1000);
		/* What fails beside it counts once. */
		mirror_failed(&mirror, false, "timed out", now + MS);
		assert_int_equal(mirror.failures, i + 1);
		assert_string_equal(mirror.text, "timed out");
		now = mirror.rests_until_ns;
	}
	mirror.failures = 4000000000u;
	mirror_failed(&mirror, false, "refused", now);
	assert_int_equal((mirror.rests_until_ns - now) / MS, MIRROR_REST_MOST_MS);
	mirror_came(&mirror);
	assert_int_equal(mirror.failures, 0);
	assert_string_equal(mirror.text, "");
	assert_false(mirror_rests(&mirror, now));
}

static void test_blame(void **state)
{
	struct mirror mirror = { 0 };

	(void)state;
	/* It does give files, only that they are bad. */
	mirror_failed(&mirror, true, "damaged", 0);
	mirror_came(&mirror);
	assert_int_equal(mirror.failures, 1);
	assert_string_equal(mirror.text, "damaged");
	mirror_proved(&mirror);
	assert_int_equal(mirror.failures, 0);
	assert_string_equal(mirror.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_rests), cmocka_unit_test(test_blame) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
