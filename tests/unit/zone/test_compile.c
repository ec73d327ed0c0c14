/* SPDX-License-Identifier: Apache-2.0 */
/* From records to the image: what is in it, and which zones are refused or odd. */
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
#include "zone/compile.h"
#include "zone/text.h"

static char said[ZONE_BUILD_SAID_MAX];

#define APEX "@ 60 SOA ns admin 7 2 3 44 55\n@ NS ns.other.test.\n"

/* Every node as "NAME flags: TYPE TYPE..." in the order of the image, then the foreign names with their parents. */
static char *print_nodes(const struct zone_image *image)
{
	static const char flags[] = "CBDOWAFE";	/* the bits of enum zone_node_flags, from the lowest */
	const struct zone_image_header *base = zone_image_header(image);
	char *out = mem_alloc(1 << 16);
	size_t len = 0;

	for (zref ref = base->apex_node; ref < base->foreign_end;) {
		const struct zone_node *node = zone_node_at(base, ref);
		const struct zone_rrset *set = zone_node_first_set(node);
		uint8_t wire[DNS_NAME_MAX];
		char text[DNS_NAME_TEXT_MAX], type[ZONE_TEXT_TYPE_MAX];

		zone_node_name(base, ref, wire);
		len += (size_t)sprintf(out + len, "%s ", name_print(wire, text));
		for (unsigned i = 0; i < 8; i++)
			len += (size_t)sprintf(out + len, "%.*s", node->flags >> i & 1, flags + i);
		for (unsigned i = 0; i < node->sets; i++, set = zone_rrset_next(set)) {
			len += (size_t)sprintf(out + len, " %s", zone_text_type(zone_rrset_type(set), type));
			if (set->covers != 0)
				len += (size_t)sprintf(out + len, "(%s)", zone_text_type(set->covers, type));
			if (set->count != 1)
				len += (size_t)sprintf(out + len, "*%u", set->count);
		}
		if (ref >= base->nodes_end && node->parent != 0) {
			zone_node_name(base, node->parent, wire);
			len += (size_t)sprintf(out + len, " < %s", name_print(wire, text));
		}
		out[len++] = '\n';
		ref = zone_ref_of(base, set);
	}
	return out;
}

