/* SPDX-License-Identifier: Apache-2.0 */
/* Local names in an unsigned zone; tests/system/240-local-names has the signed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf/base/addr.h"
#include "conf/base/mem.h"
#include "tests/unit/support/zone_fixture.h"
#include "zone/local.h"

#define NEGATIVE "ns example. 300 SOA ns1.example. admin.example. 7 7200 900 1209600 300\n"

static const char zone[] = "$ORIGIN example.\n"
			   "$TTL 600\n"
			   "@ 3600 SOA ns1 admin 7 7200 900 1209600 300\n"
			   "@ NS ns1\n"
			   "ns1 A 192.0.2.1\n"
			   "www A 203.0.113.1\n"
			   "www AAAA 2001:db8:ffff::1\n"
			   "www TXT \"text\"\n"
			   "ns2 NS www.sub.example.\n"
			   "* TXT \"wild\"\n"
			   "*.wild A 203.0.113.9\n"
			   "alias CNAME www\n"
			   "aliased CNAME new.deep\n"
			   "sub NS ns1.sub\n"
			   "ns1.sub A 203.0.113.2\n"
			   "tree DNAME elsewhere.test.\n"
			   "svc HTTPS 1 www.example. alpn=h2\n"
			   "own HTTPS 1 . alpn=h3\n"
			   "_http._tcp.srv SRV 1 2 3 www\n";

enum { A4, B4, A6, ADDRESSES };

struct setting {
	struct fixture *fixture;
	struct local_set *set;
	_Atomic uint8_t up[ADDRESSES], service_up[3];
	struct local_address addresses[ADDRESSES];
	struct local_service services[3];
};

static void add_address(struct setting *s, int which, const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, 80, &addr), 0);
	s->addresses[which].len = (uint8_t)addr_bytes(&addr).len;
	memcpy(s->addresses[which].bytes, addr_bytes(&addr).at, addr_bytes(&addr).len);
	s->addresses[which].up = &s->up[which];
	s->up[which] = 1;
}

static int add(struct setting *s, const char *name, size_t addresses, size_t services, struct err_note *note)
{
	const struct local_wish wish = {
		.name = name, .ttl_s = 30, .node = "n1", .addresses = s->addresses, .address_count = addresses,
		.services = s->services, .service_count = services,
	};

	return local_set_add(s->set, &wish, note);
}

static int set_up(void **state)
{
	static const char *const zones[] = { "example.", zone, NULL };
	struct setting *s = mem_alloc(sizeof *s);
	struct err_note note;

	s->fixture = fixture_new(zones);
	s->set = local_set_new(zone_set_at(s->fixture->zones, 0)->base);
	add_address(s, A4, "192.0.2.10");
	add_address(s, B4, "192.0.2.11");
	add_address(s, A6, "2001:db8::10");
	s->services[0] = (struct local_service){ "c1.example.net", 443, 2, true, &s->service_up[0] };
	s->services[1] = (struct local_service){ "c2.example.net", 8443, 1, true, &s->service_up[1] };
	s->services[2] = (struct local_service){ "c3.example.net", 80, 1, false, &s->service_up[2] };
	for (int i = 0; i < 3; i++)
		s->service_up[i] = 1;
	assert_int_equal(add(s, "WWW.example", ADDRESSES, 2, &note), 0);
	assert_int_equal(add(s, "new.deep.example.", 2, 3, &note), 0);
	assert_int_equal(add(s, "x.wild.example", 1, 1, &note), 0);
	assert_int_equal(add(s, "own.example", 1, 3, &note), 0);
	assert_int_equal(add(s, "srv.example", 1, 3, &note), 0);
	assert_int_equal(local_set_count(s->set), 5);
	zone_set_locals(s->fixture->zones, 0, s->set);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *s = *state;

	fixture_free(s->fixture);
	local_set_free(s->set);
	mem_free(s);
	return 0;
}

struct row {
	const char *name, *type, *answer;
};

static void expect(struct setting *s, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fixture_query query = { .name = rows[i].name, .type = rows[i].type };
		const char *got = fixture_ask(s->fixture, &query);

		if (strcmp(got, rows[i].answer) != 0)
			print_error("%s %s\n", rows[i].name, rows[i].type);
		assert_string_equal(got, rows[i].answer);
	}
}

#define EXPECT(...) \
	do { \
		static const struct row these[] = { __VA_ARGS__ }; \
		expect(*state, these, sizeof these / sizeof these[0]); \
	} while (0)

static void test_names(void **state)
{
	EXPECT({ "www.example.", "A", "NOERROR aa\nan www.example. 30 A 192.0.2.10\nan www.example. 30 A 192.0.2.11\n" },
	       { "www.example.", "AAAA", "NOERROR aa\nan www.example. 30 AAAA 2001:db8::10\n" },
	       { "www.example.", "TXT", "NOERROR aa\nan www.example. 600 TXT \"text\"\n" },
	       { "www.example.", "MX", "NOERROR aa\n" NEGATIVE },
	       { "www.example.", "ANY",
		 "NOERROR aa\nan www.example. 30 A 192.0.2.10\nan www.example. 30 A 192.0.2.11\n" },
	       /* One port a record; 443 is not told. */
	       { "www.example.", "HTTPS",
		 "NOERROR aa\nan www.example. 30 HTTPS 1 . ipv4hint=192.0.2.10,192.0.2.11 ipv6hint=2001:db8::10\n"
		 "an www.example. 30 HTTPS 1 . port=8443 ipv4hint=192.0.2.10,192.0.2.11 ipv6hint=2001:db8::10\n" },
	       { "new.deep.example.", "A",
		 "NOERROR aa\nan new.deep.example. 30 A 192.0.2.10\nan new.deep.example. 30 A 192.0.2.11\n" },
	       /* No IPv6 here, and none of the zone's for a name that is ours. */
	       { "new.deep.example.", "AAAA", "NOERROR aa\n" NEGATIVE },
	       { "new.deep.example.", "TXT", "NOERROR aa\n" NEGATIVE },
	       /* Some targets speak plain HTTP: nobody is told that there is HTTPS. */
	       { "new.deep.example.", "HTTPS", "NOERROR aa\n" NEGATIVE },
	       { "own.example.", "HTTPS", "NOERROR aa\nan own.example. 600 HTTPS 1 . alpn=h3\n" });
}

