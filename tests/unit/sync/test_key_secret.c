/* SPDX-License-Identifier: Apache-2.0 */
/* Secret keys: RFC 8032, 7.1, test 2; wrapping and sealing there and back. */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/key.h"
#include "sync/key_secret.h"

#define SEED "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
#define PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define SIGNATURE \
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" \
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"

static struct key_secret *of_rfc(void)
{
	uint8_t seed[KEY_SEED_BYTES];

	assert_int_equal(hash_get_hex(SEED, seed, sizeof seed), KEY_SEED_BYTES);
	return key_secret_of(seed);
}

static void signs_as_the_rfc_does(void **state)
{
	uint8_t public_part[KEY_PUBLIC_BYTES], signature[KEY_ED25519_BYTES];
	struct key_secret *secret = of_rfc();
	char digits[2 * KEY_ED25519_BYTES + 1];

	(void)state;
	key_secret_public(secret, public_part);
	hash_put_hex((struct span){ public_part, sizeof public_part }, digits);
	assert_string_equal(digits, PUBLIC);
	key_secret_sign(secret, SPAN_TEXT("\x72"), signature);
	hash_put_hex((struct span){ signature, sizeof signature }, digits);
	assert_string_equal(digits, SIGNATURE);
	key_secret_free(secret);
}

static void what_is_wrapped_comes_back(void **state)
{
	struct key_secret *secret = of_rfc(), *again;
	uint8_t seed[KEY_SEED_BYTES], other[KEY_SEED_BYTES];
	struct key_wrapped wrapped, twice;

	(void)state;
	key_secret_wrap(secret, SPAN_TEXT("correct horse"), &wrapped);
	key_secret_wrap(secret, SPAN_TEXT("correct horse"), &twice);
	assert_memory_not_equal(wrapped.salt, twice.salt, sizeof twice.salt);
	assert_memory_not_equal(wrapped.box, twice.box, sizeof twice.box);
	again = key_secret_unwrap(&wrapped, SPAN_TEXT("correct horse"));
	assert_non_null(again);
	key_secret_seed(secret, seed);
	key_secret_seed(again, other);
	assert_memory_equal(seed, other, sizeof seed);
	assert_null(key_secret_unwrap(&wrapped, SPAN_TEXT("correct hors")));
	wrapped.box[7] ^= 1;
	assert_null(key_secret_unwrap(&wrapped, SPAN_TEXT("correct horse")));
	wrapped.box[7] ^= 1;
	wrapped.memory = (uint64_t)KEY_WRAP_MEMORY_MAX + 1;	/* a file does not decide how much is worked */
	assert_null(key_secret_unwrap(&wrapped, SPAN_TEXT("correct horse")));
	key_secret_free(secret);
	key_secret_free(again);
	key_secret_free(NULL);
}

static void what_is_sealed_is_for_one(void **state)
{
	uint8_t public_part[KEY_BOX_BYTES], secret[KEY_BOX_BYTES], other_public[KEY_BOX_BYTES], other[KEY_BOX_BYTES];
	uint8_t sealed[5 + KEY_SEAL_BYTES], plain[5];
	struct span box = { sealed, sizeof sealed };

	(void)state;
	key_box_new(public_part, secret);
	key_box_new(other_public, other);
	assert_true(key_box_seal(public_part, SPAN_TEXT("hello"), sealed));
	assert_true(key_box_open(public_part, secret, box, plain));
	assert_memory_equal(plain, "hello", 5);
	assert_false(key_box_open(other_public, other, box, plain));
	box.len = KEY_SEAL_BYTES - 1;
	assert_false(key_box_open(public_part, secret, box, plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_as_the_rfc_does),
		cmocka_unit_test(what_is_wrapped_comes_back),
		cmocka_unit_test(what_is_sealed_is_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
