/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/latency.h"

static void each_time_has_its_bucket(void **state)
{
	static const struct {
		uint64_t ns;
		unsigned bucket;
	} rows[] = {
		{ 0, 0 }, { 1, 0 }, { 1000, 0 }, { 1001, 1 }, { 2000, 1 }, { 2001, 2 }, { 4000, 2 }, { 4001, 3 },
		{ 1000000, 10 }, { 1024000, 10 }, { 1024001, 11 }, { 1048576000, 20 }, { 1048576001, 21 },
		{ UINT64_MAX / 2, 21 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct latency latency = { 0 };
		struct latency_sum sum = { 0 };

		latency_add(&latency, rows[i].ns, 1);
		latency_read(&latency, &sum);
		for (unsigned bucket = 0; bucket < LATENCY_BUCKETS; bucket++)
			assert_int_equal(sum.buckets[bucket], bucket == rows[i].bucket);
		assert_int_equal(sum.count, 1);
		assert_int_equal(sum.sum_ns, rows[i].ns);
		if (rows[i].bucket < LATENCY_BOUNDS)
			assert_true(rows[i].ns <= latency_bound_ns(rows[i].bucket));
		if (rows[i].bucket > 0)
			assert_true(rows[i].ns > latency_bound_ns(rows[i].bucket - 1));
	}
}

static void quantiles(void **state)
{
	struct latency one = { 0 }, two = { 0 };
	struct latency_sum sum = { 0 };

	(void)state;
	assert_int_equal(latency_quantile_ns(&sum, 0.5), 0);
	latency_add(&one, 1500, 50);
	latency_add(&one, 3500, 40);
	latency_add(&two, 100000, 9);
	latency_add(&two, UINT64_C(3000000000), 1);
	latency_read(&one, &sum);
	latency_read(&two, &sum);
	assert_int_equal(sum.count, 100);
	assert_int_equal(sum.sum_ns, 50 * 1500 + 40 * 3500 + 9 * 100000 + UINT64_C(3000000000));
	assert_int_equal(latency_quantile_ns(&sum, 0.5), 2000);
	assert_int_equal(latency_quantile_ns(&sum, 0.51), 4000);
	assert_int_equal(latency_quantile_ns(&sum, 0.9), 4000);
	assert_int_equal(latency_quantile_ns(&sum, 0.99), 128000);
	assert_int_equal(latency_quantile_ns(&sum, 1), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_time_has_its_bucket),
		cmocka_unit_test(quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
