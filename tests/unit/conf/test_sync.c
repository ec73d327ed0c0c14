/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#define KEY "tsig-keys: [{name: push.test, secret-file: push.key}]\n"

static void test_defaults(void **state)
{
	struct conf *conf = expect_conf(DNS "sync: {url: 'https://master.test/repo/', root: root.json}\n");
	const struct conf_sync *sync = &conf->sync;

	(void)state;
	assert_true(sync->present);
	assert_int_equal(sync->url_count, 1);
	assert_string_equal(sync->urls[0], "https://master.test/repo");
	assert_string_equal(sync->root, "dir/root.json");
	assert_string_equal(sync->group, "default");
	assert_int_equal(sync->interval_ms, 30000);
	assert_int_equal(sync->when_stale, CONF_STALE_SERVE);
	assert_null(sync->ca);
	assert_null(sync->node_key);
	assert_null(sync->report_url);
	/* The node itself may ask it. */
	assert_int_equal(sync->allow_query.count, 2);
	assert_false(sync->notify.present);
	conf_free(conf);
	conf = expect_conf(DNS);
	assert_false(conf->sync.present);
	conf_free(conf);
}

static void test_all(void **state)
{
	struct conf *conf = expect_conf(
		DNS KEY "sync: {url: 'https://a', mirrors: ['http://b:8080/x', 'file:///srv/repo'], root: /etc/root.json,"
		" group: fast, interval: 5s, when-stale: withdraw, ca: ca.pem, client-cert: c.pem, client-key: c.key,"
		" proxy: 'http://proxy:3128', node-key: /etc/node.key,"
		" allow-query: [192.0.2.0/24], report-url: 'https://c/r',"
		" notify: {listen: [127.0.0.1@5300, '::1@5300'], tsig-key: PUSH.test., allow: [192.0.2.0/24]}}\n");
	const struct conf_sync *sync = &conf->sync;

	(void)state;
	assert_int_equal(sync->url_count, 3);
	assert_string_equal(sync->urls[2], "file:///srv/repo");
	assert_string_equal(sync->ca, "dir/ca.pem");
	assert_string_equal(sync->client_key, "dir/c.key");
	assert_string_equal(sync->proxy, "http://proxy:3128");
	assert_int_equal(sync->when_stale, CONF_STALE_WITHDRAW);
	assert_int_equal(sync->notify.listen.count, 2);
	assert_int_equal(sync->notify.tsig_key, 0);
	assert_int_equal(sync->notify.allow.count, 1);
	assert_int_equal(sync->allow_query.count, 1);
	assert_string_equal(sync->report_url, "https://c/r");
	assert_string_equal(conf->tsig_keys[0].secret_file, "dir/push.key");
	conf_free(conf);
}

static void test_faults(void **state)
{
	static const struct {
		const char *yaml, *faults;
	} cases[] = {
		{ DNS "sync: {url: 'ftp://a', root: b}\n",
		  "3: sync.url: \"ftp://a\": expected https://, http:// or file:///\n" },
		{ DNS "sync: {url: 'https://u:p@a/', root: b}\n",
		  "3: sync.url: \"https://u:p@a/\": it holds a user, which is not taken: use sync.client-cert\n" },
		{ DNS "sync: {url: 'https://a/?x', root: b}\n",
		  "3: sync.url: \"https://a/?x\": it may hold no query, fragment or blank\n" },
		{ DNS "sync: {url: 'https:///a', root: b}\n", "3: sync.url: \"https:///a\": it names no place\n" },
		{ DNS "sync: {url: 'https://a', mirrors: ['https://a/'], root: b}\n",
		  "3: sync.mirrors[0]: \"https://a/\" stands in sync twice\n" },
		{ DNS "sync: {url: 'https://a', root: b, group: ../x}\n",
		  "3: sync.group: expected letters, digits, \".\", \"-\" and \"_\", got \"../x\"\n" },
		{ DNS "sync: {url: 'https://a', root: b, report-url: 'file:///x'}\n",
		  "3: sync.report-url: \"file:///x\": expected https:// or http://\n" },
		{ DNS "sync: {url: 'https://a', root: b, report-url: 'https://a/?b'}\n",
		  "3: sync.report-url: \"https://a/?b\": it may hold no query, fragment or blank\n" },
		{ DNS "sync: {url: 'https://a', root: b, client-cert: c}\n",
		  "3: sync.client-cert: client-cert and client-key are given together or not at all\n" },
		{ DNS "sync: {url: 'https://a', root: b, proxy: 'socks5://c'}\n",
		  "3: sync.proxy: expected http://HOST:PORT, got \"socks5://c\"\n" },
		{ DNS "sync: {url: 'https://a', root: b, notify: {listen: [127.0.0.1@54], tsig-key: k}}\n",
		  "3: sync.notify.tsig-key: tsig-keys has no key \"k\"\n" },
		{ DNS KEY "sync: {url: 'https://a', root: b, notify: {listen: [127.0.0.1], tsig-key: push.test}}\n",
		  "4: sync.notify.listen: 127.0.0.1@53 stands in dns.listen too: a NOTIFY is for this node alone, not for"
		  " whichever an anycast address leads to\n" },
		{ DNS KEY "sync: {url: 'https://a', root: b, notify: {listen: [0.0.0.0@54], tsig-key: push.test}}\n",
		  "4: sync.notify.listen: a wildcard address is every address of the node, the anycast ones too; name one of"
		  " this node alone\n" },
		{ DNS "tsig-keys: [{name: a, secret-file: b}, {name: A., secret-file: c}]\n",
		  "3: tsig-keys[1].name: the same as tsig-keys[0].name in line 3\n" },
		{ NODE "sync: {url: 'https://a', root: b}\n",
		  "2: sync: nothing answers for its content: neither \"dns\" nor \"redirect\" is given\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_faults(cases[i].yaml, cases[i].faults);
}

static void test_sites_alone(void **state)
{
	struct conf *base = expect_conf(NODE "redirect: {listen: [127.0.0.1@80]}\n"), *sites = NULL;
	struct err_list errors = { 0 };
	static const char good[] = "sites:\n- hosts: [a.test]\n  targets: [{url: 'https://{node}.b.test'}]\n"
				   "  files: [{path: /x, file: x.txt}]\n";
	static const char bad[] = "dns: {listen: [127.0.0.1]}\nsites: []\n";

	(void)state;
	assert_int_equal(conf_parse_sites("sites/dl/sites.yaml", good, strlen(good), base, &sites, &errors), 0);
	assert_int_equal(sites->site_count, 1);
	assert_string_equal(sites->sites[0].files[0].file, "sites/dl/x.txt");
	conf_free(sites);
	assert_int_equal(conf_parse_sites("sites/dl/sites.yaml", bad, strlen(bad), base, &sites, &errors), ERR_INVALID);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(errors.notes[0].text, "unknown key \"dns\""));
	err_list_fini(&errors);
	conf_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_sites_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
