/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to one zone and the records that answer them (RFC 1034, 4.3.2; RFC 4592; RFC 6672; RFC 9471). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_fixture.h"

#define NEGATIVE "ns example. 300 SOA ns1.example. admin.example. 7 7200 900 1209600 300\n"

static const char zone[] =
	"$ORIGIN example.\n"
	"$TTL 600\n"
	"@ 3600 SOA ns1 admin 7 7200 900 1209600 300\n"
	"@ NS ns1\n"
	"@ NS ns.elsewhere.test.\n"
	"@ MX 10 mail\n"
	"@ MX 20 mail.elsewhere.test.\n"
	"ns1 A 192.0.2.1\n"
	"ns1 AAAA 2001:db8::1\n"
	"mail A 192.0.2.25\n"
	"www A 192.0.2.80\n"
	"www A 192.0.2.81\n"
	"alias CNAME www\n"
	"alias2 CNAME alias\n"
	"gone CNAME nowhere\n"
	"notype CNAME mail\n"
	"out CNAME www.elsewhere.test.\n"
	"loop1 CNAME loop2\n"
	"loop2 CNAME loop1\n"
	"self CNAME self\n"
	"into CNAME host.sub\n"
	"towild CNAME x.wild\n"
	"leaf.ent TXT \"below an empty non-terminal\"\n"
	"*.wild A 192.0.2.99\n"
	"*.wild MX 5 mail\n"
	"host.wild TXT \"here\"\n"
	"*.wcname CNAME www\n"
	"sub NS ns.sub\n"
	"sub NS ns1\n"
	"sub DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n"
	"ns.sub A 192.0.2.53\n"
	"ns.sub AAAA 2001:db8::53\n"
	"deep.sub A 192.0.2.200\n"
	"lame NS ns.elsewhere.test.\n"
	"sib NS ns.sub\n"
	"tree DNAME new.example.\n"
	"host.new A 192.0.2.7\n"
	"back DNAME toback\n"
	"x.toback CNAME back\n"
	"outtree DNAME elsewhere.test.\n"
	"longtree DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	"bbbbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.example.\n"
	"any A 192.0.2.4\n"
	"any TXT \"text\"\n"
	"any AAAA 2001:db8::4\n"
	"_sip._tcp SRV 0 5 5060 mail\n"
	"svc HTTPS 1 www\n"
	"own HTTPS 1 .\n"
	"own HTTPS 2 . port=8443\n"
	"own A 192.0.2.8\n"
	"away SVCB 1 x.elsewhere.test.\n"
	"sunk SVCB 1 ns.sub\n"
	"t TYPE65280 \\# 3 010203\n";

struct row {
	const char *name, *type, *expected;
};

