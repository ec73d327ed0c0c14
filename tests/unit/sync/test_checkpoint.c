/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/checkpoint.h"
#include "sync/hash.h"
#include "sync/rrtext.h"
#include "sync/zstd.h"
#include "zone/image.h"

#define HEAD "example. 300 NS ns.example.\nexample. 300 SOA ns.example. h.example. 1 2 3 4 5\n"

struct given {
	const char *text;
	size_t len;		/* 0: strlen() */
	int64_t more;		/* beside what the length is */
	const char *sha256;	/* NULL: the right one */
};

static int read(const struct given *given, struct zone_image **ret_image, struct err_note *note)
{
	struct span raw = { (const uint8_t *)given->text, given->len ? given->len : strlen(given->text) };
	struct zone_compile *compile;
	struct name zone;
	uint8_t *packed, digest[HASH_SHA256_BYTES];
	char digits[2 * HASH_SHA256_BYTES + 1];
	size_t len;

	assert_int_equal(name_from_text("example", &zone), 0);
	assert_int_equal(zstd_pack(raw, 1, &packed, &len), 0);
	hash_sha256(raw, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	const struct checkpoint checkpoint = {
		.path = "zones/example/zone", .packed = { packed, len }, .zone = &zone,
		.raw_length = (uint64_t)((int64_t)raw.len + given->more),
		.raw_sha256 = given->sha256 != NULL ? given->sha256 : digits,
	};
	compile = zone_compile_new(&zone);
	int err = checkpoint_read(&checkpoint, compile, note);
	if (err == 0 && ret_image != NULL) {
		struct err_list errors = { 0 }, warnings = { 0 };
		void *bytes;
		size_t size;

		assert_int_equal(zone_compile_finish(compile, &bytes, &size, &errors, &warnings), 0);
		err_list_fini(&errors);
		err_list_fini(&warnings);
		assert_int_equal(zone_image_open(bytes, size, false, ret_image, note), 0);
	}
	zone_compile_free(compile);
	mem_free(packed);
	return err;
}

static void test_refused(void **state)
{
	static const struct {
		struct given given;
		int err;
		unsigned line;
		const char *why;
	} cases[] = {
		{ { .text = HEAD }, 0, 0, "" },
		{ { .text = HEAD, .sha256 = "" }, 0, 0, "" },
		{ { .text = HEAD, .sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }, ERR_FORMAT, 0,
		  "another SHA-256" },
		{ { .text = HEAD, .more = 1 }, ERR_FORMAT, 0, "of another size" },
		{ { .text = HEAD, .more = (int64_t)1 << 39 }, -ENOMEM, 0, "no memory for a zone of 549755813" },
		{ { .text = HEAD "a.example. 1 A 192.0.2.1" }, ERR_SYNTAX, 3, "no newline" },
		{ { .text = HEAD "a.example. 1 A 192.0.2.1\na.example. 1 A 192.0.2.1\n" }, ERR_SYNTAX, 4, "canonical order" },
		{ { .text = HEAD "a.example. 1 A 192.0.2.2\na.example. 1 A 192.0.2.1\n" }, ERR_SYNTAX, 4, "canonical order" },
		{ { .text = HEAD "a.example. 1 TXT \"x\"\na.example. 1 A 192.0.2.1\n" }, ERR_SYNTAX, 4, "canonical order" },
		{ { .text = HEAD "b.example. 1 A 192.0.2.2\na.example. 1 A 192.0.2.1\n" }, ERR_SYNTAX, 4, "canonical order" },
		/* The same but for the case in a name of RDATA, and but for the TTL. */
		{ { .text = HEAD "a.example. 1 MX 1 X.example.\na.example. 1 MX 1 x.example.\n" }, ERR_SYNTAX, 4, "canonical order" },
		{ { .text = HEAD "a.example. 1 A 192.0.2.1\na.example. 2 A 192.0.2.1\n" }, ERR_SYNTAX, 4, "canonical order" },
		{ { .text = HEAD "a.example. 1 MX 1 a.example.\na.example. 1 MX 1 B.example.\nz.a.example. 1 A 192.0.2.1\n"
			    "b.example. 1 A 192.0.2.1\n" }, 0, 0, "" },
		{ { .text = HEAD "a.elsewhere. 1 A 192.0.2.1\n" }, ERR_SYNTAX, 3, "not in the zone" },
		{ { .text = HEAD "a.example. 1 A 192.0.2\n" }, ERR_SYNTAX, 3, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err_note note = { 0 };
		int err = read(&cases[i].given, NULL, &note);

		if (err != cases[i].err || note.line != cases[i].line || strstr(note.text, cases[i].why) == NULL)
			fail_msg("case %zu: %d, line %u: %s", i, err, note.line, note.text);
	}
}

/* More than one piece, with lines cut at every place. */
static void test_long(void **state)
{
	enum { RECORDS = 60000, LINE = 48 };
	char *text = mem_array(RECORDS + 2, LINE);
	struct zone_image *image;
	struct err_note note = { 0 };
	size_t len = (size_t)sprintf(text, HEAD);

	(void)state;
	for (unsigned i = 0; i < RECORDS; i++)
		len += (size_t)sprintf(text + len, "h%06u.example. %u A 192.0.2.1\n", i, i % 977);
	assert_true(len > 2 * RRTEXT_LINE_MAX / 2);
	if (read(&(struct given){ .text = text, .len = len }, &image, &note) != 0)
		fail_msg("%u: %s", note.line, note.text);
	assert_int_equal(zone_image_header(image)->records, RECORDS + 2);
	zone_image_release(image);

	/* A fault in a later piece is told with its line. */
	char *broken = strstr(text, "h050000.");
	memcpy(broken, "h040000.", 8);
	assert_int_equal(read(&(struct given){ .text = text, .len = len }, NULL, &note), ERR_SYNTAX);
	assert_int_equal(note.line, 50003);
	assert_non_null(strstr(note.text, "canonical order"));
	mem_free(text);
}

/* Small files that become large ones: refused before anything of that size is held. */
static void test_bombs(void **state)
{
	enum { SIZE = 192 << 20 };
	static const char line[] = "a.example. 1 A 192.0.2.1\n";
	char *text = mem_array(SIZE, 1);
	struct err_note note = { 0 };

	(void)state;
	assert_int_equal(read(&(struct given){ .text = text, .len = SIZE, .sha256 = "" }, NULL, &note), ERR_SYNTAX);
	assert_non_null(strstr(note.text, "longer than any record"));
	memcpy(text, HEAD, sizeof HEAD - 1);
	size_t len = sizeof HEAD - 1;
	for (; len + sizeof line < SIZE; len += sizeof line - 1)
		memcpy(text + len, line, sizeof line - 1);
	assert_int_equal(read(&(struct given){ .text = text, .len = len, .sha256 = "" }, NULL, &note), ERR_SYNTAX);
	assert_int_equal(note.line, 4);
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_long), cmocka_unit_test(test_bombs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
