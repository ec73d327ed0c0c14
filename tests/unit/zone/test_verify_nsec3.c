/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of NSEC3: complete, closed, over the right names; with opt-out, what may be left out and what may not. The
 * chain is made here from a list of names; signatures stand there, but are none. */
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
#include "zone/nsec3.h"

enum { NOW = 1786795200, LINKS_MAX = 16, TEXT_MAX = 1 << 14 }; /* 2026-08-15T12:00:00Z */

#define SIG(owner, type, labels) owner " RRSIG " type " 13 " labels " 60 20260901000000 20260801000000 2063 x. AA==\n"

static const char data[] = "$TTL 60\n@ SOA n a 1 2 3 4 5\n" SIG("@", "SOA", "1") "@ NS n\n" SIG(
	"@", "NS", "1") "@ DNSKEY 256 3 13 AQID\n" SIG("@", "DNSKEY", "1")
	SIG("@", "NSEC3PARAM", "1") "n A 192.0.2.3\n" SIG("n", "A", "2") "b.ent A 192.0.2.2\n" SIG(
		"b.ent", "A",
		"3") "sub NS ns.sub\nns.sub A 192.0.2.4\nsec NS ns.sub\n"
		     "sec DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n" SIG(
			     "sec", "DS", "2") "q.r.in NS ns.sub\n";

struct link {
	const char *name, *types;
};

static const struct link all[] = {
	{ "x", "NS SOA RRSIG DNSKEY NSEC3PARAM" },
	{ "n.x", "A RRSIG" },
	{ "ent.x", "" },
	{ "b.ent.x", "A RRSIG" },
	{ "sub.x", "NS" },
	{ "sec.x", "NS DS RRSIG" },
	{ "in.x", "" },
	{ "r.in.x", "" },
	{ "q.r.in.x", "NS" },
	{ NULL, NULL },
};

struct made {
	char hash[33];
	const struct link *link;
};

struct chain {
	const struct link *links; /* NULL: all */
	const char *without;      /* names with blanks around, which have no link */
	const char *lost;         /* whose record is left out of a chain that has it */
	unsigned flags, iterations;
	const char *more; /* other records; {NAME} is the hash of a name */
};

static void hash_of(const char *text, unsigned iterations, char out[33])
{
	struct zone_image_header parameters = { .nsec3_iterations = (uint16_t)iterations };
	uint8_t hash[ZONE_NSEC3_HASH_BYTES];
	struct name name;

	assert_int_equal(name_from_text(text, &name), 0);
	nsec3_hash(&parameters, name.wire, name.len, hash);
	/* RFC 4648, 7: base32 with the extended hex alphabet. 20 bytes are 32 digits. */
	for (unsigned i = 0; i < 32; i++) {
		unsigned bit = i * 5, next = bit / 8 + 1 < sizeof hash ? hash[bit / 8 + 1] : 0;

		out[i] = "0123456789abcdefghijklmnopqrstuv"[((unsigned)hash[bit / 8] << 8 | next) >> (11 - bit % 8)
							    & 31];
	}
	out[32] = '\0';
}

static int by_hash(const void *a, const void *b)
{
	return strcmp(((const struct made *)a)->hash, ((const struct made *)b)->hash);
}

static bool is_among(const char *list, const char *name)
{
	char word[64];

	snprintf(word, sizeof word, " %s ", name);
	return list != NULL && strstr(list, word) != NULL;
}

/* {NAME} becomes the hash of NAME. */
static char *expand(const char *text, unsigned iterations)
{
	char *out = mem_alloc(TEXT_MAX), *at = out;

	while (*text != '\0') {
		char name[64], *end = strchr(text, '}');

		if (*text != '{') {
			*at++ = *text++;
			continue;
		}
		snprintf(name, sizeof name, "%.*s", (int)(end - text - 1), text + 1);
		hash_of(name, iterations, at);
		at += 32;
		text = end + 1;
	}
	return out;
}

