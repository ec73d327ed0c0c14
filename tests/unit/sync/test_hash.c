/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of "abc": FIPS 180-2, appendices. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/err.h"
#include "sync/hash.h"

#define ABC256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC384 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
#define ABC512 \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void test_add(void **state)
{
	static const struct {
		const char *name, *digits;
		int err;
	} cases[] = {
		{ "sha256", ABC256, 0 }, { "sha384", ABC384, 0 }, { "sha512", ABC512, 0 },
		{ "sha256", "", ERR_SYNTAX }, { "sha256", ABC384, ERR_SYNTAX }, { "sha512", ABC256, ERR_SYNTAX },
		{ "sha256", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", 0 },
		{ "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ax", ERR_SYNTAX },
		{ "sha256", ABC256 "0", ERR_SYNTAX }, { "sha512", ABC512 "00", ERR_SYNTAX },
		{ "md5", "900150983cd24fb0d6963f7d28e17f72", ERR_UNKNOWN }, { "SHA256", ABC256, ERR_UNKNOWN },
		{ "", "", ERR_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct hash_list list = { 0 };

		if (hash_list_add(&list, cases[i].name, cases[i].digits) != cases[i].err
		    || list.count != (cases[i].err == 0))
			fail_msg("%s %s", cases[i].name, cases[i].digits);
	}
}

static void test_each_must_match(void **state)
{
	struct hash_list list = { 0 };
	char text[HASH_TEXT_MAX];

	(void)state;
	assert_null(hash_list_mismatch(&list, SPAN_TEXT("abc")));
	assert_int_equal(hash_list_add(&list, "sha512", ABC512), 0);
	assert_int_equal(hash_list_add(&list, "sha256", ABC256), 0);
	assert_int_equal(hash_list_add(&list, "sha384", ABC384), 0);
	assert_null(hash_list_mismatch(&list, SPAN_TEXT("abc")));
	assert_ptr_equal(hash_list_mismatch(&list, SPAN_TEXT("abd")), &list.list[0]);
	list.list[1].bytes[31] ^= 1;
	assert_ptr_equal(hash_list_mismatch(&list, SPAN_TEXT("abc")), &list.list[1]);
	assert_string_equal(hash_name(list.list[0].kind), "sha512");
	assert_string_equal(hash_text(&list.list[0], text), ABC512);
	assert_string_equal(hash_text(&list.list[2], text), ABC384);
}

static void test_in_pieces(void **state)
{
	struct hash_list list = { 0 };
	struct hash_run *run;

	(void)state;
	assert_int_equal(hash_list_add(&list, "sha256", ABC256), 0);
	run = hash_run_new(&list);
	hash_run_take(run, SPAN_TEXT("a"));
	hash_run_take(run, (struct span){ 0 });
	hash_run_take(run, SPAN_TEXT("bc"));
	assert_null(hash_run_mismatch(run));
	hash_run_free(run);
	hash_run_free(NULL);
}

static void test_hex(void **state)
{
	uint8_t bytes[3];
	char text[7];

	(void)state;
	assert_int_equal(hash_get_hex("", bytes, 3), 0);
	assert_int_equal(hash_get_hex("00fFa1", bytes, 3), 3);
	assert_memory_equal(bytes, "\x00\xff\xa1", 3);
	assert_int_equal(hash_get_hex("00ffa1b2", bytes, 3), ERR_LIMIT);
	assert_int_equal(hash_get_hex("0", bytes, 3), ERR_SYNTAX);
	assert_int_equal(hash_get_hex(" 0", bytes, 3), ERR_SYNTAX);
	assert_int_equal(hash_get_hex("0g", bytes, 3), ERR_SYNTAX);
	hash_put_hex((struct span){ (const uint8_t *)"\x00\xff\xa1", 3 }, text);
	assert_string_equal(text, "00ffa1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_each_must_match),
		cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
