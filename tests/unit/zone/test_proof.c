/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which NSEC and NSEC3 records a denial carries (RFC 4035, 3.1.3; RFC 5155, 7.2). The chains are made here, from the
 * list of names; signatures are not, since which records are taken does not depend on them (tests/interop validates).
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
#include "tests/unit/support/zone_fixture.h"
#include "zone/nsec3.h"

#define DATA \
	"@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\nb.ent 60 A 192.0.2.2\n*.w 60 A 192.0.2.3\nx.w 60 A 192.0.2.4\n" \
	"sub 60 NS ns.sub\nns.sub 60 A 192.0.2.5\nsafe 60 NS ns.sub\n" \
	"safe 60 DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n" \
	"*.c 60 CNAME n\n"

/* Authoritative names and cuts in canonical order; those of NSEC3 also the empty non-terminals. */
static const char *const nsec_names[] = { "example", "*.c.example", "b.ent.example", "n.example", "safe.example",
					  "sub.example", "*.w.example", "x.w.example" };
static const char *const nsec3_names[] = { "example", "c.example", "*.c.example", "ent.example", "b.ent.example",
					   "n.example", "safe.example", "sub.example", "w.example", "*.w.example",
					   "x.w.example" };
enum { NSECS = sizeof nsec_names / sizeof nsec_names[0], NSEC3S = sizeof nsec3_names / sizeof nsec3_names[0] };

static struct fixture *nsec_zone(void)
{
	char *text = mem_alloc(1 << 14), *at = text + sprintf(text, "%s", DATA);

	for (unsigned i = 0; i < NSECS; i++)
		at += sprintf(at, "%s. 60 NSEC %s. A NSEC\n", nsec_names[i], nsec_names[(i + 1) % NSECS]);
	const char *const zones[] = { "example", text, NULL };
	struct fixture *fixture = fixture_new(zones);
	mem_free(text);
	return fixture;
}

/* RFC 4648, 7: base32 with the extended hex alphabet. 20 bytes are 32 digits. */
static void base32hex(const uint8_t *hash, char *out)
{
	for (unsigned i = 0; i < 32; i++) {
		unsigned bit = i * 5;
		unsigned pair = (unsigned)hash[bit / 8] << 8 | (bit / 8 + 1 < 20 ? hash[bit / 8 + 1] : 0);

		out[i] = "0123456789abcdefghijklmnopqrstuv"[pair >> (11 - bit % 8) & 31];
	}
	out[32] = '\0';
}

static void hash_of(const char *text, char *out)
{
	static const struct zone_image_header params = { .nsec3_iterations = 0 };
	uint8_t hash[ZONE_NSEC3_HASH_BYTES];
	struct name name;

	assert_int_equal(name_from_text(text, &name), 0);
	nsec3_hash(&params, name.wire, name.len, hash);
	base32hex(hash, out);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* left_out: an insecure delegation in an opt-out range. */
static struct fixture *nsec3_zone(const char *left_out)
{
	char hashes[NSEC3S][33], *text = mem_alloc(1 << 14), *at = text + sprintf(text, "%s@ 60 NSEC3PARAM 1 0 0 -\n", DATA);
	unsigned count = 0;

	for (unsigned i = 0; i < NSEC3S; i++) {
		if (left_out == NULL || strcmp(left_out, nsec3_names[i]) != 0)
			hash_of(nsec3_names[i], hashes[count++]);
	}
	qsort(hashes, count, sizeof hashes[0], by_text);
	for (unsigned i = 0; i < count; i++)
		at += sprintf(at, "%s 60 NSEC3 1 %d 0 - %s A\n", hashes[i], left_out != NULL, hashes[(i + 1) % count]);
	const char *const zones[] = { "example", text, NULL };
	struct fixture *fixture = fixture_new(zones);
	mem_free(text);
	return fixture;
}

/* The owners of the proofs in the last response, in order, with spaces. NSEC3 owners as hashes. */
static void proof_owners(const char *text, char *out)
{
	*out = '\0';
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n');
		const char *type = strstr(line, " 60 NSEC");

		if (strncmp(line, "ns ", 3) == 0 && type != NULL && type < end)
			sprintf(out + strlen(out), "%.*s ", (int)(type - line - 3), line + 3);
	}
}

