/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/json_build.h"
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

/* A digest that is right over a document that is none of ours: of a later version, or written by something else. */
static void expect_form(const char *json, const char *why)
{
	struct err_note note = { .text = "" };
	struct json_view *document = json_view_parse(span_string(json), &note);
	uint8_t digest[HASH_SHA256_BYTES], *canonical;
	char digits[MANIFEST_HEX];
	struct manifest *manifest;
	size_t len;

	assert_non_null(document);
	canonical = json_view_canonical(document, &len);
	hash_sha256((struct span){ canonical, len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	mem_free(canonical);
	json_build_set_text(document, "sum", digits);
	char *text = json_build_print(document, &len);
	int err = manifest_parse((struct span){ (uint8_t *)text, len }, &manifest, &note);
	if (err != (why != NULL ? ERR_FORMAT : 0) || strcmp(note.text, why != NULL ? why : "") != 0)
		fail_msg("%s: %d: %s", json, err, note.text);
	if (err == 0)
		manifest_free(manifest);
	mem_free(text);
	json_view_free(document);
}

static void test_forms(void **state)
{
	static const char form[] = "the manifest is not of this form: it may be of a later version";

	(void)state;
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[]}", NULL);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[],\"of\":\"later\"}", NULL);
	expect_form("{\"v\":2,\"release\":\"1\",\"items\":[]}", form);
	expect_form("{\"release\":\"1\",\"items\":[]}", form);
	expect_form("{}", form);
	expect_form("{\"v\":1,\"release\":1,\"items\":[]}", form);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":{}}", form);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[7]}", form);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[{\"kind\":\"zone\"}]}", form);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[{\"kind\":\"moon\",\"path\":\"a\"}]}", form);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[{\"kind\":\"zone\",\"path\":\"a\"}]}", NULL);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[{\"kind\":\"zone\",\"path\":\"a\",\"state\":\"ab\"}]}", form);
	expect_form("{\"v\":1,\"release\":\"1\",\"items\":[{\"kind\":\"zone\",\"path\":\"a\",\"steps\":7,\"length\":-1}]}", NULL);
}

static void test_no_manifest(void **state)
{
	static const char *const texts[] = { "", "x", "[]", "7", "{}", "{\"v\":1,\"release\":\"1\",\"items\":[]}",
					     "{\"v\":1,\"sum\":\"" A "\"}", "{\"v\":1,\"sum\":7}", "{\"v\":1.5,\"sum\":\"" A "\"}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err_note note;
		struct manifest *manifest;

		assert_int_equal(manifest_parse(span_string(texts[i]), &manifest, &note), ERR_FORMAT);
		assert_string_equal(note.text, "the manifest is damaged");
	}
	manifest_free(NULL);
	assert_null(manifest_find(NULL, "a"));
}

/* What decides what is served, and what does not. */
static void test_same(void **state)
{
	struct manifest *one = make();

	(void)state;
	for (int change = 0; change < 14; change++) {
		struct manifest *other = make();
		struct manifest_item *zone = manifest_find(other, "zones/a/zone"), *file = manifest_find(other, "files/h/x");

		switch (change) {
		/* all the same */
		case 0: other->generation++; break;
		case 1: other->timestamp++; other->snapshot++; other->fetched_s++; break;
		case 2: zone->image[0] = 'c'; zone->image_serial--; manifest_set_steps(&zone->overlay, &zone->overlay_count, NULL, 0); break;
		case 3: strcpy(zone->blob.sha256, B); zone->serial++; break;	/* another checkpoint of the same records */
		case 4: zone->order++; break;
		case 5: file->soak_s = 60; break;
		/* another */
		case 6: zone->head--; break;
		case 7: strcpy(zone->sum, A); break;
		case 8: strcpy(file->blob.sha256, B); break;
		case 9: file->max_age_s++; break;
		case 10: file->order++; break;
		case 11: other->release[0] = '9'; break;
		case 12: manifest_add(other, MANIFEST_FILE, "files/h/y"); break;
		case 13: file->kind = MANIFEST_SECRET; break;
		}
		if (manifest_same(one, other) != (change < 6))
			fail_msg("change %d", change);
		assert_int_equal(manifest_same(other, one), change < 6);
		manifest_free(other);
	}
	assert_false(manifest_same(one, NULL));
	assert_false(manifest_same(NULL, one));
	manifest_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_no_manifest),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
