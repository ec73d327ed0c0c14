/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/base/file.h"
#include "tests/unit/support/zone_fixture.h"
#include "zone/cookie.h"

static const struct cookie_secrets one = {
	.count = 1,
	.secret = { { 0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc, 0x84, 0x9e, 0x37, 0xbf, 0xcf } },
};
static const uint8_t client[8] = { 0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57 };
static const struct span address = { (const uint8_t *)"\306\63\144\144", 4 };	/* 198.51.100.100 */

/* The worked example of RFC 9018, A.1: every implementation makes this cookie. */
static void the_example_of_the_rfc(void **state)
{
	static const uint8_t expected[COOKIE_BYTES] = {
		0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57, 0x01, 0x00, 0x00, 0x00,
		0x5c, 0xf7, 0x9f, 0x11, 0x1f, 0x81, 0x30, 0xc3, 0xee, 0xe2, 0x94, 0x80,
	};
	uint8_t cookie[COOKIE_BYTES];

	(void)state;
	cookie_write(&one, client, address, 1559731985, cookie);
	assert_memory_equal(cookie, expected, sizeof expected);
}

static void only_ours_verify(void **state)
{
	uint8_t cookie[COOKIE_BYTES];
	struct span option = { cookie, sizeof cookie };
	const struct span other = { (const uint8_t *)"\306\63\144\145", 4 };
	enum { NOW = 1700000000 };

	(void)state;
	cookie_write(&one, client, address, NOW, cookie);
	assert_true(cookie_verify(&one, option, address, NOW));
	assert_false(cookie_verify(&one, option, other, NOW));
	assert_true(cookie_verify(&one, option, address, NOW + 3600));
	assert_false(cookie_verify(&one, option, address, NOW + 3601));
	assert_true(cookie_verify(&one, option, address, NOW - 300));
	assert_false(cookie_verify(&one, option, address, NOW - 301));
	assert_false(cookie_verify(&one, (struct span){ cookie, 8 }, address, NOW));
	for (size_t i = 0; i < sizeof cookie; i++) {
		bool stamp = i >= 12 && i < 16, reserved = i >= 9 && i < 12;

		cookie[i] ^= 1;
		if (!stamp || i == 15)
			assert_false(cookie_verify(&one, option, address, NOW));
		(void)reserved;
		cookie[i] ^= 1;
	}
}

/* The new secret is added as second everywhere, becomes the first, then the old one goes: at no time is a cookie lost. */
static void secrets_are_rolled(void **state)
{
	struct cookie_secrets old_new = one, new_old = { .count = 2 }, new_only = { .count = 1 };
	uint8_t by_old[COOKIE_BYTES], by_new[COOKIE_BYTES];

	(void)state;
	cookie_secret_make(old_new.secret[1]);
	old_new.count = 2;
	memcpy(new_old.secret[0], old_new.secret[1], COOKIE_SECRET_BYTES);
	memcpy(new_old.secret[1], one.secret[0], COOKIE_SECRET_BYTES);
	memcpy(new_only.secret[0], old_new.secret[1], COOKIE_SECRET_BYTES);
	cookie_write(&old_new, client, address, 1000, by_old);
	cookie_write(&new_old, client, address, 1000, by_new);
	assert_true(cookie_verify(&one, (struct span){ by_old, sizeof by_old }, address, 1000));
	assert_true(cookie_verify(&new_old, (struct span){ by_old, sizeof by_old }, address, 1000));
	assert_true(cookie_verify(&old_new, (struct span){ by_new, sizeof by_new }, address, 1000));
	assert_false(cookie_verify(&new_only, (struct span){ by_old, sizeof by_old }, address, 1000));
}