/* Names above and below a local one, wildcards, aliases. */
static void test_around(void **state)
{
	EXPECT({ "deep.example.", "A", "NOERROR aa\n" NEGATIVE },
	       { "deep.example.", "TXT", "NOERROR aa\n" NEGATIVE },
	       { "other.example.", "TXT", "NOERROR aa\nan other.example. 600 TXT \"wild\"\n" },
	       { "x.new.deep.example.", "TXT", "NXDOMAIN aa\n" NEGATIVE },
	       { "other.deep.example.", "TXT", "NXDOMAIN aa\n" NEGATIVE },
	       { "x.wild.example.", "A", "NOERROR aa\nan x.wild.example. 30 A 192.0.2.10\n" },
	       { "y.wild.example.", "A", "NOERROR aa\nan y.wild.example. 600 A 203.0.113.9\n" },
	       { "y.x.wild.example.", "A", "NXDOMAIN aa\n" NEGATIVE },
	       { "alias.example.", "AAAA",
		 "NOERROR aa\nan alias.example. 600 CNAME www.example.\nan www.example. 30 AAAA 2001:db8::10\n" },
	       { "aliased.example.", "A",
		 "NOERROR aa\nan aliased.example. 600 CNAME new.deep.example.\nan new.deep.example. 30 A 192.0.2.10\n"
		 "an new.deep.example. 30 A 192.0.2.11\n" },
	       /* The zone's own addresses of a local name are not added to other answers. */
	       { "svc.example.", "HTTPS", "NOERROR aa\nan svc.example. 600 HTTPS 1 www.example. alpn=h2\n" },
	       { "sub.example.", "A", "NOERROR\nns sub.example. 600 NS ns1.sub.example.\nar ns1.sub.example. 600 A 203.0.113.2\n" });
}

