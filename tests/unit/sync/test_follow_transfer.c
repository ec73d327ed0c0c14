/* SPDX-License-Identifier: Apache-2.0 */
/* A step from one release to the next over a network that ends, tears or spoils it at every byte of all that is moved,
 * or gives one file for another. CATCHMENT_ALL_FAULTS: at every byte, else at some. */
#include "tests/unit/base/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/tuf_drive.h"
#include "tests/unit/support/follow_case.h"

static struct follow_case *test;

static int set_up(void **state)
{
	(void)state;
	test = follow_case_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	follow_case_free(test);
	return 0;
}

/* One look over the spoiled network, and what must hold then. */
static void disturbed(const char *where, bool may_do)
{
	struct follower node;

	follow_case_restore(test);
	follow_case_start(test, &node, where);
	enum follow_result result = follower_look(&node, test->master);
	bool is_new = strcmp(follower_serves(&node), test->new) == 0;
	if (is_new != (result == FOLLOW_NEW) || (is_new && !may_do) || result == FOLLOW_SAME)
		fail_msg("%s: %s, served: %s", where, follow_result_name(result), node.text);
	if (!is_new) {
		assert_string_equal(node.text, test->old);
		if (node.outcome.note.text[0] == '\0' || result == FOLLOW_DISK)
			fail_msg("%s: %s: %s", where, follow_result_name(result), node.outcome.note.text);
	}
	/* The same process tries again: it has not lost its way. */
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	result = follower_look(&node, test->master);
	if (strcmp(follower_serves(&node), test->new) != 0 && result != FOLLOW_SAME)
		fail_msg("%s: then %s: %s", where, follow_result_name(result), node.outcome.note.text);
	is_new = strcmp(node.text, test->new) == 0;
	follower_stop(&node);
	follow_case_check(test, is_new, where);
}

static void at_every_byte(enum sync_master_spoil spoil, const char *name, bool may_do, unsigned usual)
{
	unsigned first, stride = follow_case_stride(usual, &first), done = 0;
	char where[64];

	for (uint64_t at = first; at < test->bytes; at += stride) {
		snprintf(where, sizeof where, "%s at byte %u", name, (unsigned)at);
		sync_master_spoil(test->master, spoil, at);
		disturbed(where, may_do);
		done++;
	}
	print_message("%s: %u of %u bytes\n", name, done, (unsigned)test->bytes);
}

static void ends_at_every_byte(void **state)
{
	(void)state;
	at_every_byte(SYNC_MASTER_CUT, "cut", false, 37);
}

static void tears_at_every_byte(void **state)
{
	(void)state;
	at_every_byte(SYNC_MASTER_TORN, "torn", true, 61);
}

/* Outside of what is signed a byte may be any other one: then it does. */
static void spoils_every_byte(void **state)
{
	(void)state;
	at_every_byte(SYNC_MASTER_FLIP, "spoiled", true, 61);
}

static void gives_one_file_for_another(void **state)
{
	struct follower node;
	char names[64][160], where[400];

	(void)state;
	follow_case_restore(test);
	follow_case_start(test, &node, "names");
	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	assert_int_equal(follower_look(&node, test->master), FOLLOW_NEW);
	follower_stop(&node);
	size_t count = test->master->asked_count;
	memcpy(names, test->master->asked, sizeof names);
	assert_true(count > 9);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			if (strcmp(names[i], names[j]) == 0)
				continue;
			snprintf(where, sizeof where, "%s instead of %s", names[j], names[i]);
			sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
			test->master->instead[0] = names[i];
			test->master->instead[1] = names[j];
			follow_case_restore(test);
			follow_case_start(test, &node, where);
			follower_look(&node, test->master);
			/* What asks for a root that is not there yet gets something: that is no root. */
			if (strcmp(follower_serves(&node), test->old) != 0)
				fail_msg("%s: served: %s", where, node.text);
			test->master->instead[0] = NULL;
			follower_stop(&node);
			follow_case_check(test, false, where);
		}
	}
	print_message("one file for another: %zu pairs of %zu files\n", count * (count - 1), count);
}

/* ---- catchment-fetch ---- */

static const char *const paths[] = { "zones/example.org/zone", "files/www.example.org/x.txt", "policy/guards.json" };

static int fetch(const char *folder, struct err_note *note)
{
	char *metadata = mem_format("%s/metadata", folder), *targets = mem_format("%s/targets", folder);
	struct tuf_settings settings;
	struct tuf_store *store;

	tuf_settings_init(&settings, FOLLOW_CASE_NOW);
	int err = tuf_store_open(metadata, false, &store, note);
	if (err == 0) {
		struct tuf_client *client = tuf_client_new(&settings);
		const struct tuf_drive drive = {
			.client = client, .store = store, .transport = &test->master->transport, .metadata_url = "m:/metadata",
		};

		err = tuf_drive_on(&drive, note);
		for (size_t i = 0; i < COUNT(paths) && err == 0; i++)
			err = tuf_drive_target(&drive, paths[i], "m:/targets", targets, note);
		tuf_client_free(client);
		tuf_store_close(store);
	}
	mem_free(metadata);
	mem_free(targets);
	return err;
}

