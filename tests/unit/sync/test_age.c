/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/age.h"
#include "tests/unit/support/zone_build.h"

#define ZONE "$TTL 300\n@ SOA ns h 1 1 1 1000 1\n@ NS ns\nns A 192.0.2.53\n"	/* EXPIRE 1000 */

static void customs(void **state)
{
	static const struct {
		const char *custom;
		enum manifest_kind kind;
		bool good;
		int64_t limit, limit_of_zone;	/* without and with an image */
		bool servfail;
	} table[] = {
		{ "{}", MANIFEST_ZONE, true, 0, 0, false },
		{ "{\"serve_max\":60}", MANIFEST_ZONE, true, 60, 60, false },
		{ "{\"serve_max\":60}", MANIFEST_SITES, true, 60, 60, false },
		{ "{\"serve_max\":60,\"on_aged\":\"servfail\"}", MANIFEST_ZONE, true, 60, 60, true },
		{ "{\"serve_max\":60,\"on_aged\":\"serve\"}", MANIFEST_FILE, true, 60, 60, false },
		{ "{\"on_aged\":\"servfail\"}", MANIFEST_ZONE, true, 0, 0, true },
		{ "{\"serve_max\":\"soa-expire\"}", MANIFEST_ZONE, true, 0, 1000, false },
		{ "{\"serve_max\":\"soa-expire\"}", MANIFEST_SITES, false, 0, 0, false },
		{ "{\"serve_max\":\"forever\"}", MANIFEST_ZONE, false, 0, 0, false },
		{ "{\"serve_max\":59}", MANIFEST_ZONE, false, 0, 0, false },
		{ "{\"serve_max\":-1}", MANIFEST_ZONE, false, 0, 0, false },
		{ "{\"serve_max\":1.5}", MANIFEST_ZONE, false, 0, 0, false },
		{ "{\"serve_max\":[]}", MANIFEST_ZONE, false, 0, 0, false },
		{ "{\"on_aged\":\"servfail\"}", MANIFEST_SITES, false, 0, 0, false },
		{ "{\"on_aged\":\"nothing\"}", MANIFEST_ZONE, false, 0, 0, false },
		{ "{\"on_aged\":{}}", MANIFEST_ZONE, false, 0, 0, false },
	};
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.org.", ZONE, said);

	(void)state;
	assert_non_null(image);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct manifest_item item = { .kind = table[i].kind };
		struct err_note note;
		struct json_view *custom = json_view_parse(span_string(table[i].custom), &note);

		print_message("%s\n", table[i].custom);
		assert_non_null(custom);
		assert_int_equal(age_read(custom, &item), table[i].good);
		if (table[i].good) {
			assert_int_equal(age_limit(&item, NULL), table[i].limit);
			assert_int_equal(age_limit(&item, zone_image_header(image)), table[i].limit_of_zone);
			assert_int_equal(item.aged_servfail, table[i].servfail);
		}
		json_view_free(custom);
	}
	zone_image_release(image);
}

/* Five items: what is aged, what of it is refused, which is first, at each age. */
static void counts(void **state)
{
	static const struct {
		int64_t age_s;
		size_t aged, refused;
		const char *first;
	} table[] = {
		{ -1, 0, 0, NULL }, { 0, 0, 0, NULL }, { 100, 0, 0, NULL }, { 101, 1, 0, "files/a" }, { 500, 1, 0, "files/a" },
		{ 501, 2, 1, "files/a" }, { 1000, 2, 1, "files/a" }, { 1001, 4, 2, "files/a" }, { INT64_MAX, 4, 2, "files/a" },
	};
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.org.", ZONE, said);
	struct manifest_item items[] = {
		{ .kind = MANIFEST_FILE, .path = (char *)(uintptr_t)"files/a", .serve_max_s = 100 },
		{ .kind = MANIFEST_FILE, .path = (char *)(uintptr_t)"files/b" },
		{ .kind = MANIFEST_SITES, .path = (char *)(uintptr_t)"sites/c", .serve_max_s = 1000 },
		{ .kind = MANIFEST_ZONE, .path = (char *)(uintptr_t)"zones/d", .serve_max_s = 500, .aged_servfail = true, .zone = 0 },
		{ .kind = MANIFEST_ZONE, .path = (char *)(uintptr_t)"zones/e", .serve_soa_expire = true, .aged_servfail = true,
		  .zone = 1 },
	};
	struct content_zone zones[] = { { .image = image, .item = &items[3] }, { .image = image, .item = &items[4] } };
	struct manifest manifest = { .items = items, .item_count = COUNT(items) };
	struct content content = { .manifest = &manifest, .zones = zones, .zone_count = 2 };
	struct age_count count;

	(void)state;
	content.first_limit_s = age_first_limit(&content);
	assert_int_equal(content.first_limit_s, 100);
	for (size_t i = 0; i < COUNT(table); i++) {
		age_count(&content, table[i].age_s, &count);
		assert_int_equal(count.aged, table[i].aged);
		assert_int_equal(count.refused, table[i].refused);
		if (table[i].first == NULL)
			assert_null(count.first);
		else
			assert_string_equal(count.first->path, table[i].first);
		assert_int_equal(age_refuses(&zones[0], table[i].age_s), table[i].age_s > 500);
		assert_int_equal(age_refuses(&zones[1], table[i].age_s), table[i].age_s > 1000);
	}
	age_count(NULL, INT64_MAX, &count);
	assert_int_equal(count.aged, 0);
	manifest.item_count = 2;
	items[0].serve_max_s = 0;
	assert_int_equal(age_first_limit(&content), 0);
	zone_image_release(image);
}

/* What is said of age is kept on disk, and by itself another generation. */
static void in_the_manifest(void **state)
{
	struct manifest *manifest = mem_alloc(sizeof *manifest), *other;
	struct err_note note;
	size_t len;

	(void)state;
	manifest->release = mem_string("1");
	struct manifest_item *item = manifest_add(manifest, MANIFEST_ZONE, "zones/a/zone");
	item->serve_max_s = 3600;
	item->aged_servfail = true;
	char *text = manifest_print(manifest, &len);
	assert_int_equal(manifest_parse((struct span){ (const uint8_t *)text, len }, &other, &note), 0);
	assert_int_equal(other->items[0].serve_max_s, 3600);
	assert_true(other->items[0].aged_servfail);
	assert_false(other->items[0].serve_soa_expire);
	assert_true(manifest_same(manifest, other));
	other->items[0].serve_max_s = 3601;
	assert_false(manifest_same(manifest, other));
	other->items[0].serve_max_s = 3600;
	other->items[0].serve_soa_expire = true;
	assert_false(manifest_same(manifest, other));
	other->items[0].serve_soa_expire = false;
	other->items[0].aged_servfail = false;
	assert_false(manifest_same(manifest, other));
	mem_free(text);
	manifest_free(manifest);
	manifest_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(customs), cmocka_unit_test(counts), cmocka_unit_test(in_the_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
