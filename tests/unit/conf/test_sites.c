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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
