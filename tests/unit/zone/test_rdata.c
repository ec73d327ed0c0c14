/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "zone/rdata.h"
#include "zone/wire.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const char *fault_of(uint16_t type, const char *bytes, size_t len)
{
	uint8_t *copy = mem_copy(bytes, len);	/* of exact size, for the address sanitizer */
	const char *fault = zone_rdata_fault(type, (struct span){ copy, len });

	mem_free(copy);
	return fault;
}

static void test_well_formed(void **state)
{
	static const struct {
		uint16_t type;
		const char *bytes;
		size_t len;
	} cases[] = {
		{ DNS_A, BYTES("\1\2\3\4") },
		{ DNS_AAAA, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") },
		{ DNS_NS, BYTES("\0") },
		{ DNS_NS, BYTES("\1a\2bc\0") },
		{ DNS_SOA, BYTES("\0\1a\0" "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1") },
		{ DNS_MX, BYTES("\0\1\0") },
		{ DNS_TXT, BYTES("\0") },
		{ DNS_TXT, BYTES("\1a\0\2bc") },
		{ DNS_NULL, BYTES("") },
		{ DNS_SRV, BYTES("\0\1\0\1\0\1\0") },
		{ 20 /* ISDN */, BYTES("\1a") },
		{ 20, BYTES("\1a\1b") },
		{ 42 /* APL */, BYTES("") },
		{ 42, BYTES("\0\1\10\1\12\0\1\40\204\1\2\3\4") },
		{ DNS_DS, BYTES("\0\1\15\2\1") },
		{ DNS_DNSKEY, BYTES("\1\1\3\15") },
		{ DNS_RRSIG, BYTES("\0\1\15\2\0\0\0\1\0\0\0\1\0\0\0\1\0\1\1a\0\1") },
		{ DNS_NSEC, BYTES("\1a\0\0\1\100\1\1\100") },
		{ DNS_NSEC3, BYTES("\1\0\0\0\0\1x\0\1\100") },
		{ DNS_NSEC3PARAM, BYTES("\1\0\0\0\2ab") },
		{ DNS_HTTPS, BYTES("\0\1\0\0\1\0\3\2h2\0\3\0\2\1\273") },
		{ DNS_HTTPS, BYTES("\0\0\0") },
		{ 45 /* IPSECKEY */, BYTES("\1\0\0") },
		{ 45, BYTES("\1\3\2\1a\0key") },
		{ 55 /* HIP */, BYTES("\1\2\0\2hkk\1a\0\0") },
		{ 29 /* LOC */, BYTES("\0\22\26\23\200\0\0\0\200\0\0\0\0\0\0\0") },
		{ 257 /* CAA */, BYTES("\0\5issue") },
		{ 65280, BYTES("anything") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_null(fault_of(cases[i].type, cases[i].bytes, cases[i].len));
}

static void test_faults(void **state)
{
	static const struct {
		uint16_t type;
		const char *bytes;
		size_t len;
		const char *fault;
	} cases[] = {
		{ DNS_A, BYTES("\1\2\3"), "the address is not 4 bytes long" },
		{ DNS_A, BYTES(""), "the address is not 4 bytes long" },
		{ DNS_AAAA, BYTES("\1\2\3\4"), "the address is not 16 bytes long" },
		{ DNS_NS, BYTES(""), "a name in it is not well formed" },
		{ DNS_NS, BYTES("\1a"), "a name in it is not well formed" },
		{ DNS_NS, BYTES("\100a\0"), "a name in it is not well formed" },
		{ DNS_NS, BYTES("\300\14"), "a name in it is not well formed" },
		{ DNS_NS, BYTES("\0\0"), "there is something behind its last field" },
		{ DNS_SOA, BYTES("\0\0\0\0\0\1"), "it ends too early" },
		{ DNS_MX, BYTES("\0"), "it ends too early" },
		{ DNS_MX, BYTES("\0\1"), "a name in it is not well formed" },
		{ DNS_TXT, BYTES(""), "there is no character-string in it" },
		{ DNS_TXT, BYTES("\2a"), "a character-string is cut short" },
		{ DNS_HINFO, BYTES("\1a"), "a character-string is cut short" },
		{ DNS_DS, BYTES("\0\1\15\2"), "it ends too early" },
		{ DNS_RRSIG, BYTES("\0\1\15\2\0\0\0\1\0\0\0\1\0\0\0\1\0\1\1a"), "a name in it is not well formed" },
		{ DNS_RRSIG, BYTES("\0\0\15\2\0\0\0\1\0\0\0\1\0\0\0\1\0\1\1a\0\1"), "it covers a type that has no records" },
		{ DNS_RRSIG, BYTES("\0\56\15\2\0\0\0\1\0\0\0\1\0\0\0\1\0\1\1a\0\1"), "it covers a type that has no records" },
		{ DNS_NSEC, BYTES("\1a\0\0\0"), "the type bitmap is not well formed" },
		{ DNS_NSEC, BYTES("\1a\0\0\2\100"), "the type bitmap is not well formed" },
		{ DNS_NSEC, BYTES("\1a\0\0\2\100\0"), "the type bitmap is not well formed" },
		{ DNS_NSEC, BYTES("\1a\0\1\1\100\0\1\100"), "the type bitmap is not well formed" },
		{ DNS_NSEC, BYTES("\1a\0\0\1\300"), "the type bitmap names a type that does not exist" },
		{ DNS_NSEC3, BYTES("\1\0\0\0\0\0\0\1\100"), "the hashed owner is not well formed" },
		{ DNS_NSEC3PARAM, BYTES("\1\0\0\0\3ab"), "a character-string is cut short" },
		{ DNS_HTTPS, BYTES("\0\1\0\0\3\0\2\1"), "the service parameters are cut short" },
		{ DNS_HTTPS, BYTES("\0\1\0\0\3\0\2\1\1\0\3\0\2\1\1"), "a service parameter is given twice or out of order" },
		{ DNS_HTTPS, BYTES("\0\1\0\0\3\0\1\1"), "the value of a service parameter is not of its form" },
		{ DNS_HTTPS, BYTES("\0\1\0\0\1\0\2\2h"), "the value of a service parameter is not of its form" },
		{ DNS_HTTPS, BYTES("\0\1\0\0\4\0\0"), "the value of a service parameter is not of its form" },
		{ 29, BYTES("\0\22\26\23\377\0\0\0\200\0\0\0\0\0\0\0"), "the location is beyond 90 degrees of latitude or 180 of longitude" },
		{ 29, BYTES("\1\22\26\23\200\0\0\0\200\0\0\0\0\0\0\0"), "the location is not well formed" },
		{ 42, BYTES("\0\1\41\1\12"), "an address prefix is not well formed" },
		{ 45, BYTES("\1\4\2x"), "the gateway is not well formed" },
		{ 45, BYTES("\1\1\2\1\2"), "the gateway is not well formed" },
		{ 55, BYTES("\0\2\0\2kk"), "the host identity is not well formed" },
		{ 108, BYTES("\1\2\3\4\5"), "it ends too early" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *fault = fault_of(cases[i].type, cases[i].bytes, cases[i].len);

		assert_non_null(fault);
		assert_string_equal(fault, cases[i].fault);
	}
}

static void test_long_names(void **state)
{
	char name[300];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 4; i++, len += 64) {
		name[len] = 63;
		memset(name + len + 1, 'a', 63);
	}
	name[len++] = 0;	/* 257 bytes */
	assert_non_null(fault_of(DNS_NS, name, len));
	name[192] = 61;
	name[192 + 62] = 0;
	assert_null(fault_of(DNS_NS, name, 255));
}

/* Names are lower-cased where RFC 4034, 6.2 says so, and nothing else is. */
static void test_canonical(void **state)
{
	static const struct {
		uint16_t type;
		const char *bytes;
		size_t len;
		const char *out;
	} cases[] = {
		{ DNS_NS, BYTES("\1A\2Bc\0"), "\1a\2bc\0" },
		{ DNS_SRV, BYTES("AABBCC\1D\0"), "AABBCC\1d\0" },
		{ DNS_TXT, BYTES("\3ABC"), "\3ABC" },
		{ DNS_RRSIG, BYTES("\0\1\15\2AAAA\0\0\0\1\0\0\0\1\0\1\1A\0AB"), "\0\1\15\2AAAA\0\0\0\1\0\0\0\1\0\1\1a\0AB" },
		{ DNS_NSEC, BYTES("\1A\0\0\1\101"), "\1A\0\0\1\101" },
		{ 35 /* NAPTR */, BYTES("AABB\1A\1B\1C\1D\0"), "AABB\1A\1B\1C\1d\0" },
		{ DNS_HTTPS, BYTES("\0\1\1A\0"), "\0\1\1A\0" },
		{ 65280, BYTES("\1A\0"), "\1A\0" },
	};
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		zone_rdata_canonical(cases[i].type, (struct span){ (const uint8_t *)cases[i].bytes, cases[i].len }, out);
		assert_memory_equal(out, cases[i].out, cases[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well_formed), cmocka_unit_test(test_faults), cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
