/* SPDX-License-Identifier: Apache-2.0 */
/* RDATA in words, both ways, with what ldns does not do by itself; and the names of types and classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/text.h"

static char said[ZONE_BUILD_SAID_MAX];

/* What stands behind "x" in a line of the zone example.org, and what it is printed as; NULL: the same. */
static void test_types(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "A 192.0.2.1", NULL },
		{ "a 192.0.2.1", "A 192.0.2.1" },
		{ "AAAA 2001:DB8:0::1", "AAAA 2001:db8::1" },
		{ "AAAA ::ffff:192.0.2.1", NULL },
		{ "NS ns", "NS ns.example.org." },
		{ "NS @", "NS example.org." },
		{ "NS \\@", "NS \\@.example.org." },
		{ "NS .", NULL },
		{ "CNAME a\\.b.c\\032\\255.", "CNAME a\\.b.c\\032\\255." },
		{ "PTR Host.Example.ORG.", "PTR Host.Example.ORG." },
		{ "DNAME d", "DNAME d.example.org." },
		{ "SOA a b\\.c 1 1h 1d1h 1w 1m30s", "SOA a.example.org. b\\.c.example.org. 1 3600 90000 604800 90" },
		{ "SOA . . 4294967295 0 0 0 4294967295", NULL },
		{ "MX 010 mail", "MX 10 mail.example.org." },
		{ "MX 0 .", NULL },
		{ "TXT \"\"", NULL },
		{ "TXT a b", "TXT \"a\" \"b\"" },
		{ "TXT \"a b\" \"\" \"c\\\"d\\\\\" \";()\"", "TXT \"a b\" \"\" \"c\\\"d\\\\\" \";()\"" },
		{ "TXT a\\032b\\\"\\; \"\\200\"", "TXT \"a b\\\";\" \"\\200\"" },
		{ "TXT \"a\"\"b\"", "TXT \"a\" \"b\"" },
		{ "TXT \"\\#\" 1", "TXT \"#\" \"1\"" },
		{ "HINFO \"a b\" c", "HINFO \"a b\" \"c\"" },
		{ "RP a b", "RP a.example.org. b.example.org." },
		{ "SRV 1 2 65535 t", "SRV 1 2 65535 t.example.org." },
		{ "NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:i@example.com!\" .", NULL },
		{ "LOC 52 22 23 N 4 53 32 E -2m 0m 10000m",
		  "LOC 52 22 23.000 N 04 53 32.000 E -2m 0.00m 10000m 10m" },
		{ "DS 12345 13 2 ABCD EF01", "DS 12345 13 2 abcdef01" },
		{ "CDS 0 0 0 00", NULL },
		{ "DNSKEY 257 3 13 AwEA AQ==", "DNSKEY 257 3 13 AwEAAQ==" },
		{ "RRSIG A 13 2 3600 20400101000000 1577836800 1 example.org. AAAABBBB",
		  "RRSIG A 13 2 3600 20400101000000 20200101000000 1 example.org. AAAABBBB" },
		{ "RRSIG TYPE65280 13 2 3600 20400101000000 20200101000000 1 example.org. IiIi", NULL },
		{ "NSEC foo A TYPE65280 NS", "NSEC foo.example.org. A NS TYPE65280" },
		{ "NSEC foo", "NSEC foo.example.org." },
		{ "NSEC3 1 1 10 AaBb 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG",
		  "NSEC3 1 1 10 aabb 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG" },
		{ "NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s", NULL },
		{ "NSEC3PARAM 1 0 0 -", NULL },
		{ "TLSA 3 1 1 AB CD", "TLSA 3 1 1 abcd" },
		{ "SSHFP 1 1 abcd", NULL },
		{ "ZONEMD 1 1 1 aabb", NULL },
		{ "CSYNC 66 3 A NS AAAA", NULL },
		{ "CAA 0 issue \"ca.example; x=y\"", NULL },
		{ "CAA 128 iodef mailto:a@b", "CAA 128 iodef \"mailto:a@b\"" },
		{ "URI 1 1 http://x/\\;", "URI 1 1 \"http://x/;\"" },
		{ "SVCB 0 foo", "SVCB 0 foo.example.org." },
		{ "HTTPS 1 . port=443 alpn=\"h2,h3\" ipv4hint=192.0.2.1,192.0.2.2",
		  "HTTPS 1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2" },
		{ "HTTPS 1 . key667=\"a b\"", NULL },
		{ "APL 1:10.0.0.0/8 !1:10.1.0.0/16", NULL },
		{ "IPSECKEY 10 1 2 192.0.2.38 AQNR U3mG", "IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG" },
		{ "IPSECKEY 10 3 2 gw.example.org. AQNRU3mG", NULL },
		{ "IPSECKEY 10 0 0 .", "IPSECKEY \\# 3 0a0000" },
		{ "HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdx a", "HIP 2 200100107b1a74df365639cc39f1d578 AwEAAbdx a.example.org." },
		{ "EUI48 00-00-5e-00-53-2a", NULL },
		{ "NID 10 0014:4fff:ff20:ee64", NULL },
		{ "L32 10 10.1.2.3", NULL },
		{ "CERT PKIX 1 2 AAAA", NULL },
		{ "SPF x", "SPF \"x\"" },
		{ "RESINFO qnamemin \"a b\"", "RESINFO \"qnamemin\" \"a b\"" },
		{ "TA 1 13 2 ab", NULL },
		{ "TYPE65280 \\# 4 0a0000ff", NULL },
		{ "TYPE65280 \\# 4 0A 0000 ff", "TYPE65280 \\# 4 0a0000ff" },
		{ "TYPE65280 \\# 0", NULL },
		{ "TYPE1 \\# 4 0a000001", "A 10.0.0.1" },
		{ "TYPE1 10.0.0.1", "A 10.0.0.1" },
		{ "NS \\# 3 016100", "NS a." },
		{ "DSYNC \\# 6 003b01148500", NULL },
		{ "AMTRELAY \\# 2 0a00", NULL },
	};
	char in[512], out[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(in, sizeof in, "x 60 %s", cases[i].in);
		snprintf(out, sizeof out, "1 x.example.org. 60 IN %s\n", cases[i].out ? cases[i].out : cases[i].in);
		zone_build_read("example.org.", in, strlen(in), said);
		assert_string_equal(said, out);
	}
}

