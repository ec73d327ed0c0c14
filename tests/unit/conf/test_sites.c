/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#define TARGET "  targets: [{url: 'http://t'}]\n"

static void test_given(void **state)
{
	struct conf *conf = expect_conf(HTTP "sites:\n"
					     "- hosts: [dl.example.org, \"*.mirror.example.org\"]\n"
					     "  status: 307\n"
					     "  targets:\n"
					     "  - {url: \"https://{node}.{region}.example.org\", weight: 9}\n"
					     "  - url: \"https://b.example.org/{host}\"\n"
					     "  fallback:\n"
					     "  - {url: \"http://ams1.example.org:8080\"}\n"
					     "  writes: {url: \"https://origin.example.org\"}\n"
					     "- hosts: [\"*\"]\n" TARGET);
	const struct conf_site *site = &conf->sites[0];

	(void)state;
	assert_true(conf->redirect.present);
	assert_int_equal(conf->redirect.listen.count, 1);
	assert_int_equal(addr_port(&conf->redirect.listen.list[0]), 80);
	assert_int_equal(conf->site_count, 2);
	assert_int_equal(site->line, 4);
	assert_int_equal(site->host_count, 2);
	assert_string_equal(site->hosts[0], "dl.example.org");
	assert_string_equal(site->hosts[1], "*.mirror.example.org");
	assert_int_equal(site->status, 307);
	assert_int_equal(site->target_count, 2);
	assert_string_equal(site->targets[0].url, "https://{node}.{region}.example.org");
	assert_int_equal(site->targets[0].weight, 9);
	assert_int_equal(site->targets[0].line, 7);
	assert_string_equal(site->targets[1].url, "https://b.example.org/{host}");
	assert_int_equal(site->targets[1].weight, 1);
	assert_int_equal(site->targets[1].line, 8);
	assert_int_equal(site->fallback_count, 1);
	assert_string_equal(site->fallback[0].url, "http://ams1.example.org:8080");
	assert_int_equal(site->fallback[0].weight, 1);
	assert_int_equal(site->fallback[0].line, 10);
	assert_string_equal(site->writes, "https://origin.example.org");
	assert_int_equal(conf->sites[1].status, 302);
	assert_null(conf->sites[1].writes);
	assert_int_equal(conf->sites[1].fallback_count, 0);
	assert_int_equal(conf->sites[1].line, 12);
	conf_free(conf);
}

static void test_ports(void **state)
{
	struct conf *conf = expect_conf(NODE "redirect: {listen: [192.0.2.1, \"::1@8080\"]}\n");

	(void)state;
	assert_int_equal(conf->redirect.listen.count, 2);
	assert_int_equal(addr_port(&conf->redirect.listen.list[0]), 80);
	assert_int_equal(addr_port(&conf->redirect.listen.list[1]), 8080);
	conf_free(conf);
}