static char *make_zone(const struct chain *chain)
{
	char *more = expand(chain->more ? chain->more : "", chain->iterations), *text = mem_alloc(TEXT_MAX);
	struct made made[LINKS_MAX];
	unsigned count = 0;

	for (const struct link *link = chain->links ? chain->links : all; link->name != NULL; link++) {
		if (is_among(chain->without, link->name))
			continue;
		hash_of(link->name, chain->iterations, made[count].hash);
		made[count++].link = link;
	}
	qsort(made, count, sizeof made[0], by_hash);
	char *at = text + sprintf(text, "%s@ NSEC3PARAM 1 0 %u -\n%s", data, chain->iterations, more);
	for (unsigned i = 0; i < count; i++) {
		if (is_among(chain->lost, made[i].link->name))
			continue;
		at += sprintf(at, "%s NSEC3 1 %u %u - %s %s\n", made[i].hash, chain->flags, chain->iterations,
			      made[(i + 1) % count].hash, made[i].link->types);
		at += sprintf(at, SIG("%s", "NSEC3", "2"), made[i].hash);
	}
	mem_free(more);
	return text;
}

static void check(const struct chain *chain, const char *expected)
{
	char *text = make_zone(chain), *wanted = expand(expected, chain->iterations);
	const char *found = zone_findings_of("x", text, NOW, false);

	if (strcmp(found, wanted) != 0)
		fail_msg("flags %u, without%s: expected:\n%sgot:\n%s", chain->flags,
			 chain->without ? chain->without : "", wanted, found);
	mem_free(wanted);
	mem_free(text);
}

static void test_good(void **state)
{
	(void)state;
	check(&(struct chain){ 0 }, "");
	check(&(struct chain){ .iterations = 7 }, "");
	check(&(struct chain){ .flags = 1 }, "");
	check(&(struct chain){ .iterations = 101 },
	      "W NSEC3PARAM of x. asks for 101 iterations: validators may take the zone as unsigned (RFC 9276, 3.2)\n");
	/* Records of another chain beside (RFC 5155, 10.4): with a salt, with iterations, another's parameters. */
	check(&(struct chain){ .more = "@ NSEC3PARAM 1 0 0 ABCD\n0123456789abcdefghijklmnopqrstuv NSEC3 1 0 0 ABCD "
				       "{x} A\n" SIG("0123456789abcdefghijklmnopqrstuv", "NSEC3",
						     "2") "{n.x} NSEC3 1 0 9 - {x} A\n" },
	      "");
	/* NSECs of the chain before, not yet taken away. */
	check(&(struct chain){ .more = "n NSEC x. A NSEC RRSIG\n" SIG("n", "NSEC", "2") }, "");
}

static void test_opt_out(void **state)
{
	(void)state;
	/* Insecure delegations, and the names above that lead to nothing else. */
	check(&(struct chain){ .flags = 1, .without = " sub.x q.r.in.x  r.in.x  in.x " }, "");
	check(&(struct chain){ .flags = 1, .without = " q.r.in.x  sub.x " }, "");
	check(&(struct chain){ .flags = 1, .without = " sub.x  r.in.x " }, "");
	check(&(struct chain){ .flags = 0, .without = " sub.x " }, "B sub.x. has no NSEC3\n");
	check(&(struct chain){ .flags = 1, .without = " sec.x " }, "B sec.x. has no NSEC3\n");
	check(&(struct chain){ .flags = 1, .without = " n.x " }, "B n.x. has no NSEC3\n");
	check(&(struct chain){ .flags = 1, .without = " ent.x " },
	      "B ent.x. has no NSEC3, though there are signed names below it\n");
	check(&(struct chain){ .flags = 0, .without = " in.x " }, "B in.x. has no NSEC3\n");
	/* The empty non-terminals above are closed one by one, and a signed name beside is no matter of theirs. */
	check(&(struct chain){ .flags = 1,
			       .without = " in.x  r.in.x  q.r.in.x ",
			       .more = "a.in A 192.0.2.1\n" SIG("a.in", "A", "3") },
	      "B a.in.x. has no NSEC3\nB in.x. has no NSEC3, though there are signed names below it\n");
	check(
		&(struct chain){
			.flags = 1,
			.without = " in.x  r.in.x  q.r.in.x ",
			.more = "t.r.in NS n\nt.r.in DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF01234"
				"56789ABCDEF\n" SIG("t.r.in", "DS", "4") },
		"B t.r.in.x. has no NSEC3\nB in.x. has no NSEC3, though there are signed names below it\n"
		"B r.in.x. has no NSEC3, though there are signed names below it\n");
}

