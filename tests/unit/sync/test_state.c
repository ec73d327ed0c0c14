/* SPDX-License-Identifier: Apache-2.0 */
/* What a start makes of a state folder in which something was torn, emptied, spoiled, exchanged or put back from a
 * backup: what is served, what is said, and what the next look does about it. */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_tree.h"
#include "tests/unit/support/follow_case.h"

static struct follow_case *test;
static char *good;	/* state with the new release, after the old one */

static int set_up(void **state)
{
	struct follower node;

	(void)state;
	test = follow_case_new();
	good = mem_format("%s/good", test->folder);
	follow_case_restore(test);
	follow_case_start(test, &node, "set up");
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	assert_int_equal(follower_look(&node, test->master), FOLLOW_NEW);
	follower_stop(&node);
	sync_master_copy(test->state, good);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	follow_case_free(test);
	mem_free(good);
	return 0;
}

/* Goes on: one row says nothing about the others. */
static unsigned wrongs;

static void __attribute__((format(printf, 1, 2))) wrong(const char *format, ...)
{
	va_list args;

	wrongs++;
	va_start(args, format);
	vprint_error(format, args);
	va_end(args);
	print_error("\n");
}

/* ---- what is done to files ---- */

enum harm { NOTHING, EMPTIED, TORN, SPOILED, REMOVED, OLDER };

static const char *const harms[] = { "nothing", "emptied", "torn", "spoiled", "removed", "older" };

static void harm_file(enum harm harm, const char *path)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	if (harm == OLDER) {
		char *old = mem_format("%s%s", test->saved, path + strlen(test->state));

		assert_int_equal(file_read(old, 1 << 20, &bytes, &len), 0);
		mem_free(old);
	} else if (harm == REMOVED) {
		assert_int_equal(unlink(path), 0);
		return;
	} else {
		assert_int_equal(file_read(path, 1 << 20, &bytes, &len), 0);
	}
	if (harm == SPOILED)
		bytes[len / 2] ^= 1;
	len = harm == EMPTIED ? 0 : harm == TORN ? len / 2 : len;
	assert_int_equal(file_replace_unsynced(path, bytes, len, 0600), 0);
	mem_free(bytes);
}

/* Every file of a pattern below the state folder. */
static void harm_files(enum harm harm, const char *pattern)
{
	char *full = mem_format("%s/%s", test->state, pattern);
	glob_t found;

	if (glob(full, GLOB_BRACE, NULL, &found) != 0)
		fail_msg("no %s", full);
	for (size_t i = 0; i < found.gl_pathc; i++)
		harm_file(harm, found.gl_pathv[i]);
	globfree(&found);
	mem_free(full);
}

static void expect_said(const char *where, const struct follower *node, const char *said)
{
	if (said == NULL ? node->said[0] != '\0' : strstr(node->said, said) == NULL)
		wrong("%s: said: \"%s\", expected: \"%s\"", where, node->said, said != NULL ? said : "");
}

static void expect_serves(const char *where, struct follower *node, const char *text)
{
	if (strcmp(follower_serves(node), text) != 0)
		wrong("%s: serves: %s, expected: %s", where, node->text, text);
}

struct row {
	const char *files;
	enum harm harm;
	char serves;		/* 'n' the new release, 'o' the old one, '-' nothing */
	const char *said;	/* part of what the start says; NULL: nothing */
	enum follow_result look;
	const char *remark;	/* part of what the look says */
};

static void expect(const struct row *row)
{
	struct follower node;
	char where[128];

	snprintf(where, sizeof where, "%s %s", row->files, harms[row->harm]);
	sync_master_copy(good, test->state);
	harm_files(row->harm, row->files);
	follow_case_start(test, &node, where);
	expect_serves(where, &node, row->serves == 'n' ? test->new : row->serves == 'o' ? test->old : "nothing");
	expect_said(where, &node, row->said);
	node.said[0] = '\0';
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	enum follow_result result = follower_look(&node, test->master);
	if (result != row->look)
		wrong("%s: the look: %s: %s", where, follow_result_name(result), node.outcome.note.text);
	expect_said(where, &node, row->remark);
	expect_serves(where, &node, test->new);
	follower_stop(&node);
}

