/* SPDX-License-Identifier: Apache-2.0 */
/* Clients become networks, of several workers one picture, of old windows nothing. And the AS table. */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/catchment.h"
#include "server/catchment_as.h"

static const struct siphash_key secret = { 0x0123456789abcdef, 0xfedcba9876543210 };
static const struct conf_catchment settings = {
	.enabled = true, .ipv4_prefix_length = 24, .ipv6_prefix_length = 48, .top = 64, .window_s = 60,
};

static unsigned owner;	/* of what is asked */

static void ask(struct catchment *catchment, enum catchment_service service, const char *address, unsigned times, uint32_t now_s)
{
	struct addr addr;

	assert_int_equal(addr_parse(address, 53, &addr), 0);
	catchment_add(catchment, service, owner, &addr, now_s, times - times / 2);
	for (unsigned i = 0; i < times / 2; i++)
		catchment_add(catchment, service, owner, &addr, now_s, 1);
	catchment_add(catchment, service, owner, &addr, now_s, 0);
}

static void expect(struct catchment *const *list, size_t count, enum catchment_service service, enum catchment_family family,
		   const char *want)
{
	struct catchment_report report;
	char got[1000] = "", text[PREFIX_TEXT_MAX];

	catchment_read(list, count, service, family, 10, &report);
	snprintf(got, sizeof got, "%llu of %llu:", (unsigned long long)report.requests, (unsigned long long)report.networks);
	for (size_t i = 0; i < report.top_count; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), " %s %llu-%llu", prefix_print(&report.top[i].prefix, text),
			 (unsigned long long)report.top[i].requests, (unsigned long long)report.top[i].error);
	mem_free(report.top);
	assert_string_equal(got, want);
}

static void test_networks(void **state)
{
	struct catchment *list[] = { catchment_new(&settings, 2, secret), NULL, catchment_new(&settings, 2, secret) };

	(void)state;
	assert_int_equal(catchment_since(list, 3), 0);
	expect(list, 3, CATCHMENT_DNS_UDP, CATCHMENT_IPV4, "0 of 0:");
	ask(list[0], CATCHMENT_DNS_UDP, "192.0.2.1", 2, 1000);
	ask(list[0], CATCHMENT_DNS_UDP, "192.0.2.254", 3, 1000);
	ask(list[2], CATCHMENT_DNS_UDP, "192.0.2.77", 4, 1001);
	ask(list[2], CATCHMENT_DNS_UDP, "198.51.100.1", 1, 1001);
	ask(list[2], CATCHMENT_DNS_UDP, "::ffff:203.0.113.1", 5, 1001);	/* of a socket for both families */
	ask(list[0], CATCHMENT_DNS_UDP, "2001:db8:0:1::1", 1, 1001);
	ask(list[2], CATCHMENT_DNS_UDP, "2001:db8:0:ffff::1", 1, 1001);
	ask(list[2], CATCHMENT_DNS_UDP, "2001:db8:1::1", 1, 1001);
	ask(list[2], CATCHMENT_HTTP, "0.0.0.1", 1, 1001);
	ask(NULL, CATCHMENT_HTTP, "192.0.2.1", 1, 1001);
	expect(list, 3, CATCHMENT_DNS_UDP, CATCHMENT_IPV4, "15 of 3: 192.0.2.0/24 9-0 203.0.113.0/24 5-0 198.51.100.0/24 1-0");
	expect(list, 3, CATCHMENT_DNS_UDP, CATCHMENT_IPV6, "3 of 2: 2001:db8::/48 2-0 2001:db8:1::/48 1-0");
	expect(list, 3, CATCHMENT_DNS_TCP, CATCHMENT_IPV4, "0 of 0:");
	expect(list, 3, CATCHMENT_HTTP, CATCHMENT_IPV4, "1 of 1: 0.0.0.0/24 1-0");
	assert_int_equal(catchment_since(list, 3), 1000);
	catchment_free(list[0]);
	catchment_free(list[1]);
	catchment_free(list[2]);
}