#define FLAGS(name) "B NSEC3 of {" name "}.x. has flags that nobody knows: 2\n"

static void test_ring(void **state)
{
	static const struct link more_types[] = {
		{ "x", "NS SOA RRSIG DNSKEY" },
		{ "n.x", "AAAA RRSIG" },
		{ "ent.x", "A" },
		{ "b.ent.x", "A" },
		{ "sub.x", "A NS RRSIG" },
		{ "sec.x", "NS RRSIG" },
		{ "in.x", "" },
		{ "r.in.x", "" },
		{ "q.r.in.x", "" },
		{ NULL, NULL },
	};
	static const struct link not_there[] = {
		{ "x", "NS SOA RRSIG DNSKEY NSEC3PARAM" },
		{ "n.x", "A RRSIG" },
		{ "ent.x", "" },
		{ "b.ent.x", "A RRSIG" },
		{ "sub.x", "NS" },
		{ "sec.x", "NS DS RRSIG" },
		{ "in.x", "" },
		{ "r.in.x", "" },
		{ "q.r.in.x", "NS" },
		{ "ns.sub.x", "A" },
		{ "not.there.x", "A" },
		{ NULL, NULL },
	};

	(void)state;
	check(&(struct chain){ .links = more_types },
	      "B NSEC3 of x. does not list NSEC3PARAM, which is there\nB NSEC3 of ent.x. lists A, which is not "
	      "there\n"
	      "B NSEC3 of b.ent.x. does not list RRSIG, which is there\nB NSEC3 of q.r.in.x. does not list NS, which "
	      "is there\n"
	      "B NSEC3 of n.x. does not list A, which is there\nB NSEC3 of sec.x. does not list DS, which is there\n"
	      "B NSEC3 of sub.x. lists A, which is not there\n");
	check(&(struct chain){ .links = not_there }, "B NSEC3 of {ns.sub.x}.x. is for no name of the zone\nB NSEC3 "
						     "of {not.there.x}.x. is for no name of the zone\n");
	/* The one before it points to it still. */
	check(&(struct chain){ .lost = " n.x " },
	      "B n.x. has no NSEC3\nB NSEC3 of {sub.x}.x. does not name {sec.x} as the next, which it is\n");
	check(&(struct chain){ .flags = 2 },
	      FLAGS("x") FLAGS("q.r.in.x") FLAGS("in.x") FLAGS("ent.x") FLAGS("b.ent.x") FLAGS("r.in.x")
		      FLAGS("sub.x") FLAGS("n.x") FLAGS("sec.x")); /* by hash */
	check(&(struct chain){ .more = "{n.x} NSEC3 1 0 0 - {x} A RRSIG\n" },
	      "B NSEC3 of {n.x}.x. is not one record\n");
	check(&(struct chain){ .without = " x  n.x  ent.x  b.ent.x  sub.x  sec.x  in.x  r.in.x  q.r.in.x " },
	      "B x. has neither an NSEC nor a chain of NSEC3: no denial can be proved\n");
}

/* A large zone with many iterations is looked at in part at a load, and whole when asked to. */
static void test_stride(void **state)
{
	enum { NAMES = 4000, ITERATIONS = 65535 };
	char *text = mem_alloc(TEXT_MAX + NAMES * 64), *zone = make_zone(&(struct chain){ .iterations = ITERATIONS });
	char *at = text + sprintf(text, "%s", zone);

	(void)state;
	for (unsigned i = 0; i < NAMES; i++)
		at += sprintf(at, "%u.more NS ns.sub\n", i);
	const char *found = zone_findings_of("x", text, NOW, false);
	unsigned lines = 0;
	for (const char *line = found; *line != '\0'; line = strchr(line, '\n') + 1)
		lines++;
	assert_in_range(lines, 100, 102); /* as many as are told, and the warning */
	assert_null(strstr(found, "is for no name"));
	mem_free(zone);
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_opt_out),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_stride),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
