/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/guards.h"
#include "tests/unit/support/zone_build.h"

#define HEAD(serial) "$TTL 300\n@ SOA ns h " serial " 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n"
#define SUM "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FOUR "a A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\nd A 192.0.2.4\n"

static struct zone_image *build(const char *text)
{
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.org.", text, said);

	assert_non_null(image);
	return image;
}

/* broken: a part of the sentence, or NULL when all holds. */
static void expect_past(const char *rails, const char *before, const char *after, struct guards_past past, const char *broken)
{
	char json[1024];
	struct guards *guards;
	struct changeset set = { 0 };
	struct err_note note;
	struct zone_image *from = before != NULL ? build(before) : NULL, *to = build(after);

	snprintf(json, sizeof json, "{\"v\":1,\"zones\":{%s},\"overrides\":[{\"zone\":\"Example.ORG.\",\"head\":2,\"sum\":\"" SUM "\"},\"7\",8]}", rails);
	assert_int_equal(guards_parse(span_string(json), &guards, &note), 0);
	if (from != NULL)
		assert_int_equal(changeset_diff(zone_image_header(from), zone_image_header(to), &set, &note), 0);
	static const struct { const char *zone; uint32_t head; const char *sum; bool lifts; } contents[] = {
		{ "example.org", 2, SUM, true }, { "example.org", 3, SUM, false }, { "example.net", 2, SUM, false },
		{ "example.org", 2, "ab" "00" , false }, { "7", 8, SUM, false },
	};
	assert_int_equal(guards_unbound(guards), 2);
	for (size_t i = 0; i < COUNT(contents); i++) {
		char *id = guards_content_id(contents[i].zone, contents[i].head, contents[i].sum);

		assert_int_equal(guards_lift(guards, id), contents[i].lifts);
		int err = guards_check(guards, id, "example.org", from != NULL ? zone_image_header(from) : NULL,
				       zone_image_header(to), from != NULL ? &set.changes : NULL, &past, &note);
		assert_int_equal(err, broken != NULL && !contents[i].lifts ? ERR_INVALID : 0);
		if (err != 0 && strstr(note.text, broken) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", broken, note.text);
		mem_free(id);
	}
	assert_false(guards_lift(guards, ""));
	changeset_fini(&set);
	guards_free(guards);
	if (from != NULL)
		zone_image_release(from);
	zone_image_release(to);
}

static void expect(const char *rails, const char *before, const char *after, const char *broken)
{
	expect_past(rails, before, after, (struct guards_past){ 0 }, broken);
}

static void test_rails(void **state)
{
	(void)state;
	expect("\"*\":{}", HEAD("1") FOUR, HEAD("2"), NULL);
	expect("\"*.org\":{\"max_removed\":3}", HEAD("1") FOUR, HEAD("2"), "guard max_removed: 4 records would go, 3 may");
	expect("\"*.org\":{\"max_removed\":4}", HEAD("1") FOUR, HEAD("2"), NULL);
	expect("\"*.net\":{\"max_removed\":0}", HEAD("1") FOUR, HEAD("2"), NULL);
	/* Replaced, not removed. */
	expect("\"*\":{\"max_removed\":0}", HEAD("1") "a A 192.0.2.1\n", HEAD("2") "a A 192.0.2.2\n", NULL);
	expect("\"*\":{\"max_removed_permille\":499}", HEAD("1") FOUR, HEAD("2"), "4 of 7 records would go");
	expect("\"*\":{\"max_growth_permille\":1000}", HEAD("1"), HEAD("2") FOUR, "from 3 to 7 records");
	expect("\"*\":{\"frozen_apex\":[\"NS\"]}", HEAD("1"), HEAD("2") "@ NS a\na A 192.0.2.1\n", "NS of the apex");
	expect("\"*\":{\"frozen_apex\":[\"NS\"]}", HEAD("1"), HEAD("2") "a NS ns\n", NULL);
	expect("\"*\":{\"ttl\":[60,3600]}", HEAD("1"), HEAD("2") "a 30 A 192.0.2.1\n", "guard ttl: 30");
	expect("\"*\":{\"forbidden\":[\"TXT\"]}", HEAD("1"), HEAD("2") "a TXT x\n", "type TXT");
	expect("\"*\":{\"forbidden\":[\"TXT\"]}", NULL, HEAD("2") "a TXT x\n", "type TXT");	/* a new zone */
	expect("\"*\":{}", HEAD("3"), HEAD("2") "a TXT x\n", "guard serial");
	expect("\"*\":{}", HEAD("4294967295"), HEAD("1") "a TXT x\n", NULL);	/* RFC 1982 */
}

#define PAST(...) ((struct guards_past){ __VA_ARGS__ })
#define EIGHT FOUR "e A 192.0.2.5\nf A 192.0.2.6\ng A 192.0.2.7\nh A 192.0.2.8\n"

/* What went before within the hour counts, so that many small steps are no way around. */
static void test_hour(void **state)
{
	const char *less = HEAD("2") "a A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n";	/* one of seven goes */

	(void)state;
	expect_past("\"*\":{\"max_removed\":5}", HEAD("1") FOUR, less, PAST(.removed = 4, .had = 11), NULL);
	expect_past("\"*\":{\"max_removed\":5}", HEAD("1") FOUR, less, PAST(.removed = 5, .had = 12),
		    "guard max_removed: 6 records would go within the hour, 5 may");
	expect_past("\"*\":{\"max_removed_permille\":500}", HEAD("1") FOUR, less, PAST(.removed = 4, .had = 10), NULL);
	expect_past("\"*\":{\"max_removed_permille\":500}", HEAD("1") FOUR, less, PAST(.removed = 5, .had = 11),
		    "guard max_removed_permille: 6 of 11 records would go within the hour, 500 in a thousand may");
	/* What takes nothing away may always come. */
	expect_past("\"*\":{\"max_removed\":5}", HEAD("1") FOUR, HEAD("2") EIGHT, PAST(.removed = 900, .had = 1000), NULL);
	/* Growth is measured against what there was at the beginning of the hour: neither by steps, nor held against who puts
	 * back what was taken away. */
	expect_past("\"*\":{\"max_growth_permille\":600}", HEAD("1") FOUR, HEAD("2") EIGHT, PAST(.had = 7), NULL);
	expect_past("\"*\":{\"max_growth_permille\":600}", HEAD("1") FOUR, HEAD("2") EIGHT, PAST(.had = 6),
		    "guard max_growth_permille: from 6 to 11 records within the hour");
	expect_past("\"*\":{\"max_growth_permille\":100}", HEAD("1") FOUR, HEAD("2") EIGHT, PAST(.removed = 4, .had = 11), NULL);
}

/* The way back to what this node served lately: every rail but the serial's is out of the way. */
static void test_served(void **state)
{
	static const char *const rails[] = {
		"\"*\":{\"max_removed\":0}", "\"*\":{\"max_removed_permille\":0}", "\"*\":{\"frozen_apex\":[\"NS\"]}",
		"\"*\":{\"ttl\":[60,3600]}", "\"*\":{\"forbidden\":[\"TXT\"]}", "\"*\":{\"max_growth_permille\":0}",
	};
	static const char *const broken[] = { "max_removed", "max_removed_permille", "frozen_apex", "ttl", "forbidden", "max_growth" };
	const char *before = HEAD("1") FOUR, *after = HEAD("2") "@ NS other\nx 5 TXT y\n" "o A 192.0.2.1\n" EIGHT;
	const char *fewer = HEAD("2") "a A 192.0.2.1\n";

	(void)state;
	for (size_t i = 0; i < COUNT(rails); i++) {
		expect(rails[i], before, i < 2 ? fewer : after, broken[i]);
		expect_past(rails[i], before, i < 2 ? fewer : after, PAST(.served = true), NULL);
	}
	expect_past("\"*\":{}", HEAD("3"), HEAD("2") FOUR, PAST(.served = true), "guard serial: 2 is not above 3");
	/* A canary that a halted rollout takes its version from; but nobody brings in what it never served in that way. */
	expect_past("\"*\":{}", HEAD("3"), HEAD("2") FOUR, PAST(.served = true, .held_back = true), NULL);
	expect_past("\"*\":{}", HEAD("3"), HEAD("2") FOUR, PAST(.held_back = true), "guard serial");
}

/* RFC 1982, 3.2: what is newer. */
static void test_serials(void **state)
{
	static const struct { const char *from, *to; bool rises; } rows[] = {
		{ "1", "2", true }, { "2", "1", false }, { "0", "2147483647", true }, { "0", "2147483648", false },
		{ "4294967295", "0", true }, { "0", "4294967295", false }, { "4294967290", "5", true }, { "2147483648", "0", false },
		{ "2147483649", "0", true },
	};
	char before[200], after[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(before, sizeof before, "$TTL 300\n@ SOA ns h %s 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n", rows[i].from);
		snprintf(after, sizeof after, "$TTL 300\n@ SOA ns h %s 1 1 1 1\n@ NS ns\nns A 192.0.2.54\n", rows[i].to);
		expect("\"*\":{}", before, after, rows[i].rises ? NULL : "guard serial");
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"", "[]", "{\"v\":2}", "{\"v\":1,\"zones\":[]}", "{\"v\":1,\"zones\":{\"*\":{\"max_remove\":1}}}",
		"{\"v\":1,\"zones\":{\"*\":{\"max_removed\":-1}}}", "{\"v\":1,\"zones\":{\"*\":{\"ttl\":[1]}}}",
		"{\"v\":1,\"overrides\":{}}", "{\"v\":1,\"overrides\":[[]]}", "{\"v\":1,\"overrides\":[{\"zone\":\"a\",\"head\":1}]}",
		"{\"v\":1,\"overrides\":[{\"zone\":\"a\",\"head\":-1,\"sum\":\"" SUM "\"}]}",
		"{\"v\":1,\"overrides\":[{\"zone\":\"a\",\"head\":1,\"sum\":\"00\"}]}",
		"{\"v\":1,\"overrides\":[{\"zone\":\"a\",\"head\":1,\"sum\":\"" SUM "\"},{\"zone\":\"A.\",\"head\":2,\"sum\":\"" SUM "\"}]}",
		"{\"v\":1,\"zones\":{\"*\":{\"forbidden\":[\"NO-TYPE\"]}}}", "{\"v\":1,\"zones\":{\"*\":1}}",
	};
	struct guards *guards;
	struct err_note note;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(guards_parse(span_string(cases[i]), &guards, &note) < 0);
	assert_int_equal(guards_parse(span_string("{\"v\":1,\"zones\":{\"*\":{\"max_raw\":9},\"a.*\":{\"max_raw\":5}}}"), &guards,
				      &note), 0);
	assert_int_equal(guards_max_raw(guards, "a.test"), 5);
	assert_int_equal(guards_max_raw(guards, "b.test"), 9);
	assert_true(guards_max_raw(NULL, "b.test") == UINT64_MAX);
	guards_free(guards);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rails),
		cmocka_unit_test(test_hour),
		cmocka_unit_test(test_served),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
