/* SPDX-License-Identifier: Apache-2.0 */
/* Who is chosen, against numbers that Python's hashlib made: publisher and nodes ask the same function. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "sync/json_view.h"
#include "sync/rollout.h"

static void test_places(void **state)
{
	static const struct { const char *salt, *node; unsigned place; } rows[] = {
		{ "17", "fra1", 956 }, { "17", "ams1", 610 }, { "18", "fra1", 321 }, { "", "fra1", 662 }, { "x", "n|y", 696 },
		{ "4", "n1", 961 }, { "9", "node-with-a-long-name.example", 342 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rollout_place(rows[i].salt, rows[i].node), rows[i].place);
}

static bool selects(const char *json, const char *node)
{
	struct err_note note;
	struct json_view *rollout = json_view_parse(span_string(json), &note);

	assert_non_null(rollout);
	bool selected = rollout_selects(rollout, node);
	json_view_free(rollout);
	return selected;
}

static void test_selects(void **state)
{
	(void)state;
	assert_true(rollout_selects(NULL, "fra1"));
	assert_false(selects("{\"salt\":\"17\",\"permille\":610,\"nodes\":[]}", "ams1"));	/* its place is 610 */
	assert_true(selects("{\"salt\":\"17\",\"permille\":611,\"nodes\":[]}", "ams1"));
	assert_true(selects("{\"salt\":\"17\",\"permille\":0,\"nodes\":[\"x\",\"ams1\"]}", "ams1"));
	assert_false(selects("{\"salt\":\"17\",\"permille\":0,\"nodes\":[\"ams\",\"ams11\",7]}", "ams1"));
	assert_true(selects("{\"salt\":\"17\",\"permille\":1000}", "fra1"));
	assert_true(selects("{}", "fra1"));
}

/* Who is in stays in when more are, and a thousandth is about one. */
static void test_steps(void **state)
{
	static const struct { unsigned permille, least, most; } steps[] = {
		{ 10, 70, 130 }, { 100, 900, 1100 }, { 500, 4800, 5200 }, { 1000, 10000, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		unsigned count = 0;
		char node[16];

		for (int n = 0; n < 10000; n++) {
			snprintf(node, sizeof node, "node%d", n);
			count += rollout_place("1", node) < steps[i].permille;
		}
		assert_in_range(count, steps[i].least, steps[i].most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_selects),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
