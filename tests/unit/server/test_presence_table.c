/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "server/presence_table.h"
#include "tests/unit/base/cmocka.h"

static struct presence_table table;

static int start(void **state)
{
	(void)state;
	presence_table_init(&table, (struct siphash_key){ 1, 2 }, 64);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	presence_table_fini(&table);
	return 0;
}

static uint64_t hash_of(const char *url)
{
	return presence_table_hash(&table, span_string(url));
}

static void hashes_differ(void **state)
{
	static const char *const urls[] = { "", "a", "b", "aa", "http://a/0123456789abcdef", "http://a/0123456789abcdeg",
					    "http://a/0123456789abcdef0", "http://a/0123456789abcdef01234567890" };

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		assert_int_not_equal(hash_of(urls[i]), 0);
		assert_int_equal(hash_of(urls[i]), hash_of(urls[i]));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(hash_of(urls[i]), hash_of(urls[j]));
	}
	uint64_t before = hash_of("a");
	table.key.a++;
	assert_int_not_equal(hash_of("a"), before);
}

/* What a reader sees in the life of one URL. */
static void a_life(void **state)
{
	static const struct {
		enum { SEE, ASKING, HAS, LACKS } what;
		uint64_t at, valid;
		enum presence_known known;
		bool expired, asking;
	} steps[] = {
		{ SEE, 0, 0, PRESENCE_NOTHING, true, false },
		{ ASKING, 0, 0, PRESENCE_NOTHING, true, true },
		{ SEE, 100, 0, PRESENCE_NOTHING, true, true },
		{ HAS, 100, 6400, PRESENCE_HAS, false, false },
		{ SEE, 6499, 0, PRESENCE_HAS, false, false },
		{ SEE, 6500, 0, PRESENCE_HAS, true, false },	/* still told while it is asked */
		{ ASKING, 6500, 0, PRESENCE_HAS, true, true },
		{ SEE, 12899, 0, PRESENCE_HAS, true, true },
		{ SEE, 12900, 0, PRESENCE_NOTHING, true, true },	/* too old */
		{ LACKS, 13000, 640, PRESENCE_LACKS, false, false },
		{ SEE, 13640, 0, PRESENCE_LACKS, true, false },
		{ SEE, 14280, 0, PRESENCE_NOTHING, true, false },
	};
	uint64_t url = hash_of("http://a/x");

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		if (steps[i].what == ASKING)
			assert_true(presence_table_asking(&table, url, steps[i].at));
		else if (steps[i].what != SEE)
			presence_table_set(&table, url, steps[i].what == HAS ? PRESENCE_HAS : PRESENCE_LACKS,
					   steps[i].at, steps[i].valid);
		struct presence_seen seen = presence_table_see(&table, url, steps[i].at);
		assert_int_equal(seen.known, steps[i].known);
		assert_int_equal(seen.expired, steps[i].expired);
		assert_int_equal(seen.asking, steps[i].asking);
	}
}

static void long_validity(void **state)
{
	uint64_t day = 24 * 3600 * 1000, url = hash_of("u");

	(void)state;
	presence_table_set(&table, url, PRESENCE_HAS, 365 * day, day);
	assert_int_equal(presence_table_see(&table, url, 366 * day - 1).known, PRESENCE_HAS);
	assert_false(presence_table_see(&table, url, 366 * day - 1).expired);
	assert_true(presence_table_see(&table, url, 366 * day).expired);
	assert_int_equal(presence_table_see(&table, url, 368 * day).known, PRESENCE_NOTHING);
}

/* URLs of one set: the number in bits above those that choose it. */
static uint64_t of_set(unsigned number)
{
	return (uint64_t)number << 32 | 3;
}

static void who_makes_room(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		presence_table_set(&table, of_set(i), PRESENCE_HAS, 0, 1000 * (i + 1));
	presence_table_set(&table, of_set(4), PRESENCE_LACKS, 0, 9000);
	assert_int_equal(presence_table_see(&table, of_set(0), 0).known, PRESENCE_NOTHING);
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(presence_table_see(&table, of_set(i), 0).known, i == 4 ? PRESENCE_LACKS : PRESENCE_HAS);
	/* What is being asked stays, for somebody waits for it. */
	for (unsigned i = 1; i < 5; i++)
		assert_true(presence_table_asking(&table, of_set(i), 0));
	assert_false(presence_table_asking(&table, of_set(5), 0));
	presence_table_set(&table, of_set(5), PRESENCE_HAS, 0, 1000);
	assert_int_equal(presence_table_see(&table, of_set(5), 0).known, PRESENCE_NOTHING);
	presence_table_set(&table, of_set(2), PRESENCE_HAS, 0, 1000);
	assert_true(presence_table_asking(&table, of_set(5), 0));
	assert_int_equal(presence_table_see(&table, of_set(2), 0).known, PRESENCE_NOTHING);
}

static atomic_bool ended;

/* Even numbers are there, odd ones are not: no reader may ever see the answer of another URL. */
static void *read_all_the_time(void *arg)
{
	uint64_t wrong = 0, seen = 0;

	(void)arg;
	while (!atomic_load(&ended)) {
		for (unsigned i = 0; i < 64; i++) {
			enum presence_known known = presence_table_see(&table, of_set(i), 5).known;

			seen += known != PRESENCE_NOTHING;
			wrong += known == (i % 2 == 0 ? PRESENCE_LACKS : PRESENCE_HAS);
		}
	}
	printf("%llu answers seen\n", (unsigned long long)seen);
	return (void *)(uintptr_t)wrong;
}

static void readers_see_whole_answers(void **state)
{
	pthread_t readers[2];
	void *wrong;

	(void)state;
	atomic_store(&ended, false);
	for (size_t i = 0; i < COUNT(readers); i++)
		pthread_create(&readers[i], NULL, read_all_the_time, NULL);
	for (unsigned i = 0; i < 200000; i++)
		presence_table_set(&table, of_set(i * 7 % 64), i % 2 == 0 ? PRESENCE_HAS : PRESENCE_LACKS, 0,
				   1000 + i % 5000);
	atomic_store(&ended, true);
	for (size_t i = 0; i < COUNT(readers); i++) {
		pthread_join(readers[i], &wrong);
		assert_null(wrong);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hashes_differ), TEST(a_life), TEST(long_validity), TEST(who_makes_room),
		TEST(readers_see_whole_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
