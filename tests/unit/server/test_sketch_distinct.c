/* SPDX-License-Identifier: Apache-2.0 */
/* The estimate against exact numbers, from none to ten million: within four standard errors. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "server/sketch_distinct.h"

static const double four_errors = 4 * 1.04 / 64;

static uint64_t hash_of(uint64_t key)
{
	key += UINT64_C(0x9e3779b97f4a7c15);
	key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
	return key ^ key >> 31;
}

static void expect_about(uint64_t got, uint64_t want)
{
	double off = (double)got - (double)want;

	if (off < 0)
		off = -off;
	/* Small numbers are all but exact: their keys hardly ever share a register. */
	if (off > four_errors * (double)want && off > 2)
		fail_msg("%llu, not about %llu", (unsigned long long)got, (unsigned long long)want);
}

static void test_against_exact(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 2, 10, 100, 1000, 3000, 5000, 10000, 20000, 50000, 100000, 1000000, 10000000 };
	struct sketch_distinct *distinct = mem_alloc(sizeof *distinct);
	uint64_t added = 0;

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		while (added < numbers[i])
			sketch_distinct_add(distinct, hash_of(added++));
		expect_about(sketch_distinct_count(distinct), numbers[i]);
	}
	sketch_distinct_clear(distinct);
	assert_int_equal(sketch_distinct_count(distinct), 0);
	mem_free(distinct);
}

static void test_again_is_nothing_new(void **state)
{
	struct sketch_distinct *distinct = mem_alloc(sizeof *distinct);
	uint64_t before;

	(void)state;
	for (unsigned key = 0; key < 700; key++)
		sketch_distinct_add(distinct, hash_of(key));
	before = sketch_distinct_count(distinct);
	for (unsigned i = 0; i < 70000; i++)
		sketch_distinct_add(distinct, hash_of(i % 700));
	assert_int_equal(sketch_distinct_count(distinct), before);
	mem_free(distinct);
}

static void test_merged(void **state)
{
	struct sketch_distinct *parts = mem_array(3, sizeof *parts), *whole = mem_alloc(sizeof *whole);
	struct sketch_distinct *merged = mem_alloc(sizeof *merged);

	(void)state;
	for (unsigned key = 0; key < 30000; key++) {
		sketch_distinct_add(&parts[key % 3], hash_of(key));
		sketch_distinct_add(&parts[(key / 7) % 3], hash_of(key));	/* some in several */
		sketch_distinct_add(whole, hash_of(key));
	}
	for (unsigned i = 0; i < 3; i++)
		sketch_distinct_merge(merged, &parts[i]);
	assert_int_equal(sketch_distinct_count(merged), sketch_distinct_count(whole));
	mem_free(parts);
	mem_free(whole);
	mem_free(merged);
}

static void test_odd_hashes(void **state)
{
	struct sketch_distinct *distinct = mem_alloc(sizeof *distinct);

	(void)state;
	sketch_distinct_add(distinct, 0);	/* the greatest rank */
	sketch_distinct_add(distinct, UINT64_MAX);
	assert_in_range(sketch_distinct_count(distinct), 1, 3);
	mem_free(distinct);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_exact),
		cmocka_unit_test(test_again_is_nothing_new),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_odd_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
