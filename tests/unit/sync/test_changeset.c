/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/lthash.h"
#include "sync/rrtext.h"
#include "tests/unit/support/zone_build.h"

#define SOA(serial) "example. 3600 SOA ns.example. h.example. " serial " 3600 600 86400 60\n"
#define NS "example. 3600 NS ns.example.\n"

static char said[ZONE_BUILD_SAID_MAX];

static struct zone_image *build(const char *text)
{
	struct zone_image *image = zone_build("example.", text, said);

	if (image == NULL)
		fail_msg("%s", said);
	return image;
}

static struct span span_of(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static void diff(const char *from, const char *to, struct changeset *ret_set)
{
	struct zone_image *a = build(from), *b = build(to);
	struct err_note note;

	if (changeset_diff(zone_image_header(a), zone_image_header(b), ret_set, &note) != 0)
		fail_msg("%s", note.text);

	/* What the step does to the one's digest gives the other's. */
	struct lthash left = { 0 }, right = { 0 };
	lthash_add_image(&left, zone_image_header(a));
	lthash_add_image(&right, zone_image_header(b));
	lthash_apply(&left, &ret_set->changes);
	assert_memory_equal(&left, &right, sizeof left);
	/* And so does its growth. */
	assert_int_equal((int64_t)rrtext_length(zone_image_header(a)) + rrtext_growth(&ret_set->changes),
			 rrtext_length(zone_image_header(b)));
	zone_image_release(a);
	zone_image_release(b);
}

static void check_print(const struct changeset *set, const char *expected)
{
	struct changeset again;
	struct err_note note;
	size_t len;
	char *text = changeset_print(set, &len), *exact = mem_copy(text, len);

	assert_string_equal(text, expected);
	if (changeset_parse("t", (struct span){ (const uint8_t *)exact, len }, &again, &note) != 0)
		fail_msg("%u: %s", note.line, note.text);
	assert_int_equal(again.changes.count, set->changes.count);
	for (size_t i = 0; i < set->changes.count; i++)
		assert_int_equal(zone_change_compare(&again.changes.list[i], &set->changes.list[i]), 0);
	changeset_fini(&again);
	mem_free(text);
	mem_free(exact);
}

static void test_diff(void **state)
{
	static const struct {
		const char *from, *to, *expected;
	} cases[] = {
		{ SOA("7") NS, SOA("8") NS,
		  "changeset/1 example. 7 8\n"
		  "- example. 3600 SOA ns.example. h.example. 7 3600 600 86400 60\n"
		  "+ example. 3600 SOA ns.example. h.example. 8 3600 600 86400 60\n" },
		{ SOA("7") NS "z.example. 60 A 192.0.2.1\na.b.example. 60 TXT \"x y\"\nb.example. 60 MX 1 gone.test.\n",
		  SOA("9") NS "z.example. 60 A 192.0.2.2\nb.example. 60 MX 1 come.test.\nA.b.example. 60 TXT \"x y\" q\n",
		  "changeset/1 example. 7 9\n"
		  "- example. 3600 SOA ns.example. h.example. 7 3600 600 86400 60\n"
		  "- b.example. 60 MX 1 gone.test.\n"
		  "- a.b.example. 60 TXT \"x y\"\n"
		  "- z.example. 60 A 192.0.2.1\n"
		  "+ example. 3600 SOA ns.example. h.example. 9 3600 600 86400 60\n"
		  "+ b.example. 60 MX 1 come.test.\n"
		  "+ a.b.example. 60 TXT \"x y\" \"q\"\n"
		  "+ z.example. 60 A 192.0.2.2\n" },
		/* Another TTL is another record; the case of names in RDATA that is kept as written is as well. */
		{ SOA("1") NS "s.example. 5 SRV 1 2 3 Host.test.\nt.example. 6 A 192.0.2.1\nt.example. 6 A 192.0.2.2\n",
		  SOA("2") NS "s.example. 5 SRV 1 2 3 host.test.\nt.example. 7 A 192.0.2.1\nt.example. 7 A 192.0.2.2\n",
		  "changeset/1 example. 1 2\n"
		  "- example. 3600 SOA ns.example. h.example. 1 3600 600 86400 60\n"
		  "- s.example. 5 SRV 1 2 3 Host.test.\n"
		  "- t.example. 6 A 192.0.2.1\n"
		  "- t.example. 6 A 192.0.2.2\n"
		  "+ example. 3600 SOA ns.example. h.example. 2 3600 600 86400 60\n"
		  "+ s.example. 5 SRV 1 2 3 host.test.\n"
		  "+ t.example. 7 A 192.0.2.1\n"
		  "+ t.example. 7 A 192.0.2.2\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct changeset set;

		diff(cases[i].from, cases[i].to, &set);
		check_print(&set, cases[i].expected);
		changeset_fini(&set);
	}
}

static void test_no_diff(void **state)
{
	struct zone_image *a = build(SOA("7") NS), *b = build(SOA("7") NS "x.example. 1 A 192.0.2.1\n");
	struct zone_image *other = zone_build("test.", "test. 1 SOA a. b. 1 1 1 1 1\ntest. 1 NS a.\n", said);
	struct changeset set;
	struct err_note note;

	(void)state;
	assert_int_equal(changeset_diff(zone_image_header(a), zone_image_header(a), &set, &note), 0);
	assert_int_equal(set.changes.count, 0);
	changeset_fini(&set);
	assert_int_equal(changeset_diff(zone_image_header(a), zone_image_header(b), &set, &note), ERR_INVALID);
	assert_string_equal(note.text, "the zone has changed, but not its serial 7");
	assert_int_equal(changeset_diff(zone_image_header(a), zone_image_header(other), &set, &note), ERR_INVALID);
	assert_string_equal(note.text, "the two are not versions of one zone");
	zone_image_release(a);
	zone_image_release(b);
	zone_image_release(other);
}

static void test_combine(void **state)
{
	static const char *const versions[] = {
		SOA("1") NS "a.example. 1 A 192.0.2.1\nb.example. 1 A 192.0.2.1\n",
		SOA("2") NS "a.example. 1 A 192.0.2.2\nc.example. 1 A 192.0.2.1\n",
		SOA("3") NS "a.example. 1 A 192.0.2.1\nb.example. 1 A 192.0.2.1\nd.example. 1 A 192.0.2.1\n",
	};
	struct changeset first, second, both, whole;
	struct err_note note;
	size_t len;

	(void)state;
	diff(versions[0], versions[1], &first);
	diff(versions[1], versions[2], &second);
	diff(versions[0], versions[2], &whole);
	assert_int_equal(changeset_combine(&first, &second, &both, &note), 0);
	char *text = changeset_print(&whole, &len);
	check_print(&both, text);
	mem_free(text);
	changeset_fini(&both);
	assert_int_equal(changeset_combine(&second, &first, &both, &note), ERR_INVALID);
	assert_string_equal(note.text, "the changesets do not follow each other: 2 to 3, then 1 to 2");
	assert_int_equal(changeset_combine(&first, &first, &both, &note), ERR_INVALID);
	changeset_fini(&first);
	changeset_fini(&second);
	changeset_fini(&whole);
}

/* A step that adds what the one before has added. */
static void test_combine_twice(void **state)
{
#define STEP(from, to, more) \
	"changeset/1 example. " from " " to "\n- " SOA(from) "+ " SOA(to) "+ " more "\n"
	static const char one[] = STEP("1", "2", "x.example. 1 A 192.0.2.1");
	static const char two[] = STEP("2", "3", "x.example. 1 A 192.0.2.1");
	struct changeset first, second, both;
	struct err_note note;

	(void)state;
	assert_int_equal(changeset_parse("one", span_of(one), &first, &note), 0);
	assert_int_equal(changeset_parse("two", span_of(two), &second, &note), 0);
	assert_int_equal(changeset_combine(&first, &second, &both, &note), ERR_INVALID);
	assert_string_equal(note.text, "x.example. A 192.0.2.1 is added once more");
	changeset_fini(&first);
	changeset_fini(&second);
}

static void test_faults(void **state)
{
#define BOTH "- " SOA("1") "+ " SOA("2")
	static const struct {
		const char *text;
		int err;
		unsigned line;
		const char *said;
	} cases[] = {
		{ "", ERR_SYNTAX, 1, "expected \"changeset/1 ZONE FROM TO\"" },
		{ "changeset/2 example. 1 2\n", ERR_SYNTAX, 1, "expected \"changeset/1 ZONE FROM TO\"" },
		{ "changeset/1 example 1 2\n" BOTH, ERR_SYNTAX, 1, "expected the name of the zone, absolute and in lower case" },
		{ "changeset/1 Example. 1 2\n" BOTH, ERR_SYNTAX, 1, "expected the name of the zone, absolute and in lower case" },
		{ "changeset/1 example. 1\n" BOTH, ERR_SYNTAX, 1, "expected two serials behind the name of the zone" },
		{ "changeset/1 example. 01 2\n" BOTH, ERR_SYNTAX, 1, "expected two serials behind the name of the zone" },
		{ "changeset/1 example. 1 4294967296\n" BOTH, ERR_SYNTAX, 1, "expected two serials behind the name of the zone" },
		{ "changeset/1 example. 1 2 3\n" BOTH, ERR_SYNTAX, 1, "expected two serials behind the name of the zone" },
		{ "changeset/1 example. 1 1\n" BOTH, ERR_SYNTAX, 1, "expected two serials behind the name of the zone" },
		{ "changeset/1 example. 1 2", ERR_SYNTAX, 1, "expected two serials behind the name of the zone" },
		{ "changeset/1 example. 1 2\n", ERR_INVALID, 0,
		  "expected that the SOA with serial 1 goes and one with 2 comes" },
		{ "changeset/1 example. 1 3\n" BOTH, ERR_INVALID, 0,
		  "expected that the SOA with serial 1 goes and one with 3 comes" },
		{ "changeset/1 example. 1 2\n" BOTH "* x.example. 1 A 192.0.2.1\n", ERR_SYNTAX, 4,
		  "expected \"- RECORD\" or \"+ RECORD\"" },
		{ "changeset/1 example. 1 2\n" BOTH "- x.example. 1 A 192.0.2.1\n", ERR_SYNTAX, 4,
		  "a removal behind an addition" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.example. 1 A 192.0.2.1", ERR_SYNTAX, 4, "no newline at the end" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x 1 A 192.0.2.1\n", ERR_SYNTAX, 4,
		  "expected an absolute owner, TTL, TYPE and RDATA with single blanks" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.example. A 192.0.2.1\n", ERR_SYNTAX, 4,
		  "expected a TTL behind the owner" },
		{ "changeset/1 example. 1 2\n" BOTH "+ $TTL. 1 A 192.0.2.1\n", ERR_SYNTAX, 4, "expected OWNER TTL TYPE RDATA" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.test. 1 A 192.0.2.1\n", ERR_SYNTAX, 4, "the owner is not in the zone" },
		{ "changeset/1 example. 1 2\n" BOTH "+ xexample. 1 A 192.0.2.1\n", ERR_SYNTAX, 4,
		  "the owner is not in the zone" },
		{ "changeset/1 example. 1 2\n" BOTH "+ X.example. 1 A 192.0.2.1\n", ERR_SYNTAX, 4,
		  "the owner is not in lower case" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.example. 1 TXT ( \"a\"\n+ y.example. 1 ) A 192.0.2.1\n",
		  ERR_SYNTAX, 5, "not one record in one line" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.example. 1 A 192.0.2.300\n", ERR_SYNTAX, 4,
		  "x.example. A: expected an IPv4 address: 192.0.2.300" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.example. 1 CH A 192.0.2.3\n", ERR_INVALID, 4,
		  "x.example. A: expected class IN" },
		{ "changeset/1 example. 1 2\n" BOTH "+ x.example. 1 A 192.0.2.3\n+ x.example. 1 A 192.0.2.3\n",
		  ERR_INVALID, 0, "x.example. A 192.0.2.3 is added twice" },
		{ "changeset/1 example. 1 2\n- " SOA("1") "- x.example. 1 A 192.0.2.3\n+ " SOA("2")
		  "+ x.example. 1 A 192.0.2.3\n", ERR_INVALID, 0, "x.example. A 192.0.2.3 is removed and put back at once" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct changeset set;
		struct err_note note = { .line = 0 };
		char *exact = mem_copy(cases[i].text, strlen(cases[i].text));
		int err = changeset_parse("t", (struct span){ (uint8_t *)exact, strlen(cases[i].text) }, &set, &note);

		mem_free(exact);
		if (err != cases[i].err || note.line != cases[i].line || strcmp(note.text, cases[i].said) != 0)
			fail_msg("%zu: %d %u %s", i, err, note.line, note.text);
	}
}

struct text {
	char at[8192];
	size_t len;
};

static int append(void *ctx, const char *line, size_t len)
{
	struct text *text = ctx;

	assert_int_equal(line[len - 1], '\n');
	assert_true(text->len + len < sizeof text->at);
	memcpy(text->at + text->len, line, len);
	text->len += len;
	return 0;
}

/* Written, read again: the same records, whatever is in them. */
static void test_rrtext(void **state)
{
	static const char zone[] = SOA("7") NS
		"\\$x\\.y\\000\\@.example. 1 A 192.0.2.1\n"
		"*.example. 1 TXT \"semi;colon \\\"quote\\\" (paren\" \"\"\n"
		"u.example. 1 TYPE65280 \\# 3 010203\n"
		"v.example. 1 HTTPS 1 . alpn=h2 port=8443\n"
		"w.example. 1 CAA 0 issue \"ca.test; a=b\"\n";
	struct zone_image *image = build(zone);
	struct text text = { .len = 0 };

	(void)state;
	assert_int_equal(rrtext_write(zone_image_header(image), append, &text), 0);
	text.at[text.len] = '\0';
	struct zone_image *again = build(text.at);
	assert_int_equal(zone_image_header(again)->records, zone_image_header(image)->records);
	assert_memory_equal(zone_image_header(again)->digest, zone_image_header(image)->digest, 32);
	zone_image_release(again);
	zone_image_release(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_no_diff),
		cmocka_unit_test(test_combine),
		cmocka_unit_test(test_combine_twice),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_rrtext),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