static void test_nodes(void **state)
{
	static const struct {
		const char *apex, *text, *nodes;
	} cases[] = {
		{ "x.", APEX,
		  "x.  NS SOA\nns.other.test. F\nadmin.x. F < x.\nns.x. F < x.\n" },
		/* empty non-terminals, wildcards, order of labels */
		{ "x.", APEX "b.c.d A 10.0.0.1\n* A 10.0.0.1\n*.w A 10.0.0.1\nW A 10.0.0.1\na A 10.0.0.1\n\\001 A 10.0.0.1\n"
			"ns A 10.0.0.1\nadmin A 10.0.0.1\n",
		  "x. W NS SOA\n\\001.x.  A\n*.x.  A\na.x.  A\nadmin.x.  A\nd.x. E\nc.d.x. E\nb.c.d.x.  A\nns.x.  A\n"
		  "w.x. W A\n*.w.x.  A\nns.other.test. F\n" },
		/* cuts: the topmost counts; an empty non-terminal may lie below one */
		{ "x.", APEX "s NS ns.s\ns DS 1 13 2 aa\nns.s A 10.0.0.1\nt.s NS a.b.t.s\na.b.t.s A 10.0.0.1\nns A 10.0.0.1\nadmin CNAME ns\n",
		  "x.  NS SOA\nadmin.x. A CNAME\nns.x.  A\ns.x. C NS DS\nns.s.x. B A\nt.s.x. B NS\nb.t.s.x. BE\na.b.t.s.x. B A\nns.other.test. F\n" },
		/* DNAMEs */
		{ "x.", APEX "d DNAME y.\na.d A 10.0.0.1\nb.d NS ns\nc.b.d DNAME z.\nns A 10.0.0.1\nadmin A 10.0.0.1\n",
		  "x.  NS SOA\nadmin.x.  A\nd.x. D DNAME\na.d.x. O A\nb.d.x. O NS\nc.b.d.x. O DNAME\nns.x.  A\nns.other.test. F\n" },
		{ "x.", APEX "@ DNAME y.\n", "x. D NS SOA DNAME\nns.other.test. F\nadmin.x. F < x.\nns.x. F < x.\n" },
		/* RRSIGs stand behind what they cover */
		{ "x.", APEX "@ RRSIG SOA 13 1 60 9 1 1 x. AA==\n@ RRSIG NS 13 1 60 9 1 1 x. AA==\n@ RRSIG NS 13 1 60 9 1 2 x. AA==\n"
			"@ RRSIG DNSKEY 13 1 60 9 1 2 x. AA==\n@ A 10.0.0.1\n@ DNSKEY 256 3 13 AA==\n",
		  "x.  A NS RRSIG(NS)*2 SOA RRSIG(SOA) DNSKEY RRSIG(DNSKEY)\nns.other.test. F\nadmin.x. F < x.\nns.x. F < x.\n" },
		/* foreign names share what they have in common */
		{ "x.", APEX "a NS n1.p.q.\na NS n2.p.q.\na NS p.q.\nb NS n.q.\nc MX 0 .\nd MX 1 nowhere.e\nd MX 2 f.nowhere.e\n"
			"d MX 3 g.e\ne.e A 10.0.0.1\nns A 10.0.0.1\nadmin A 10.0.0.1\n",
		  "x.  NS SOA\na.x. C NS*3\nadmin.x.  A\nb.x. C NS\nc.x.  MX\nd.x.  MX*3\ne.x. E\ne.e.x.  A\nns.x.  A\n"
		  ". F\nq. F\nn.q. F < q.\np.q. F < q.\nn1.p.q. F < p.q.\nn2.p.q. F < p.q.\nns.other.test. F\n"
		  "g.e.x. F < e.x.\nnowhere.e.x. F < e.x.\nf.nowhere.e.x. F < nowhere.e.x.\n" },
		/* the root zone holds every name */
		{ ".", "@ 60 SOA a.b. c.b. 1 2 3 4 5\n@ NS a.b.\nnet NS ns.net\n", ".  NS SOA\nnet. C NS\nb. F < .\na.b. F < b.\nc.b. F < b.\nns.net. F < net.\n" },
		{ "b.c.", "@ 60 SOA b.c. c. 1 2 3 4 5\n@ NS a.c.\n", "b.c.  NS SOA\nc. F\na.c. F < c.\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct zone_image *image = zone_build(cases[i].apex, cases[i].text, said);

		if (image == NULL)
			fail_msg("%s", said);
		char *nodes = print_nodes(image);
		assert_string_equal(nodes, cases[i].nodes);
		mem_free(nodes);
		zone_image_release(image);
	}
}

/* All that makes a zone faulty, and all that is only odd. APEX takes two lines. */
static void test_rules(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "", "E 0 the zone has no SOA and no NS at its apex\n" },
		{ "a 60 A 10.0.0.1\n", "E 0 the zone has no SOA and no NS at its apex\n" },
		{ "@ 60 NS y.\n", "E 1 x. NS: the zone has no SOA\n" },
		{ "@ 60 SOA . . 1 2 3 4 5\n", "E 1 x. SOA: the zone has no NS at its apex\n" },
		{ APEX "@ SOA ns admin 8 2 3 4 5\n", "E 3 x. SOA: expected one record of this type at a name\n" },
		{ APEX "a SOA ns admin 7 2 3 4 5\n", "E 3 a.x. SOA: an SOA belongs to the apex of a zone only\n" },
		{ APEX "a.y. A 10.0.0.1\nxx. A 10.0.0.1\n. A 10.0.0.1\n",
		  "E 3 a.y. A: the owner is not in the zone x.\nE 4 xx. A: the owner is not in the zone x.\nE 5 . A: the owner is not in the zone x.\n" },
		{ APEX "a CH A 10.0.0.1\n", "E 3 a.x. A: expected class IN\n" },
		{ APEX "a TYPE255 \\# 0\nb TYPE0 \\# 0\nc OPT \\# 0\nd TYPE128 \\# 0\n",
		  "E 3 a.x. ANY: the type is for queries and messages, not for zones\n"
		  "E 4 b.x. TYPE0: the type is for queries and messages, not for zones\n"
		  "E 5 c.x. OPT: the type is for queries and messages, not for zones\n"
		  "E 6 d.x. NXNAME: the type is for queries and messages, not for zones\n" },
		{ APEX "a CNAME b\na A 10.0.0.1\n", "E 3 a.x. CNAME: a CNAME must be alone at its name, but A is there too\n" },
		{ APEX "@ CNAME b\n", "E 3 x. CNAME: a CNAME must be alone at its name, but NS is there too\n" },
		{ APEX "a CNAME b\na CNAME c\n", "E 4 a.x. CNAME: expected one record of this type at a name\n" },
		{ APEX "a DNAME b.\na DNAME c.\n", "E 4 a.x. DNAME: expected one record of this type at a name\n" },
		{ APEX "a CNAME y.\na RRSIG CNAME 13 2 60 9 1 1 x. AA==\na NSEC b.x. CNAME\n", "" },
		{ APEX "a A \\# 3 0a0000\nb NS \\# 2 0161\nc MX \\# 5 0001016100\nd TXT \\# 0\n",
		  "E 3 a.x. A: the address is not 4 bytes long\nE 4 b.x. NS: a name in it is not well formed\n"
		  "E 6 d.x. TXT: there is no character-string in it\n" },
		/* oddities */
		{ APEX "a 5 A 10.0.0.1\na 4 A 10.0.0.2\na 6 A 10.0.0.3\n", "W 3 a.x. A: the TTLs of the RRset differ; the lowest is taken\n" },
		{ APEX "a A 10.0.0.1\na A 10.0.0.1\na A 10.0.0.1\n", "W 4 a.x. A: a duplicate record is dropped\nW 5 a.x. A: a duplicate record is dropped\n" },
		{ APEX "a NS B.y.\na NS b.Y.\nb SRV 1 1 1 T.y.\nb SRV 1 1 1 t.y.\n",
		  "W 4 a.x. NS: a duplicate record is dropped\nW 6 b.x. SRV: a duplicate record is dropped\n" },
		{ APEX "@ SOA NS admin 7 2 3 44 55\n", "W 3 x. SOA: a duplicate record is dropped\n" },
		{ APEX "a NS n.a\nb NS n.a\nn.c A 10.0.0.1\nc NS n.c\n@ NS n\n",
		  "W 7 x. NS: its target n.x. is in the zone but has no address here\nW 3 a.x. NS: its target n.a.x. is in the zone but has no address here\n" },
		{ APEX "a CNAME y.\nb NS a\nc MX 1 a\nd SRV 1 1 1 a\n",
		  "W 4 b.x. NS: its target a.x. is an alias (CNAME)\nW 5 c.x. MX: its target a.x. is an alias (CNAME)\n"
		  "W 6 d.x. SRV: its target a.x. is an alias (CNAME)\n" },
		{ APEX "a NS y.\na MX 1 y.\na A 10.0.0.1\nb.a TXT x\nb.a AAAA ::1\n",
		  "W 4 a.x. MX: never answered: the name is delegated\nW 6 b.a.x. TXT: never answered: it is below a delegation and no glue\n" },
		{ APEX "a DNAME y.\nb.a A 10.0.0.1\n", "W 4 b.a.x. A: never answered: a DNAME above redirects the name\n" },
		{ APEX "@ NSEC3PARAM 1 0 5 ab\n", "W 3 x. NSEC3PARAM: iterations and salt should be 0 and - (RFC 9276, 3.1)\n" },
		{ APEX "@ NSEC3PARAM 1 1 0 -\n", "W 3 x. NSEC3PARAM: no NSEC3PARAM with algorithm 1 and flags 0: NSEC3 is not used\n" },
		{ APEX "@ NSEC3PARAM 1 0 0 -\nabc NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s\n",
		  "W 4 abc.x. NSEC3: the owner is no hash below the apex: not used\n" },
		/* all faults in one go, of the words, of the records and of the zone */
		{ APEX "a BOGUS x\nb A 10.0.0\nc.y. A 10.0.0.1\nd CNAME e\nd A 10.0.0.1\n",
		  "E 3 a.x.: \"BOGUS\" is no known type; it can be written as TYPEn with \\# LENGTH HEX (RFC 3597)\n"
		  "E 4 b.x. A: expected an IPv4 address: 10.0.0\nE 5 c.y. A: the owner is not in the zone x.\n"
		  "E 6 d.x. CNAME: a CNAME must be alone at its name, but A is there too\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct zone_image *image = zone_build("x.", cases[i].text, said);

		assert_string_equal(said, cases[i].said);
		assert_int_equal(image == NULL, cases[i].said[0] == 'E');
		zone_image_release(image);
	}
}

