/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/manifest.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct manifest *make(void)
{
	struct manifest *manifest = mem_alloc(sizeof *manifest);
	const struct manifest_step step = { .blob = { B, 7 }, .from = 1, .to = 4294967295u, .raw = 9 };

	manifest->release = mem_string("17");
	manifest->generation = 3;
	manifest->snapshot = 5;
	struct manifest_item *file = manifest_add(manifest, MANIFEST_FILE, "files/h/x");
	strcpy(file->blob.sha256, A);
	file->blob.length = 5;
	file->type = mem_string("text/plain");
	file->max_age_s = 60;
	struct manifest_item *zone = manifest_add(manifest, MANIFEST_ZONE, "zones/a/zone");
	strcpy(zone->blob.sha256, A);
	strcpy(zone->sum, B);
	strcpy(zone->image, A);
	zone->serial = 1;
	zone->head = zone->image_serial = 4294967295u;
	manifest_set_steps(&zone->steps, &zone->step_count, &step, 1);
	manifest_set_steps(&zone->overlay, &zone->overlay_count, &step, 1);
	zone->state = mem_alloc(MANIFEST_STATE_BYTES);
	zone->state[2047] = 0xab;
	manifest_sort(manifest);
	return manifest;
}

static void test_round_trip(void **state)
{
	struct manifest *manifest = make(), *back;
	struct err_note note;
	size_t len, again_len;
	char *text = manifest_print(manifest, &len);

	(void)state;
	assert_int_equal(manifest_parse((struct span){ (uint8_t *)text, len }, &back, &note), 0);
	char *again = manifest_print(back, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(text, again, len);
	const struct manifest_item *zone = manifest_find(back, "zones/a/zone");
	assert_non_null(zone);
	assert_int_equal(zone->head, 4294967295u);
	assert_int_equal(zone->overlay[0].to, 4294967295u);
	assert_string_equal(zone->overlay[0].blob.sha256, B);
	assert_int_equal(zone->state[2047], 0xab);
	assert_null(manifest_find(back, "zones/b/zone"));
	assert_true(manifest_same(manifest, back));
	manifest_find(back, "files/h/x")->max_age_s = 61;
	assert_false(manifest_same(manifest, back));
	mem_free(text);
	mem_free(again);
	manifest_free(manifest);
	manifest_free(back);
}

/* Any change of what counts is noticed; white space does not count. */
static void test_damaged(void **state)
{
	struct manifest *manifest = make(), *back;
	struct err_note note;
	size_t len, taken = 0;
	char *text = manifest_print(manifest, &len);

	(void)state;
	for (size_t cut = 0; cut + 1 < len; cut += 7)
		assert_int_not_equal(manifest_parse((struct span){ (uint8_t *)text, cut }, &back, &note), 0);
	for (size_t i = 0; i < len; i += 3) {
		char was = text[i];

		text[i] = was == '1' ? '2' : '1';
		if (manifest_parse((struct span){ (uint8_t *)text, len }, &back, &note) == 0) {
			taken++;
			manifest_free(back);
		}
		text[i] = was;
	}
	assert_int_equal(taken, 0);
	mem_free(text);
	manifest_free(manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
