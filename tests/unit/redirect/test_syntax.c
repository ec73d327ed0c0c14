/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include <ctype.h>

#include "redirect/syntax.h"

static void test_tokens(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		bool expected =
			byte < 0x80 && byte > 0x20 && (isalnum(byte) || strchr("!#$%&'*+-.^_`|~", byte) != NULL);

		assert_int_equal(redirect_is_token((uint8_t)byte), expected);
	}
}

static void test_uri_bytes(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		uint8_t text[3] = { '/', (uint8_t)byte, '/' };
		bool expected =
			byte < 0x80 && byte > 0x20 && (isalnum(byte) || strchr("-._~!$&'()*+,;=:@/?", byte) != NULL);

		assert_int_equal(redirect_uri_legal((struct span){ text, 3 }), expected);
	}
}

static void test_escapes(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		char path[16], query[16];
		bool control = byte < 0x20 || byte == 0x7f;

		snprintf(path, sizeof path, byte % 2 ? "/%%%02x" : "/%%%02X", (unsigned)byte);
		snprintf(query, sizeof query, byte % 2 ? "/?%%%02X" : "/%%20?%%%02x", (unsigned)byte);
		assert_int_equal(redirect_uri_legal(span_string(path)), !control);
		assert_true(redirect_uri_legal(span_string(query)));
	}
	static const char *const bad[] = { "%", "%4", "/%4", "%g0", "%0g", "%%20", "/?%", "/?%2", "%2 0", "%-1" };
	for (size_t i = 0; i < KIT_COUNT(bad); i++)
		assert_false(redirect_uri_legal(span_string(bad[i])));
	assert_true(redirect_uri_legal(SPAN_TEXT("")));
}

static void test_hosts(void **state)
{
	static const struct {
		const char *text, *host;	/* NULL: refused */
		uint16_t port;
	} rows[] = {
		{ "a", "a", 0 },
		{ "A.Example", "a.example", 0 },
		{ "a.example.", "a.example", 0 },
		{ "a.example:80", "a.example", 80 },
		{ "a.example.:80", "a.example", 80 },
		{ "a:", "a", 0 },
		{ "a:65535", "a", 65535 },
		{ "a:000080", "a", 80 },
		{ "192.0.2.1:1", "192.0.2.1", 1 },
		{ "_srv._tcp.x-y.example", "_srv._tcp.x-y.example", 0 },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example", 0 },
		{ "[::1]", "[::1]", 0 },
		{ "[2001:DB8::0:1]:443", "[2001:db8::1]", 443 },
		{ "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", 0 },
		{ "[::1]:", "[::1]", 0 },
		{ "", NULL, 0 },
		{ ".", NULL, 0 },
		{ ":80", NULL, 0 },
		{ "a..b", NULL, 0 },
		{ ".a", NULL, 0 },
		{ "a..", NULL, 0 },
		{ "a:65536", NULL, 0 },
		{ "a:-1", NULL, 0 },
		{ "a:+1", NULL, 0 },
		{ "a: 1", NULL, 0 },
		{ "a:1:2", NULL, 0 },
		{ "a@b", NULL, 0 },
		{ "a b", NULL, 0 },
		{ "a/b", NULL, 0 },
		{ "a\\b", NULL, 0 },
		{ "a%20", NULL, 0 },
		{ "a,b", NULL, 0 },
		{ "a?b", NULL, 0 },
		{ "a#b", NULL, 0 },
		{ "*", NULL, 0 },
		{ "*.a", NULL, 0 },
		{ "a\xc3", NULL, 0 },
		{ "a\n", NULL, 0 },
		{ "a\x7f", NULL, 0 },
		{ "::1", NULL, 0 },
		{ "[", NULL, 0 },
		{ "[]", NULL, 0 },
		{ "[::1", NULL, 0 },
		{ "::1]", NULL, 0 },
		{ "[::1]80", NULL, 0 },
		{ "[::1].", NULL, 0 },
		{ "[::1]]", NULL, 0 },
		{ "[192.0.2.1]", NULL, 0 },
		{ "[v1.x]", NULL, 0 },
		{ "[fe80::1%1]", NULL, 0 },
		{ "[::1]:65536", NULL, 0 },
		{ "[1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:1:2:3:4:5:6:7]", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		char host[REDIRECT_HOST_MAX + 1] = "untouched";
		uint8_t len = 77;
		uint16_t port = 7777;
		bool valid = redirect_host_parse(span_string(rows[i].text), host, &len, &port);

		assert_int_equal(valid, rows[i].host != NULL);
		assert_string_equal(host, rows[i].host ? rows[i].host : "untouched");
		assert_int_equal(len, valid ? strlen(host) : 77);
		assert_int_equal(port, valid ? rows[i].port : 7777);
	}
}

static void test_host_lengths_and_nul(void **state)
{
	char text[REDIRECT_HOST_MAX + 2], host[REDIRECT_HOST_MAX + 1];
	uint8_t len;
	uint16_t port;

	(void)state;
	memset(text, 'a', sizeof text);
	assert_true(redirect_host_parse((struct span){ (uint8_t *)text, REDIRECT_HOST_MAX }, host, &len, &port));
	assert_int_equal(len, REDIRECT_HOST_MAX);
	assert_int_equal(strlen(host), REDIRECT_HOST_MAX);
	assert_false(redirect_host_parse((struct span){ (uint8_t *)text, REDIRECT_HOST_MAX + 1 }, host, &len, &port));
	assert_false(redirect_host_parse(SPAN_TEXT("a\0b"), host, &len, &port));
	assert_false(redirect_host_parse(SPAN_TEXT("[::1\0]"), host, &len, &port));
	assert_false(redirect_host_parse(SPAN_TEXT("[::1]\0"), host, &len, &port));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens), cmocka_unit_test(test_uri_bytes), cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_hosts), cmocka_unit_test(test_host_lengths_and_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
