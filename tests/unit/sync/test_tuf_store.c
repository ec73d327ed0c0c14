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
#include "sync/tuf_store.h"

struct place {
	char folder[64];
	struct tuf_store *store;
};

static char *below(const struct place *place, const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", place->folder, name);
	return path;
}

static int setup(void **state)
{
	struct place *place = mem_alloc(sizeof *place);
	struct err_note note;

	strcpy(place->folder, "/tmp/tuf-store-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	assert_int_equal(tuf_store_open(place->folder, false, &place->store, &note), 0);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	char command[128];

	tuf_store_close(place->store);
	snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
	assert_int_equal(system(command), 0);
	mem_free(place);
	return 0;
}

static void test_save_and_load(void **state)
{
	static const struct {
		const char *role, *name;
	} cases[] = {
		{ "root", "root.json" }, { "a/b", "a%2Fb.json" }, { "../x", "..%2Fx.json" }, { "..", "...json" },
		{ ".", "..json" }, { "", ".json" }, { "a\nb", "a%0Ab.json" }, { "\xc3\xa9", "%C3%A9.json" },
	};
	struct place *place = *state;
	struct err_note note;
	uint8_t *bytes;
	size_t len;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(tuf_store_load(place->store, cases[i].role, 100, &bytes, &len, &note), -ENOENT);
		assert_int_equal(tuf_store_save(place->store, cases[i].role, SPAN_TEXT("one\0\xff"), &note), 0);
		assert_int_equal(tuf_store_save(place->store, cases[i].role, SPAN_TEXT("two\0\xff"), &note), 0);
		assert_int_equal(access(below(place, cases[i].name), R_OK), 0);
		assert_int_equal(tuf_store_load(place->store, cases[i].role, 5, &bytes, &len, &note), 0);
		assert_int_equal(len, 5);
		assert_memory_equal(bytes, "two\0\xff", 5);
		mem_free(bytes);
		assert_int_equal(tuf_store_load(place->store, cases[i].role, 4, &bytes, &len, &note), ERR_LIMIT);
		assert_non_null(strstr(note.text, "over a limit"));
		assert_int_equal(tuf_store_forget(place->store, cases[i].role, &note), 0);
		assert_int_equal(tuf_store_load(place->store, cases[i].role, 100, &bytes, &len, &note), -ENOENT);
		assert_int_equal(tuf_store_forget(place->store, cases[i].role, &note), 0);
	}
}

static void test_one_at_a_time(void **state)
{
	struct place *place = *state;
	struct tuf_store *other = NULL;
	struct err_note note;

	assert_int_equal(tuf_store_open(place->folder, true, &other, &note), -EBUSY);
	assert_string_equal(note.text, "the metadata folder is in use by another process");
	tuf_store_close(place->store);
	assert_int_equal(tuf_store_open(place->folder, true, &place->store, &note), 0);
}

static void test_folders(void **state)
{
	struct place *place = *state;
	struct tuf_store *store = NULL;
	struct err_note note;
	char path[128];

	snprintf(path, sizeof path, "%s/a/b", place->folder);
	assert_int_equal(tuf_store_open(path, false, &store, &note), -ENOENT);
	assert_int_equal(tuf_store_open(path, true, &store, &note), 0);
	tuf_store_close(store);
	assert_int_equal(file_replace(below(place, "file"), "", 0, 0600), 0);
	snprintf(path, sizeof path, "%s/file", place->folder);
	assert_int_equal(tuf_store_open(path, false, &store, &note), -ENOTDIR);
	assert_string_equal(note.file, path);
}

/* What a power cut left is swept when the folder is opened; nothing else is. */
static void test_left_overs(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} cases[] = {
		{ "root.json", true },          { "root.json.aB3xYz", false },
		{ "a%2Fb.json.000000", false }, { "root.json.aB3xY", true },
		{ "root.json.aB3xYz1", true },  { "root.json.aB3x-z", true },
		{ "notes.aB3xYz", true },       { ".json.aB3xYz", true },
		{ "json.aB3xYz", true },        { "root.json.backup.aB3xYz", true },
	};
	struct place *place = *state;
	struct err_note note;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = open(below(place, cases[i].name), O_WRONLY | O_CREAT, 0600);

		assert_true(fd >= 0);
		close(fd);
	}
	tuf_store_close(place->store);
	assert_int_equal(tuf_store_open(place->folder, false, &place->store, &note), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		if ((access(below(place, cases[i].name), F_OK) == 0) != cases[i].stays)
			fail_msg("%s", cases[i].name);
	}
}

static void test_failures(void **state)
{
	struct place *place = *state;
	struct err_note note;
	uint8_t *bytes;
	size_t len;

	assert_int_equal(mkdir(below(place, "root.json"), 0700), 0);
	assert_int_equal(tuf_store_load(place->store, "root", 9, &bytes, &len, &note), -EISDIR);
	assert_string_equal(note.file, below(place, "root.json"));
	assert_int_equal(tuf_store_save(place->store, "root", SPAN_TEXT("x"), &note), -EISDIR);
	assert_int_not_equal(tuf_store_forget(place->store, "root", &note), 0);
	char longest[300];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(tuf_store_save(place->store, longest, SPAN_TEXT("x"), &note), -ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_save_and_load), TEST(test_one_at_a_time), TEST(test_folders),
		TEST(test_left_overs),    TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
