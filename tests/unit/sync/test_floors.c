/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/floors.h"
#include "sync/hash.h"

static char folder[64];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/floors-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static char *below(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void save(int64_t version, uint64_t active)
{
	struct floors floors;
	struct err_note note;

	floors_load(folder, &floors, &note);
	floors_set(&floors, "root", 1);
	floors_set(&floors, "timestamp", version);
	floors_set(&floors, "a role with blanks", version + 1);
	floors_refuse(&floors, "7", 3, "of a thousand answers\ntoo many are SERVFAIL");
	floors_refuse(&floors, "snapshot-8", 0, "");
	floors.soak_s = 77;
	floors.active = active;
	floors.time_s = 1000 + version;
	assert_int_equal(floors_save(folder, &floors, &note), 0);
	floors_fini(&floors);
}

static void expect(int err, int64_t version, uint64_t active)
{
	struct floors floors;
	struct err_note note;

	assert_int_equal(floors_load(folder, &floors, &note), err);
	assert_int_equal(floors_version(&floors, "timestamp"), version);
	assert_int_equal(floors.active, active);
	if (version != 0) {
		assert_int_equal(floors_version(&floors, "a role with blanks"), version + 1);
		assert_int_equal(floors.refused_count, 2);
		assert_string_equal(floors_refused(&floors, "7")->why, "of a thousand answers too many are SERVFAIL");
		assert_int_equal(floors_refused(&floors, "7")->items, 3);
		assert_string_equal(floors_refused(&floors, "snapshot-8")->why, "");
		assert_null(floors_refused(&floors, "9"));
		assert_int_equal(floors.soak_s, 77);
		assert_int_equal(floors.time_s, 1000 + version);
	}
	floors_fini(&floors);
}

static void test_turns(void **state)
{
	(void)state;
	expect(0, 0, 0);
	for (int64_t version = 1; version < 6; version++) {
		save(version, (uint64_t)version);
		expect(0, version, (uint64_t)version);
	}
	assert_int_equal(access(below("floor.a"), F_OK), 0);
	assert_int_equal(access(below("floor.b"), F_OK), 0);
}

/* The newer file cut at every byte, and each byte of it changed: the older one holds, and it is told. */
static void test_torn(void **state)
{
	uint8_t *bytes;
	size_t len;

	(void)state;
	save(1, 1);	/* floor.a */
	save(2, 2);	/* floor.b */
	assert_int_equal(file_read(below("floor.b"), 4096, &bytes, &len), 0);
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(file_replace_unsynced(below("floor.b"), bytes, cut, 0644), 0);
		expect(ERR_FORMAT, 1, 1);
	}
	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		assert_int_equal(file_replace_unsynced(below("floor.b"), bytes, len, 0644), 0);
		expect(ERR_FORMAT, 1, 1);
		bytes[i] ^= 1;
	}
	/* The next writing goes over the damaged one. */
	save(3, 3);
	expect(0, 3, 3);
	/* Both gone bad: zeros, and it is told. */
	assert_int_equal(file_replace_unsynced(below("floor.a"), "x", 1, 0644), 0);
	assert_int_equal(file_replace_unsynced(below("floor.b"), bytes, 0, 0644), 0);
	expect(ERR_FORMAT, 0, 0);
	mem_free(bytes);
}

/* One file in the place of the other is not taken: it is older than it pretends. */
static void test_swapped(void **state)
{
	uint8_t *bytes;
	size_t len;

	(void)state;
	save(1, 1);
	save(2, 2);
	assert_int_equal(file_read(below("floor.a"), 4096, &bytes, &len), 0);
	assert_int_equal(file_replace_unsynced(below("floor.b"), bytes, len, 0644), 0);
	expect(ERR_FORMAT, 1, 1);
	mem_free(bytes);
}

