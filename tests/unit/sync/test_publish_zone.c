/* SPDX-License-Identifier: Apache-2.0 */
/* Zones into a repository in a folder of its own, and back: every step, merged steps, checkpoints, damaged files. */
#include "tests/unit/base/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_chain.h"
#include "sync/publish_zone.h"
#include "sync/publish_tree.h"
#include "zone/compile.h"
#include "zone/text.h"

#define PATH "zones/example.org/zone"

struct fixture {
	char *folder;
	struct publish_repo *repo;
	struct json_view *target;
	struct publish_zone now;
};

static struct zone_image *image_of(uint32_t serial, unsigned records, unsigned changing)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct zone_image *image;
	struct err_note note;
	struct name apex;
	void *bytes;
	size_t size;
	char *text = mem_format("@ 300 SOA ns host %u 1 1 1 1\n@ 300 NS ns\nns 300 A 192.0.2.53\n", serial);

	for (unsigned i = 0; i < records; i++) {
		char *more = mem_format("%sn%u 300 A 192.0.2.%u\n", text, i, i == changing ? (serial + 100) % 200
					: i % 256);

		mem_free(text);
		text = more;
	}
	assert_int_equal(name_from_text("example.org", &apex), 0);
	struct zone_compile *compile = zone_compile_new(&apex);
	assert_int_equal(zone_text_parse("zone", text, strlen(text), &apex, zone_compile_add, compile, &errors), 0);
	assert_int_equal(zone_compile_finish(compile, &bytes, &size, &errors, &warnings), 0);
	zone_compile_free(compile);
	mem_free(text);
	assert_int_equal(zone_image_open(bytes, size, false, &image, &note), 0);
	return image;
}

static int set_up(void **state)
{
	struct fixture *fixture = mem_alloc(sizeof *fixture);
	struct err_note note;

	fixture->folder = publish_tree_make("test-publish-zone");
	assert_non_null(fixture->folder);
	assert_int_equal(publish_repo_open(fixture->folder, true, &fixture->repo, &note), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	publish_repo_free(fixture->repo);
	json_view_free(fixture->target);
	publish_zone_fini(&fixture->now);
	publish_tree_remove(fixture->folder);
	mem_free(fixture->folder);
	mem_free(fixture);
	return 0;
}

/* The next version becomes the released one. */
static struct publish_zone_made step(struct fixture *fixture, struct zone_image *image)
{
	struct publish_zone_made made;
	struct err_note note;
	bool first = fixture->target == NULL;

	assert_int_equal(publish_zone_make(fixture->repo, PATH, image, fixture->target, first ? NULL : &fixture->now,
					   false, &made, &note),
			 0);
	if (made.target != NULL) {
		json_view_free(fixture->target);
		fixture->target = made.target;
	}
	publish_zone_fini(&fixture->now);
	fixture->now.image = image;
	fixture->now.state = made.state;
	return made;
}

static void expect_same(struct fixture *fixture, const uint32_t *upto, const struct zone_image *image)
{
	struct publish_zone zone;
	struct err_note note = { 0 };

	assert_int_equal(publish_zone_rebuild(fixture->repo, PATH, fixture->target, upto, &zone, &note), 0);
	assert_memory_equal(zone_image_header(zone.image)->digest, zone_image_header(image)->digest,
			    ZONE_IMAGE_DIGEST_BYTES);
	publish_zone_fini(&zone);
}

static void forty_steps_and_back(void **state)
{
	struct fixture *fixture = *state;
	struct publish_zone_made made = step(fixture, image_of(1, 500, 0));
	unsigned checkpoints = 0, merged = 0;
	uint32_t before;

	assert_int_equal(made.outcome, PUBLISH_ZONE_CHANGED);
	assert_true(made.checkpoint);
	assert_int_equal(made.added, 503);
	for (uint32_t serial = 2; serial <= 40; serial++) {
		made = step(fixture, image_of(serial, 500, serial));
		assert_int_equal(made.outcome, PUBLISH_ZONE_CHANGED);
		assert_int_equal(made.from, serial - 1);
		assert_int_equal(made.to, serial);
		assert_true(made.added >= 2 && made.added == made.removed);
		checkpoints += made.checkpoint;
		expect_same(fixture, NULL, fixture->now.image);
	}
	struct json_view *cs = json_view_member(json_view_member(fixture->target, "custom"), "cs");
	for (size_t i = 0; i < json_view_count(cs); i++) {
		struct publish_step read;

		assert_true(publish_step_read(json_view_at(cs, i), &read));
		merged += read.steps == PUBLISH_MERGE;
	}
	assert_true(merged >= 1);
	assert_true(checkpoints <= 4);
	/* To a serial on the way, as who is not selected for a rollout goes. */
	before = 39;
	if (publish_chain_way(cs, 1, 39, (size_t[PUBLISH_WAY_MAX]){ 0 }) >= 0) {
		struct zone_image *image = image_of(39, 500, 39);

		expect_same(fixture, &before, image);
		zone_image_release(image);
	}
}

static void the_same_is_the_same(void **state)
{
	struct fixture *fixture = *state;

	step(fixture, image_of(7, 20, 3));
	struct publish_zone_made made = step(fixture, image_of(7, 20, 3));
	assert_int_equal(made.outcome, PUBLISH_ZONE_SAME);
	assert_null(made.target);
}

static void the_serial_must_rise(void **state)
{
	static const struct {
		uint32_t serial;
		bool good;
	} rows[] = { { 10, false }, { 9, false }, { 11, true }, { 0x80000009, true }, { 0x8000000b, false } };
	struct fixture *fixture = *state;

	step(fixture, image_of(10, 20, 3));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct zone_image *image = image_of(rows[i].serial, 21, 3);
		struct publish_zone_made made;
		struct err_note note = { 0 };
		int err = publish_zone_make(fixture->repo, PATH, image, fixture->target, &fixture->now, false, &made,
					    &note);

		assert_int_equal(err, rows[i].good ? 0 : ERR_INVALID);
		if (err == 0)
			json_view_free(made.target);
		else
			assert_non_null(strstr(note.text, "is not above the released 10"));
		zone_image_release(image);
	}
}

