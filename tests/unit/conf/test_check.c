/* SPDX-License-Identifier: Apache-2.0 */
/* Through conf_parse(): what one key shows by itself. */
#include "tests/unit/conf/faults.h"

static void test_shape(void **state)
{
	static const struct fault_case cases[] = {
		{ "hello", "1: expected a mapping, got a single value\n" },
		{ "[a]", "1: expected a mapping, got a list\n" },
		{ NODE "dns: [1]", "2: dns: expected a mapping, got a list\n" },
		{ NODE "dns:\n", "2: dns: expected a mapping, got nothing\n" },
		{ NODE "dns: {listen: 127.0.0.1@53}", "2: dns.listen: expected a list, got a single value\n" },
		{ NODE "dns: {listen: {a: b}}", "2: dns.listen: expected a list, got a mapping\n" },
		{ DNS "workers: [4]", "3: workers: expected auto or a number from 1 to 256, got a list\n" },
		{ DNS "zones:\n  - example.org\n", "4: zones[0]: expected a mapping, got a single value\n" },
		{ NODE "dns:\n  listen:\n    - {a: b}\n    - [c]\n",
		  "4: dns.listen[0]: expected ADDRESS@PORT (or ADDRESS, for port 53), got a mapping\n"
		  "5: dns.listen[1]: expected ADDRESS@PORT (or ADDRESS, for port 53), got a list\n" },
		{ DNS "? [a, b]\n: c\n", "3: expected a key, got a list\n" },
		{ DNS "dns: {}\n", "3: the key \"dns\" stands here twice\n" },
		{ NODE "dns:\n  listen: [127.0.0.1]\n  nsid: a\n  nsid: b\n  nsid: c\n",
		  "5: dns: the key \"nsid\" stands here twice\n6: dns: the key \"nsid\" stands here twice\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void test_keys(void **state)
{
	static const struct fault_case cases[] = {
		{ DNS "zone: []\n", "3: unknown key \"zone\"; did you mean \"zones\"?\n" },
		{ DNS "Workers: 1\n", "3: unknown key \"Workers\"; did you mean \"workers\"?\n" },
		{ DNS "state_dir: /x\ntimeout: 3\n", "3: unknown key \"state_dir\"; did you mean \"state-dir\"?\n"
						     "4: unknown key \"timeout\"\n" },
		{ DNS "<<: {workers: 1}\n", "3: unknown key \"<<\"\n" },
		{ DNS "\"\": 1\n", "3: unknown key \"\"\n" },
		{ DNS "\"dns\\0\": 1\n", "3: unknown key \"dns\\x00\"; did you mean \"dns\"?\n" },
		{ DNS "xy: 1\nxy: 1\n", "3: unknown key \"xy\"\n4: unknown key \"xy\"\n" },
		{ HTTP "sites:\n- hosts: [a]\n  targets:\n  - {ur1: 'http://b'}\n",
		  "6: sites[0].targets[0]: unknown key \"ur1\"; did you mean \"url\"?\n"
		  "6: sites[0].targets[0]: the key \"url\" is missing\n" },
		{ "dns: {}", "1: dns: the key \"listen\" is missing\n1: the key \"node\" is missing\n" },
		{ "node: {}\ndns: {listen: []}", "1: node: the key \"name\" is missing\n"
						 "2: dns.listen: expected at least one entry\n" },
		{ HTTP "sites: [{}]",
		  "3: sites[0]: the key \"hosts\" is missing\n3: sites[0]: the key \"targets\" is missing: a site needs targets, fallback or files\n" },
		{ DNS "zones:\n- {file: a}\n", "4: zones[0]: the key \"name\" is missing\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void test_values(void **state)
{
	static const struct fault_case cases[] = {
		{ DNS "workers:\n", "3: workers: expected auto or a number from 1 to 256, got nothing; an empty "
				    "value is written \"\"\n" },
		{ DNS "user: \"\"\n", "3: user: expected 1 to 32 printable ASCII characters, got \"\"\n" },
		{ DNS "user: \"a\\0b\"\n", "3: user: expected 1 to 32 printable ASCII characters, got \"a\\x00b\": "
					   "control characters are not taken\n" },
		{ DNS "state-dir: \"/a\\nb\"\n",
		  "3: state-dir: expected a path, got \"/a\\x0ab\": control characters are not taken\n" },
		{ DNS "log: {level: loud, target: file}\n",
		  "3: log.level: expected error, warn, info or debug, got \"loud\"\n"
		  "3: log.target: expected stderr or syslog, got \"file\"\n" },
		{ NODE
		  "dns:\n  listen:\n  - 127.0.0.1@53\n  - foo\n  udp-max-payload: 100\n  tcp-io-timeout: 2 days\n",
		  "5: dns.listen[1]: expected ADDRESS@PORT (or ADDRESS, for port 53), got \"foo\"\n"
		  "6: dns.udp-max-payload: expected a number from 512 to 4096, got \"100\"\n"
		  "7: dns.tcp-io-timeout: expected a duration (ms, s, m, h, d) from 10ms to 1h, got \"2 days\"\n" },
		{ NODE "dns: {listen: [127.0.0.1@0]}\n",
		  "2: dns.listen[0]: expected ADDRESS@PORT (or ADDRESS, for port 53), got"
		  " \"127.0.0.1@0\": port 0 is not one to listen on\n" },
		{ NODE
		  "dns:\n  listen: [127.0.0.1]\n  zone-statistics: maybe\n  rate-limit:\n    slip: 11\n"
		  "    ipv4-prefix-length: 33\n    ipv6-prefix-length: 0\n    whitelist: [10.0.0.0/8, \"::/129\"]\n"
		  "    dry-run: 1\n",
		  "4: dns.zone-statistics: expected true or false, got \"maybe\"\n"
		  "6: dns.rate-limit.slip: expected a number from 0 to 10, got \"11\"\n"
		  "7: dns.rate-limit.ipv4-prefix-length: expected a number from 1 to 32, got \"33\"\n"
		  "8: dns.rate-limit.ipv6-prefix-length: expected a number from 1 to 128, got \"0\"\n"
		  "9: dns.rate-limit.whitelist[1]: expected ADDRESS or ADDRESS/LENGTH, got \"::/129\"\n"
		  "10: dns.rate-limit.dry-run: expected true or false, got \"1\"\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void test_too_many(void **state)
{
	char *yaml = mem_string(NODE "dns:\n  listen:\n");

	(void)state;
	for (int i = 0; i < 300; i++) {
		char *more = mem_format("%s  - 127.0.%d.%d\n", yaml, i / 256, i % 256);

		mem_free(yaml);
		yaml = more;
	}
	expect_faults(yaml, "4: dns.listen: 300 entries; at most 256 are taken\n");
	mem_free(yaml);
}

static void test_not_available(void **state)
{
	static const struct fault_case cases[] = {
		{ NODE "dns: {listen: [127.0.0.1], cookies: {secret: [a]}}\n",
		  "2: dns.cookies: unknown key \"secret\"; did you mean \"secrets\"?\n" },
		{ DNS "zones:\n- {name: a, primaries: [{address: 192.0.2.1@53, tsig-key: k}], allow-notify: "
		      "[192.0.2.1]}\n",
		  "4: zones[0].primaries: not available in this version\n4: zones[0].allow-notify: not available in "
		  "this version\n" },
		{ DNS "tsig-keys: [{name: k1, algorithm: hmac-sha1, secret-file: a}]\n",
		  "3: tsig-keys[0].algorithm: expected hmac-sha256, hmac-sha384 or hmac-sha512, got "
		  "\"hmac-sha1\"\n" },
		{ DNS "sync: {url: 'https://a', root: b, interval: 30s, when-stale: never}\n",
		  "3: sync.when-stale: expected serve, deprefer or withdraw, got \"never\"\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

/* What changes nothing is taken. */
static void test_off_is_available(void **state)
{
	static const char *const cases[] = {
		NODE "dns: {listen: [127.0.0.1], rate-limit: {responses-per-second: 0}}\n",
		NODE
		"dns: {listen: [127.0.0.1], rate-limit: {responses-per-second: 0, slip: 2, ipv4-prefix-length: 24,"
		" ipv6-prefix-length: 56, whitelist: [], dry-run: false}}\n",
		DNS "zones: [{name: a, file: b, primaries: [], allow-notify: []}]\ntsig-keys: []\nlocal-names: []\n",
		HTTP "sites: [{hosts: [a], targets: [{url: 'http://b'}], mirrors: [], files: [], fallback: []}]\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		conf_free(expect_conf(cases[i]));
}

/* More faults than are kept are still counted, and told in the order of the file. */
static void test_count(void **state)
{
	char yaml[4096] = DNS;
	struct err_list errors = { 0 };
	struct conf *conf = NULL;

	(void)state;
	for (int i = 0; i < 150; i++)
		strcat(yaml, "x: 1\n");
	assert_int_equal(conf_parse("f", yaml, strlen(yaml), &conf, &errors), ERR_INVALID);
	assert_int_equal(errors.kept, ERR_LIST_MAX);
	assert_int_equal(errors.count, 150);
	for (unsigned i = 0; i < errors.kept; i++)
		assert_int_equal(errors.notes[i].line, 3 + i);
	err_list_fini(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),         cmocka_unit_test(test_keys),
		cmocka_unit_test(test_values),        cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_not_available), cmocka_unit_test(test_off_is_available),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