static void write_text(const char *name, const char *body)
{
	char *text = mem_format("catchment floors 1\n%s", body), digits[2 * HASH_SHA256_BYTES + 1];
	uint8_t digest[HASH_SHA256_BYTES];

	hash_sha256(span_string(text), digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	char *all = mem_format("%ssum %s\n", text, digits);
	assert_int_equal(file_replace_unsynced(below(name), all, strlen(all), 0644), 0);
	mem_free(text);
	mem_free(all);
}

/* Whole, by its digest, and of another version, or with lines that say nothing. */
static void test_lines(void **state)
{
	static const struct {
		const char *body;
		int err;
		int64_t version, time_s;
		uint64_t active;
	} rows[] = {
		{ "sequence 1\n", 0, 0, 0, 0 },
		{ "sequence 1\ntime 7\nactive 3\nrole 5 timestamp\n", 0, 5, 7, 3 },
		{ "sequence 1\nlater version of this\nrole 5 timestamp\nalone\n\n", 0, 5, 0, 0 },
		{ "sequence 1\nrole 5\nrole 6 timestamp\nrole x y\n", 0, 6, 0, 0 },
		{ "sequence 3\nrole 5 timestamp\nrole 7 timestamp\n", -ENOENT, 7, 0, 0 },	/* the last word; the other one is gone */
		{ "sequence 2\nrole 5 timestamp\n", ERR_FORMAT, 0, 0, 0 },		/* it belongs into the other file */
		{ "role 5 timestamp\n", ERR_FORMAT, 0, 0, 0 },
		{ "sequence 0\n", ERR_FORMAT, 0, 0, 0 },
		{ "sequence x\n", ERR_FORMAT, 0, 0, 0 },
		{ "", ERR_FORMAT, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct floors floors;
		struct err_note note;

		write_text("floor.a", rows[i].body);
		if (floors_load(folder, &floors, &note) != rows[i].err)
			fail_msg("%s", rows[i].body);
		assert_int_equal(floors_version(&floors, "timestamp"), rows[i].version);
		assert_int_equal(floors.time_s, rows[i].time_s);
		assert_int_equal(floors.active, rows[i].active);
		floors_fini(&floors);
	}
}

/* A role's name is the repository's: it must not write lines of its own. */
static void test_names(void **state)
{
	struct floors floors = { 0 };
	struct err_note note;

	(void)state;
	floors_set(&floors, "good", 1);
	floors_set(&floors, "bad\nactive 99", 2);
	floors_own(&floors, "fra1");
	assert_int_equal(floors_save(folder, &floors, &note), 0);
	assert_int_equal(floors.sequence, 1);
	floors_fini(&floors);
	assert_int_equal(floors_load(folder, &floors, &note), 0);
	assert_int_equal(floors_version(&floors, "good"), 1);
	assert_int_equal(floors.role_count, 1);
	assert_int_equal(floors.active, 0);
	assert_string_equal(floors.node, "fra1");
	assert_int_equal(floors.refused_count, 0);
	floors_fini(&floors);
}

/* What cannot be written leaves all as it was, in memory and on disk. */
static void test_no_room(void **state)
{
	struct floors floors;
	struct err_note note;

	(void)state;
	save(1, 1);
	assert_int_equal(mkdir(below("floor.b"), 0700), 0);
	assert_int_not_equal(floors_load(folder, &floors, &note), 0);	/* the folder is told, the other one is used */
	assert_int_equal(floors.sequence, 1);
	floors_set(&floors, "timestamp", 9);
	assert_int_not_equal(floors_save(folder, &floors, &note), 0);
	assert_int_equal(floors.sequence, 1);
	assert_non_null(strstr(note.text, "cannot be written"));
	floors_fini(&floors);
	assert_int_equal(rmdir(below("floor.b")), 0);
	expect(0, 1, 1);
}

/* One is gone: the other may be older, and it is told. The first that is written is alone. */
static void test_gone(void **state)
{
	struct floors floors;
	struct err_note note;

	(void)state;
	save(1, 1);	/* floor.a */
	expect(0, 1, 1);
	save(2, 2);	/* floor.b */
	assert_int_equal(unlink(below("floor.b")), 0);
	save(2, 2);
	save(3, 3);
	assert_int_equal(unlink(below("floor.a")), 0);
	expect(-ENOENT, 2, 2);
	floors_load(folder, &floors, &note);
	assert_string_equal(note.text, "floor.a is gone; the other one is used, which may be one step older");
	floors_fini(&floors);
	assert_int_equal(unlink(below("floor.b")), 0);
	expect(0, 0, 0);
}

/* As many as there is room for, the newest; allowed again by name; read as it once was written. */
static void test_refused(void **state)
{
	struct floors floors = { 0 };
	char release[16];

	(void)state;
	for (int i = 0; i < FLOORS_REFUSED_MAX + 3; i++) {
		snprintf(release, sizeof release, "%d", i);
		floors_refuse(&floors, release, 1, "x");
	}
	assert_int_equal(floors.refused_count, FLOORS_REFUSED_MAX);
	assert_null(floors_refused(&floors, "2"));
	assert_string_equal(floors.refused[0].release, "3");
	floors_refuse(&floors, "5", 2, "again");
	assert_int_equal(floors.refused_count, FLOORS_REFUSED_MAX);
	assert_string_equal(floors.refused[FLOORS_REFUSED_MAX - 1].why, "again");
	assert_true(floors_allow(&floors, "5"));
	assert_false(floors_allow(&floors, "5"));
	assert_int_equal(floors.refused_count, FLOORS_REFUSED_MAX - 1);
	floors_fini(&floors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
