/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

static void expect_addrs(const struct conf_addrs *addrs, const char *expected)
{
	char text[ADDR_TEXT_MAX], *all = mem_string("");

	for (size_t i = 0; i < addrs->count; i++) {
		char *more = mem_format("%s%s ", all, addr_print(&addrs->list[i], text, sizeof text));

		mem_free(all);
		all = more;
	}
	assert_string_equal(all, expected);
	mem_free(all);
}

static void test_defaults(void **state)
{
	struct conf *conf = expect_conf(DNS);

	(void)state;
	assert_true(conf->dns.present);
	expect_addrs(&conf->dns.listen, "127.0.0.1@53 ");
	assert_int_equal(conf->dns.nsid_len, 2);
	assert_memory_equal(conf->dns.nsid, "n1", 2);
	assert_int_equal(conf->dns.udp_max_payload, 1232);
	assert_int_equal(conf->dns.tcp_max_clients, 1000);
	assert_int_equal(conf->dns.tcp_max_per_client, 250);
	assert_int_equal(conf->dns.rate_limit.responses_per_second, 0);
	assert_int_equal(conf->dns.rate_limit.slip, 2);
	assert_int_equal(conf->dns.rate_limit.ipv4_prefix_length, 24);
	assert_int_equal(conf->dns.rate_limit.ipv6_prefix_length, 56);
	assert_int_equal(conf->dns.rate_limit.whitelist.count, 0);
	assert_false(conf->dns.rate_limit.dry_run);
	assert_false(conf->dns.zone_statistics);
	assert_int_equal(conf->dns.tcp_idle_ms, 10000);
	assert_int_equal(conf->dns.tcp_io_ms, 500);
	conf_free(conf);
}

static void test_given(void **state)
{
	struct conf *conf = expect_conf(
		NODE "dns:\n  listen: [192.0.2.53, 192.0.2.53@5353, \"2001:db8::53@53\", \"[::1]@54\", \"::\"]\n"
		     "  nsid: 0xCAFE\n  udp-max-payload: 4096\n  tcp-max-clients: 1\n"
		     "  tcp-idle-timeout: 2m\n  tcp-io-timeout: 30ms\n");

	(void)state;
	expect_addrs(&conf->dns.listen, "192.0.2.53@53 192.0.2.53@5353 2001:db8::53@53 ::1@54 ::@53 ");
	assert_int_equal(conf->dns.nsid_len, 2);
	assert_memory_equal(conf->dns.nsid, "\xca\xfe", 2);
	assert_int_equal(conf->dns.udp_max_payload, 4096);
	assert_int_equal(conf->dns.tcp_max_clients, 1);
	assert_int_equal(conf->dns.tcp_max_per_client, 1);
	assert_int_equal(conf->dns.tcp_idle_ms, 120000);
	assert_int_equal(conf->dns.tcp_io_ms, 30);
	conf_free(conf);
}

static void test_rate_limit(void **state)
{
	struct conf *conf = expect_conf(
		NODE "dns:\n  listen: [192.0.2.53]\n  tcp-max-clients-per-client: 7\n  zone-statistics: on\n"
		     "  rate-limit: {responses-per-second: 20, slip: 1, ipv4-prefix-length: 32,"
		     " ipv6-prefix-length: 64, whitelist: [192.0.2.0/24, \"2001:db8::/32\", 192.0.2.7], dry-run: yes}\n");
	const struct conf_rate_limit *limit = &conf->dns.rate_limit;
	struct prefix inside, outside;

	(void)state;
	prefix_parse("2001:db8:77::1", &inside);
	prefix_parse("192.0.3.0", &outside);
	assert_int_equal(conf->dns.tcp_max_per_client, 7);
	assert_true(conf->dns.zone_statistics);
	assert_int_equal(limit->responses_per_second, 20);
	assert_int_equal(limit->slip, 1);
	assert_int_equal(limit->ipv4_prefix_length, 32);
	assert_int_equal(limit->ipv6_prefix_length, 64);
	assert_true(limit->dry_run);
	assert_int_equal(limit->whitelist.count, 2);
	assert_true(prefixes_have(&limit->whitelist, inside.first));
	assert_false(prefixes_have(&limit->whitelist, outside.first));
	conf_free(conf);
}

/* Operators are not to reach another node than they mean, and metrics are not for everybody. */
static void test_admin(void **state)
{
	static const struct fault_case cases[] = {
		{ NODE "dns: {listen: [192.0.2.53]}\nadmin: {listen: [192.0.2.53@8053]}\n",
		  "3: admin.listen: 192.0.2.53 is an address of dns.listen: what is behind an anycast address is not for"
		  " operators; use one of this node alone\n" },
		{ NODE "redirect: {listen: [\"2001:db8::80\"]}\nadmin: {listen: [198.51.100.1, \"2001:db8::80@8053\"]}\n",
		  "3: admin.listen: 2001:db8::80 is an address of redirect.listen: what is behind an anycast address is not"
		  " for operators; use one of this node alone\n" },
		{ NODE "dns: {listen: [127.0.0.1@8053]}\nadmin: {listen: [127.0.0.1]}\n",
		  "3: admin.listen: 127.0.0.1@8053 stands in dns.listen too\n" },
		{ NODE "dns: {listen: [127.0.0.1]}\nadmin: {listen: [0.0.0.0]}\n",
		  "3: admin.listen: a wildcard address is every address of the node, the anycast ones too; name one of this"
		  " node alone\n" },
	};
	struct conf *conf = expect_conf(
		NODE "dns: {listen: [192.0.2.53, 127.0.0.1@5300]}\nadmin: {listen: [127.0.0.1, \"::1@81\"]}\n");

	(void)state;
	expect_addrs(&conf->admin.listen, "127.0.0.1@8053 ::1@81 ");
	conf_free(conf);
	EXPECT_ALL(cases);
}

