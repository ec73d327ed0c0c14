/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way in which a signed zone can be broken, found and named, and nothing else said: one edit of a good zone a
 * row. The signatures of these zones are no signatures; test_text_verify has real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "tests/unit/support/zone_findings.h"
#include "zone/verify.h"

enum { NOW = 1786795200 };	/* 2026-08-15T12:00:00Z */

/* By key TAG of algorithm ALG; LABELS of the owner. Key 2063 is a ZSK, 2064 the KSK. */
#define SIG_OF(owner, type, alg, labels, tag) \
	owner " RRSIG " type " " alg " " labels " 60 20260901000000 20260801000000 " tag " x. AA==\n"
#define SIG(owner, type, labels) SIG_OF(owner, type, "13", labels, "2063")

static const char zone[] =
	"$TTL 60\n"
	"@ SOA n a 1 2 3 4 5\n" SIG("@", "SOA", "1")
	"@ NS n\n" SIG("@", "NS", "1")
	"@ DNSKEY 256 3 13 AQID\n@ DNSKEY 257 3 13 AQID\n" SIG_OF("@", "DNSKEY", "13", "1", "2064")
	"@ NSEC a.x. NS SOA RRSIG NSEC DNSKEY\n" SIG("@", "NSEC", "1")
	"a A 192.0.2.1\n" SIG("a", "A", "2")
	"a TXT \"t\"\n" SIG("a", "TXT", "2")
	"a TYPE65280 \\# 1 00\n" SIG("a", "TYPE65280", "2")
	"a NSEC cn.x. A TXT RRSIG NSEC TYPE65280\n" SIG("a", "NSEC", "2")
	"cn CNAME a\n" SIG("cn", "CNAME", "2")
	"cn NSEC B.Ent.X. CNAME RRSIG NSEC\n" SIG("cn", "NSEC", "2")
	"b.ent A 192.0.2.2\n" SIG("b.ent", "A", "3")
	"b.ent NSEC n.x. A RRSIG NSEC\n" SIG("b.ent", "NSEC", "3")
	"n A 192.0.2.3\n" SIG("n", "A", "2")
	"n NSEC sec.x. A RRSIG NSEC\n" SIG("n", "NSEC", "2")
	"sec NS ns.sub\n"
	"sec DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n" SIG("sec", "DS", "2")
	"sec NSEC sub.x. NS DS RRSIG NSEC\n" SIG("sec", "NSEC", "2")
	"sub NS ns.sub\n"
	"sub NSEC *.w.x. NS RRSIG NSEC\n" SIG("sub", "NSEC", "2")
	"ns.sub A 192.0.2.4\n"
	"*.w TXT \"w\"\n" SIG("*.w", "TXT", "2")
	"*.w NSEC x. TXT RRSIG NSEC\n" SIG("*.w", "NSEC", "2");

struct row {
	const char *from, *to;	/* edit; NULL: none */
	const char *found;
};

static void check_rows(const char *text, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *edited = rows[i].from ? zone_edit(text, rows[i].from, rows[i].to) : mem_string(text);
		const char *found = zone_findings_of("x", edited, NOW, false);

		if (strcmp(found, rows[i].found) != 0)
			fail_msg("%s -> %sexpected:\n%sgot:\n%s", rows[i].from ? rows[i].from : "",
				 rows[i].to ? rows[i].to : "", rows[i].found, found);
		mem_free(edited);
	}
}