/* By service of anycast as well: each request is in one report of either kind. */
static void test_owners(void **state)
{
	struct catchment *list[] = { catchment_new(&settings, 2, secret), catchment_new(&settings, 2, secret) };
	struct catchment_report report;

	(void)state;
	ask(list[0], CATCHMENT_DNS_UDP, "192.0.2.1", 1, 1000);
	owner = CATCHMENT_FIRST_OWNER;
	ask(list[0], CATCHMENT_DNS_UDP, "192.0.2.1", 2, 1000);
	ask(list[1], CATCHMENT_DNS_TCP, "192.0.2.1", 4, 1000);
	ask(list[1], CATCHMENT_DNS_TCP, "198.51.100.1", 1, 1000);
	owner = CATCHMENT_FIRST_OWNER + 1;
	ask(list[1], CATCHMENT_HTTP, "192.0.2.1", 8, 1000);
	owner = CATCHMENT_NOBODYS;
	expect(list, 2, CATCHMENT_DNS_UDP, CATCHMENT_IPV4, "3 of 1: 192.0.2.0/24 3-0");
	expect(list, 2, CATCHMENT_DNS_TCP, CATCHMENT_IPV4, "5 of 2: 192.0.2.0/24 4-0 198.51.100.0/24 1-0");
	catchment_read_owner(list, 2, CATCHMENT_FIRST_OWNER, CATCHMENT_IPV4, 10, &report);
	assert_int_equal(report.requests, 7);
	assert_int_equal(report.networks, 2);
	assert_int_equal(report.top_count, 2);
	assert_int_equal(report.top[0].requests, 6);
	mem_free(report.top);
	catchment_read_owner(list, 2, CATCHMENT_FIRST_OWNER + 1, CATCHMENT_IPV4, 10, &report);
	assert_int_equal(report.requests, 8);
	mem_free(report.top);
	catchment_read_owner(list, 2, CATCHMENT_FIRST_OWNER + 1, CATCHMENT_IPV6, 10, &report);
	assert_int_equal(report.requests + report.networks + report.top_count, 0);
	mem_free(report.top);
	/* The windows turn for all of them. */
	for (uint32_t now_s = 1060; now_s <= 1120; now_s += 60)
		ask(list[1], CATCHMENT_DNS_UDP, "203.0.113.1", 1, now_s);
	catchment_read_owner(list, 2, CATCHMENT_FIRST_OWNER + 1, CATCHMENT_IPV4, 10, &report);
	assert_int_equal(report.requests, 0);
	mem_free(report.top);
	catchment_free(list[0]);
	catchment_free(list[1]);
}

/* This node's own addresses, to the bit: its neighbours are clients. */
static void test_own(void **state)
{
	static const char *const own[] = { "192.0.2.53@1", "[2001:db8::53]@1" };
	struct catchment *list[] = { catchment_new(&settings, 2, secret) };
	struct addr addr;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(addr_parse(own[i], 1, &addr), 0);
		catchment_leave_out(list[0], address_of(addr_bytes(&addr)));
	}
	ask(list[0], CATCHMENT_DNS_UDP, "192.0.2.53", 5, 1000);
	ask(list[0], CATCHMENT_DNS_UDP, "::ffff:192.0.2.53", 5, 1000);
	ask(list[0], CATCHMENT_HTTP, "2001:db8::53", 5, 1000);
	assert_int_equal(catchment_since(list, 1), 0);
	ask(list[0], CATCHMENT_DNS_UDP, "192.0.2.54", 2, 1000);
	ask(list[0], CATCHMENT_HTTP, "2001:db8::54", 3, 1000);
	for (unsigned i = 0; i < 256; i++) {	/* some of them share the bit */
		char text[32];

		snprintf(text, sizeof text, "10.0.%u.1", i);
		ask(list[0], CATCHMENT_DNS_TCP, text, 1, 1000);
	}
	expect(list, 1, CATCHMENT_DNS_UDP, CATCHMENT_IPV4, "2 of 1: 192.0.2.0/24 2-0");
	expect(list, 1, CATCHMENT_HTTP, CATCHMENT_IPV6, "3 of 1: 2001:db8::/48 3-0");
	struct catchment_report report;
	catchment_read(list, 1, CATCHMENT_DNS_TCP, CATCHMENT_IPV4, 0, &report);
	assert_int_equal(report.requests, 256);
	mem_free(report.top);
	catchment_free(list[0]);
}