/* A file of the repository, one byte of it another. */
static void damage(struct fixture *fixture, const char *file)
{
	char *path = mem_format("%s/%s", fixture->folder, file);
	uint8_t *bytes;
	size_t len;

	assert_int_equal(file_read(path, 1 << 20, &bytes, &len), 0);
	bytes[len / 2] ^= 1;
	assert_int_equal(file_replace(path, bytes, len, 0644), 0);
	mem_free(bytes);
	mem_free(path);
}

static void damage_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct publish_zone zone;
	struct publish_step last;
	struct err_note note;

	step(fixture, image_of(1, 300, 0));
	step(fixture, image_of(2, 300, 1));
	expect_same(fixture, NULL, fixture->now.image);
	struct json_view *custom = json_view_member(fixture->target, "custom");
	struct json_view *sum = json_view_member(custom, "state"), *kept = json_build_copy(sum);
	json_build_set_text(sum, "sum", json_view_text(json_view_member(json_view_member(custom, "checkpoint_state"),
									"sum")));
	assert_int_equal(publish_zone_rebuild(fixture->repo, PATH, fixture->target, NULL, &zone, &note), ERR_FORMAT);
	assert_non_null(strstr(note.text, "another digest than was signed"));
	json_build_set(custom, "state", kept);
	assert_true(publish_step_read(json_view_at(json_view_member(custom, "cs"), 0), &last));
	char *file = publish_chain_file(PATH, &last);
	damage(fixture, file);
	assert_int_equal(publish_zone_rebuild(fixture->repo, PATH, fixture->target, NULL, &zone, &note), ERR_FORMAT);
	damage(fixture, file);		/* and back */
	expect_same(fixture, NULL, fixture->now.image);
	mem_free(file);
	file = publish_target_file(PATH, json_view_text(json_view_member(json_view_member(fixture->target, "hashes"),
									 "sha256")));
	damage(fixture, file);
	assert_int_equal(publish_zone_rebuild(fixture->repo, PATH, fixture->target, NULL, &zone, &note), ERR_FORMAT);
	mem_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forty_steps_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_is_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_serial_must_rise, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_is_noticed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