static void test_signatures(void **state)
{
	static const struct row rows[] = {
		{ NULL, NULL, "" },
		{ SIG("a", "A", "2"), "", "B A of a.x. has no RRSIG\n" },
		{ SIG("sec", "DS", "2"), "", "B DS of sec.x. has no RRSIG\n" },
		{ SIG("*.w", "NSEC", "2"), "", "B NSEC of *.w.x. has no RRSIG\n" },
		{ SIG_OF("@", "DNSKEY", "13", "1", "2064"), "", "B DNSKEY of x. has no RRSIG\n" },
		{ "ns.sub A", SIG("ns.sub", "A", "3") "ns.sub A",
		  "B RRSIG A of ns.sub.x. is below a delegation, where nothing is signed\n" },
		{ "ns.sub A", "ns.sub NSEC x. A\nns.sub A",
		  "B NSEC of ns.sub.x. is below a delegation, where nothing is signed\n" },
		{ "sub NS", SIG("sub", "NS", "2") "sub NS",
		  "B RRSIG NS of sub.x. is over a delegation, which the child signs\n" },
		{ "a A", SIG("a", "MX", "2") "a A", "B RRSIG MX of a.x. covers nothing: there is no such record\n" },
		{ SIG("a", "A", "2"), SIG_OF("a", "A", "13", "2", "7"),
		  "B RRSIG A of a.x. is by a key that is not in the DNSKEY RRset: tag 7, algorithm 13\n" },
		{ SIG("a", "A", "2"), SIG_OF("a", "A", "8", "2", "2063"),
		  "B RRSIG A of a.x. is by a key that is not in the DNSKEY RRset: tag 2063, algorithm 8\n" },
		{ SIG("a", "A", "2"), SIG("a", "A", "1"),
		  "B RRSIG A of a.x. says that the name has 1 labels, not 2\n" },
		{ SIG("*.w", "TXT", "2"), SIG("*.w", "TXT", "3"),
		  "B RRSIG TXT of *.w.x. says that the name has 3 labels, not 2\n" },
		{ SIG("a", "A", "2"), "a RRSIG A 13 2 60 20260901000000 20260801000000 2063 a.x. AA==\n",
		  "B RRSIG A of a.x. names a.x. as the signer, not the apex\n" },
		{ SIG("a", "A", "2"), "a RRSIG A 13 2 60 20260801000000 20260901000000 2063 x. AA==\n",
		  "B RRSIG A of a.x. by key 2063 ends before it begins\n" },
		{ SIG("a", "A", "2"), "a RRSIG A 13 2 3600 20260901000000 20260801000000 2063 X. AA==\n",
		  "W RRSIG A of a.x. is for a TTL of 3600, the records have 60\n" },
	};

	(void)state;
	check_rows(zone, rows, sizeof rows / sizeof rows[0]);
}

static void test_times(void **state)
{
	static const struct row rows[] = {
		{ "20260901000000 20260801000000 2063", "20260815115959 20260801000000 2063",
		  "E RRSIG SOA of x. expired at 2026-08-15T11:59:59Z\n" },
		{ "20260901000000 20260801000000 2063", "20260815120000 20260801000000 2063",
		  "W RRSIG SOA of x. expires soon, at 2026-08-15T12:00:00Z\n" },
		{ "20260901000000 20260801000000 2063", "20260818115959 20260801000000 2063",
		  "W RRSIG SOA of x. expires soon, at 2026-08-18T11:59:59Z\n" },
		{ "20260901000000 20260801000000 2063", "20260818120000 20260801000000 2063", "" },
		{ "20260901000000 20260801000000 2063", "20260901000000 20260815120001 2063",
		  "E RRSIG SOA of x. is not valid before 2026-08-15T12:00:01Z\n" },
		/* Signed each day for two: it would be said each day. */
		{ "20260901000000 20260801000000 2063", "20260816120000 20260815000000 2063", "" },
		{ "20260901000000 20260801000000 2063", "20260815230000 20260814000000 2063",
		  "W RRSIG SOA of x. expires soon, at 2026-08-15T23:00:00Z\n" },
	};

	(void)state;
	check_rows(zone, rows, sizeof rows / sizeof rows[0]);
	/* A clock beyond 2038 and 2106: times wrap (RFC 4034, 3.1.5). */
	assert_string_equal(zone_findings_of("x", zone, NOW + ((int64_t)1 << 32), false), "");
}