static void test_srv(void **state)
{
	EXPECT({ "_https._tcp.www.example.", "SRV",
		 "NOERROR aa\nan _https._tcp.www.example. 30 SRV 0 2 443 c1.example.net.\n"
		 "an _https._tcp.www.example. 30 SRV 0 1 8443 c2.example.net.\n" },
	       { "_tcp.www.example.", "SRV", "NOERROR aa\n" NEGATIVE },
	       { "_http._tcp.new.deep.example.", "ANY",
		 "NOERROR aa\nan _http._tcp.new.deep.example. 30 SRV 0 1 80 c3.example.net.\n" },
	       { "_https._tcp.www.example.", "A", "NOERROR aa\n" NEGATIVE },
	       { "_http._tcp.www.example.", "SRV", "NXDOMAIN aa\n" NEGATIVE },
	       /* The zone's own stays. */
	       { "_http._tcp.srv.example.", "SRV", "NOERROR aa\nan _http._tcp.srv.example. 600 SRV 1 2 3 www.example.\n" });
}

static void test_health(void **state)
{
	struct setting *s = *state;

	s->up[A4] = 0;
	s->service_up[0] = 0;
	EXPECT({ "www.example.", "A", "NOERROR aa\nan www.example. 30 A 192.0.2.11\n" },
	       { "_https._tcp.www.example.", "SRV",
		 "NOERROR aa\nan _https._tcp.www.example. 30 SRV 0 1 8443 c2.example.net.\n" },
	       /* The only one: better than none. */
	       { "x.wild.example.", "A", "NOERROR aa\nan x.wild.example. 30 A 192.0.2.10\n" });
	s->up[B4] = 0;
	s->service_up[1] = 0;
	EXPECT({ "www.example.", "A", "NOERROR aa\nan www.example. 30 A 192.0.2.10\nan www.example. 30 A 192.0.2.11\n" },
	       { "www.example.", "AAAA", "NOERROR aa\nan www.example. 30 AAAA 2001:db8::10\n" },
	       { "_https._tcp.www.example.", "SRV",
		 "NOERROR aa\nan _https._tcp.www.example. 30 SRV 0 2 443 c1.example.net.\n"
		 "an _https._tcp.www.example. 30 SRV 0 1 8443 c2.example.net.\n" });
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *text;
		size_t addresses;
	} rows[] = {
		{ "www.example.", "it is a local name already", 1 },
		{ "www.example.net.", "it is not in the zone example.", 1 },
		{ "a..b", "it is no domain name", 1 },
		{ "x.sub.example", "the zone example. delegates it, or what is above it, to other servers", 1 },
		{ "sub.example", "the zone example. delegates it, or what is above it, to other servers", 1 },
		{ "x.tree.example", "a DNAME in the zone example. stands above it", 1 },
		{ "alias.example", "it is an alias (CNAME) in the zone example.", 1 },
		{ "fine.example", "no target of the site has addresses (sites[].targets[].addresses)", 0 },
	};
	struct setting *s = *state;
	struct err_note note;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(add(s, rows[i].name, rows[i].addresses, 0, &note), ERR_INVALID);
		assert_string_equal(note.text, rows[i].text);
	}
	/* What was only known to be above a local name may become one. */
	assert_int_equal(add(s, "deep.example", 1, 0, &note), 0);
	EXPECT({ "deep.example.", "A", "NOERROR aa\nan deep.example. 30 A 192.0.2.10\n" });
}

/* More names than the table begins with. */
static void test_many(void **state)
{
	struct setting *s = *state;
	struct err_note note;

	for (int i = 0; i < 200; i++) {
		char *name = mem_format("h%d.many.example.", i);
		const struct fixture_query query = { .name = name, .type = "A" };

		assert_int_equal(add(s, name, 1, 0, &note), 0);
		assert_non_null(strstr(fixture_ask(s->fixture, &query), " 30 A 192.0.2.10\n"));
		mem_free(name);
	}
	EXPECT({ "many.example.", "A", "NOERROR aa\n" NEGATIVE }, { "h200.many.example.", "A", "NXDOMAIN aa\n" NEGATIVE });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_around, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_srv, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_health, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
