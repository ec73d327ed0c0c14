/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/floors.h"

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
	floors_refuse(&floors, "release 7");
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
		assert_string_equal(floors.refused, "release 7");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swapped, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