static void test_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ HTTP "sites:\n- hosts: [a.b, A.B]\n" TARGET "- hosts: [\"*.A.b\", c]\n" TARGET
		       "- hosts: [d, \"*.a.b\", a.b]\n" TARGET,
		  "4: sites[0].hosts[1]: the same as sites[0].hosts[0] in line 4\n"
		  "8: sites[2].hosts[1]: the same as sites[1].hosts[0] in line 6\n"
		  "8: sites[2].hosts[2]: the same as sites[0].hosts[0] in line 4\n" },
		{ HTTP "sites:\n- hosts: [\"*\"]\n" TARGET "- hosts: [\"*\"]\n" TARGET,
		  "6: sites[1].hosts[0]: the same as sites[0].hosts[0] in line 4\n" },
		{ HTTP "sites:\n- hosts: [a]\n  status: 301\n" TARGET,
		  "5: sites[0].status: expected 302, 303 or 307, got \"301\": browsers keep a permanent redirect for "
		  "ever,"
		  " which would pin a client to this one node\n" },
		{ HTTP "sites:\n- hosts: [a]\n  targets:\n  - {url: \"http://t?q\", weight: 0}\n  - {url: "
		       "\"http://{nod}\"}\n"
		       "  fallback: [{url: t}]\n  writes: {}\n",
		  "6: sites[0].targets[0].url: expected http(s)://HOST[:PORT][/PATH], got \"http://t?q\": a query or "
		  "fragment has"
		  " no place in it: the client's own is kept\n"
		  "6: sites[0].targets[0].weight: expected a number from 1 to 65535, got \"0\"\n"
		  "7: sites[0].targets[1].url: expected http(s)://HOST[:PORT][/PATH], got \"http://{nod}\": only "
		  "{node}, {region}"
		  " and {host} may stand in braces\n"
		  "8: sites[0].fallback[0].url: expected http(s)://HOST[:PORT][/PATH], got \"t\": it must begin with "
		  "http:// or"
		  " https://\n"
		  "9: sites[0].writes: the key \"url\" is missing\n" },
		{ HTTP "sites:\n- hosts: [a]\n  targets: [{url: \"http://u:p@t\"}]\n  fallback: [{url: \"http://t\", "
		       "weight: 2}]\n",
		  "5: sites[0].targets[0].url: expected http(s)://HOST[:PORT][/PATH], got \"http://u:p@t\": a user "
		  "name or password"
		  " has no place in it\n6: sites[0].fallback[0]: unknown key \"weight\"\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void test_variables(void **state)
{
	static const struct fault_case cases[] = {
		{ "node: {name: \"fra 1\"}\nredirect: {listen: [127.0.0.1]}\nsites:\n- hosts: [a]\n  targets:\n"
		  "  - {url: \"http://{node}.t\"}\n  - {url: \"http://t/{node}\"}\n  - {url: "
		  "\"http://{region}.t\"}\n",
		  "6: sites[0].targets[0].url: {node} stands for \"fra 1\", which does not fit into a URL\n"
		  "7: sites[0].targets[1].url: {node} stands for \"fra 1\", which does not fit into a URL\n"
		  "8: sites[0].targets[2].url: {region} stands for \"\", which does not fit into a URL\n" },
		{ HTTP "sites:\n- hosts: [a, \"*\"]\n  targets:\n  - {url: \"https://{host}\"}\n  - {url: "
		       "\"https://t/{host}\"}\n"
		       "  writes: {url: \"https://w.{host}\"}\n",
		  "6: sites[0].targets[0].url: {host} is whatever the client says, since this site answers for *\n"
		  "8: sites[0].writes.url: {host} is whatever the client says, since this site answers for *\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
	conf_free(expect_conf(
		HTTP "sites:\n- hosts: [\"*.a\"]\n  targets: [{url: \"https://{node}.{host}/{region}\"}]\n"));
}

/* Every key of a site that test_given() does not have. */
static void test_everything(void **state)
{
	struct conf *conf = expect_conf(
		HTTP "sites:\n"
		     "- hosts: [a]\n  strip-prefix: /pub/\n  max-age: 30s\n  balance: path\n"
		     "  fallback-balance: path\n  hsts: {max-age: 1d, include-subdomains: true}\n"
		     "  presence: {valid: 2m}\n  digests: SHA256SUMS\n  links: 3\n  targets:\n"
		     "  - url: https://t\n    addresses: [192.0.2.1, \"2001:db8::1\"]\n    family: ipv6\n"
		     "    check: {type: tcp, path: /up, status: [200, 204], ca: ca.pem, interval: 500ms, timeout: 100ms,\n"
		     "      rise: 4, fall: 5, digest: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA09}\n"
		     "  fallback: [{url: https://f, node: ams1, addresses: [192.0.2.9], check: {}}]\n"
		     "  mirrors: [{url: https://m, node: par1, geo: FR}, {url: http://n}]\n"
		     "  files: [{path: /robots.txt, file: r.txt, max-age: 1h}, {path: /a/*, file: /d, type: text/plain}]\n");
	const struct conf_site *site = &conf->sites[0];
	const struct conf_check *check = &site->targets[0].check;

	(void)state;
	assert_string_equal(site->strip, "/pub");
	assert_int_equal(site->max_age_s, 30);
	assert_int_equal(site->balance, CONF_BALANCE_PATH);
	assert_int_equal(site->fallback_balance, CONF_BALANCE_PATH);
	assert_int_equal(site->hsts_max_age_s, 86400);
	assert_true(site->hsts_subdomains);
	assert_true(site->presence.present);
	assert_int_equal(site->presence.valid_ms, 120000);
	assert_int_equal(site->presence.timeout_ms, 1000);
	assert_string_equal(site->digests, "dir/SHA256SUMS");
	assert_int_equal(site->links, 3);
	assert_int_equal(site->targets[0].addresses.count, 2);
	assert_int_equal(site->targets[0].family, CONF_FAMILY_IPV6);
	assert_null(site->targets[0].node);
	assert_true(check->present && check->tcp);
	assert_string_equal(check->path, "/up");
	assert_int_equal(check->status_count, 2);
	assert_int_equal(check->statuses[1], 204);
	assert_string_equal(check->ca, "dir/ca.pem");
	assert_int_equal(check->interval_ms, 500);
	assert_int_equal(check->timeout_ms, 100);
	assert_int_equal(check->rise, 4);
	assert_int_equal(check->fall, 5);
	assert_string_equal(check->digest, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa09");
	assert_string_equal(site->fallback[0].node, "ams1");
	assert_true(site->fallback[0].check.present && !site->fallback[0].check.tcp);
	assert_int_equal(site->fallback[0].check.interval_ms, 2000);
	assert_int_equal(site->mirror_count, 2);
	assert_string_equal(site->mirrors[0].node, "par1");
	assert_string_equal(site->mirrors[0].geo, "fr");
	assert_null(site->mirrors[1].geo);
	assert_int_equal(site->file_count, 2);
	assert_string_equal(site->files[0].file, "dir/r.txt");
	assert_int_equal(site->files[0].max_age_s, 3600);
	assert_string_equal(site->files[1].file, "/d");
	assert_string_equal(site->files[1].type, "text/plain");
	conf_free(conf);
}

static void test_redirect(void **state)
{
	struct conf *conf = expect_conf(NODE "redirect:\n  listen: [127.0.0.1@80]\n  max-clients: 101\n"
					     "  ipv4-prefix-length: 24\n  idle-timeout: 1s\n  request-timeout: 2s\n"
					     "  proxy-protocol-from: [192.0.2.0/24]\n"
					     "  access-log: {file: log/access, format: json, sample: 10}\n"
					     "  tls:\n    listen: [127.0.0.1@443]\n"
					     "    certificates: [{cert: c, key: k, ocsp: o}]\n"
					     "    ticket-keys: [t1, t2]\n    http2: false\n");
	const struct conf_redirect *redirect = &conf->redirect;

	(void)state;
	assert_int_equal(redirect->max_clients, 101);
	assert_int_equal(redirect->max_per_client, 26);
	assert_int_equal(redirect->ipv4_prefix_length, 24);
	assert_int_equal(redirect->ipv6_prefix_length, 56);
	assert_int_equal(redirect->idle_ms, 1000);
	assert_int_equal(redirect->request_ms, 2000);
	assert_int_equal(redirect->proxies.count, 1);
	assert_string_equal(redirect->access_log.file, "dir/log/access");
	assert_int_equal(redirect->access_log.format, CONF_LOG_JSON);
	assert_int_equal(redirect->access_log.sample, 10);
	assert_string_equal(redirect->tls.certificates[0].ocsp, "dir/o");
	assert_int_equal(redirect->tls.ticket_key_count, 2);
	assert_string_equal(redirect->tls.ticket_keys[1], "dir/t2");
	assert_false(redirect->tls.http2);
	conf_free(conf);
}

static void test_local_names(void **state)
{
	struct conf *conf = expect_conf(NODE "dns: {listen: [127.0.0.1@53]}\nredirect: {listen: [127.0.0.1@80]}\n"
					     "sites:\n- hosts: [a.b]\n" TARGET
					     "local-names: [{name: c.a.b, from-site: A.b, ttl: 5s}]\n");

	(void)state;
	assert_int_equal(conf->local_name_count, 1);
	assert_string_equal(conf->local_names[0].name, "c.a.b");
	assert_string_equal(conf->local_names[0].from_site, "A.b");
	assert_int_equal(conf->local_names[0].ttl_s, 5);
	conf_free(conf);
}

static void test_more_faults(void **state)
{
	static const struct fault_case cases[] = {
		{ HTTP "sites:\n- hosts: [a]\n  strip-prefix: pub\n",
		  "4: sites[0]: the key \"targets\" is missing: a site needs targets, fallback or files\n"
		  "5: sites[0].strip-prefix: expected a path such as /pub, got \"pub\"\n" },
		{ HTTP "sites:\n- hosts: [a]\n  targets:\n  - url: http://t\n    addresses: [192.0.2.1@80]\n"
		       "    check: {path: up, status: [99], timeout: 0s}\n"
		       "  - url: http://t.{host}\n    check: {digest: x}\n",
		  "7: sites[0].targets[0].addresses[0]: expected an IPv4 or IPv6 address, got \"192.0.2.1@80\"\n"
		  "8: sites[0].targets[0].check.status[0]: expected a number from 100 to 599, got \"99\"\n"
		  "8: sites[0].targets[0].check.timeout: expected a duration (ms, s, m, h, d) from 10ms to 1h, got \"0s\"\n"
		  "8: sites[0].targets[0].check.path: expected a path that begins with \"/\", got \"up\"\n"
		  "10: sites[0].targets[1].check.digest: expected 64 printable ASCII characters, got \"x\"\n"
		  "10: sites[0].targets[1].check.digest: expected 64 hexadecimal digits, as sha256sum prints them\n"
		  "10: sites[0].targets[1].check: a target with {host} in its host is checked at its addresses: give "
		  "them\n" },
		{ HTTP "sites:\n- hosts: [a]\n  targets:\n  - url: http://t\n    check: {interval: 1s, timeout: 1001ms}\n"
		       "  - url: http://u\n    check: {timeout: 3s}\n  - url: http://v\n    check: {timeout: 2s}\n",
		  "7: sites[0].targets[0].check.timeout: is longer than the interval, which is 1s: a check must end "
		  "before the next one begins\n"
		  "9: sites[0].targets[1].check.timeout: is longer than the interval, which is 2s by default: a check "
		  "must end before the next one begins\n" },
		{ HTTP "sites:\n- hosts: [a]\n" TARGET "  mirrors: [{url: 'http://m', geo: 1a}]\n"
		       "  files: [{path: a, file: b}]\n",
		  "6: sites[0].mirrors[0].geo: expected two letters, got \"1a\"\n"
		  "7: sites[0].files[0].path: expected a path that begins with \"/\", got \"a\"\n" },
		{ HTTP "sites:\n- hosts: [a]\n" TARGET "local-names: [{name: b, from-site: c}]\n",
		  "6: local-names[0].from-site: no site has the host \"c\"\n"
		  "6: local-names: nothing answers for them: the section \"dns\" is missing\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_local_names),
		cmocka_unit_test(test_more_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
