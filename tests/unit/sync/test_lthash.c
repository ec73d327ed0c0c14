/* SPDX-License-Identifier: Apache-2.0 */
/* The sums and first lanes are what lthash_vectors.py prints. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "sync/changeset.h"
#include "sync/lthash.h"
#include "tests/unit/support/zone_build.h"

#define NOTHING "200823e5158b3774c11b5c61850ada762f8264144a9bebec3ebac5a2adde67b8 0000000000000000"
#define ONLY_A "5cb653459b094a1ef1e9ec2078bffc9ff10a92db926830494f610e471adcfd7b a200623440ba4ea2"
#define ZONE "e39de6a4c3935114e6db7e8ff7e58cd5da99b556daa00c1425184c6f8d20255e 97fc8982951ce6fc"
#define WITH_TXT "e5e84266839795aac7eb060edb94d114c5f9412f9b55d3a0845b16add70d4fcb 76ae50f6a5714de1"

static const char ZONE_TEXT[] = "example. 3600 SOA NS.example. h.Example. 7 3600 600 86400 60\n"
				"example. 3600 NS ns.EXAMPLE.\n"
				"Ns.example. 300 A 192.0.2.1\n";

static void check(const struct lthash *state, const char *expected)
{
	uint8_t sum[LTHASH_SUM_BYTES], bytes[LTHASH_STATE_BYTES];
	char text[96], *at = text;

	lthash_sum(state, sum);
	lthash_write(state, bytes);
	for (size_t i = 0; i < sizeof sum; i++)
		at += sprintf(at, "%02x", sum[i]);
	*at++ = ' ';
	for (size_t i = 0; i < 8; i++)
		at += sprintf(at, "%02x", bytes[i]);
	assert_string_equal(text, expected);
}

static void test_vectors(void **state)
{
	static const uint8_t a[] = "\2ns\7example\0\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1";
	struct span record = { a, sizeof a - 1 };
	struct lthash sum = { 0 };

	(void)state;
	check(&sum, NOTHING);
	lthash_add(&sum, record);
	check(&sum, ONLY_A);
	lthash_remove(&sum, record);
	check(&sum, NOTHING);
}

static void test_image(void **state)
{
	char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.", ZONE_TEXT, said);
	uint8_t bytes[LTHASH_STATE_BYTES];
	struct lthash sum = { 0 }, again;

	(void)state;
	assert_non_null(image);
	lthash_add_image(&sum, zone_image_header(image));
	check(&sum, ZONE);
	lthash_write(&sum, bytes);
	lthash_read(&again, bytes);
	check(&again, ZONE);
	zone_image_release(image);
}

static void test_changes(void **state)
{
	static const uint8_t owner[] = "\3WWW\7example", text[] = "\2hi", a[] = { 192, 0, 2, 1 }, ns[] = "\2ns\7example";
	struct record record = { { owner, sizeof owner }, DNS_TXT, DNS_CLASS_IN, 300, { text, 3 }, "", 0 };
	struct zone_changes changes = { 0 }, back = { 0 };
	char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.", ZONE_TEXT, said);
	struct lthash sum = { 0 };
	struct err_note note;

	(void)state;
	lthash_add_image(&sum, zone_image_header(image));
	assert_int_equal(zone_changes_add(&changes, true, &record, &note), 0);
	assert_int_equal(zone_changes_sort(&changes, &note), 0);
	lthash_apply(&sum, &changes);
	check(&sum, WITH_TXT);

	assert_int_equal(zone_changes_add(&back, false, &record, &note), 0);
	record = (struct record){ { ns, sizeof ns }, DNS_A, DNS_CLASS_IN, 300, { a, 4 }, "", 0 };
	assert_int_equal(zone_changes_add(&back, false, &record, &note), 0);
	lthash_apply(&sum, &back);
	record.ttl = 301;
	zone_changes_fini(&changes);
	assert_int_equal(zone_changes_add(&changes, true, &record, &note), 0);
	lthash_apply(&sum, &changes);
	uint8_t wrong[LTHASH_SUM_BYTES], right[LTHASH_SUM_BYTES];
	struct lthash zone = { 0 };
	lthash_add_image(&zone, zone_image_header(image));
	lthash_sum(&zone, right);
	lthash_sum(&sum, wrong);
	assert_memory_not_equal(wrong, right, sizeof wrong);	/* the TTL counts */
	zone_changes_fini(&changes);
	zone_changes_fini(&back);
	zone_image_release(image);
}

/* Equal but for the version; and not, but for one record. */
static void test_body(void **state)
{
	static const struct { const char *text; bool same; } rows[] = {
		{ "$TTL 300\n@ SOA ns h 9 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n", true },
		{ "$TTL 300\n@ SOA ns other 1 9 9 9 9\n@ NS ns\nns A 192.0.2.53\n", true },
		{ "$TTL 300\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.54\n", false },
		{ "$TTL 300\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.53\nns TXT x\n", false },
	};
	uint8_t want[LTHASH_SUM_BYTES], sum[LTHASH_SUM_BYTES], body[LTHASH_SUM_BYTES];
	static char said[ZONE_BUILD_SAID_MAX];

	(void)state;
	for (int i = -1; i < (int)COUNT(rows); i++) {
		struct zone_image *image = zone_build("example.org.", i < 0 ? "$TTL 300\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n"
						      : rows[i].text, said);
		struct lthash counted = { 0 };

		lthash_add_image(&counted, zone_image_header(image));
		lthash_body(&counted, zone_image_header(image), i < 0 ? want : body);
		lthash_sum(&counted, sum);
		if (i >= 0) {
			assert_int_equal(memcmp(want, body, sizeof body) == 0, rows[i].same);
			assert_memory_not_equal(sum, body, sizeof body);
		}
		zone_image_release(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