static void test_nsid(void **state)
{
	char name[CONF_NSID_MAX + 2], *yaml;
	struct conf *conf = expect_conf(NODE "dns: {listen: [127.0.0.1], nsid: \"\"}\n");

	(void)state;
	assert_int_equal(conf->dns.nsid_len, 0);
	conf_free(conf);

	/* A node's name is never read as hexadecimal digits. */
	conf = expect_conf("node: {name: \"0xab\"}\ndns: {listen: [127.0.0.1]}\n");
	assert_int_equal(conf->dns.nsid_len, 4);
	conf_free(conf);

	memset(name, 'n', sizeof name);
	name[CONF_NSID_MAX + 1] = '\0';
	yaml = mem_format("node:\n  name: %s\ndns: {listen: [127.0.0.1]}\n", name);
	expect_faults(yaml, "2: node.name: it is the NSID too, which takes at most 128 bytes: set dns.nsid\n");
	mem_free(yaml);
	yaml = mem_format("node: {name: %s}\ndns: {listen: [127.0.0.1], nsid: short}\n", name);
	conf_free(expect_conf(yaml));
	mem_free(yaml);
	yaml = mem_format(NODE "dns: {listen: [127.0.0.1], nsid: %s}\n", name);
	char *faults =
		mem_format("2: dns.nsid: expected text, 0xHEX or \"\", at most 128 bytes, got \"%.87s...\"\n", name);
	expect_faults(yaml, faults);
	mem_free(faults);
	mem_free(yaml);
}

static void test_listen_twice(void **state)
{
	static const struct fault_case cases[] = {
		{ NODE "dns:\n  listen:\n  - 127.0.0.1\n  - 127.0.0.2\n  - 127.0.0.1@53\n",
		  "6: dns.listen[2]: 127.0.0.1@53 stands here twice\n" },
		{ NODE "dns:\n  listen: [\"2001:db8::1\", \"[2001:DB8:0::1]@53\"]\n",
		  "3: dns.listen[1]: 2001:db8::1@53 stands here twice\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void test_zones(void **state)
{
	struct conf *conf = expect_conf(DNS "zones:\n- name: example.org\n  file: zones/a\n- {file: /b, name: .}\n"
				       "- {file: c, name: c, zonemd: require}\n- {file: d, name: d, zonemd: off}\n");

	(void)state;
	assert_int_equal(conf->zone_count, 4);
	assert_string_equal(conf->zones[0].name, "example.org");
	assert_string_equal(conf->zones[0].file, "dir/zones/a");
	assert_int_equal(conf->zones[0].line, 4);
	assert_string_equal(conf->zones[1].name, ".");
	assert_string_equal(conf->zones[1].file, "/b");
	assert_int_equal(conf->zones[1].line, 6);
	assert_int_equal(conf->zones[0].zonemd, CONF_ZONEMD_WARN);
	assert_int_equal(conf->zones[2].zonemd, CONF_ZONEMD_REQUIRE);
	assert_int_equal(conf->zones[3].zonemd, CONF_ZONEMD_OFF);
	conf_free(conf);
}

static void test_zone_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ DNS "zones:\n- name: a\n", "4: zones[0]: the key \"file\" is missing\n" },
		{ DNS "zones:\n- {name: b.a, file: x}\n- {name: a.b, file: x}\n- {name: B.A., file: x}\n- {name: "
		      "\"\\\\098.a\", file: x}\n",
		  "6: zones[2].name: the same as zones[0].name in line 4\n7: zones[3].name: the same as "
		  "zones[0].name in line 4\n" },
		{ DNS "zones:\n- {name: a..b, file: x}\n- {name: a..b, file: \"\"}\n",
		  "4: zones[0].name: expected a domain name, got \"a..b\"\n5: zones[1].name: expected a domain name, "
		  "got \"a..b\"\n"
		  "5: zones[1].file: expected a path, got \"\": it is empty\n" },
		{ DNS "zones:\n- {name: a, file: b, zonemd: yes}\n",
		  "4: zones[0].zonemd: expected off, warn or require, got \"yes\"\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_limit),   cmocka_unit_test(test_admin),
		cmocka_unit_test(test_defaults),     cmocka_unit_test(test_given), cmocka_unit_test(test_nsid),
		cmocka_unit_test(test_listen_twice), cmocka_unit_test(test_zones), cmocka_unit_test(test_zone_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