/* RFC 6781, 4: what stands between two steps of a roll. */
static void test_rolls(void **state)
{
	static const struct row rows[] = {
		/* A ZSK published beside, before it signs or after. */
		{ "@ DNSKEY 256", "@ DNSKEY 256 3 13 BAUG\n@ DNSKEY 256", "" },
		/* Double signatures; one of them expired; one by a key that is not yet or no longer there. */
		{ "@ DNSKEY 256", SIG_OF("a", "A", "13", "2", "2064") "@ DNSKEY 256", "" },
		{ "@ DNSKEY 256", "a RRSIG A 13 2 60 20260802000000 20260801000000 2064 x. AA==\n@ DNSKEY 256", "" },
		{ "@ DNSKEY 256", SIG_OF("a", "A", "13", "2", "9") "@ DNSKEY 256", "" },
		/* A second KSK signs too; the old one is revoked and signs as well (tag 2064 + 128). */
		{ "@ DNSKEY 257", "@ DNSKEY 257 3 13 AQIE\n" SIG_OF("@", "DNSKEY", "13", "1", "2320") "@ DNSKEY 257",
		  "" },
		{ "@ DNSKEY 257", "@ DNSKEY 385 3 13 AQID\n" SIG_OF("@", "DNSKEY", "13", "1", "2192") "@ DNSKEY 257",
		  "" },
		/* A new algorithm: signatures before the keys (4.1.4), keys that stand by, an algorithm that signs a
		   part. */
		{ "@ DNSKEY 256", SIG_OF("@", "SOA", "15", "1", "2065") "@ DNSKEY 256", "" },
		{ "@ DNSKEY 256", "@ DNSKEY 256 3 15 AQID\n@ DNSKEY 256",
		  "N DNSKEY of x. with tag 2065: nothing is signed with its algorithm 15 (RFC 6840, 5.11)\n" },
		/* A key that is revoked signs nothing but its own RRset (RFC 5011, 2.1). */
		{ "@ DNSKEY 256", "@ DNSKEY 385 3 15 AQID\n@ DNSKEY 256", "" },
		{ SIG("a", "A", "2"), "@ DNSKEY 384 3 13 AQID\n" SIG_OF("a", "A", "13", "2", "2191"),
		  "B RRSIG A of a.x. is by a key that is not in the DNSKEY RRset: tag 2191, algorithm 13\n" },
		/* No zone key, or of another protocol. */
		{ SIG("a", "A", "2"), "@ DNSKEY 0 3 13 AQID\n" SIG_OF("a", "A", "13", "2", "1807"),
		  "B RRSIG A of a.x. is by a key that is not in the DNSKEY RRset: tag 1807, algorithm 13\n" },
		{ SIG("a", "A", "2"), "@ DNSKEY 256 4 13 AQID\n" SIG_OF("a", "A", "13", "2", "2319"),
		  "B RRSIG A of a.x. is by a key that is not in the DNSKEY RRset: tag 2319, algorithm 13\n" },
		{ "@ NS n\n",
		  "@ NS n\n@ CDS 2064 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n",
		  "B CDS of x. has no RRSIG\nB NSEC of x. does not list CDS, which is there\n" },
	};

	(void)state;
	check_rows(zone, rows, sizeof rows / sizeof rows[0]);
}

/* RFC 6840, 5.11: an algorithm that signs at the apex must sign all. */
static void test_algorithms(void **state)
{
	const char *found = zone_findings_of(
		"x",
		"$TTL 60\n@ SOA n a 1 2 3 4 5\n" SIG("@", "SOA", "1") SIG_OF(
			"@", "SOA", "15", "1", "2065") "@ NS n\n" SIG("@", "NS", "1") "n A 192.0.2.1\n" SIG("n", "A",
													    "2")
			SIG_OF("n", "A", "15", "2", "2065") "@ DNSKEY 256 3 13 AQID\n@ DNSKEY 256 3 15 AQID\n" SIG(
				"@", "DNSKEY", "1") "@ NSEC n.x. NS SOA RRSIG NSEC DNSKEY\n" SIG("@", "NSEC", "1")
				SIG_OF("@", "NSEC", "15", "1", "2065") "n NSEC x. A RRSIG NSEC\n" SIG(
					"n", "NSEC",
					"2") "n RRSIG NSEC 15 2 60 20260802000000 20260801000000 2065 x. AA==\n",
		NOW, false);

	(void)state;
	assert_string_equal(found, "B NS of x. has no RRSIG of algorithm 15, with which the zone is signed too\n"
				   "B DNSKEY of x. has no RRSIG of algorithm 15, with which the zone is signed too\n"
				   "E RRSIG NSEC of n.x. expired at 2026-08-02T00:00:00Z\n");
}

