/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/tuf_target.h"

#define ABC256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char folder[64], path[128];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/tuf-target-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/target", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static unsigned files(void)
{
	DIR *entries = opendir(folder);
	unsigned count = 0;

	for (struct dirent *entry; (entry = readdir(entries)) != NULL; )
		count += entry->d_name[0] != '.';
	closedir(entries);
	return count;
}

static struct tuf_file abc(void)
{
	struct tuf_file file = { .length = 3 };

	assert_int_equal(hash_list_add(&file.hashes, "sha256", ABC256), 0);
	return file;
}

static void test_good(void **state)
{
	struct tuf_file file = abc();
	struct tuf_target *target;
	struct err_note note;
	struct stat stat_of;
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_false(tuf_target_is_there(path, &file));
	assert_int_equal(tuf_target_begin(path, &file, &target, &note), 0);
	assert_int_equal(tuf_target_take(target, SPAN_TEXT("a")), 0);
	assert_int_equal(access(path, F_OK), -1);	/* not before its end */
	assert_int_equal(tuf_target_take(target, SPAN_TEXT("bc")), 0);
	assert_int_equal(tuf_target_end(target, &note), 0);
	assert_true(tuf_target_is_there(path, &file));
	assert_int_equal(file_read(path, 9, &bytes, &len), 0);
	assert_string_equal((char *)bytes, "abc");
	mem_free(bytes);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0644);
	assert_int_equal(files(), 1);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *content, *said;
	} cases[] = {
		{ "abd", "its sha256 is not the one that is listed (TUF 5.7.2)" },
		{ "ab", "less than the 3 bytes that are listed (TUF 5.7.2)" },
		{ "", "less than the 3 bytes that are listed (TUF 5.7.2)" },
		{ "abcd", "more than the 3 bytes that are listed (TUF 5.7.2)" },
	};
	struct tuf_file file = abc();

	(void)state;
	assert_int_equal(file_replace(path, "old", 3, 0600), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tuf_target *target;
		struct err_note note;
		size_t len = strlen(cases[i].content);

		assert_int_equal(tuf_target_begin(path, &file, &target, &note), 0);
		for (size_t at = 0; at < len; at++) {
			int err = tuf_target_take(target, (struct span){ (const uint8_t *)cases[i].content + at, 1 });

			assert_int_equal(err, at < 3 ? 0 : ERR_LIMIT);
			assert_int_equal(tuf_target_fault(target), err);
		}
		assert_int_equal(tuf_target_end(target, &note), ERR_INVALID);
		assert_string_equal(note.text, cases[i].said);
		assert_string_equal(note.file, path);
		assert_int_equal(files(), 1);
		assert_false(tuf_target_is_there(path, &file));
	}
}

static void test_abandoned(void **state)
{
	struct tuf_file file = abc();
	struct tuf_target *target;
	struct err_note note;

	(void)state;
	assert_int_equal(tuf_target_begin(path, &file, &target, &note), 0);
	assert_int_equal(tuf_target_take(target, SPAN_TEXT("ab")), 0);
	tuf_target_abandon(target);
	tuf_target_abandon(NULL);
	assert_int_equal(files(), 0);
}

