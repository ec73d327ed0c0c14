/* SPDX-License-Identifier: Apache-2.0 */
/* Roots made by another implementation: its canonical JSON, key ids and signatures, of three kinds of keys. See
 * vectors/make.py, which is not run here. */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/tuf_trust.h"

enum { FILE_MAX = 1 << 16, NOW_S = 1800000000 };

static int first_root(struct span bytes, bool strict, struct err_note *note)
{
	struct tuf_trust trust = { 0 };

	tuf_settings_init(&trust.settings, NOW_S);
	trust.settings.strict_keyids = strict;
	int err = tuf_trust_first_root(&trust, bytes, note);
	tuf_trust_fini(&trust);
	return err;
}

static uint8_t *read_file(const char *name, size_t *ret_len)
{
	char *path = mem_format("%s/tests/unit/sync/vectors/%s", CATCHMENT_SOURCE_DIR, name);
	uint8_t *bytes;

	assert_int_equal(file_read(path, FILE_MAX, &bytes, ret_len), 0);
	mem_free(path);
	return bytes;
}

static const struct {
	const char *name;
	const char *why, *why_strict;	/* NULL: it is taken */
} cases[] = {
	{ "three.json", NULL, NULL },
	{ "rsa.json", NULL, NULL },
	{ "ecdsa.json", NULL, NULL },
	{ "odd-text.json", NULL, NULL },
	{ "utf-8.json", NULL, NULL },
	{ "odd-ids.json", NULL, "" },
	{ "two-of-three.json", NULL, NULL },
	{ "one-of-two.json", "", "" },
	{ "one-key-twice.json", "", "" },
	{ "other-scheme.json", "", "" },
	{ "changed.json", "", "" },
};

static void test_roots(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int strict = 0; strict < 2; strict++) {
			const char *why = strict ? cases[i].why_strict : cases[i].why;
			struct err_note note = { 0 };
			size_t len;
			uint8_t *bytes = read_file(cases[i].name, &len);
			int err = first_root((struct span){ bytes, len }, strict, &note);

			if ((err == 0) != (why == NULL) || (why != NULL && strstr(note.text, "signature") == NULL && strstr(note.text, "key") == NULL))
				fail_msg("%s, strict %d: %d, %s", cases[i].name, strict, err, note.text);
			mem_free(bytes);
		}
	}
}

/* Each byte of what is signed counts, white space between values does not: no change of one character is taken that makes
 * it say something else. */
static void test_changed(void **state)
{
	size_t len, taken = 0, places = 0;
	uint8_t *bytes = read_file("odd-text.json", &len);
	const char *begin = strstr((const char *)bytes, "\"signed\"");
	struct err_note note;

	(void)state;
	assert_non_null(begin);
	for (size_t at = (size_t)(begin - (const char *)bytes) + 12; at + 4 < len; at += 5) {
		uint8_t was = bytes[at];

		if (was == ' ' || was == '\n')
			continue;
		bytes[at] = was == 'q' ? 'r' : 'q';
		places++;
		taken += first_root((struct span){ bytes, len }, false, &note) == 0;
		bytes[at] = was;
	}
	assert_true(places > 300);
	assert_int_equal(taken, 0);
	assert_int_equal(first_root((struct span){ bytes, len }, false, &note), 0);
	mem_free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_roots), cmocka_unit_test(test_changed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
