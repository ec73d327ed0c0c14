/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/guards.h"
#include "tests/unit/support/zone_build.h"

#define HEAD(serial) "$TTL 300\n@ SOA ns h " serial " 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n"
#define FOUR "a A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\nd A 192.0.2.4\n"

static struct zone_image *build(const char *text)
{
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("example.org.", text, said);

	assert_non_null(image);
	return image;
}

/* broken: a part of the sentence, or NULL when all holds. */
static void expect(const char *rails, const char *before, const char *after, const char *broken)
{
	char json[512];
	struct guards *guards;
	struct changeset set = { 0 };
	struct err_note note;
	struct zone_image *from = before != NULL ? build(before) : NULL, *to = build(after);

	snprintf(json, sizeof json, "{\"v\":1,\"zones\":{%s},\"overrides\":[\"7\",8]}", rails);
	assert_int_equal(guards_parse(span_string(json), &guards, &note), 0);
	if (from != NULL)
		assert_int_equal(changeset_diff(zone_image_header(from), zone_image_header(to), &set, &note), 0);
	for (int release = 6; release <= 8; release++) {
		char id[8];

		snprintf(id, sizeof id, "%d", release);
		int err = guards_check(guards, id, "example.org", from != NULL ? zone_image_header(from) : NULL,
				       zone_image_header(to), from != NULL ? &set.changes : NULL, &note);
		assert_int_equal(err, broken != NULL && release == 6 ? ERR_INVALID : 0);
		if (err != 0 && strstr(note.text, broken) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", broken, note.text);
	}
	changeset_fini(&set);
	guards_free(guards);
	if (from != NULL)
		zone_image_release(from);
	zone_image_release(to);
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

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"", "[]", "{\"v\":2}", "{\"v\":1,\"zones\":[]}", "{\"v\":1,\"zones\":{\"*\":{\"max_remove\":1}}}",
		"{\"v\":1,\"zones\":{\"*\":{\"max_removed\":-1}}}", "{\"v\":1,\"zones\":{\"*\":{\"ttl\":[1]}}}",
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
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