static void test_not_there(void **state)
{
	struct tuf_file file = abc();
	struct tuf_target *target;
	struct err_note note;
	char where[256];

	(void)state;
	assert_int_equal(file_replace(path, "abcd", 4, 0600), 0);
	assert_false(tuf_target_is_there(path, &file));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);	/* nothing waits for its other end */
	assert_false(tuf_target_is_there(path, &file));
	assert_false(tuf_target_is_there(folder, &file));
	snprintf(where, sizeof where, "%s/missing/target", folder);
	assert_int_equal(tuf_target_begin(where, &file, &target, &note), -ENOENT);
	assert_non_null(strstr(note.text, "no file can be written there"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(tuf_target_begin(path, &file, &target, &note), 0);
	assert_int_equal(tuf_target_take(target, SPAN_TEXT("abc")), 0);
	assert_int_equal(tuf_target_end(target, &note), -EISDIR);
	assert_int_equal(files(), 1);
}

static void test_sweep(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} cases[] = {
		{ "#aB3xYz", false }, { "#aB3xY", true },  { "#aB3xYzz", true },
		{ "#aB3-Yz", true },  { "aB3xYzz", true }, { "%23aB3xYz", true },
	};
	struct stat stat_of;
	char name[128];

	(void)state;
	for (int64_t later = 0; later <= 3600; later += 3600) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			snprintf(name, sizeof name, "%s/%s", folder, cases[i].name);
			assert_int_equal(file_replace(name, "", 0, 0600), 0);
			assert_int_equal(stat(name, &stat_of), 0);
		}
		tuf_target_sweep(folder, stat_of.st_mtime + later);
		for (size_t i = 0; i < COUNT(cases); i++) {
			snprintf(name, sizeof name, "%s/%s", folder, cases[i].name);
			if ((access(name, F_OK) == 0) != (cases[i].stays || later == 0))
				fail_msg("%s after %lld s", cases[i].name, (long long)later);
		}
	}
	tuf_target_sweep("/nowhere", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static char part[128];

/* A file of one byte repeated, and how it is listed. */
static struct tuf_file listed(const uint8_t *bytes, size_t len)
{
	struct tuf_file file = { .length = (int64_t)len };
	uint8_t digest[HASH_SHA256_BYTES];
	char digits[2 * HASH_SHA256_BYTES + 1];

	hash_sha256((struct span){ bytes, len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	assert_int_equal(hash_list_add(&file.hashes, "sha256", digits), 0);
	return file;
}

static void test_set_aside(void **state)
{
	enum { LEN = 3 * TUF_PART_MIN };
	uint8_t *bytes = mem_alloc(LEN);
	struct tuf_target *target;
	struct err_note note;

	(void)state;
	for (size_t i = 0; i < LEN; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	struct tuf_file file = listed(bytes, LEN);
	snprintf(part, sizeof part, "%s/part", folder);
	/* What is little is not worth it. */
	assert_int_equal(tuf_target_resume(path, part, &file, &target, &note), 0);
	assert_int_equal(tuf_target_have(target), 0);
	assert_int_equal(tuf_target_take(target, (struct span){ bytes, TUF_PART_MIN - 1 }), 0);
	tuf_target_set_aside(target);
	assert_int_equal(files(), 0);
	/* What is more is gone on with, twice. */
	for (int64_t had = 0; had < LEN; had += TUF_PART_MIN) {
		assert_int_equal(tuf_target_resume(path, part, &file, &target, &note), 0);
		assert_int_equal(tuf_target_have(target), had);
		assert_int_equal(tuf_target_take(target, (struct span){ bytes + had, TUF_PART_MIN }), 0);
		tuf_target_set_aside(target);
		assert_int_equal(files(), 1);
	}
	assert_int_equal(tuf_target_resume(path, part, &file, &target, &note), 0);
	assert_int_equal(tuf_target_have(target), LEN);
	assert_int_equal(tuf_target_end(target, &note), 0);
	assert_true(tuf_target_is_there(path, &file));
	assert_int_equal(files(), 1);
	mem_free(bytes);
}

static void test_parts_are_not_believed(void **state)
{
	static const struct {
		const char *had;
		int64_t begins_at;
		const char *more;
		int err;
	} rows[] = {
		{ "ab", 2, "c", 0 },
		{ "xb", 2, "c", ERR_INVALID },
		{ "abc", 3, "", 0 },
		{ "abd", 3, "", ERR_INVALID },
		{ "abcd", 0, "abc", 0 },	/* it cannot be of this file */
		{ "", 0, "abc", 0 },
	};
	struct tuf_file file = abc();
	struct tuf_target *target;
	struct err_note note;

	(void)state;
	snprintf(part, sizeof part, "%s/part", folder);
	for (size_t i = 0; i < COUNT(rows); i++) {
		unlink(path);
		assert_int_equal(file_replace(part, rows[i].had, strlen(rows[i].had), 0600), 0);
		assert_int_equal(tuf_target_resume(path, part, &file, &target, &note), 0);
		assert_int_equal(tuf_target_have(target), rows[i].begins_at);
		assert_int_equal(tuf_target_take(target, (struct span){ (const uint8_t *)rows[i].more, strlen(rows[i].more) }), 0);
		assert_int_equal(tuf_target_end(target, &note), rows[i].err);
		assert_int_equal(access(part, F_OK), -1);
		assert_int_equal(tuf_target_is_there(path, &file), rows[i].err == 0);
	}
	/* A link is not followed, whatever is behind it; a folder cannot be removed. */
	unlink(path);
	assert_int_equal(symlink(path, part), 0);
	assert_int_equal(tuf_target_resume(path, part, &file, &target, &note), 0);
	tuf_target_abandon(target);
	assert_int_equal(files(), 0);
	assert_int_equal(mkdir(part, 0700), 0);
	assert_true(tuf_target_resume(path, part, &file, &target, &note) < 0);
	assert_int_equal(rmdir(part), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_good), TEST(test_wrong), TEST(test_abandoned),
					    TEST(test_not_there), TEST(test_sweep), TEST(test_set_aside),
					    TEST(test_parts_are_not_believed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