static void test_windows(void **state)
{
	struct catchment *one = catchment_new(&settings, 2, secret);

	(void)state;
	ask(one, CATCHMENT_DNS_UDP, "192.0.2.1", 1, 1000);
	ask(one, CATCHMENT_DNS_UDP, "192.0.2.1", 1, 1059);
	ask(one, CATCHMENT_DNS_UDP, "198.51.100.1", 1, 1060);
	expect(&one, 1, CATCHMENT_DNS_UDP, CATCHMENT_IPV4, "3 of 2: 192.0.2.0/24 2-0 198.51.100.0/24 1-0");
	assert_int_equal(catchment_since(&one, 1), 1000);
	ask(one, CATCHMENT_DNS_UDP, "203.0.113.1", 1, 1120);
	expect(&one, 1, CATCHMENT_DNS_UDP, CATCHMENT_IPV4, "2 of 2: 198.51.100.0/24 1-0 203.0.113.0/24 1-0");
	assert_int_equal(catchment_since(&one, 1), 1060);
	catchment_free(one);
}

static void test_as_table(void **state)
{
	static const char table[] = "# a comment\n192.0.0.0/16 100\n192.0.2.0\t24\t64500_64501\n  \n2001:db8::/32 AS64502 # more\n"
				    "192.0.2.0/25 1\n0.0.0.0 0 7\n";
	struct catchment_as list[4];
	char path[] = "/tmp/unit-as.XXXXXX";
	struct err_note note = { 0 };
	FILE *file = fdopen(mkstemp(path), "w");

	(void)state;
	assert_non_null(file);
	fputs(table, file);
	fclose(file);
	memset(list, 0, sizeof list);
	prefix_parse("2001:db8:5::/48", &list[0].prefix);
	prefix_parse("198.51.100.0/24", &list[1].prefix);
	prefix_parse("192.0.2.0/24", &list[2].prefix);
	prefix_parse("2001:db9::/48", &list[3].prefix);
	assert_int_equal(catchment_as_look_up(path, list, 4, &note), 0);

	static const char *const wanted[][2] = {
		{ "192.0.2.0/24", "64500_64501" }, { "198.51.100.0/24", "7" }, { "2001:db8:5::/48", "AS64502" }, { "2001:db9::/48", "" },
		{ "203.0.113.0/24", "" },	/* never asked for */
	};
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		struct prefix prefix;

		prefix_parse(wanted[i][0], &prefix);
		assert_string_equal(catchment_as_of(list, 4, &prefix), wanted[i][1]);
	}
	unlink(path);
	assert_int_equal(catchment_as_look_up(path, list, 4, &note), -ENOENT);
}

static void test_bad_tables(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = { { "192.0.2.0/24 1\nx\n", 2 }, { "192.0.2.0 24 1 2\n", 1 }, { "192.0.2.0/33 1\n", 1 }, { "a b\n", 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char path[] = "/tmp/unit-as.XXXXXX";
		struct err_note note = { 0 };
		FILE *file = fdopen(mkstemp(path), "w");

		assert_non_null(file);
		fputs(cases[i].text, file);
		fclose(file);
		assert_int_equal(catchment_as_look_up(path, NULL, 0, &note), ERR_SYNTAX);
		assert_int_equal(note.line, cases[i].line);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks), cmocka_unit_test(test_own), cmocka_unit_test(test_owners),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_as_table),
		cmocka_unit_test(test_bad_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
