/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/setting.h"

#define TLS(listen, cert) \
	NODE "dns: {listen: [127.0.0.1], tls: {listen: " listen ", certificates: [{cert: " cert ", key: k}]}}\n"

static void collect(void *ctx, const char *key)
{
	char *keys = ctx;

	strcat(strcat(keys, key), " ");
}

static void expect_keys(const char *running, const char *wanted, const char *expected)
{
	struct conf *a = expect_conf(running), *b = expect_conf(wanted);
	char keys[512] = "", back[512] = "";

	conf_restart_keys(a, b, collect, keys);
	conf_restart_keys(b, a, collect, back);
	assert_string_equal(keys, expected);
	assert_string_equal(back, expected);
	conf_free(a);
	conf_free(b);
}

static void test_keys(void **state)
{
	static const struct {
		const char *running, *wanted, *keys;
	} cases[] = {
		{ DNS, DNS, "" },
		{ DNS, DNS "user: a\n", "user " },
		{ DNS "user: a\n", DNS "user: b\n", "user " },
		{ DNS "workers: 1\n", DNS "workers: 2\n", "workers " },
		{ DNS "log: {target: syslog, level: info}\n", DNS "log: {level: debug}\n", "log.target " },
		{ DNS, DNS "state-dir: /x\ncontrol-socket: /y\n", "state-dir control-socket " },
		{ DNS, HTTP, "dns.listen redirect.listen " },
		{ NODE "dns: {listen: [127.0.0.1, 127.0.0.2]}\n", NODE "dns: {listen: [127.0.0.2@53, 127.0.0.1]}\n",
		  "" },
		{ NODE "dns: {listen: [127.0.0.1, 127.0.0.2]}\n", NODE "dns: {listen: [127.0.0.1]}\n",
		  "dns.listen " },
		{ NODE "dns: {listen: [127.0.0.1]}\n", NODE "dns: {listen: [127.0.0.1@54]}\n", "dns.listen " },
		{ DNS, NODE "dns: {listen: [127.0.0.1], tcp-max-clients: 7}\n", "dns.tcp-max-clients " },
		{ HTTP, NODE "redirect: {listen: [127.0.0.1], max-clients: 7}\n", "redirect.max-clients " },
		{ DNS, TLS("[127.0.0.1]", "a"), "dns.tls.listen " },
		{ TLS("[127.0.0.1]", "a"), TLS("[127.0.0.1@854]", "a"), "dns.tls.listen " },
		{ TLS("[127.0.0.1]", "a"), TLS("[127.0.0.1@853]", "b"), "" },
		{ DNS, DNS "sync: {url: 'https://a', root: b}\n", "sync " },
		{ DNS "sync: {url: 'https://a/', root: b}\n", DNS "sync: {url: 'https://a', root: b}\n", "" },
		{ DNS "sync: {url: 'https://a', root: b}\n", DNS "sync: {url: 'https://a', root: b, mirrors: ['https://c']}\n",
		  "sync " },
		{ DNS "tsig-keys: [{name: a, secret-file: b}]\n", DNS "tsig-keys: [{name: a, secret-file: c}]\n", "tsig-keys " },
		/* All of these are switched while running. */
		{ DNS "log: {level: error}\n",
		  "node: {name: n2, region: us, version: x}\ndns: {listen: [127.0.0.1], nsid: y, udp-max-payload: "
		  "512,"
		  " tcp-idle-timeout: 1s, tcp-io-timeout: 1s}\nzones: [{name: a, file: b}]\n",
		  "" },
		{ DNS, DNS "catchment: {metrics-top: 3, as-table: x}\n", "" },
		{ HTTP, HTTP "sites: [{hosts: [a], targets: [{url: 'http://b'}]}]\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_keys(cases[i].running, cases[i].wanted, cases[i].keys);
}

/* The table, and so the manual, says of the same keys that they need a restart. */
static void test_table(void **state)
{
	struct conf *a = expect_conf(DNS "redirect: {listen: [127.0.0.1]}\nworkers: 1\n");
	struct conf *b =
		expect_conf(NODE "state-dir: /x\ncontrol-socket: /y\nuser: z\nworkers: 2\nlog: {target: syslog}\n"
				 "dns: {listen: [127.0.0.9], tcp-max-clients: 7, tls: {listen: [127.0.0.9],"
				 " certificates: [{cert: a, key: b}]}}\nredirect: {listen: [127.0.0.9], max-clients: 7, tls: {listen: [127.0.0.9],"
				 " certificates: [{cert: a, key: b}]}}\n"
				 "catchment: {enabled: false, ipv4-prefix-length: 16, ipv6-prefix-length: 32, top: 8, window: 1m}\n"
				 "admin: {listen: [127.0.0.9@8053]}\nsync: {url: 'https://a', root: b}\n"
				 "tsig-keys: [{name: a, secret-file: b}]\n"
				 "anycast: {services: [{name: a, addresses: [192.0.2.53], checks: [dns]}]}\n");
	char keys[512] = "", table[512] = "";

	(void)state;
	conf_restart_keys(a, b, collect, keys);
	for (size_t i = 0; i < conf_setting_count; i++) {
		if (conf_settings[i].flags & CONF_RESTART)
			collect(table, conf_settings[i].key);
	}
	assert_string_equal(keys, table);
	conf_free(a);
	conf_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