/* Behind "x.example.org. " in the fault. */
static void test_faults(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "A 192.0.2", "A: expected an IPv4 address: 192.0.2" },
		{ "A 192.0.2.1 x", "A: there is text behind its only field: 192.0.2.1 x" },
		{ "A", "A: a field is missing" },
		{ "AAAA 192.0.2.1", "AAAA: expected an IPv6 address: 192.0.2.1" },
		{ "NS a..b", "NS: a name has an empty label: a..b" },
		{ "NS \"a\"", "NS: a name cannot be quoted: \"a\"" },
		{ "MX 65536 a", "MX: a number is too large: 65536 a" },
		{ "MX -1 a", "MX: a number has a sign: -1 a" },
		{ "MX 1 @.x", "MX: a name that begins with the label @ can only be written as \\# LENGTH HEX (RFC 3597): 1 @.x" },
		{ "MX 1", "MX: a field is missing: 1" },
		{ "MX 1 a b", "MX: there is text behind the last field: 1 a b" },
		{ "SOA a b 4294967296 1 1 1 1", "SOA: a number is too large: a b 4294967296 1 1 1 1" },
		{ "SOA a b 1 8000w 1 1 1", "SOA: a period is not one, or too long: a b 1 8000w 1 1 1" },
		{ "TXT", "TXT: a field is missing" },
		{ "DS 1 13 2 abc", "DS: an odd number of hexadecimal digits: 1 13 2 abc" },
		{ "DS 1 13 2 xy", "DS: a field is not what this type takes: 1 13 2 xy" },
		{ "DNSKEY 257 3 13 A*A", "DNSKEY: a field is not what this type takes: 257 3 13 A*A" },
		{ "RRSIG NOTYPE 8 2 60 1 1 1 a. AA==",
		  "RRSIG: it names a type that is not known; TYPEn can be written: NOTYPE 8 2 60 1 1 1 a. AA==" },
		{ "RRSIG A 8 2 60 4294967296 1 1 a. AA==",
		  "RRSIG: a number is too large: A 8 2 60 4294967296 1 1 a. AA==" },
		{ "NSEC foo A NOTYPE", "NSEC: it names a type that is not known; TYPEn can be written: foo A NOTYPE" },
		{ "HTTPS 1 . port=65536", "HTTPS: the port is not a number up to 65535: 1 . port=65536" },
		{ "HTTPS 1 . alpn=\"a\\\\,b\"",
		  "HTTPS: escapes in alpn can only be written as \\# LENGTH HEX (RFC 3597): 1 . alpn=\"a\\092,b\"" },
		{ "IPSECKEY 10 4 2 . AQNR", "IPSECKEY: a gateway is of kind 0 to 3: 10 4 2 . AQNR" },
		{ "IPSECKEY 10 1 2 192.0.2.1 A*", "IPSECKEY: the key is not base64: 10 1 2 192.0.2.1 A*" },
		{ "WKS 10.0.0.1 6 25", "WKS: this type can only be written as \\# LENGTH HEX (RFC 3597): 10.0.0.1 6 25" },
		{ "LOC 52 22 23 N 4 53 32 E -2m 0m 10km",
		  "LOC: expected degrees, minutes, seconds, N S E or W, and metres: 52 22 23 N 4 53 32 E -2m 0m 10km" },
		{ "CERT 0 1 2 AAAA", "CERT: expected a certificate type: 1 to 65535, or a name like PKIX: 0 1 2 AAAA" },
		{ "DSYNC CDS 1 53 a", "DSYNC: this type can only be written as \\# LENGTH HEX (RFC 3597): CDS 1 53 a" },
		{ "TYPE65280 abc", "TYPE65280: this type can only be written as \\# LENGTH HEX (RFC 3597): abc" },
		{ "TYPE65280 \\# 3 abcd", "TYPE65280: expected \\# LENGTH and as many bytes in hexadecimal: \\# 3 abcd" },
		{ "TYPE65280 \\# 2 abc", "TYPE65280: expected \\# LENGTH and as many bytes in hexadecimal: \\# 2 abc" },
		{ "TYPE65280 \\# 2 zz00", "TYPE65280: expected \\# LENGTH and as many bytes in hexadecimal: \\# 2 zz00" },
		{ "TYPE65280 \\# 65536 00", "TYPE65280: expected \\# LENGTH and as many bytes in hexadecimal: \\# 65536 00" },
		{ "TYPE65280 \\#", "TYPE65280: expected \\# LENGTH and as many bytes in hexadecimal: \\#" },
	};
	char in[512], out[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(in, sizeof in, "x 60 %s", cases[i].in);
		snprintf(out, sizeof out, "E 1 x.example.org. %s\n", cases[i].out);
		zone_build_read("example.org.", in, strlen(in), said);
		assert_string_equal(said, out);
	}
}