static void test_header(void **state)
{
	static const char text[] =
		"@ 60 SOA ns admin 4294967295 2 3 44 55\n@ NS y.\n@ DNSKEY 256 3 13 AA==\n"
		"@ RRSIG DNSKEY 13 1 60 20300101000000 1 1 x. AA==\n@ RRSIG SOA 13 1 60 20290101000000 1 1 x. AA==\n"
		"@ NSEC a.b.x. NS SOA\na.b NSEC x. A\na.b A 10.0.0.1\nc NS y.\nd.c RRSIG A 13 1 60 20280101000000 1 1 x. AA==\n"
		"@ NSEC3PARAM 1 0 2 abcd\n"
		"2vptu5timamqttgl4luu9kg21e0aor3t NSEC3 1 1 2 ABCD 2vptu5timamqttgl4luu9kg21e0aor3s A\n"
		"2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S NSEC3 1 0 2 ABCD 2vptu5timamqttgl4luu9kg21e0aor3t A\n"
		"3vptu5timamqttgl4luu9kg21e0aor3s NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3t A\n";
	struct zone_image *image = zone_build("X", text, said);
	struct zone_image *other;

	(void)state;
	assert_non_null(image);
	const struct zone_image_header *base = zone_image_header(image);
	assert_int_equal(base->serial, 4294967295u);
	assert_int_equal(base->negative_ttl, 55);
	assert_int_equal(base->soa_expire, 44);
	assert_int_equal(base->flags, ZONE_IMAGE_SIGNED | ZONE_IMAGE_NSEC | ZONE_IMAGE_NSEC3 | ZONE_IMAGE_OPT_OUT);
	assert_int_equal(base->rrsig_expires, 1861920000);	/* 2029-01-01: those below a cut do not count */
	assert_int_equal(base->order_count, 2);
	assert_int_equal(base->nsec3_count, 2);
	assert_int_equal(base->nsec3_iterations, 2);
	assert_int_equal(base->nsec3_salt_len, 2);
	assert_memory_equal(base->nsec3_salt, "\xab\xcd", 2);
	const struct zone_nsec3 *chain = zone_at(base, base->nsec3);
	assert_memory_equal(chain[0].hash, "\x17\xf3\xdf\x17", 4);
	assert_int_equal(chain[0].hash[19] + 1, chain[1].hash[19]);
	assert_int_equal(base->max_labels, 3);
	assert_int_equal(base->records, 14);
	assert_int_equal(base->names, 7);
	assert_int_equal(base->nodes, 8);
	zone_image_release(image);

	/* Expiry is compared as a serial number (RFC 4034, 3.1.5): across the wrap, 4294967290 is before 5. */
	image = zone_build("x", APEX "@ RRSIG NS 13 1 60 5 1 1 x. AA==\n@ RRSIG SOA 13 1 60 4294967290 1 1 x. AA==\n", said);
	assert_int_equal(zone_image_header(image)->rrsig_expires, 4294967290u);
	zone_image_release(image);
	other = zone_build("x", "@ 30 SOA . . 1 2 3 4 55\n@ NS y.\n", said);
	assert_int_equal(zone_image_header(other)->negative_ttl, 30);
	assert_int_equal(zone_image_header(other)->flags, 0);
	zone_image_release(other);
}