static bool same_file(const char *one, const char *other)
{
	uint8_t *a = NULL, *b = NULL;
	size_t a_len, b_len;
	bool same = file_read(one, 1 << 20, &a, &a_len) == 0 && file_read(other, 1 << 20, &b, &b_len) == 0
		&& a_len == b_len && memcmp(a, b, a_len) == 0;

	mem_free(a);
	mem_free(b);
	return same;
}

/* Every file in a folder is, to the byte, the one of its name in one of two others. False: another number of files
 * than there are in all. */
static bool all_of(const char *folder, const char *one, const char *other, const char *where)
{
	static const char *const parts[] = { "metadata", "targets" };
	unsigned count = 0, wanted = 0;

	for (int i = 0; i < 2; i++) {
		const char *all[] = { folder, other };

		for (int which = 0; which < 2; which++) {
			char *path = mem_format("%s/%s", all[which], parts[i]);
			DIR *entries = opendir(path);

			assert_non_null(entries);
			for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
				if (entry->d_name[0] == '.')
					continue;
				wanted += (unsigned)which;
				count += !which;
				char *mine = mem_format("%s/%s/%s", folder, parts[i], entry->d_name);
				char *a = mem_format("%s/%s/%s", one, parts[i], entry->d_name);
				char *b = mem_format("%s/%s/%s", other, parts[i], entry->d_name);
				if (!which && !same_file(mine, a) && !same_file(mine, b))
					fail_msg("%s: %s/%s is of neither", where, parts[i], entry->d_name);
				mem_free(mine);
				mem_free(a);
				mem_free(b);
			}
			closedir(entries);
			mem_free(path);
		}
	}
	return count == wanted;
}

static void fetch_whole(const char *to)
{
	struct err_note note;

	sync_master_spoil(test->master, SYNC_MASTER_WHOLE, 0);
	if (fetch(to, &note) != 0)
		fail_msg("%s", note.text);
}

static void fetch_ends_at_every_byte(void **state)
{
	static const struct {
		enum sync_master_spoil spoil;
		const char *name;
		unsigned stride;
	} ways[] = { { SYNC_MASTER_CUT, "cut", 29 }, { SYNC_MASTER_TORN, "torn", 53 }, { SYNC_MASTER_FLIP, "spoiled", 53 } };
	char *old = mem_format("%s/fetch-old", test->folder), *new = mem_format("%s/fetch-new", test->folder);
	char *now = mem_format("%s/fetch-now", test->folder), *metadata = mem_format("%s/metadata", old), where[64];
	struct err_note note;
	struct tuf_store *store;
	uint8_t *root;
	size_t len;

	(void)state;
	test->master->prefix = "m:/";
	assert_int_equal(file_read(test->root, 1 << 20, &root, &len), 0);
	assert_int_equal(tuf_store_open(metadata, true, &store, &note), 0);
	assert_int_equal(tuf_drive_init(store, (struct span){ root, len }, &note), 0);
	tuf_store_close(store);
	mem_free(root);
	mem_free(metadata);
	metadata = mem_format("%s/targets", old);
	assert_int_equal(mkdir(metadata, 0755), 0);
	test->master->served = test->repo;
	fetch_whole(old);
	test->master->served = NULL;
	sync_master_copy(old, new);
	fetch_whole(new);
	uint64_t bytes = test->master->passed;
	for (size_t way = 0; way < COUNT(ways); way++) {
		unsigned first, stride = follow_case_stride(ways[way].stride, &first), done = 0;

		for (uint64_t at = first; at < bytes; at += stride, done++) {
			snprintf(where, sizeof where, "fetch, %s at byte %u", ways[way].name, (unsigned)at);
			sync_master_copy(old, now);
			sync_master_spoil(test->master, ways[way].spoil, at);
			int err = fetch(now, &note);
			/* What is not signed, and what comes by a name that says nothing of it, may be another one. */
			if (err == 0 && ways[way].spoil == SYNC_MASTER_CUT)
				fail_msg("%s: done", where);
			if (ways[way].spoil == SYNC_MASTER_CUT)
				all_of(now, old, new, where);
			fetch_whole(now);
			if (ways[way].spoil != SYNC_MASTER_FLIP && !all_of(now, new, new, where))
				fail_msg("%s: not as if nothing had happened", where);
		}
		print_message("fetch, %s: %u of %u bytes\n", ways[way].name, done, (unsigned)bytes);
	}
	test->master->prefix = "";
	mem_free(metadata);
	mem_free(old);
	mem_free(new);
	mem_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_at_every_byte),
		cmocka_unit_test(tears_at_every_byte),
		cmocka_unit_test(spoils_every_byte),
		cmocka_unit_test(gives_one_file_for_another),
		cmocka_unit_test(fetch_ends_at_every_byte),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