static int take_rdata(void *ctx, const struct record *record)
{
	*(size_t *)ctx = record->rdata.len;
	return 0;
}

/* Character-strings and RDATA at and beyond their limits. */
static void test_lengths(void **state)
{
	struct err_list errors = { 0 };
	struct name apex;
	size_t len = 0;
	char *text = mem_alloc(300000);

	(void)state;
	name_from_text("example.", &apex);
	sprintf(text, "x 60 TXT \"%0255d\"", 0);
	assert_int_equal(zone_text_parse("t", text, strlen(text), &apex, take_rdata, &len, &errors), 0);
	assert_int_equal(len, 256);
	sprintf(text, "x 60 TXT \"%0256d\"", 0);
	assert_int_equal(zone_text_parse("t", text, strlen(text), &apex, take_rdata, &len, &errors), ERR_SYNTAX);
	assert_int_equal(errors.count, 1);

	/* The longest RDATA fits in hexadecimal, and one byte more does not. */
	sprintf(text, "x 60 TYPE65280 \\# 65535 %0131070d", 0);
	assert_int_equal(zone_text_parse("t", text, strlen(text), &apex, take_rdata, &len, &errors), 0);
	assert_int_equal(len, 65535);
	sprintf(text, "x 60 TYPE65280 \\# 65536 %0131072d", 0);
	assert_int_equal(zone_text_parse("t", text, strlen(text), &apex, take_rdata, &len, &errors), ERR_SYNTAX);

	/* 70000 characters of text are more than ldns has room for: a fault, not a crash. */
	sprintf(text, "x 60 DNSKEY 257 3 13 %0*d", 70000, 0);
	assert_int_equal(zone_text_parse("t", text, strlen(text), &apex, take_rdata, &len, &errors), ERR_SYNTAX);
	assert_non_null(strstr(errors.notes[errors.kept - 1].text, "the text is too long"));
	err_list_fini(&errors);
	mem_free(text);
}