struct row {
	const char *name, *type, *first;	/* how the answer begins */
	const char *nsec;			/* owners of the NSECs */
	const char *matches, *covers;		/* names whose hash an NSEC3 has, or covers */
};

static const struct row rows[] = {
	{ "nope.example", "A", "NXDOMAIN aa", "n.example. example. ", "example", "nope.example *.example" },
	{ "a.n.example", "A", "NXDOMAIN aa", "n.example. ", "n.example", "a.n.example *.n.example" },
	{ "n.example", "MX", "NOERROR aa", "n.example. ", "n.example", "" },
	{ "ent.example", "A", "NOERROR aa", "*.c.example. ", "ent.example", "" },
	{ "q.w.example", "A", "NOERROR aa\nan q.w.", "*.w.example. ", "", "q.w.example" },
	{ "q.w.example", "MX", "NOERROR aa\nns example.", "*.w.example. ", "w.example *.w.example", "q.w.example" },
	{ "y.z.w.example", "A", "NOERROR aa\nan y.z.w.", "x.w.example. ", "", "z.w.example" },
	{ "q.x.w.example", "A", "NXDOMAIN aa", "x.w.example. ", "x.w.example", "q.x.w.example *.x.w.example" },
	{ "h.sub.example", "A", "NOERROR\nns sub.example. 60 NS", "sub.example. ", "sub.example", "" },
	{ "h.safe.example", "A", "NOERROR\nns safe.example. 60 NS", "", "safe.example", "" },
	{ "sub.example", "DS", "NOERROR aa\nns example.", "sub.example. ", "sub.example", "" },
	{ "q.c.example", "A", "NOERROR aa\nan q.c.example. 60 CNAME n.example.\nan n.example.", "*.c.example. ", "",
	  "q.c.example" },
	{ "n.example", "A", "NOERROR aa\nan n.example.", "", "", "" },
};

static void nsec(void **state)
{
	struct fixture *fixture = nsec_zone();
	char owners[512];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture_query query = { .name = rows[i].name, .type = rows[i].type, .edns = true, .dnssec_ok = true };
		const char *text = fixture_ask(fixture, &query);

		print_message("%s %s\n", rows[i].name, rows[i].type);
		assert_memory_equal(text, rows[i].first, strlen(rows[i].first));
		proof_owners(text, owners);
		assert_string_equal(owners, rows[i].nsec);
		/* Without DO nothing of it is told. */
		query.dnssec_ok = false;
		proof_owners(fixture_ask(fixture, &query), owners);
		assert_string_equal(owners, "");
	}
	fixture_free(fixture);
}

/* Takes from found the NSEC3 owner that has (or covers) each of the names; gives how many different ones. */
static void expect_hashes(const char *names, bool match, char seen[8][33], unsigned *count, const char *owners)
{
	char copy[256], *rest = copy, *name;

	snprintf(copy, sizeof copy, "%s", names);
	while ((name = strtok_r(rest, " ", &rest)) != NULL) {
		char hash[33], best[33] = "", last[33] = "";

		hash_of(name, hash);
		for (const char *owner = owners; *owner != '\0'; owner = strchr(owner, ' ') + 1) {
			char own[33];

			snprintf(own, sizeof own, "%.32s", owner);
			if (strcmp(own, hash) <= 0 && strcmp(own, best) > 0)
				strcpy(best, own);
			if (strcmp(own, last) > 0)
				strcpy(last, own);
		}
		if (best[0] == '\0')
			strcpy(best, last);	/* around the end of the ring */
		assert_true(best[0] != '\0' && (strcmp(best, hash) == 0) == match);
		bool known = false;
		for (unsigned i = 0; i < *count; i++)
			known |= strcmp(seen[i], best) == 0;
		if (!known)
			strcpy(seen[(*count)++], best);
	}
}