#define METADATA "fetched anew"
#define OTHER_FLOOR "the other one is used, which may be one step older"
#define NO_FLOOR "no other one is whole: what was seen is taken from the metadata and the generations"
#define NOT_WHOLE "generation 2 is not whole: "

static void test_files(void **state)
{
	static const struct row rows[] = {
		{ "sync/tuf/timestamp.json", NOTHING, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/timestamp.json", EMPTIED, 'n', NULL, FOLLOW_SAME, METADATA },
		{ "sync/tuf/timestamp.json", TORN, 'n', NULL, FOLLOW_SAME, METADATA },
		{ "sync/tuf/timestamp.json", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/timestamp.json", OLDER, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/snapshot.json", EMPTIED, 'n', NULL, FOLLOW_SAME, METADATA },
		{ "sync/tuf/snapshot.json", TORN, 'n', NULL, FOLLOW_SAME, METADATA },
		{ "sync/tuf/snapshot.json", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/snapshot.json", OLDER, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/targets.json", TORN, 'n', NULL, FOLLOW_SAME, METADATA },
		{ "sync/tuf/zones.json", EMPTIED, 'n', NULL, FOLLOW_SAME, METADATA },
		{ "sync/tuf/zones.json", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/files.json", OLDER, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/{timestamp,snapshot,targets,zones,files}.json", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/*.json", OLDER, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/root.json", EMPTIED, 'n', "tuf/root.json is damaged: it is made again from", FOLLOW_SAME, NULL },
		{ "sync/tuf/root.json", TORN, 'n', "tuf/root.json is damaged: it is made again from", FOLLOW_SAME, NULL },
		{ "sync/tuf/root.json", SPOILED, 'n', "tuf/root.json is damaged: it is made again from", FOLLOW_SAME, NULL },
		{ "sync/tuf/root.json", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/tuf/root.json", OLDER, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/roots/*", EMPTIED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/roots/*", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/{tuf/root.json,roots/*}", TORN, 'n', "tuf/root.json is damaged: it is made again from", FOLLOW_SAME, NULL },
		{ "sync/floor.[ab]", EMPTIED, 'n', NO_FLOOR, FOLLOW_SAME, NULL },
		{ "sync/floor.[ab]", TORN, 'n', NO_FLOOR, FOLLOW_SAME, NULL },
		{ "sync/floor.[ab]", SPOILED, 'n', NO_FLOOR, FOLLOW_SAME, NULL },
		{ "sync/floor.[ab]", REMOVED, 'n', "floor.a and floor.b are gone", FOLLOW_SAME, NULL },
		{ "sync/floor.[ab]", OLDER, 'o', NULL, FOLLOW_NEW, NULL },
		{ "sync/gen/2/manifest.json", EMPTIED, 'o', "gen/2/manifest.json", FOLLOW_NEW, NULL },
		{ "sync/gen/2/manifest.json", TORN, 'o', "gen/2/manifest.json", FOLLOW_NEW, NULL },
		{ "sync/gen/2/manifest.json", SPOILED, 'o', "gen/2/manifest.json", FOLLOW_NEW, NULL },
		{ "sync/gen/2/manifest.json", REMOVED, 'o', "generation 2 was in force and is not there", FOLLOW_NEW, NULL },
		{ "sync/gen/1/manifest.json", TORN, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/gen/*/manifest.json", EMPTIED, '-', "gen/1/manifest.json", FOLLOW_NEW, NULL },
		{ "sync/gen/*/manifest.json", REMOVED, '-', "generation 2 was in force and is not there", FOLLOW_NEW, NULL },
		{ "sync/blob/*", EMPTIED, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "sync/blob/*", SPOILED, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "sync/blob/*", REMOVED, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "zones/sync-*", EMPTIED, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "zones/sync-*", TORN, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "zones/sync-*", SPOILED, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "zones/sync-*", REMOVED, '-', NOT_WHOLE, FOLLOW_NEW, NULL },
		{ "sync/node.key", EMPTIED, 'n', "is damaged, and moved to node.key.damaged: a new key is made", FOLLOW_SAME, NULL },
		{ "sync/node.key", TORN, 'n', "is damaged, and moved to node.key.damaged: a new key is made", FOLLOW_SAME, NULL },
		{ "sync/node.key", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
		{ "sync/lock", REMOVED, 'n', NULL, FOLLOW_SAME, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(&rows[i]);
	assert_int_equal(wrongs, 0);
}

/* Two files of a folder, each under the name of the other. */
static void exchange(const char *folder, const char *pattern)
{
	char *full = mem_format("%s/%s/%s", test->state, folder, pattern), *aside = mem_format("%s/aside", test->folder);
	glob_t found;

	assert_int_equal(glob(full, GLOB_BRACE, NULL, &found), 0);
	assert_true(found.gl_pathc >= 2);
	assert_int_equal(rename(found.gl_pathv[0], aside), 0);
	assert_int_equal(rename(found.gl_pathv[1], found.gl_pathv[0]), 0);
	assert_int_equal(rename(aside, found.gl_pathv[1]), 0);
	globfree(&found);
	mem_free(full);
	mem_free(aside);
}

static void test_exchanged(void **state)
{
	static const struct {
		const char *folder, *pattern;
		char serves;		/* '?': which of them these are is by chance */
		const char *said, *remark;
	} rows[] = {
		{ "sync/tuf", "{timestamp,snapshot}.json", 'n', NULL, METADATA },
		{ "sync/tuf", "{targets,zones}.json", 'n', NULL, NULL },
		{ "sync/tuf", "{root,targets}.json", 'n', "tuf/root.json is damaged", NULL },
		{ "sync", "floor.[ab]", 'n', NO_FLOOR, NULL },
		{ "sync/gen", "[12]", '-', "it is the manifest of another generation", NULL },
		{ "zones", "sync-*", '-', "it is another image than its name says", NULL },
		{ "sync/blob", "*", '?', NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *where = rows[i].pattern;
		struct follower node;

		sync_master_copy(good, test->state);
		exchange(rows[i].folder, where);
		follow_case_start(test, &node, where);
		if (rows[i].serves != '?') {
			expect_serves(where, &node, rows[i].serves == 'n' ? test->new : "nothing");
			expect_said(where, &node, rows[i].said);
		}
		node.said[0] = '\0';
		sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
		enum follow_result result = follower_look(&node, test->master);
		if (result != FOLLOW_SAME && result != FOLLOW_NEW)
			wrong("%s: the look: %s: %s", where, follow_result_name(result), node.outcome.note.text);
		if (rows[i].remark != NULL)
			expect_said(where, &node, rows[i].remark);
		expect_serves(where, &node, test->new);
		follower_stop(&node);
	}
	assert_int_equal(wrongs, 0);
}

/* What the new release has and the old one has not: the old one is served, and only what is missing is fetched. */
static void test_one_blob(void **state)
{
	char *pattern = mem_format("%s/sync/blob/*", good);
	glob_t found;
	unsigned old = 0;

	(void)state;
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;
		char *before = mem_format("%s/sync/blob/%s", test->saved, name), *path = mem_format("sync/blob/%s", name);
		struct row row = { path, SPOILED, 'o', NOT_WHOLE, FOLLOW_NEW, NULL };

		/* subscribe.json and what is built into images is read again only when there is news. */
		struct follower node;
		sync_master_copy(good, test->state);
		harm_files(SPOILED, path);
		follow_case_start(test, &node, path);
		bool needed = strcmp(follower_serves(&node), test->new) != 0;
		follower_stop(&node);
		if (needed && access(before, F_OK) != 0) {
			expect(&row);
			old++;
		}
		mem_free(before);
		mem_free(path);
	}
	assert_int_equal(old, 3);	/* the changeset, the file, the policy */
	globfree(&found);
	mem_free(pattern);
	assert_int_equal(wrongs, 0);
}

/* ---- older files, with a master that is frozen in the past ---- */

static void expect_rollback(const char *files, enum harm harm, const char *said)
{
	struct follower node;

	sync_master_copy(good, test->state);
	harm_files(harm, files);
	follow_case_start(test, &node, files);
	if (said != NULL)
		expect_said(files, &node, said);
	test->master->served = test->repo;
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	enum follow_result result = follower_look(&node, test->master);
	test->master->served = NULL;
	if (result != FOLLOW_TRUST)
		wrong("%s: the look: %s: %s", files, follow_result_name(result), node.outcome.note.text);
	expect_serves(files, &node, test->new);
	follower_stop(&node);
}

static void test_replayed(void **state)
{
	(void)state;
	expect_rollback("sync/lock", NOTHING, NULL);
	expect_rollback("sync/tuf/{timestamp,snapshot}.json", EMPTIED, NULL);
	expect_rollback("sync/tuf/{timestamp,snapshot,targets,zones,files}.json", REMOVED, NULL);
	expect_rollback("sync/tuf/*.json", REMOVED, NULL);
	expect_rollback("sync/tuf/*.json", OLDER, NULL);
	expect_rollback("sync/{tuf/*.json,roots/*}", REMOVED, NULL);
	expect_rollback("sync/{tuf/timestamp.json,tuf/snapshot.json,floor.a,floor.b}", EMPTIED, NO_FLOOR);
	expect_rollback("sync/{tuf/timestamp.json,tuf/snapshot.json,floor.a,floor.b}", REMOVED, "are gone");
}

/* ---- whole folders ---- */

static void test_backup(void **state)
{
	struct follower node;

	(void)state;
	/* It is what it was then, whole, and goes on from there. */
	follow_case_restore(test);
	follow_case_start(test, &node, "backup");
	expect_serves("backup", &node, test->old);
	expect_said("backup", &node, NULL);
	assert_int_equal(follower_look(&node, test->master), FOLLOW_NEW);
	expect_serves("backup", &node, test->new);
	follower_stop(&node);
}

static void test_another_node(void **state)
{
	struct follower node;

	(void)state;
	sync_master_copy(good, test->state);
	assert_int_equal(follower_start(&node, test->state, test->root, FOLLOW_CASE_NOW, "n2"), 0);
	expect_serves("another node", &node, test->new);
	expect_said("another node", &node, "is the folder of node n1, and this is n2: what it holds is served, but reports are "
		    "signed, and secrets opened, with the key of n1");
	node.now_s += 3600;	/* so that it writes */
	assert_int_equal(follower_look(&node, test->master), FOLLOW_SAME);
	follower_stop(&node);
	assert_int_equal(follower_start(&node, test->state, test->root, FOLLOW_CASE_NOW, "n2"), 0);
	expect_said("its own now", &node, NULL);
	follower_stop(&node);
}

static void expect_another_master(const char *where, const char *folder, const char *root)
{
	struct follower node;

	sync_master_copy(folder, test->state);
	assert_int_equal(follower_start(&node, test->state, root, FOLLOW_CASE_NOW, NULL), ERR_INVALID);
	expect_said(where, &node, "holds what another master signed than the one of");
	expect_said(where, &node, "put the folder of this master back, or move it away and start anew");
}

static void test_another_master(void **state)
{
	struct sync_master *other = sync_master_new(FOLLOW_CASE_NOW);
	char *root = mem_string(sync_master_path(other, "repo/metadata/1.root.json"));
	char *second = mem_string(sync_master_path(other, "repo/metadata/2.root.json"));
	char *newer = mem_string(sync_master_path(test->master, "repo/metadata/2.root.json"));
	struct follower node;

	(void)state;
	expect_another_master("the first root", test->saved, root);
	expect_another_master("a later root", good, root);
	sync_master_rotate(other, "timestamp");
	expect_another_master("the same later version", good, second);
	/* The installed root may be a later one of this master. */
	for (int i = 0; i < 2; i++) {
		sync_master_copy(i == 0 ? good : test->saved, test->state);
		assert_int_equal(follower_start(&node, test->state, newer, FOLLOW_CASE_NOW, NULL), 0);
		expect_serves("its own", &node, i == 0 ? test->new : test->old);
		follower_stop(&node);
	}
	/* And may be lost: what was trusted stays so. */
	sync_master_copy(good, test->state);
	assert_int_equal(follower_start(&node, test->state, "/nowhere/root.json", FOLLOW_CASE_NOW, NULL), 0);
	expect_serves("no root", &node, test->new);
	follower_stop(&node);
	sync_master_free(other);
	mem_free(root);
	mem_free(second);
	mem_free(newer);
}

static void test_one_process(void **state)
{
	struct follower first, second;

	(void)state;
	sync_master_copy(good, test->state);
	follow_case_start(test, &first, "first");
	assert_int_equal(follower_start(&second, test->state, test->root, FOLLOW_CASE_NOW, NULL), -EBUSY);
	expect_said("second", &second, "another process follows a master with this state-dir");
	expect_serves("first", &first, test->new);
	follower_stop(&first);
	follow_case_start(test, &second, "second");
	follower_stop(&second);
}

/* Files that are none of ours, and folders that a process left when it was killed. */
static void test_strangers(void **state)
{
	static const char *const files[] = { "sync/blob/notes.txt", "sync/gen/readme", "sync/roots/x", "sync/tuf/x", "zones/other" };
	struct follower node;

	(void)state;
	sync_master_copy(good, test->state);
	for (size_t i = 0; i < COUNT(files); i++) {
		char *path = mem_format("%s/%s", test->state, files[i]);

		assert_int_equal(file_replace_unsynced(path, "x", 1, 0600), 0);
		mem_free(path);
	}
	char *folder = mem_format("%s/sync/gen/99", test->state);
	assert_int_equal(mkdir(folder, 0700), 0);
	follow_case_start(test, &node, "strangers");
	expect_serves("strangers", &node, test->new);
	expect_said("strangers", &node, NULL);
	assert_int_not_equal(access(folder, F_OK), 0);
	assert_int_equal(follower_look(&node, test->master), FOLLOW_SAME);
	follower_stop(&node);
	mem_free(folder);
}

/* The generation before, at once and after a start; the release that was gone back from is refused until told. */
static void test_rollback(void **state)
{
	struct follower node;

	(void)state;
	sync_master_copy(good, test->state);
	follow_case_start(test, &node, "rollback");
	assert_true(follower_roll_back(&node));
	expect_serves("rollback", &node, test->old);
	assert_int_equal(follower_look(&node, test->master), FOLLOW_REFUSED);
	assert_non_null(strstr(node.outcome.note.text, "was rolled back from"));
	assert_false(follower_roll_back(&node));	/* there is none before it */
	follower_stop(&node);
	follow_case_start(test, &node, "after rollback");
	expect_serves("after rollback", &node, test->old);
	assert_int_equal(follower_look(&node, test->master), FOLLOW_REFUSED);
	follower_stop(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_one_blob),
		cmocka_unit_test(test_replayed),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_another_node),
		cmocka_unit_test(test_another_master),
		cmocka_unit_test(test_one_process),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_rollback),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down) + (int)wrongs;
}