static void secret_files(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int err;
	} rows[] = {
		{ "e5e973e5a6b2a43f48e7dc849e37bfcf", 32, 0 },
		{ "E5E973E5A6B2A43F48E7DC849E37BFCF\n", 33, 0 },
		{ "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf", 16, 0 },
		{ "e5e973e5a6b2a43f48e7dc849e37bf", 30, ERR_SYNTAX },
		{ "e5e973e5a6b2a43f48e7dc849e37bfcf00", 34, ERR_SYNTAX },
		{ "g5e973e5a6b2a43f48e7dc849e37bfcf", 32, ERR_SYNTAX },
		{ "", 0, ERR_SYNTAX },
	};
	char path[] = "/tmp/cookie-XXXXXX";
	struct err_note note;

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t secret[COOKIE_SECRET_BYTES];

		assert_int_equal(file_replace(path, rows[i].text, rows[i].len, 0600), 0);
		assert_int_equal(cookie_secret_read(path, secret, &note), rows[i].err);
		if (rows[i].err == 0)
			assert_memory_equal(secret, one.secret[0], sizeof secret);
		else
			assert_string_equal(note.file, path);
	}
	unlink(path);
	assert_int_not_equal(cookie_secret_read(path, (uint8_t[COOKIE_SECRET_BYTES]){ 0 }, &note), 0);
}

/* Through respond(): fresh cookies, valid ones, and what happens when they are required. */
static void in_responses(void **state)
{
	static const char *const zones[] = { "example", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\n", NULL };
	struct fixture *fixture = fixture_new(zones);
	uint8_t query[128] = "\x12\x34\0\0\0\1\0\0\0\0\0\1\1n\7example\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0";
	size_t at = 12 + 15 + 9, bare = 12 + 15;

	(void)state;
	fixture->env.cookies = &one;
	memcpy(query + at, "\0\14\0\12\0\10", 6);	/* RDLENGTH, COOKIE, 8 */
	memcpy(query + at + 6, client, 8);
	const char *text = fixture_send(fixture, RESPOND_UDP, query, at + 14);
	assert_non_null(strstr(text, "NOERROR aa\n"));
	const char *cookie = strstr(text, "option10=2464c4abcf10c95701000000");
	assert_non_null(cookie);
	assert_true(fixture->result.cookie && !fixture->result.cookie_valid);

	/* What it gave comes back. */
	query[at + 1] = 4 + COOKIE_BYTES;
	query[at + 5] = COOKIE_BYTES;
	cookie_write(&one, client, fixture->from.address, fixture->from.now_s, query + at + 6);
	fixture_send(fixture, RESPOND_UDP, query, at + 6 + COOKIE_BYTES);
	assert_true(fixture->result.cookie_valid);
	fixture->from.require_cookie = true;
	assert_non_null(strstr(fixture_send(fixture, RESPOND_UDP, query, at + 6 + COOKIE_BYTES), "NOERROR aa\nan n."));

	/* Required, and wrong: BADCOOKIE (23 = 16 + 7) with a fresh one; without any: TC; over TCP nothing is required. */
	query[at + 6 + COOKIE_BYTES - 1] ^= 1;
	text = fixture_send(fixture, RESPOND_UDP, query, at + 6 + COOKIE_BYTES);
	assert_int_equal(fixture->result.rcode, DNS_BADCOOKIE);
	assert_non_null(strstr(text, "ext=1 option10="));
	assert_non_null(strstr(fixture_send(fixture, RESPOND_TCP, query, at + 6 + COOKIE_BYTES), "NOERROR aa\nan n."));
	query[11] = 0;
	assert_string_equal(fixture_send(fixture, RESPOND_UDP, query, bare), "NOERROR aa tc\n");
	fixture->from.require_cookie = false;

	/* A question is not needed to get one (RFC 7873, 5.4). */
	static const uint8_t empty[] = "\x12\x34\0\0\0\0\0\0\0\0\0\1\0\0\x29\4\xd0\0\0\0\0\0\14\0\12\0\10abcdefgh";
	text = fixture_send(fixture, RESPOND_UDP, empty, sizeof empty - 1);
	assert_non_null(strstr(text, "NOERROR\nar . OPT 1232 option10=6162636465666768"));
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc), cmocka_unit_test(only_ours_verify),
		cmocka_unit_test(secrets_are_rolled),	  cmocka_unit_test(secret_files),
		cmocka_unit_test(in_responses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
