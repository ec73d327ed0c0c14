/* SPDX-License-Identifier: Apache-2.0 */
/* With a clock that is only counted: how often a master is asked, up, down, and by a whole fleet. */
#include "server/sync_schedule.h"
#include "tests/unit/base/cmocka.h"

enum { S = 1000, HOUR = 3600 * S, FLEET = 1000, DOWN_MS = 24 * HOUR };

/* The same numbers in each run. */
static uint64_t chance(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 17;
}

static void test_bounds(void **state)
{
	static const struct {
		uint64_t interval_ms;
		unsigned failures;
		uint64_t base_ms;
	} rows[] = {
		{ 30 * S, 0, 30 * S }, { 30 * S, 1, 30 * S }, { 30 * S, 2, 60 * S }, { 30 * S, 3, 120 * S },
		{ 30 * S, 4, 240 * S }, { 30 * S, 5, 300 * S }, { 30 * S, 6, 300 * S }, { 30 * S, 4000000000u, 300 * S },
		{ 1 * S, 0, 1 * S }, { 1 * S, 9, 256 * S }, { 1 * S, 10, 300 * S }, { HOUR, 0, HOUR }, { HOUR, 50, HOUR },
		{ 24 * HOUR, 2, 24 * HOUR },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t base = rows[i].base_ms, most = 0, least = UINT64_MAX;

		for (uint64_t number = 0; number <= base / 5; number += base / 500) {
			uint64_t wait = sync_schedule_wait_ms(rows[i].interval_ms, rows[i].failures, UINT64_MAX, number);

			most = wait > most ? wait : most;
			least = wait < least ? wait : least;
		}
		assert_int_equal(least, base - base / 5);
		assert_int_equal(sync_schedule_wait_ms(rows[i].interval_ms, rows[i].failures, UINT64_MAX, base / 5), base - base / 5);
		assert_int_equal(most, base);
		assert_int_equal(sync_schedule_wait_ms(rows[i].interval_ms, rows[i].failures, UINT64_MAX, base / 5 + 1), base);
	}
}

/* A day without the master: looks of one node, and the time until it is found again. */
static void test_a_day_down(void **state)
{
	uint64_t random = 1, at = 0, longest = 0, first_hour = 0, looks = 0;

	(void)state;
	for (unsigned failures = 1; at < DOWN_MS; failures++) {
		uint64_t wait = sync_schedule_wait_ms(30 * S, failures, UINT64_MAX, chance(&random));

		at += wait;
		looks++;
		first_hour += at < HOUR;
		longest = wait > longest ? wait : longest;
	}
	print_message("a day without the master, interval 30 s: %u looks in place of %u, %u in the first hour, at most %.0f s apart\n",
		      (unsigned)looks, DOWN_MS / 30 / S, (unsigned)first_hour, (double)longest / S);
	assert_in_range(looks, 300, 345);
	assert_in_range(first_hour, 14, 19);
	assert_true(longest <= 300 * S);
}

/* A fleet that was started in the same moment, after an hour: the busiest second. */
static void test_a_fleet_spreads(void **state)
{
	static unsigned seconds[40];
	uint64_t random = 2;
	unsigned most = 0, sum = 0;

	(void)state;
	for (int node = 0; node < FLEET; node++) {
		uint64_t at = 0;

		while (at < HOUR)
			at += sync_schedule_wait_ms(30 * S, 0, UINT64_MAX, chance(&random));
		assert_in_range((at - HOUR) / S, 0, COUNT(seconds) - 1);
		seconds[(at - HOUR) / S]++;
	}
	for (size_t i = 0; i < COUNT(seconds); i++) {
		most = seconds[i] > most ? seconds[i] : most;
		sum += seconds[i];
	}
	print_message("%u nodes started at once, interval 30 s, after an hour: at most %u of them in one second, %.1f on average\n", FLEET,
		      most, FLEET / 30.0);
	assert_int_equal(sum, FLEET);
	assert_true(most < FLEET / 30 * 2);
}

/* While a staged release may have cost us the master. */
static void test_within(void **state)
{
	(void)state;
	assert_int_equal(sync_schedule_wait_ms(30 * S, 0, 5 * S, 0), 5 * S);
	assert_int_equal(sync_schedule_wait_ms(30 * S, 9, 5 * S, 1 * S), 4 * S);
	assert_int_equal(sync_schedule_wait_ms(2 * S, 0, 5 * S, 0), 2 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_a_day_down), cmocka_unit_test(test_a_fleet_spreads),
		cmocka_unit_test(test_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