static const struct row rows[] = {
	/* Data */
	{ "www.example", "A", "NOERROR aa\nan www.example. 600 A 192.0.2.80\nan www.example. 600 A 192.0.2.81\n" },
	{ "example", "SOA", "NOERROR aa\nan example. 3600 SOA ns1.example. admin.example. 7 7200 900 1209600 300\n" },
	{ "example", "MX", "NOERROR aa\nan example. 600 MX 10 mail.example.\nan example. 600 MX 20 mail.elsewhere.test.\n" },
	{ "_sip._tcp.example", "SRV", "NOERROR aa\nan _sip._tcp.example. 600 SRV 0 5 5060 mail.example.\n" },
	{ "t.example", "TYPE65280", "NOERROR aa\nan t.example. 600 TYPE65280 \\# 3 010203\n" },
	/* A service brings the addresses of its target, where they are ours (RFC 9460, 4.1) */
	{ "svc.example", "HTTPS", "NOERROR aa\nan svc.example. 600 HTTPS 1 www.example.\n"
	  "ar www.example. 600 A 192.0.2.80\nar www.example. 600 A 192.0.2.81\n" },
	{ "own.example", "HTTPS", "NOERROR aa\nan own.example. 600 HTTPS 1 .\n"
	  "an own.example. 600 HTTPS 2 . port=8443\nar own.example. 600 A 192.0.2.8\n" },
	{ "away.example", "SVCB", "NOERROR aa\nan away.example. 600 SVCB 1 x.elsewhere.test.\n" },
	{ "sunk.example", "SVCB", "NOERROR aa\nan sunk.example. 600 SVCB 1 ns.sub.example.\n" },
	/* NS at the apex brings addresses (RFC 9609) */
	{ "example", "NS", "NOERROR aa\nan example. 600 NS ns.elsewhere.test.\nan example. 600 NS ns1.example.\n"
	  "ar ns1.example. 600 A 192.0.2.1\nar ns1.example. 600 AAAA 2001:db8::1\n" },
	/* Negative: SOA with the lesser of its TTL and MINIMUM (RFC 2308, 5) */
	{ "www.example", "AAAA", "NOERROR aa\n" NEGATIVE },
	{ "nope.example", "A", "NXDOMAIN aa\n" NEGATIVE },
	{ "a.b.c.nope.example", "A", "NXDOMAIN aa\n" NEGATIVE },
	{ "below.www.example", "A", "NXDOMAIN aa\n" NEGATIVE },
	{ "ent.example", "TXT", "NOERROR aa\n" NEGATIVE },
	{ "leaf.ent.example", "TXT", "NOERROR aa\nan leaf.ent.example. 600 TXT \"below an empty non-terminal\"\n" },
	{ "x.ent.example", "TXT", "NXDOMAIN aa\n" NEGATIVE },
	{ "_tcp.example", "SRV", "NOERROR aa\n" NEGATIVE },
	/* Aliases */
	{ "alias.example", "A", "NOERROR aa\nan alias.example. 600 CNAME www.example.\n"
	  "an www.example. 600 A 192.0.2.80\nan www.example. 600 A 192.0.2.81\n" },
	{ "alias2.example", "A", "NOERROR aa\nan alias2.example. 600 CNAME alias.example.\n"
	  "an alias.example. 600 CNAME www.example.\nan www.example. 600 A 192.0.2.80\nan www.example. 600 A 192.0.2.81\n" },
	{ "alias2.example", "CNAME", "NOERROR aa\nan alias2.example. 600 CNAME alias.example.\n" },
	{ "gone.example", "A", "NXDOMAIN aa\nan gone.example. 600 CNAME nowhere.example.\n" NEGATIVE },
	{ "notype.example", "AAAA", "NOERROR aa\nan notype.example. 600 CNAME mail.example.\n" NEGATIVE },
	{ "out.example", "A", "NOERROR aa\nan out.example. 600 CNAME www.elsewhere.test.\n" },
	{ "loop1.example", "A", "NOERROR aa\nan loop1.example. 600 CNAME loop2.example.\n"
	  "an loop2.example. 600 CNAME loop1.example.\n" },
	{ "self.example", "A", "NOERROR aa\nan self.example. 600 CNAME self.example.\n" },
	{ "into.example", "A", "NOERROR aa\nan into.example. 600 CNAME host.sub.example.\n"
	  "ns sub.example. 600 NS ns.sub.example.\nns sub.example. 600 NS ns1.example.\n"
	  "ar ns.sub.example. 600 A 192.0.2.53\nar ns.sub.example. 600 AAAA 2001:db8::53\n"
	  "ar ns1.example. 600 A 192.0.2.1\nar ns1.example. 600 AAAA 2001:db8::1\n" },
	{ "towild.example", "A", "NOERROR aa\nan towild.example. 600 CNAME x.wild.example.\n"
	  "an x.wild.example. 600 A 192.0.2.99\n" },
	/* Wildcards */
	{ "foo.wild.example", "A", "NOERROR aa\nan foo.wild.example. 600 A 192.0.2.99\n" },
	{ "a.b.wild.example", "MX", "NOERROR aa\nan a.b.wild.example. 600 MX 5 mail.example.\n" },
	{ "foo.wild.example", "TXT", "NOERROR aa\n" NEGATIVE },
	{ "x.host.wild.example", "A", "NXDOMAIN aa\n" NEGATIVE },	/* host.wild exists and blocks it */
	{ "host.wild.example", "A", "NOERROR aa\n" NEGATIVE },
	{ "*.wild.example", "A", "NOERROR aa\nan *.wild.example. 600 A 192.0.2.99\n" },
	{ "x.*.wild.example", "A", "NXDOMAIN aa\n" NEGATIVE },
	{ "wild.example", "A", "NOERROR aa\n" NEGATIVE },
	{ "q.wcname.example", "A", "NOERROR aa\nan q.wcname.example. 600 CNAME www.example.\n"
	  "an www.example. 600 A 192.0.2.80\nan www.example. 600 A 192.0.2.81\n" },
	/* Delegations: no AA, glue; also for the name of the cut itself and for what is below */
	{ "host.sub.example", "A", "NOERROR\nns sub.example. 600 NS ns.sub.example.\nns sub.example. 600 NS ns1.example.\n"
	  "ar ns.sub.example. 600 A 192.0.2.53\nar ns.sub.example. 600 AAAA 2001:db8::53\n"
	  "ar ns1.example. 600 A 192.0.2.1\nar ns1.example. 600 AAAA 2001:db8::1\n" },
	{ "lame.example", "NS", "NOERROR\nns lame.example. 600 NS ns.elsewhere.test.\n" },
	{ "ns.sub.example", "A", "NOERROR\nns sub.example. 600 NS ns.sub.example.\nns sub.example. 600 NS ns1.example.\n"
	  "ar ns.sub.example. 600 A 192.0.2.53\nar ns.sub.example. 600 AAAA 2001:db8::53\n"
	  "ar ns1.example. 600 A 192.0.2.1\nar ns1.example. 600 AAAA 2001:db8::1\n" },
	{ "x.sib.example", "A", "NOERROR\nns sib.example. 600 NS ns.sub.example.\n"
	  "ar ns.sub.example. 600 A 192.0.2.53\nar ns.sub.example. 600 AAAA 2001:db8::53\n" },
	{ "sub.example", "DS", "NOERROR aa\nan sub.example. 600 DS 12345 13 2 "
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" },
	{ "lame.example", "DS", "NOERROR aa\n" NEGATIVE },
	{ "x.lame.example", "DS", "NOERROR\nns lame.example. 600 NS ns.elsewhere.test.\n" },
	/* DNAME */
	{ "host.tree.example", "A", "NOERROR aa\nan tree.example. 600 DNAME new.example.\n"
	  "an host.tree.example. 600 CNAME host.new.example.\nan host.new.example. 600 A 192.0.2.7\n" },
	{ "host.tree.example", "CNAME", "NOERROR aa\nan tree.example. 600 DNAME new.example.\n"
	  "an host.tree.example. 600 CNAME host.new.example.\n" },
	{ "x.tree.example", "A", "NXDOMAIN aa\nan tree.example. 600 DNAME new.example.\n"
	  "an x.tree.example. 600 CNAME x.new.example.\n" NEGATIVE },
	{ "x.outtree.example", "A", "NOERROR aa\nan outtree.example. 600 DNAME elsewhere.test.\n"
	  "an x.outtree.example. 600 CNAME x.elsewhere.test.\n" },
	{ "x.back.example", "DNAME", "NOERROR aa\nan back.example. 600 DNAME toback.example.\n"
	  "an x.back.example. 600 CNAME x.toback.example.\nan x.toback.example. 600 CNAME back.example.\n" },
	{ "tree.example", "A", "NOERROR aa\n" NEGATIVE },
	{ "tree.example", "DNAME", "NOERROR aa\nan tree.example. 600 DNAME new.example.\n" },
	/* ANY: one RRset (RFC 8482) */
	{ "any.example", "ANY", "NOERROR aa\nan any.example. 600 A 192.0.2.4\n" },
	{ "ent.example", "ANY", "NOERROR aa\n" NEGATIVE },
};

static void table(void **state)
{
	static const char *const zones[] = { "example", zone, NULL };
	struct fixture *fixture = fixture_new(zones);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture_query query = { .name = rows[i].name, .type = rows[i].type };

		print_message("%s %s\n", rows[i].name, rows[i].type);
		assert_string_equal(fixture_ask(fixture, &query), rows[i].expected);
	}
	fixture_free(fixture);
}

