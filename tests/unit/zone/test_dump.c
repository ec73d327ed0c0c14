/* SPDX-License-Identifier: Apache-2.0 */
/* A dump is the zone: every record of the source in canonical order, and it compiles to the same image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/dump.h"

static char said[ZONE_BUILD_SAID_MAX];

static const char source[] =
	"$ORIGIN example.org.\n"
	"$TTL 1h\n"
	"@ SOA ns hostmaster.admin ( 2026010101 ; serial\n 2h 15m 2w 5m )\n"
	"\tNS ns\n"
	"\tNS NS.Other.Test.\n"
	"\t600 MX 10 mail\n"
	"\tTXT \"v=spf1 -all\" \"two; (strings)\"\n"
	"ns A 192.0.2.1\n AAAA 2001:db8::1\n"
	"*.wild CNAME ns\n"
	"deep.er.e TYPE65280 \\# 3 0102ff\n"
	"sub NS ns.sub\n DS 1 13 2 00FF\nns.sub A 192.0.2.2\n"
	"odd\\.dot\\032\\000 HINFO \"a\\\"b\" \"\"\n"
	"srv SRV 1 2 3 Target\n"
	"d DNAME elsewhere.\n";

static const char expected[] =
	"example.org.\t3600\tIN\tNS\tns.other.test.\n"	/* RFC 4034, 6.3: the length bytes count */
	"example.org.\t3600\tIN\tNS\tns.example.org.\n"
	"example.org.\t3600\tIN\tSOA\tns.example.org. hostmaster.admin.example.org. 2026010101 7200 900 1209600 300\n"
	"example.org.\t600\tIN\tMX\t10 mail.example.org.\n"
	"example.org.\t3600\tIN\tTXT\t\"v=spf1 -all\" \"two; (strings)\"\n"
	"d.example.org.\t3600\tIN\tDNAME\telsewhere.\n"
	"deep.er.e.example.org.\t3600\tIN\tTYPE65280\t\\# 3 0102ff\n"
	"ns.example.org.\t3600\tIN\tA\t192.0.2.1\n"
	"ns.example.org.\t3600\tIN\tAAAA\t2001:db8::1\n"
	"odd\\.dot\\032\\000.example.org.\t3600\tIN\tHINFO\t\"a\\\"b\" \"\"\n"
	"srv.example.org.\t3600\tIN\tSRV\t1 2 3 Target.example.org.\n"
	"sub.example.org.\t3600\tIN\tNS\tns.sub.example.org.\n"
	"sub.example.org.\t3600\tIN\tDS\t1 13 2 00ff\n"
	"ns.sub.example.org.\t3600\tIN\tA\t192.0.2.2\n"
	"*.wild.example.org.\t3600\tIN\tCNAME\tns.example.org.\n";

static void test_round_trip(void **state)
{
	struct zone_image *image = zone_build("example.org", source, said);

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(image);
	char *dump = zone_build_dump(image);
	assert_string_equal(dump, expected);

	struct zone_image *again = zone_build("example.org", dump, said);
	assert_non_null(again);
	assert_int_equal(zone_image_header(again)->size, zone_image_header(image)->size);
	assert_memory_equal(zone_image_header(again), zone_image_header(image), zone_image_header(image)->size);
	zone_image_release(again);
	zone_image_release(image);
	mem_free(dump);
}

static int stop_at_three(void *ctx, const char *line, size_t len)
{
	assert_int_equal(strlen(line), len);
	return ++*(int *)ctx == 3 ? 33 : 0;
}

static void test_stop(void **state)
{
	struct zone_image *image = zone_build("example.org", source, said);
	int lines = 0;

	(void)state;
	assert_int_equal(zone_dump(zone_image_header(image), stop_at_three, &lines), 33);
	assert_int_equal(lines, 3);
	zone_image_release(image);
}

static void test_one_rr(void **state)
{
	struct zone_image *image = zone_build("x", "@ 60 SOA a b 1 2 3 4 5\n@ NS y.\n", said);
	const struct zone_image_header *base = zone_image_header(image);
	const struct zone_rrset *set = zone_node_find(zone_node_at(base, base->apex_node), DNS_SOA);
	struct zone_rr rr = zone_rr_first(set);

	(void)state;
	char *line = zone_dump_rr(base, (const uint8_t *)"\5Asked\1X", set, &rr);
	assert_string_equal(line, "Asked.X.\t60\tIN\tSOA\ta.x. b.x. 1 2 3 4 5");
	mem_free(line);
	zone_image_release(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_stop), cmocka_unit_test(test_one_rr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
