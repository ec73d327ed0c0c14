/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/ledger.h"

static char folder[] = "/tmp/ledger.XXXXXX", path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/ledger.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/served", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void add(struct ledger *ledger, int64_t at_s, const char *zone, uint64_t had, uint64_t removed, uint8_t body)
{
	char name[300];
	struct ledger_entry entry = { .at_s = at_s, .zone = name, .had = had, .removed = removed };
	struct err_note note;

	snprintf(name, sizeof name, "%s", zone);
	memset(entry.body, body, sizeof entry.body);
	assert_int_equal(ledger_add(ledger, &entry, 1, at_s, &note), 0);
}

/* In state body; 0: not counted. */
static void expect_at(const struct ledger *ledger, int64_t now_s, const char *zone, uint8_t body, uint64_t removed,
		      uint64_t had)
{
	uint8_t sum[LTHASH_SUM_BYTES];
	uint64_t got_had;

	memset(sum, body, sizeof sum);
	assert_int_equal(ledger_removed(ledger, zone, sum, now_s, &got_had), removed);
	assert_int_equal(got_had, had);
}

static void expect(const struct ledger *ledger, int64_t now_s, const char *zone, uint64_t removed, uint64_t had)
{
	expect_at(ledger, now_s, zone, 0, removed, had);
}

static bool served(const struct ledger *ledger, int64_t now_s, const char *zone, uint8_t body)
{
	uint8_t sum[LTHASH_SUM_BYTES];

	memset(sum, body, sizeof sum);
	return ledger_served(ledger, zone, sum, now_s);
}

static void open_again(struct ledger *ledger, int64_t now_s, size_t warned)
{
	struct err_list warnings = { 0 };

	ledger_fini(ledger);
	ledger_open(ledger, path, now_s, &warnings);
	assert_int_equal(warnings.count, warned);
	err_list_fini(&warnings);
}

static void test_hour_and_week(void **state)
{
	struct ledger ledger = { 0 };

	(void)state;
	open_again(&ledger, 0, 0);
	expect(&ledger, 100000, "a.test", 0, 0);
	add(&ledger, 100000, "a.test", 1000, 10, 1);
	add(&ledger, 101000, "b.test", 50, 7, 2);
	add(&ledger, 102000, "a.test", 990, 5, 3);
	for (int again = 0; again < 2; again++) {
		expect(&ledger, 102500, "a.test", 15, 1000);
		expect(&ledger, 102500, "b.test", 7, 50);
		expect(&ledger, 102500, "c.test", 0, 0);
		expect(&ledger, 103599, "a.test", 15, 1000);	/* the hour of the first ends with its 3600th second */
		expect(&ledger, 103600, "a.test", 5, 990);
		expect(&ledger, 105600, "a.test", 0, 0);
		assert_true(served(&ledger, 102500, "a.test", 1));
		assert_true(served(&ledger, 100000 + LEDGER_WEEK_S, "a.test", 1));
		assert_false(served(&ledger, 100001 + LEDGER_WEEK_S, "a.test", 1));
		assert_false(served(&ledger, 102500, "a.test", 2));	/* another zone's */
		assert_false(served(&ledger, 102500, "a.test", 0));	/* not counted */
		open_again(&ledger, 102500, 0);
	}
	/* With an offline key's word the hour begins anew. */
	add(&ledger, 103000, "a.test", 0, 0, 4);
	expect(&ledger, 103000, "a.test", 0, 0);
	add(&ledger, 103001, "a.test", 500, 1, 5);
	expect(&ledger, 103001, "a.test", 1, 500);
	ledger_fini(&ledger);
}

/* What was gone back from does not count, and going there again does. */
static void test_to_and_fro(void **state)
{
	static const struct {
		uint8_t was;		/* state before the change; the next row has that after it */
		uint64_t had, removed, counts, began;	/* what counts in that state */
	} rows[] = {
		{ 1, 100, 10, 0, 0 }, { 2, 90, 0, 10, 100 }, { 1, 100, 0, 0, 0 }, { 2, 90, 9, 10, 100 }, { 3, 81, 0, 19, 100 },
		{ 2, 90, 0, 10, 100 }, { 3, 81, 8, 19, 100 }, { 4, 73, 0, 27, 100 }, { 1, 100, 5, 0, 0 }, { 5, 95, 0, 5, 100 },
	};
	struct ledger ledger = { 0 };
	int64_t now_s = 100000;

	(void)state;
	open_again(&ledger, 0, 0);
	for (size_t i = 0; i < COUNT(rows); i++, now_s++) {
		expect_at(&ledger, now_s, "a.test", rows[i].was, rows[i].counts, rows[i].began);
		add(&ledger, now_s, "a.test", rows[i].had, rows[i].removed, rows[i].was);
		add(&ledger, now_s, "b.test", 7, 1, rows[i].was);
	}
	/* A state that is not counted is like no other. */
	expect_at(&ledger, now_s, "a.test", 0, 5, 100);
	/* One that was served before the hour is where the hour begins. */
	expect_at(&ledger, 100000 + LEDGER_HOUR_S + 5, "a.test", 3, 0, 0);
	ledger_fini(&ledger);
}

/* The file cut at every byte: what was whole is there, and what is added then is read again. */
static void test_torn(void **state)
{
	struct ledger ledger = { 0 };
	uint8_t *bytes;
	size_t len, first;

	(void)state;
	open_again(&ledger, 0, 0);
	add(&ledger, 100000, "a.test", 1000, 10, 1);
	assert_int_equal(file_read(path, 4096, &bytes, &first), 0);
	mem_free(bytes);
	add(&ledger, 100001, "a.test", 990, 5, 2);
	assert_int_equal(file_read(path, 4096, &bytes, &len), 0);
	assert_int_equal(len, 2 * first - 2);
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(file_replace_unsynced(path, bytes, cut, 0600), 0);
		open_again(&ledger, 100002, 0);
		assert_int_equal(ledger.count, cut >= first);
		add(&ledger, 100002, "a.test", 7, 3, 3);
		open_again(&ledger, 100002, 0);
		expect(&ledger, 100002, "a.test", cut >= first ? 13 : 3, cut >= first ? 1000 : 7);
	}
	/* What is no line of ours. */
	assert_int_equal(file_replace_unsynced(path, "x\n1 2 3 4 5\n\n1 2 3 aa a.test\n", 29, 0600), 0);
	open_again(&ledger, 100002, 1);
	assert_int_equal(ledger.count, 0);
	mem_free(bytes);
	ledger_fini(&ledger);
}

/* It does not grow without end, neither in memory nor on disk. */
static void test_bounds(void **state)
{
	struct ledger ledger = { 0 };
	uint8_t *bytes;
	size_t len, most = 0;

	(void)state;
	open_again(&ledger, 0, 0);
	for (int64_t day = 0; day < 3000; day++) {
		add(&ledger, day * 86400, "a.test", 10, 1, (uint8_t)day);
		assert_true(ledger.count <= 8);
		most = ledger.lines > most ? ledger.lines : most;
	}
	assert_true(most <= 1024 + 2 * 8);
	assert_int_equal(file_read(path, 1 << 20, &bytes, &len), 0);
	assert_true(len < 1100 * 120);
	mem_free(bytes);
	ledger_fini(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hour_and_week, setup, teardown),
		cmocka_unit_test_setup_teardown(test_to_and_fro, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