static void a_name_made_too_long_is_yxdomain(void **state)
{
	static const char *const zones[] = { "example", zone, NULL };
	struct fixture *fixture = fixture_new(zones);
	struct fixture_query query = {
		.name = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.longtree.example", .type = "A",
	};

	(void)state;
	assert_memory_equal(fixture_ask(fixture, &query), "YXDOMAIN aa\nan longtree.example. 600 DNAME ", 40);
	assert_int_equal(fixture->result.outcome, RESPOND_YXDOMAIN);
	query.name = "d.longtree.example";
	assert_memory_equal(fixture_ask(fixture, &query), "NXDOMAIN aa\n", 12);
	fixture_free(fixture);
}

/* RFC 2181, 9: what does not fit leaves an empty message with TC; RFC 9471, 3.1: glue of the child is needed. */
static void what_does_not_fit_is_truncated(void **state)
{
	char *text = mem_alloc(1 << 16), *at = text;

	(void)state;
	at += sprintf(at, "%s", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\n");
	for (int i = 0; i < 40; i++)
		at += sprintf(at, "big 60 TXT \"%02d aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n", i);
	for (int i = 0; i < 13; i++)
		at += sprintf(at, "child 60 NS ns%02d.child\nns%02d.child 60 A 192.0.2.%d\nns%02d.child 60 AAAA 2001:db8::%d\n", i, i, i + 1, i, i + 1);
	for (int i = 0; i < 13; i++)
		at += sprintf(at, "cousin 60 NS ns%02d.child\n", i);

	const char *const zones[] = { "t", text, NULL };
	struct fixture *fixture = fixture_new(zones);
	struct fixture_query big = { .name = "big.t", .type = "TXT", .edns = true };
	struct fixture_query child = { .name = "x.child.t", .type = "A" };
	struct fixture_query cousin = { .name = "x.cousin.t", .type = "A" };

	assert_string_equal(fixture_ask(fixture, &big), "NOERROR aa tc\nar . OPT 1232\n");
	assert_true(fixture->result.truncated);
	big.edns = false;
	assert_string_equal(fixture_ask(fixture, &big), "NOERROR aa tc\n");
	big.tcp = true;
	assert_memory_equal(fixture_ask(fixture, &big), "NOERROR aa\nan big.t. 60 TXT", 27);
	assert_int_equal(dns_get_u16(fixture->response + 6), 40);

	assert_string_equal(fixture_ask(fixture, &child), "NOERROR tc\n");
	child.edns = true;
	fixture_ask(fixture, &child);
	assert_false(fixture->result.truncated);
	assert_int_equal(dns_get_u16(fixture->response + 10), 26 + 1);

	/* A sibling's glue is a courtesy: left out without TC. */
	assert_memory_equal(fixture_ask(fixture, &cousin), "NOERROR\nns cousin.t.", 20);
	assert_true(fixture->result.len <= DNS_UDP_BYTES);
	assert_int_equal(dns_get_u16(fixture->response + 8), 13);
	fixture_free(fixture);
	mem_free(text);
}

static void long_chains_end(void **state)
{
	char *text = mem_alloc(1 << 14), *at = text;

	(void)state;
	at += sprintf(at, "%s", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\n");
	for (int i = 0; i < 30; i++)
		at += sprintf(at, "c%d 60 CNAME c%d\n", i, i + 1);

	const char *const zones[] = { "t", text, NULL };
	struct fixture *fixture = fixture_new(zones);
	struct fixture_query query = { .name = "c0.t", .type = "A", .edns = true };

	fixture_ask(fixture, &query);
	assert_int_equal(fixture->result.rcode, DNS_NOERROR);
	assert_int_equal(dns_get_u16(fixture->response + 6), 17);
	fixture_free(fixture);
	mem_free(text);
}

/* Names are compressed against the question and each other: the root's own referral stays small (RFC 1035, 4.1.4). */
static void names_are_compressed(void **state)
{
	static const char *const zones[] = { "example", zone, NULL };
	struct fixture *fixture = fixture_new(zones);
	struct fixture_query query = { .name = "host.sub.example", .type = "A" };

	(void)state;
	fixture_ask(fixture, &query);
	/* header 12, question 18 + 4; NS: pointer 2 + 10 + "ns" pointer 5, 2 + 10 + "ns1" pointer 6; glue 2 + 10 + 4 or 16 */
	assert_int_equal(fixture->result.len, 12 + 22 + (12 + 5) + (12 + 6) + 2 * (12 + 4) + 2 * (12 + 16));
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(a_name_made_too_long_is_yxdomain),
		cmocka_unit_test(what_does_not_fit_is_truncated),
		cmocka_unit_test(long_chains_end),
		cmocka_unit_test(names_are_compressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