static void test_type_names(void **state)
{
	static const struct {
		const char *name;
		int type;	/* -1: none */
	} cases[] = {
		{ "A", 1 }, { "aaaa", 28 }, { "NSEC3PARAM", 51 }, { "HTTPS", 65 }, { "SVCB", 64 }, { "CAA", 257 },
		{ "ANY", 255 }, { "AXFR", 252 }, { "DSYNC", 66 }, { "TYPE1", 1 }, { "type65535", 65535 }, { "TYPE0", 0 },
		{ "TYPE65536", -1 }, { "TYPE", -1 }, { "TYPE1x", -1 }, { "", -1 }, { "BOGUS", -1 }, { "A ", -1 },
	};
	char buf[ZONE_TEXT_TYPE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint16_t type = 4711;
		int err = zone_text_type_parse(cases[i].name, &type);

		assert_int_equal(err, cases[i].type < 0 ? ERR_SYNTAX : 0);
		assert_int_equal(type, cases[i].type < 0 ? 4711 : cases[i].type);
	}
	/* Every number prints as something that parses as the same number. */
	for (unsigned type = 0; type <= UINT16_MAX; type++) {
		uint16_t again;

		assert_int_equal(zone_text_type_parse(zone_text_type((uint16_t)type, buf), &again), 0);
		assert_int_equal(again, type);
	}
	assert_string_equal(zone_text_type(DNS_RRSIG, buf), "RRSIG");
	assert_string_equal(zone_text_type(65280, buf), "TYPE65280");
	assert_string_equal(zone_text_class(DNS_CLASS_IN, buf), "IN");
	assert_string_equal(zone_text_class(DNS_CLASS_CH, buf), "CH");
	assert_string_equal(zone_text_class(42, buf), "CLASS42");
}

/* What does not have the form of its type is printed as it is, never refused. */
static void test_print_odd(void **state)
{
	static const struct {
		uint16_t type;
		const char *bytes;
		size_t len;
		const char *out;
	} cases[] = {
		{ DNS_A, "\1\2\3", 3, "\\# 3 010203" },
		{ DNS_NS, "\1a", 2, "\\# 2 0161" },
		{ DNS_NS, "\1\"\0", 3, "\\\"." },
		{ DNS_MX, "\0\1\1\"\0", 5, "\\# 5 0001012200" },
		{ DNS_TXT, "", 0, "\\# 0" },
		{ DNS_TXT, "\3ab", 3, "\\# 3 036162" },
		{ DNS_SRV, "\0\1\0\2\0\3\1@\1x\0", 11, "\\# 11 000100020003014001780" "0" },
		{ 65280, "\xff", 1, "\\# 1 ff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = zone_text_rdata(cases[i].type, (const uint8_t *)cases[i].bytes, cases[i].len);

		assert_string_equal(text, cases[i].out);
		mem_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types), cmocka_unit_test(test_faults), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_type_names), cmocka_unit_test(test_print_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