static void test_nsec(void **state)
{
	static const struct row rows[] = {
		{ "b.ent NSEC n.x. A RRSIG NSEC\n" SIG("b.ent", "NSEC", "3"), "", "B b.ent.x. has no NSEC\n" },
		{ "sub NSEC *.w.x. NS RRSIG NSEC\n" SIG("sub", "NSEC", "2"), "", "B sub.x. has no NSEC\n" },
		{ "*.w NSEC x. TXT RRSIG NSEC\n" SIG("*.w", "NSEC", "2"), "", "B *.w.x. has no NSEC\n" },
		{ "@ NSEC a.x. NS SOA RRSIG NSEC DNSKEY\n" SIG("@", "NSEC", "1"), "",
		  "B x. has neither an NSEC nor a chain of NSEC3: no denial can be proved\n" },
		{ "a NSEC cn.x.", "a NSEC n.x.", "B NSEC of a.x. says that n.x. is next, but cn.x. is\n" },
		{ "*.w NSEC x.", "*.w NSEC a.x.", "B NSEC of *.w.x. says that a.x. is next, but x. is\n" },
		{ "sub NSEC *.w.x.", "sub NSEC ns.sub.x.",
		  "B NSEC of sub.x. says that ns.sub.x. is next, but *.w.x. is\n" },
		{ "a NSEC cn.x. A TXT", "a NSEC cn.x. A MX TXT", "B NSEC of a.x. lists MX, which is not there\n" },
		{ "a NSEC cn.x. A TXT", "a NSEC cn.x. A", "B NSEC of a.x. does not list TXT, which is there\n" },
		{ "NSEC TYPE65280", "NSEC TYPE65281", "B NSEC of a.x. does not list TYPE65280, which is there\n" },
		{ "NSEC TYPE65280", "NSEC TYPE65280 TYPE65281",
		  "B NSEC of a.x. lists TYPE65281, which is not there\n" },
		{ "sub.x. NS DS RRSIG", "sub.x. NS RRSIG", "B NSEC of sec.x. does not list DS, which is there\n" },
		{ "*.w.x. NS RRSIG", "*.w.x. NS DS RRSIG", "B NSEC of sub.x. lists DS, which is not there\n" },
		{ "a NSEC cn.x. A TXT RRSIG", "a NSEC cn.x. A TXT",
		  "B NSEC of a.x. does not list RRSIG, which is there\n" },
		/* Glue at the cut itself is not the parent's word. */
		{ "sub NS", "sub A 192.0.2.9\nsub NS", "" },
		{ "*.w.x. NS RRSIG", "*.w.x. A NS RRSIG", "B NSEC of sub.x. lists A, which is not there\n" },
		{ "a NSEC", "a NSEC d.x. A TXT RRSIG NSEC TYPE65280\na NSEC", "B NSEC of a.x. is not one record\n" },
		{ "b.ent A", "new A 192.0.2.7\n" SIG("new", "A", "2") "b.ent A", "B new.x. has no NSEC\n" },
		/* A chain of NSEC3 is being made beside: its hashes are no names. */
		{ "b.ent A",
		  "0123456789abcdefghijklmnopqrstuv NSEC3 1 0 0 - 1123456789abcdefghijklmnopqrstuv A\n" SIG(
			  "0123456789abcdefghijklmnopqrstuv", "NSEC3", "2") "b.ent A",
		  "" },
	};

	(void)state;
	check_rows(zone, rows, sizeof rows / sizeof rows[0]);
}

static void test_not_signed(void **state)
{
	static const struct {
		const char *text, *found;
	} cases[] = {
		{ "@ 60 SOA n a 1 2 3 4 5\n@ NS n\n", "" },
		/* Keys alone, or signatures alone: one sentence, not one for each RRset. */
		{ "@ 60 SOA n a 1 2 3 4 5\n@ NS n\n@ DNSKEY 256 3 13 AQID\n",
		  "B DNSKEY of x. has no RRSIG, nor has the SOA\n" },
		{ "$TTL 60\n@ SOA n a 1 2 3 4 5\n@ NS n\n" SIG("@", "SOA", "1") SIG("@", "NS", "1"),
		  "B RRSIG SOA of x. has no key: there is no DNSKEY\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(zone_findings_of("x", cases[i].text, NOW, false), cases[i].found);
}

/* Only so many sentences are made, but all faults are counted; and who no longer waits is not worked for. */
static void test_limits(void **state)
{
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build("x", zone, said);
	size_t counts[ZONE_VERIFY_KINDS];
	_Atomic bool stop = true;
	struct zone_verify how = { .now_s = (int64_t)NOW + 90 * 86400 };

	(void)state;
	zone_verify(zone_image_header(image), &how, counts);
	assert_int_equal(counts[ZONE_VERIFY_BROKEN], 0);
	assert_int_equal(counts[ZONE_VERIFY_EXPIRED], 19);
	how.stop = &stop;
	zone_verify(zone_image_header(image), &how, counts);
	assert_int_equal(counts[ZONE_VERIFY_EXPIRED], 0);
	zone_image_release(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures), cmocka_unit_test(test_times), cmocka_unit_test(test_rolls),
		cmocka_unit_test(test_algorithms), cmocka_unit_test(test_nsec),  cmocka_unit_test(test_not_signed),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
