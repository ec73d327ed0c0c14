/* SPDX-License-Identifier: Apache-2.0 */
/* Generations in parts: what a change writes, what a damaged part costs, what a collection leaves. */
#include "tests/unit/base/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/state.h"

enum { MANY = 2000 };

static char folder[64];

static struct state *open_state(void)
{
	struct err_list warnings = { 0 };
	struct err_note note;
	struct state *state;

	assert_int_equal(state_open(folder, &state, &note, &warnings), 0);
	err_list_fini(&warnings);
	return state;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_state_generations.XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
	char *command = mem_format("rm -r %s", folder);
	int code = system(command);

	(void)state;
	mem_free(command);
	return code;
}

/* With version in one of them. */
static struct manifest *make(size_t count, unsigned version)
{
	struct manifest *manifest = mem_alloc(sizeof *manifest);

	manifest->release = mem_format("%u", version);
	for (size_t i = 0; i < count; i++) {
		char *path = mem_format("zones/z%zu.test/zone", i);
		struct manifest_item *item = manifest_add(manifest, MANIFEST_ZONE, path);

		item->head = item->serial = i == 77 ? version : 1;
		item->order = (int64_t)i + 1;
		item->zone = version * i;	/* is not written and makes no difference */
		mem_free(path);
	}
	manifest_sort(manifest);
	return manifest;
}

static size_t count_blobs(void)
{
	char *path = mem_format("%s/sync/blob", folder);
	DIR *entries = opendir(path);
	size_t count = 0;

	assert_non_null(entries);
	for (struct dirent *entry; (entry = readdir(entries)) != NULL; )
		count += entry->d_name[0] != '.';
	closedir(entries);
	mem_free(path);
	return count;
}

static void write_one(struct state *state, size_t count, unsigned version)
{
	struct manifest *manifest = make(count, version);
	struct err_note note;

	assert_int_equal(state_write_generation(state, manifest, &note), 0);
	assert_int_equal(manifest->generation, version);
	assert_int_equal(manifest->part_count, count > MANIFEST_WHOLE_MAX ? MANIFEST_PARTS : 0);
	manifest_free(manifest);
}

static void check_one(struct state *state, size_t count, unsigned version)
{
	struct manifest *back, *manifest = make(count, version);
	struct err_note note;

	assert_int_equal(state_read_generation(state, version, &back, &note), 0);
	assert_int_equal(back->item_count, count);
	assert_true(manifest_same(manifest, back));
	manifest_free(back);
	manifest_free(manifest);
}

static void test_parts(void **state)
{
	struct state *ours = open_state();

	(void)state;
	write_one(ours, MANY, 1);
	assert_int_equal(count_blobs(), MANIFEST_PARTS);
	assert_false(ours->unsynced);
	write_one(ours, MANY, 2);
	assert_int_equal(count_blobs(), MANIFEST_PARTS + 1);
	check_one(ours, MANY, 1);
	check_one(ours, MANY, 2);
	state_close(ours);

	/* Another process knows nothing of what is on disk: it writes the same names. */
	ours = open_state();
	assert_true(ours->unsynced);
	write_one(ours, MANY, 3);
	assert_int_equal(count_blobs(), MANIFEST_PARTS + 2);
	write_one(ours, MANY, 4);
	write_one(ours, MANY, 5);
	struct err_note note;
	assert_int_equal(state_activate(ours, 5, &note), 0);
	state_collect(ours);
	assert_int_equal(count_blobs(), MANIFEST_PARTS + 2);	/* one part of each of 3, 4 and 5 */
	check_one(ours, MANY, 3);
	check_one(ours, MANY, 5);
	state_close(ours);
}

/* A few items are one file, as ever. */
static void test_whole(void **state)
{
	struct state *ours = open_state();

	(void)state;
	write_one(ours, 10, 1);
	assert_int_equal(count_blobs(), 0);
	check_one(ours, 10, 1);
	state_close(ours);
}

/* What a generation that could not be kept has written is written again. */
static void test_dropped(void **state)
{
	struct state *ours = open_state();
	struct err_note note;

	(void)state;
	write_one(ours, MANY, 1);
	assert_int_equal(state_activate(ours, 1, &note), 0);
	write_one(ours, MANY, 2);
	state_drop_generation(ours, 2);
	state_collect(ours);
	assert_int_equal(count_blobs(), MANIFEST_PARTS);
	struct manifest *manifest = make(MANY, 2);
	assert_int_equal(state_write_generation(ours, manifest, &note), 0);
	assert_int_equal(manifest->generation, 3);
	assert_int_equal(count_blobs(), MANIFEST_PARTS + 1);
	manifest_free(manifest);
	assert_int_equal(state_read_generation(ours, 3, &manifest, &note), 0);
	assert_int_equal(manifest_find(manifest, "zones/z77.test/zone")->head, 2);
	manifest_free(manifest);
	state_close(ours);
}

static void test_damaged(void **state)
{
	struct state *ours = open_state();
	struct manifest *back;
	struct err_note note;

	(void)state;
	write_one(ours, MANY, 1);
	assert_int_equal(state_read_generation(ours, 1, &back, &note), 0);
	for (unsigned i = 0; i < 3; i++) {
		char *path = state_blob_path(ours, back->parts[9].sha256);

		if (i == 2)
			assert_int_equal(unlink(path), 0);
		else
			assert_int_equal(file_replace(path, "{\"items\":[]}", i == 0 ? 12 : 0, 0600), 0);
		mem_free(path);
		struct manifest *none;
		assert_int_not_equal(state_read_generation(ours, 1, &none, &note), 0);
		assert_true(note.text[0] != '\0');
	}
	manifest_free(back);
	state_close(ours);
}

/* The disk says no: nothing that was written for it is believed afterwards. */
static void test_fresh(void **state)
{
	struct state *ours = open_state();
	struct manifest_blob blob;
	struct err_note note;

	(void)state;
	assert_int_equal(state_write_blob(ours, (struct span){ (const uint8_t *)"abc", 3 }, &blob, &note), 0);
	assert_true(ours->unsynced && ours->fresh_count == 1);
	assert_true(state_has_blob(ours, &blob));
	char *was = ours->folder;
	ours->folder = mem_string("/nowhere");
	assert_int_not_equal(state_sync(ours, &note), 0);
	mem_free(ours->folder);
	ours->folder = was;
	assert_false(state_has_blob(ours, &blob));
	assert_true(ours->unsynced && ours->fresh_count == 0);
	assert_int_equal(state_sync(ours, &note), 0);
	assert_false(ours->unsynced);
	state_close(ours);
}

/* Looked at once a refresh; zeros are not there because nothing else is. */
static void test_seen(void **state)
{
	struct state *ours = open_state();
	struct manifest_blob blob, zeros = { .length = 9 };
	struct err_note note;

	(void)state;
	memset(zeros.sha256, '0', MANIFEST_HEX - 1);
	assert_false(state_has_blob(ours, &zeros));
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(state_write_blob(ours, (struct span){ (const uint8_t *)&i, sizeof i }, &blob, &note), 0);
		assert_true(state_has_blob(ours, &blob));
		assert_false(state_has_blob(ours, &zeros));
	}
	char *path = state_blob_path(ours, blob.sha256);
	assert_int_equal(unlink(path), 0);
	assert_true(state_has_blob(ours, &blob));
	state_refresh(ours);
	assert_false(state_has_blob(ours, &blob));
	mem_free(path);
	state_close(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fresh, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_seen, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
