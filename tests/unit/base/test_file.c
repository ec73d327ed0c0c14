/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/err.h"
#include "conf/base/file.h"
#include "conf/base/mem.h"

/* Each test runs in a folder of its own, which is the working directory meanwhile. */
static char folder[] = "/tmp/file.XXXXXX";

static int enter(void **state)
{
	(void)state;
	memcpy(strrchr(folder, '.') + 1, "XXXXXX", 6);
	return mkdtemp(folder) != NULL ? chdir(folder) : -1;
}

static int leave(void **state)
{
	char *command = mem_format("rm -r %s", folder);
	int status = chdir("/") == 0 ? system(command) : -1;

	(void)state;
	mem_free(command);
	return status;
}

static size_t entries(void)
{
	DIR *dir = opendir(".");
	size_t count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2; /* without . and .. */
}

static void expect_content(const char *path, const char *bytes, size_t len)
{
	uint8_t *got = NULL;
	size_t got_len = 0;

	assert_int_equal(file_read(path, len, &got, &got_len), 0);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, bytes, len);
	assert_int_equal(got[len], '\0');
	mem_free(got);
}

static void test_replace(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(file_replace("a", "one", 3, 0640), 0);
	expect_content("a", "one", 3);
	assert_int_equal(stat("a", &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);

	char *path = mem_format("%s/a", folder);
	assert_int_equal(file_replace(path, "two\0x", 5, 0600), 0);
	mem_free(path);
	expect_content("a", "two\0x", 5);
	assert_int_equal(file_replace("a", NULL, 0, 0600), 0);
	expect_content("a", "", 0);
	assert_int_equal(entries(), 1);
}

static void test_replace_fails(void **state)
{
	(void)state;
	assert_int_equal(file_replace("missing/a", "x", 1, 0600), -ENOENT);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkdir("folder/inner", 0700), 0);
	assert_int_equal(file_replace("folder", "x", 1, 0600), -EISDIR);
	/* No temporary file stays behind. */
	assert_int_equal(entries(), 1);
}

static void test_read(void **state)
{
	uint8_t *bytes = (uint8_t *)folder;
	size_t len = 4711;

	(void)state;
	assert_int_equal(file_read("missing", 10, &bytes, &len), -ENOENT);
	assert_int_equal(file_read(".", 10, &bytes, &len), -EISDIR);
	assert_int_equal(file_replace("a", "0123456789", 10, 0600), 0);
	assert_int_equal(file_read("a", 9, &bytes, &len), ERR_LIMIT);
	assert_int_equal(file_read("/dev/zero", 1 << 16, &bytes, &len), ERR_LIMIT);
	assert_ptr_equal(bytes, folder);
	assert_int_equal(len, 4711);
	expect_content("a", "0123456789", 10);
}

/* Around the sizes at which reading takes more room. */
static void test_read_sizes(void **state)
{
	static const size_t sizes[] = { 1, 4094, 4095, 4096, 4097, 8191, 8192, 100000 };
	char *bytes = mem_alloc(100000);

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		bytes[i] = (char)(i * 31);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(file_replace("a", bytes, sizes[i], 0600), 0);
		expect_content("a", bytes, sizes[i]);
	}
	mem_free(bytes);
}

static void test_make_folders(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(file_make_folders("a/b/c", 0700), 0);
	assert_int_equal(stat("a/b/c", &info), 0);
	assert_true(S_ISDIR(info.st_mode));
	assert_int_equal(file_make_folders("a/b/c", 0700), 0);
	assert_int_equal(file_make_folders("a/b/d/", 0700), 0);
	assert_int_equal(stat("a/b/d", &info), 0);
	char *path = mem_format("%s/x//y", folder);
	assert_int_equal(file_make_folders(path, 0700), 0);
	mem_free(path);
	assert_int_equal(stat("x/y", &info), 0);
	assert_int_equal(file_replace("file", "", 0, 0600), 0);
	assert_int_equal(file_make_folders("file/a", 0700), -ENOTDIR);
	assert_int_equal(file_make_folders("/", 0700), 0);
}

static void test_beside(void **state)
{
	static const struct {
		const char *base, *path, *joined;
	} cases[] = {
		{ "/etc/c/node.yaml", "zones/a", "/etc/c/zones/a" },
		{ "/etc/c/node.yaml", "/zones/a", "/zones/a" },
		{ "node.yaml", "a", "a" },
		{ "c/node.yaml", "../a", "c/../a" },
		{ "/node.yaml", "a", "/a" },
		{ "./node.yaml", "a", "./a" },
		{ "", "a", "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *joined = file_beside(cases[i].base, cases[i].path);

		assert_string_equal(joined, cases[i].joined);
		mem_free(joined);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replace, enter, leave),
		cmocka_unit_test_setup_teardown(test_replace_fails, enter, leave),
		cmocka_unit_test_setup_teardown(test_read, enter, leave),
		cmocka_unit_test_setup_teardown(test_read_sizes, enter, leave),
		cmocka_unit_test_setup_teardown(test_make_folders, enter, leave),
		cmocka_unit_test(test_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
