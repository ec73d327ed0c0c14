/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519: RFC 8032, 7.1. The others were made once with another implementation (python3-cryptography). */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "sync/hash.h"
#include "sync/key.h"

#define P256_PEM \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbZfP5ZITX9RU43v0OHNS8Mrje8RD\n" \
	"4fig2gfNRAx5cvCnDEfh+dbwS9AVA12cp7hwp0rHsZD7W5odZ+pM9nFfMw==\n" \
	"-----END PUBLIC KEY-----\n"
#define P256_COMPRESSED_PEM \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADbZfP5ZITX9RU43v0OHNS8Mrje8RD4fig2gfNRAx5\n" \
	"cvA=\n" \
	"-----END PUBLIC KEY-----\n"
#define P256_SIGNATURE \
	"3044022048d444cfd15020756949c60ce0d0c9e9966f20fae27e187d3b396059fb6c848502203f386e009e8a7b73ebc3e36f00d84fb79c473a1007e9ad492f197de8c3aeec5e"
#define P384_PEM \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEXOqMr3pGwFyB0wUN0yAkml9ZuX+xL+ny\n" \
	"Xu3VtDPip0MIh8qV1fRnWKEJRF6HpcSlgxiGgI2a+GUMxmll+0MQjMp/OhsJ1ZZT\n" \
	"p2bl0mGkxHXaZEk52htsO3g2X6NpTb0g\n" \
	"-----END PUBLIC KEY-----\n"
#define RSA_PEM \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyhNnXPfAGn6pVVP8sIdQ\n" \
	"G+M/c/bOMTxIeexJJI8Po+t+kXle1FJpKWysGMujdqExw49OLdrdm3da4mJliHnz\n" \
	"LHR6g7amkUW6vGrpWiaaciDSuoq8zzJJPE+YyiNB9c8H++DrUtzOv6Ziw3Vojpy/\n" \
	"q0iH06AN5eTT83kWt5lUnvIKAlq0GvhxwZNrMnqS4XZLANYxHQfgkLerv80wVhzf\n" \
	"B0fV2wPvULPgDW/Fk9seZh1ksZcxAF9vuGRgVS1opWwmjos059sToRzfe14frWpM\n" \
	"DLyimUDbYQgHUznk7ImiEafj1qmCxQ2apHFTqLmgrH47xtMzbuFpd7Aqcdyr9g1I\n" \
	"fQIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"
#define RSA_PSS_SIGNATURE \
	"bf9d84f050acfe3548a0e195bceaed6196037118716b1f4825dac40ab8a9f42b2fbd0c895be8325232383389ee6797ea8d05" \
	"5bbfeee5d18e9b612997c52b4e6db5b9032b5c0948f1d9a4bc287f4c1dac1afb90721b2f6ae19fa0b2d1009f2182ff30832d" \
	"d0f2a98aedbbe061daebce6aa63b4b930c9b70f8b2088f2145285dc802499557d6c0d5fe1c12ba7777ae7f732cd2c6fefbdb" \
	"40db18a3c57311766ed5878c7ecab36ae77e7864ddfcae7fcd9b99c2ba828ba1378aa02045010e71b01ded825da29ceb017c" \
	"a60ebcb3ae2b847d44136687813403a959de13c739dcf74e9a570f64925223103442bcfc50dc302d76e0470bbcf423454900" \
	"95bdaea8156b"
#define RSA_PSS_LONG_SALT \
	"2be66c188bd676e02ebcd3134580ec75ab64b05fdd676f3e0a9879e707f49c92ac7404b91798656a1edc6bb7aab8a7afd0fa" \
	"c261c913bac8c844828a309c5f6c1b30fba7f86c12428e69ab016dab48d67d3f11c995eba4ac78c43a51a55a18230b813c7f" \
	"3d07dc0e3e186b7f5c3f5de41873a6adc08f82257176f8b30f816bdcf37faca398b675a559b2c6fc8accdf3e7986fc0c0725" \
	"af9a6c9214ff4dc35c85daf2c95b590221342fac6ba30178a32d3b03ae7e6a27b60dbb59b82fd823ba5b982aec78f113ff07" \
	"f0d9137e48c74835ac9a8e8043d8756cf7e909b526257c137395d81908635f9fa4fe13659aca6399db033ef3ea3b48ae5110" \
	"9f0ab93ec209"
#define RSA_PKCS1_SIGNATURE \
	"54705ca72cab410c0667768cc9f57532618b34f6705194d9e7664dd865538f755d38c3b123a1ff0f71e285cede56e8f23a03" \
	"bd096111494e398444a18eef0039a1a9a34aeb8e39986dfcc663aa24b9300f6221e2d69222ec7fdea1994ce3926cbac6a85d" \
	"ca8ec4e44228d0f4fd1f24652c0049aac8b2a2b54316becec7773bf29866b0842aa0417347a2ccf9b78ac52c88959d5b4755" \
	"89973f5cc76f8b5bfb9d90346fb27ad2416bc3493151eeb135c347f5f2d7b22fed3043338a4ae7b734005652ee33377fcf3b" \
	"0cca3d06a580ec868382b4134e027b7c6521e2f69f4481ba4e28f79d83312114fe2b7bccddee11b631ed7c154af58d5bb85a" \
	"74c6e2a961fa"