/* Records given in any order, with any case in owners and in names of RDATA of the old types, make the same bytes. */
static void test_same_bytes(void **state)
{
	static const char first[] = APEX
		"a 60 A 10.0.0.2\na A 10.0.0.1\nb MX 1 M.y.\nb MX 2 z.y.\nc.d TXT x\ne SRV 1 1 1 T.y.\ne SRV 1 1 1 t.y.\n";
	static const char second[] =
		"e 60 SRV 1 1 1 t.y.\nE 60 SRV 1 1 1 T.y.\nC.D 60 TXT x\nB MX 2 Z.Y.\nb MX 1 m.Y.\nA A 10.0.0.1\na A 10.0.0.2\n"
		"X. NS NS.OTHER.TEST.\na A 10.0.0.1\n@ SOA NS ADMIN 7 2 3 44 55\n";
	struct zone_image *a = zone_build("x", first, said), *b = zone_build("X.", second, said);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(zone_image_header(a)->size, zone_image_header(b)->size);
	assert_memory_equal(zone_image_header(a), zone_image_header(b), zone_image_header(a)->size);
	char *dump = zone_build_dump(a);
	assert_string_equal(dump, "x.\t60\tIN\tNS\tns.other.test.\nx.\t60\tIN\tSOA\tns.x. admin.x. 7 2 3 44 55\n"
				  "a.x.\t60\tIN\tA\t10.0.0.1\na.x.\t60\tIN\tA\t10.0.0.2\nb.x.\t60\tIN\tMX\t1 m.y.\n"
				  "b.x.\t60\tIN\tMX\t2 z.y.\nc.d.x.\t60\tIN\tTXT\t\"x\"\ne.x.\t60\tIN\tSRV\t1 1 1 T.y.\n");
	mem_free(dump);
	zone_image_release(a);
	zone_image_release(b);
}

