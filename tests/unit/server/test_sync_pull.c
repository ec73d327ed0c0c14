/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include "server/sync_pull.h"

#define MS UINT64_C(1000000)
#define START (UINT64_C(1000000) * MS)

/* Looks at NOTIFYs that come every step_ms, for so long. */
static unsigned looks(uint64_t *whole_ns, uint64_t from_ns, uint64_t step_ms, uint64_t ms, uint64_t *ret_waited_ms)
{
	unsigned count = 0;
	uint64_t due = 0, asked = 0, longest = 0;

	for (uint64_t now = from_ns; now < from_ns + ms * MS; now += MS) {
		if ((now - from_ns) % (step_ms * MS) == 0 && due == 0) {
			due = sync_pull_at(*whole_ns, now, 0);
			asked = now;
		}
		if (due != 0 && now >= due) {
			*whole_ns = sync_pull_take(*whole_ns, now);
			longest = now - asked > longest ? now - asked : longest;
			due = 0;
			count++;
		}
	}
	*ret_waited_ms = longest / MS;
	return count;
}

static void test_burst(void **state)
{
	uint64_t whole = 0, waited;

	(void)state;
	/* Five in a row at once. */
	assert_int_equal(looks(&whole, START, 100, 500, &waited), 5);
	assert_int_equal(waited, 0);
	/* A sixth waits for what is left of a second. */
	assert_int_equal(looks(&whole, START + 500 * MS, 1000, 1000, &waited), 1);
	assert_int_equal(waited, 500);
	/* After a rest all five are there again. */
	assert_int_equal(looks(&whole, START + 20000 * MS, 10, 50, &waited), 5);
	assert_int_equal(waited, 0);
}

static void test_flood(void **state)
{
	uint64_t whole = 0, waited;

	(void)state;
	/* A thousand a second for a minute: five, and one a second. */
	assert_in_range(looks(&whole, START, 1, 60000, &waited), 64, 65);
	assert_in_range(waited, 990, 1000);
	/* One a second never waits. */
	whole = 0;
	assert_int_equal(looks(&whole, START, 1000, 60000, &waited), 60);
	assert_int_equal(waited, 0);
}

static void test_jitter(void **state)
{
	(void)state;
	assert_true(sync_pull_at(0, START, 0) == START);
	for (uint64_t chance = 0; chance < UINT64_MAX / 3; chance = chance * 7 + 13) {
		assert_true(sync_pull_at(0, START, chance) >= START);
		assert_true(sync_pull_at(0, START, chance) < START + SYNC_PULL_JITTER_MS * MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_burst), cmocka_unit_test(test_flood), cmocka_unit_test(test_jitter) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