static void nsec3(void **state)
{
	struct fixture *fixture = nsec3_zone(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture_query query = { .name = rows[i].name, .type = rows[i].type, .edns = true, .dnssec_ok = true };
		const char *text = fixture_ask(fixture, &query);
		char owners[512], seen[8][33];
		unsigned expected = 0, found = 0;

		print_message("%s %s\n", rows[i].name, rows[i].type);
		assert_memory_equal(text, rows[i].first, strlen(rows[i].first));
		proof_owners(text, owners);
		if (strcmp(rows[i].name, "h.safe.example") == 0) {
			assert_string_equal(owners, "");	/* signed: DS instead of a proof */
			continue;
		}
		expect_hashes(rows[i].matches, true, seen, &expected, owners);
		expect_hashes(rows[i].covers, false, seen, &expected, owners);
		for (const char *at = owners; *at != '\0'; at++)
			found += *at == ' ';
		assert_int_equal(found, expected);	/* as few as will do, none twice */
	}
	fixture_free(fixture);
}

/* RFC 5155, 7.2.4 and 7.2.7: a delegation without an NSEC3 of its own is proven to be in an opt-out range. */
static void opt_out(void **state)
{
	struct fixture *fixture = nsec3_zone("sub.example");
	static const struct fixture_query queries[] = {
		{ .name = "h.sub.example", .type = "A", .edns = true, .dnssec_ok = true },
		{ .name = "sub.example", .type = "DS", .edns = true, .dnssec_ok = true },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char owners[512], seen[8][33];
		unsigned expected = 0, found = 0;

		proof_owners(fixture_ask(fixture, &queries[i]), owners);
		expect_hashes("example", true, seen, &expected, owners);
		expect_hashes("sub.example", false, seen, &expected, owners);
		for (const char *at = owners; *at != '\0'; at++)
			found += *at == ' ';
		assert_int_equal(found, expected);
	}
	fixture_free(fixture);
}

/* RFC 5155, 7.2.8: the owner of an NSEC3 is no name. */
static void a_hash_is_no_name(void **state)
{
	struct fixture *fixture = nsec3_zone(NULL);
	char hash[33], name[64];
	struct fixture_query query = { .name = name, .type = "NSEC3", .edns = true, .dnssec_ok = true };

	(void)state;
	hash_of("n.example", hash);
	snprintf(name, sizeof name, "%s.example", hash);
	assert_memory_equal(fixture_ask(fixture, &query), "NXDOMAIN aa\n", 12);
	fixture_free(fixture);
}

/* The vectors of RFC 5155, appendix A: salt aabbccdd, 12 more iterations. */
static void hashes_are_those_of_the_rfc(void **state)
{
	static const struct {
		const char *name, *hash;
	} vectors[] = {
		{ "example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
		{ "a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl" },
		{ "*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
		{ "xx.example", "t644ebqk9bibcna874givr6joj62mlhv" },
	};
	static const struct zone_image_header params = {
		.nsec3_iterations = 12, .nsec3_salt_len = 4, .nsec3_salt = { 0xaa, 0xbb, 0xcc, 0xdd },
	};

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		uint8_t hash[ZONE_NSEC3_HASH_BYTES];
		char text[33];
		struct name name;

		assert_int_equal(name_from_text(vectors[i].name, &name), 0);
		nsec3_hash(&params, name.wire, name.len, hash);
		base32hex(hash, text);
		assert_string_equal(text, vectors[i].hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_rfc), cmocka_unit_test(nsec), cmocka_unit_test(nsec3),
		cmocka_unit_test(opt_out), cmocka_unit_test(a_hash_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
