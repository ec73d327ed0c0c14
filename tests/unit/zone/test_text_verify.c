/* SPDX-License-Identifier: Apache-2.0 */
/* Real signatures: the examples of the RFCs, zones signed by another implementation, and what happens when they are
 * changed afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_findings.h"
#include "zone/text_verify.h"

enum { NOW = 1786795200 }; /* 2026-08-15T12:00:00Z */

#define CRYPTIC "is not a signature over these records\n"

/* The line of the findings that is about an RRSIG's cryptography, or "". */
static const char *cryptic(const char *origin, const char *text)
{
	static char line[256];
	const char *found = zone_findings_of(origin, text, NOW, true), *at = strstr(found, CRYPTIC);

	line[0] = '\0';
	if (at == NULL)
		return line;
	while (at > found && at[-1] != '\n')
		at--;
	snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static unsigned count(const char *text, const char *what)
{
	unsigned found = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		found++;
	return found;
}

/* The RFCs' records in a zone that has what every zone must, unsigned. */
static void test_examples(void **state)
{
	static const struct {
		const char *origin, *text, *was, *becomes, *found;
	} cases[] = {
		/* RFC 6605, 6.1. */
		{ "example.net",
		  "@ 3600 SOA a b 1 2 3 4 5\n@ 3600 NS a\n@ 3600 DNSKEY 257 3 13 "
		  "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7b"
		  "R6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==\n@ RRSIG SOA 13 2 3600 1 0 1 @ AA==\nwww 3600 A "
		  "192.0.2.1\n"
		  "www 3600 RRSIG A 13 3 3600 20100909100439 20100812100439 55648 @ "
		  "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107"
		  "epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==\n",
		  "192.0.2.1", "192.0.2.2",
		  "B RRSIG A of www.example.net. by key 55648 is not a signature over these records" },
		/* RFC 8080, 6.1. */
		{ "example.com",
		  "@ 3600 SOA a b 1 2 3 4 5\n@ 3600 NS a\n@ 3600 DNSKEY 257 3 15 "
		  "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=\n"
		  "@ RRSIG SOA 15 2 3600 1 0 1 @ AA==\n@ 3600 MX 10 Mail\n@ 3600 RRSIG MX 15 2 3600 1440021600 "
		  "1438207200 3613 @ "
		  "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==\n",
		  "MX 10", "MX 11", "B RRSIG MX of example.com. by key 3613 is not a signature over these records" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *edited = zone_edit(cases[i].text, cases[i].was, cases[i].becomes);

		assert_string_equal(cryptic(cases[i].origin, cases[i].text), "");
		/* Its key is found, or it would not have been checked. */
		assert_int_equal(
			count(zone_findings_of(cases[i].origin, cases[i].text, NOW, true), "by a key that is not"),
			1);
		assert_string_equal(cryptic(cases[i].origin, edited), cases[i].found);
		mem_free(edited);
	}
}

static void test_refused(void **state)
{
	static const struct {
		uint8_t algorithm;
		size_t key, signature;
		int err;
	} cases[] = {
		{ 13, 64, 64, ERR_INVALID },    { 13, 64, 63, ERR_INVALID },      { 13, 1, 64, ERR_INVALID },
		{ 13, 64, 0, ERR_INVALID },     { 14, 96, 96, ERR_INVALID },      { 15, 32, 64, ERR_INVALID },
		{ 15, 31, 64, ERR_INVALID },    { 8, 1, 256, ERR_INVALID },       { 8, 130, 256, ERR_INVALID },
		{ 8, 0, 0, ERR_INVALID },       { 200, 64, 64, ERR_UNAVAILABLE }, { 253, 64, 64, ERR_UNAVAILABLE },
		{ 0, 64, 64, ERR_UNAVAILABLE },
	};
	static const uint8_t bytes[512] = { 3, 1, 0, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t *key = mem_copy(bytes, cases[i].key), *signature = mem_copy(bytes, cases[i].signature);
		int err = zone_text_verify(cases[i].algorithm, (struct span){ key, cases[i].key },
					   (struct span){ signature, cases[i].signature }, SPAN_TEXT("data"));

		mem_free(key);
		mem_free(signature);
		if (err != cases[i].err)
			fail_msg("case %zu: %d", i, err);
	}
}

/* Every kind of canonical form that matters (RFC 4034, 6.2), signed by ldns. */
static const char zone[] =
	"$TTL 3600\n@ IN SOA Ns1 Admin 7 1800 900 604800 86400\n@ IN NS Ns1\n@ IN NS NS2.Other.Test.\n@ IN MX 10 "
	"Mail.Other.Test.\n"
	"Ns1 IN A 192.0.2.1\n*.Wild IN TXT \"A\"\nx.*.wild IN TXT \"B\"\nsrv IN SRV 1 2 3 Mail.Other.TEST.\n"
	"naptr IN NAPTR 1 1 \"U\" \"x\" \"\" Foo.Example.\nrp IN RP Foo.Example. Bar.Example.\nsvcb IN HTTPS 1 "
	"Foo.Example. alpn=h2\n"
	"sub IN NS ns.Sub\nns.sub IN A 192.0.2.9\nsec IN NS ns.sub\nsec IN DS 1 13 2 "
	"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0"
	"123456789ABCDEF\na.b.c IN NS ns1\nd.b.c IN AAAA 2001:db8::2\nd.b.c IN AAAA 2001:db8::1\ndn IN DNAME "
	"Other.Test.\n"
	"cn IN CNAME Ns1\nkx IN KX 1 Foo.Example.\naf IN AFSDB 1 Foo.Example.\nx IN TYPE65280 \\# 3 414243\n";

static void test_signer(void **state)
{
	static const struct {
		const char *algorithms, *options;
	} cases[] = {
		{ "ECDSAP256SHA256", "" },
		{ "ECDSAP256SHA256", "-n -t 0" },
		{ "ECDSAP256SHA256", "-n -t 0 -p" },
		{ "RSASHA256", "-n -t 0 -A" },
		{ "ED25519", "-z 1:1" },
		{ "ECDSAP384SHA384", "" },
		{ "ECDSAP256SHA256 ED25519", "" },
		{ "RSASHA512", "-n -t 9 -s ABCD" },
	};

	(void)state;
	if (!zone_has_tool("ldns-signzone"))
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = zone_sign("example", zone, cases[i].algorithms, cases[i].options);
		char *edited = zone_edit(text, "2001:db8::2", "2001:db8::3");

		assert_string_equal(zone_findings_of("example", text, NOW, true), "");
		assert_string_equal(zone_findings_of("example", edited, NOW, false), "");
		assert_memory_equal(cryptic("example", edited), "B RRSIG AAAA of d.b.c.example. by key ", 38);
		mem_free(edited);
		mem_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_signer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
