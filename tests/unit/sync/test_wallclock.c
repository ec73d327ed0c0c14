/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wallclock.h"

#include "tests/unit/base/cmocka.h"

#define NOW INT64_C(1767225600)		/* 2026-01-01T00:00:00Z */
#define DAY INT64_C(86400)

static void the_verdict_and_its_words(void **state)
{
	static const struct {
		struct wallclock_facts facts;
		enum wallclock verdict;
		const char *text;
	} table[] = {
		{ { .clock_s = NOW }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .floor_s = NOW, .expected_s = NOW, .has_offset = true }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .floor_s = NOW + 60 }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .floor_s = NOW + 61 }, WALLCLOCK_BEHIND,
		  "the clock of this node says 2026-01-01T00:00:00Z, but it was 2026-01-01T00:01:01Z here before: expiry is judged by"
		  " that; set the clock" },
		{ { .clock_s = 0, .floor_s = NOW, .has_offset = true, .offset_s = -NOW }, WALLCLOCK_BEHIND,
		  "the clock of this node says 1970-01-01T00:00:00Z, but it was 2026-01-01T00:00:00Z here before: expiry is judged by"
		  " that; set the clock" },
		{ { .clock_s = NOW, .has_offset = true, .offset_s = 300 }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .has_offset = true, .offset_s = -300 }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .has_offset = true, .offset_s = 301 }, WALLCLOCK_AHEAD,
		  "the clock of this node says 2026-01-01T00:00:00Z, which is 5 min ahead of the master's: good updates may look"
		  " expired; set the clock" },
		{ { .clock_s = NOW, .has_offset = true, .offset_s = -3 * DAY }, WALLCLOCK_BEHIND,
		  "the clock of this node says 2026-01-01T00:00:00Z, which is 3 d behind the master's: old updates may look good;"
		  " set the clock" },
		{ { .clock_s = NOW, .expected_s = NOW - 300 }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .expected_s = NOW - 7 * DAY }, WALLCLOCK_AHEAD,
		  "the clock of this node has jumped ahead by 7 d to 2026-01-01T00:00:00Z: good updates may look expired; check the"
		  " clock" },
		/* It was wrong before and has been set right: the master agrees. */
		{ { .clock_s = NOW, .expected_s = NOW - 7 * DAY, .has_offset = true, .offset_s = 1 }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .expected_s = NOW + 7 * DAY }, WALLCLOCK_GOOD, "" },
		/* Without a battery it begins in 1970, until NTP sets it. */
		{ { .clock_s = NOW, .floor_s = NOW - DAY, .expected_s = 60 }, WALLCLOCK_GOOD, "" },
		{ { .clock_s = NOW, .floor_s = NOW - DAY, .expected_s = NOW - DAY }, WALLCLOCK_AHEAD,
		  "the clock of this node has jumped ahead by 24 h to 2026-01-01T00:00:00Z: good updates may look expired; check the"
		  " clock" },
	};
	char text[WALLCLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		assert_int_equal(wallclock_judge(&table[i].facts, text, sizeof text), table[i].verdict);
		assert_string_equal(text, table[i].text);
	}
	assert_string_equal(wallclock_name(WALLCLOCK_AHEAD), "ahead");
}

static void spans_for_people(void **state)
{
	static const struct {
		int64_t span_s;
		const char *text;
	} table[] = {
		{ 0, "0 s" }, { 3, "3 s" }, { 119, "119 s" }, { 120, "2 min" }, { 7199, "119 min" }, { 7200, "2 h" },
		{ 2 * DAY - 1, "47 h" }, { 2 * DAY, "2 d" }, { 400 * DAY, "400 d" },
	};
	char buf[WALLCLOCK_SPAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		assert_string_equal(wallclock_print_span(table[i].span_s, buf, sizeof buf), table[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_and_its_words),
		cmocka_unit_test(spans_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
