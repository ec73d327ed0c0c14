/* SPDX-License-Identifier: Apache-2.0 */
/* The counts against exact ones: never too small, never too large by more than their error, and the error within bounds. */
#include "tests/unit/base/cmocka.h"

#include <stdlib.h>

#include "conf/base/mem.h"
#include "server/sketch_top.h"

enum { KEYS = 20000, REQUESTS = 400000, PLACES = 1024 };

static uint64_t state;

static uint64_t next_random(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return state >> 33;
}

static uint64_t hash_of(uint64_t key)
{
	key = (key ^ key >> 31) * UINT64_C(0x7fb5d329728ea185);
	key = (key ^ key >> 27) * UINT64_C(0x81dadef4bc2dd44d);
	return key ^ key >> 33;
}

/* As clients are: the k-th network asks 1/k as often as the first. */
static uint64_t zipf(const double *sums)
{
	double at = (double)next_random() / 2147483648.0 * sums[KEYS - 1];
	size_t low = 0, high = KEYS - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sums[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void test_against_exact(void **unused)
{
	uint32_t *exact = mem_array(KEYS, sizeof *exact);
	double *sums = mem_array(KEYS, sizeof *sums);
	struct sketch_top top;
	struct sketch_top_rows rows = { 0 };
	double sum = 0;
	unsigned found = 0;

	(void)unused;
	state = 42;
	sketch_top_init(&top, PLACES);
	for (size_t i = 0; i < KEYS; i++)
		sums[i] = sum += 1.0 / (double)(i + 1);
	for (unsigned i = 0; i < REQUESTS; i++) {
		uint64_t key = zipf(sums);

		exact[key]++;
		sketch_top_add(&top, key, hash_of(key), 1);
	}
	sketch_top_read(&top, &rows);
	assert_int_equal(rows.count, PLACES);
	sketch_top_rank(&rows, 100);
	assert_int_equal(rows.count, 100);
	for (size_t i = 0; i < rows.count; i++) {
		const struct sketch_top_row *row = &rows.list[i];

		assert_in_range(exact[row->key], row->count - row->error, row->count);
		/* Twice what an even spread over the sets would come to. */
		assert_true(row->error <= 2 * REQUESTS / PLACES);
		found += row->key < 100;
		if (i > 0)
			assert_true(row->count <= rows.list[i - 1].count);
	}
	/* Keys that come equally often may change places at the end. */
	assert_in_range(found, 90, 100);
	assert_int_equal(rows.list[0].key, 0);
	sketch_top_rows_fini(&rows);
	sketch_top_fini(&top);
	mem_free(exact);
	mem_free(sums);
}

static void test_few_are_exact(void **unused)
{
	struct sketch_top top;
	struct sketch_top_rows rows = { 0 };

	(void)unused;
	sketch_top_init(&top, 1);
	/* Key 0 is a key like others. */
	for (unsigned key = 0; key < SKETCH_TOP_WAYS; key++) {
		for (unsigned i = 0; i <= key; i++)
			sketch_top_add(&top, key, 0, 1);
	}
	sketch_top_read(&top, &rows);
	sketch_top_rank(&rows, 100);
	assert_int_equal(rows.count, SKETCH_TOP_WAYS);
	for (unsigned i = 0; i < SKETCH_TOP_WAYS; i++) {
		assert_int_equal(rows.list[i].key, SKETCH_TOP_WAYS - 1 - i);
		assert_int_equal(rows.list[i].count, SKETCH_TOP_WAYS - i);
		assert_int_equal(rows.list[i].error, 0);
	}
	/* A ninth takes the place of the rarest, and says so. */
	sketch_top_add(&top, 99, 0, 1);
	rows.count = 0;
	sketch_top_read(&top, &rows);
	sketch_top_rank(&rows, 100);
	assert_int_equal(rows.count, SKETCH_TOP_WAYS);
	for (size_t i = 0; i < rows.count; i++) {
		assert_int_not_equal(rows.list[i].key, 0);
		if (rows.list[i].key == 99) {
			assert_int_equal(rows.list[i].count, 2);
			assert_int_equal(rows.list[i].error, 1);
		}
	}
	/* Several at once, and no further than the end. */
	sketch_top_clear(&top);
	sketch_top_add(&top, 5, 0, 8);
	sketch_top_add(&top, 5, 0, UINT32_MAX);
	rows.count = 0;
	sketch_top_read(&top, &rows);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.list[0].count, UINT32_MAX);
	sketch_top_clear(&top);
	rows.count = 0;
	sketch_top_read(&top, &rows);
	assert_int_equal(rows.count, 0);
	sketch_top_rank(&rows, 100);
	sketch_top_rows_fini(&rows);
	sketch_top_fini(&top);
}

static void test_merged(void **unused)
{
	struct sketch_top tops[3];
	struct sketch_top_rows rows = { 0 };

	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		sketch_top_init(&tops[i], 64);
		for (uint64_t key = 0; key < 10; key++) {
			for (uint64_t n = 0; n < 5 * key; n++)
				sketch_top_add(&tops[i], key, hash_of(key), 1);
		}
		sketch_top_read(&tops[i], &rows);
		sketch_top_fini(&tops[i]);
	}
	sketch_top_rank(&rows, 4);
	assert_int_equal(rows.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(rows.list[i].key, 9 - i);
		assert_int_equal(rows.list[i].count, 15 * (9 - i));
	}
	sketch_top_rows_fini(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_exact),
		cmocka_unit_test(test_few_are_exact),
		cmocka_unit_test(test_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