/* What one message can carry: 65535 bytes; an RR takes 12 beside its RDATA, the header 12. */
static void test_set_size(void **state)
{
	static const struct {
		unsigned rrs;
		const char *said;
	} cases[] = {
		{ 240, "" },	/* 240 * (12 + 256) = 64320 */
		{ 245, "E 3 a.x. TXT: the RRset is too large for any message\n" },
	};
	char *text = mem_alloc(1 << 17);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t len = (size_t)sprintf(text, APEX);

		for (unsigned k = 0; k < cases[i].rrs; k++)
			len += (size_t)sprintf(text + len, "a TXT \"%0255u\"\n", k);
		struct zone_image *image = zone_build("x", text, said);
		assert_string_equal(said, cases[i].said);
		zone_image_release(image);
	}
	mem_free(text);
}

/* Records that no text could give: a transfer could. */
static void test_wire_faults(void **state)
{
	static const uint8_t bad_owner[] = { 1, 'a', 0xc0, 0 }, owner[] = { 1, 'x', 0 };
	struct err_list errors = { 0 }, warnings = { 0 };
	struct record record = { { bad_owner, sizeof bad_owner }, DNS_A, DNS_CLASS_IN, 60, { owner, 3 }, "", 0 };
	struct name apex;
	void *bytes;
	size_t size;

	(void)state;
	name_from_text("x", &apex);
	struct zone_compile *compile = zone_compile_new(&apex);
	assert_int_equal(zone_compile_add(compile, &record), 0);
	record.owner = (struct span){ NULL, 0 };
	assert_int_equal(zone_compile_add(compile, &record), 0);
	record = (struct record){ { owner, sizeof owner }, 65280, DNS_CLASS_IN, 0x80000000u, { owner, 3 }, "", 0 };
	assert_int_equal(zone_compile_add(compile, &record), 0);
	assert_int_equal(zone_compile_finish(compile, &bytes, &size, &errors, &warnings), ERR_INVALID);
	assert_int_equal(errors.count, 4);
	assert_string_equal(errors.notes[0].text, "an owner name is not well formed");
	assert_string_equal(errors.notes[1].text, "an owner name is not well formed");
	assert_string_equal(warnings.notes[0].text, "x. TYPE65280: a TTL above 2147483647 counts as 0");
	zone_compile_free(compile);
	err_list_fini(&errors);
	err_list_fini(&warnings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes), cmocka_unit_test(test_rules), cmocka_unit_test(test_header),
		cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_set_size), cmocka_unit_test(test_wire_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
