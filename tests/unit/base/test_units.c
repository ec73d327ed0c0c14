/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include "conf/base/err.h"
#include "conf/base/units.h"

struct unit_case {
	const char *text;
	int err;
	uint64_t value;
};

static void expect(int (*parse)(const char *, uint64_t *), const struct unit_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 4711;
		int err = parse(cases[i].text, &value);

		if (err != cases[i].err || value != (err ? 4711 : cases[i].value))
			fail_msg("\"%s\": %d, %llu", cases[i].text, err, (unsigned long long)value);
	}
}

static void test_duration(void **state)
{
	static const struct unit_case cases[] = {
		{ "0", 0, 0 },
		{ "500ms", 0, 500 },
		{ "10s", 0, 10000 },
		{ "10", 0, 10000 },
		{ "2m", 0, 120000 },
		{ "2h", 0, 7200000 },
		{ "1d", 0, 86400000 },
		{ "18446744073709551615ms", 0, UINT64_MAX },
		{ "18446744073709551616ms", ERR_LIMIT, 0 },
		{ "18446744073709551615s", ERR_LIMIT, 0 },
		{ "99999999999999999999999", ERR_LIMIT, 0 },
		{ "", ERR_SYNTAX, 0 },
		{ "s", ERR_SYNTAX, 0 },
		{ "1w", ERR_SYNTAX, 0 },
		{ "1 s", ERR_SYNTAX, 0 },
		{ " 1s", ERR_SYNTAX, 0 },
		{ "1S", ERR_SYNTAX, 0 },
		{ "1s ", ERR_SYNTAX, 0 },
		{ "1.5s", ERR_SYNTAX, 0 },
		{ "-1s", ERR_SYNTAX, 0 },
		{ "+1s", ERR_SYNTAX, 0 },
		{ "1h30m", ERR_SYNTAX, 0 },
		{ "0x10", ERR_SYNTAX, 0 },
	};

	(void)state;
	expect(units_duration, cases, COUNT(cases));
}

static void test_size(void **state)
{
	static const struct unit_case cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "16K", 0, 16384 },
		{ "3M", 0, 3 << 20 },
		{ "2G", 0, 2ull << 30 },
		{ "17179869183G", 0, 17179869183ull << 30 },
		{ "17179869184G", ERR_LIMIT, 0 },
		{ "18446744073709551616", ERR_LIMIT, 0 },
		{ "16k", ERR_SYNTAX, 0 },
		{ "16KB", ERR_SYNTAX, 0 },
		{ "1T", ERR_SYNTAX, 0 },
		{ "K", ERR_SYNTAX, 0 },
		{ "", ERR_SYNTAX, 0 },
	};

	(void)state;
	expect(units_size, cases, COUNT(cases));
}

static void test_print_size(void **state)
{
	static const struct { uint64_t bytes; const char *text; } cases[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1K" }, { 1536, "1536" }, { 64 << 10, "64K" }, { 1 << 20, "1M" },
		{ UINT64_C(1) << 40, "1024G" }, { (UINT64_C(1) << 30) + 1024, "1048577K" },
	};
	char buf[UNITS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(units_print_size(cases[i].bytes, buf, sizeof buf), cases[i].text);
}

static void test_print(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 999, "999ms" },
		{ 1000, "1s" },
		{ 1500, "1500ms" },
		{ 60000, "1m" },
		{ 90000, "90s" },
		{ 7200000, "2h" },
		{ 86400000, "1d" },
		{ 90000000, "25h" },
		{ UINT64_MAX, "18446744073709551615ms" },
	};
	char buf[UNITS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t back = 1;

		assert_string_equal(units_print_duration(cases[i].ms, buf, sizeof buf), cases[i].text);
		assert_int_equal(units_duration(buf, &back), 0);
		assert_true(back == cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_print_size), cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