#define RSA_1024_PEM \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDdnUQEr/45TePfTDKhLOJDdWH7\n" \
	"vnqzflrygMcEvO3MZMYktuu6/F+mS+TS7FJBPEuE7Qr9axcgEU/Rw40rntwyu4cQ\n" \
	"Q5FPsCjYbGtdEaxY4jG+9GTz53bD7WsDjfi2njJEo6XzALtinFhF5Na4EP+BsQLx\n" \
	"FyNsl6AZDZkvqmh+twIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"

#define ED25519 "ed25519", "ed25519"
#define ECDSA "ecdsa", "ecdsa-sha2-nistp256"
#define RSA "rsa", "rsassa-pss-sha256"
#define RFC8032_PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define RFC8032_SIGNATURE \
	"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" \
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"

static void test_kinds(void **state)
{
	static const struct {
		const char *keytype, *scheme, *public_part;
		bool known;
	} cases[] = {
		{ ED25519, RFC8032_PUBLIC, true },
		{ "ed25519", "ed448", RFC8032_PUBLIC, false },
		{ "Ed25519", "ed25519", RFC8032_PUBLIC, false },
		{ ED25519, "", false },
		{ ED25519, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af466", false },
		{ ED25519, RFC8032_PUBLIC "00", false },
		{ ED25519, "zz4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", false },
		{ ED25519, P256_PEM, false },
		{ ECDSA, P256_PEM, true },
		{ ECDSA, P256_COMPRESSED_PEM, true },
		{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", P256_PEM, true },
		{ "ecdsa", "ecdsa-sha2-nistp384", P256_PEM, false },
		{ ECDSA, P384_PEM, false },
		{ ECDSA, RSA_PEM, false },
		{ ECDSA, "", false },
		{ ECDSA, "-----BEGIN PUBLIC KEY-----\n", false },
		{ ECDSA, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", false },
		{ RSA, RSA_PEM, true },
		{ RSA, P256_PEM, false },
		{ RSA, RSA_1024_PEM, false },
		{ "rsa", "rsa-pkcs1v15-sha256", RSA_PEM, false },
		{ "ml-dsa", "ml-dsa-65", "00", false },
		{ "", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key *key = key_new(cases[i].keytype, cases[i].scheme, cases[i].public_part);

		if ((key != NULL) != cases[i].known)
			fail_msg("case %zu", i);
		key_free(key);
	}
}

static bool verify(const struct key *key, struct span message, const char *digits)
{
	uint8_t signature[KEY_SIGNATURE_MAX];
	int len = hash_get_hex(digits, signature, sizeof signature);

	return key_verify(key, message, (struct span){ signature, len > 0 ? (size_t)len : 0 });
}

static void test_signatures(void **state)
{
	static const struct {
		const char *keytype, *scheme, *public_part, *message, *signature;
		bool good;
	} cases[] = {
		{ ED25519, RFC8032_PUBLIC, "\x72", RFC8032_SIGNATURE, true },
		{ ED25519, RFC8032_PUBLIC, "\x73", RFC8032_SIGNATURE, false },
		{ ED25519, RFC8032_PUBLIC, "\x72", "", false },
		{ ED25519, RFC8032_PUBLIC, "\x72", RFC8032_SIGNATURE "00", false },
		{ ED25519, "0000000000000000000000000000000000000000000000000000000000000000", "\x72", RFC8032_SIGNATURE, false },
		{ ECDSA, P256_PEM, "the message", P256_SIGNATURE, true },
		{ ECDSA, P256_COMPRESSED_PEM, "the message", P256_SIGNATURE, true },
		{ ECDSA, P256_PEM, "the massage", P256_SIGNATURE, false },
		{ ECDSA, P256_PEM, "the message", P256_SIGNATURE "00", false },
		{ ECDSA, P256_PEM, "the message", RSA_PSS_SIGNATURE, false },
		{ ECDSA, P256_PEM, "the message", "30060201000201", false },
		{ ECDSA, P256_PEM, "the message", "3006020100020100", false },
		{ RSA, RSA_PEM, "the message", RSA_PSS_SIGNATURE, true },
		{ RSA, RSA_PEM, "the message", RSA_PSS_LONG_SALT, true },
		{ RSA, RSA_PEM, "the massage", RSA_PSS_SIGNATURE, false },
		{ RSA, RSA_PEM, "the message", RSA_PKCS1_SIGNATURE, false },
		{ RSA, RSA_PEM, "the message", P256_SIGNATURE, false },
		{ RSA, RSA_PEM, "the message", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct key *key = key_new(cases[i].keytype, cases[i].scheme, cases[i].public_part);

		assert_non_null(key);
		if (verify(key, span_string(cases[i].message), cases[i].signature) != cases[i].good)
			fail_msg("case %zu", i);
		key_free(key);
	}
}

/* However it is written: letters, the point, the name of the kind. */
static void test_same(void **state)
{
	struct key *keys[] = {
		key_new(ECDSA, P256_PEM), key_new(ECDSA, P256_COMPRESSED_PEM),
		key_new("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", P256_PEM),
		key_new(ED25519, RFC8032_PUBLIC),
		key_new(ED25519, "3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C"),
		key_new(RSA, RSA_PEM),
		key_new(ED25519, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
	};
	static const unsigned groups[] = { 0, 0, 0, 1, 1, 2, 3 };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		for (size_t j = 0; j < COUNT(keys); j++)
			assert_int_equal(key_same(keys[i], keys[j]), groups[i] == groups[j]);
	}
	for (size_t i = 0; i < COUNT(keys); i++)
		key_free(keys[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
