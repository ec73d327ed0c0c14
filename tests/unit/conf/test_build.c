/* SPDX-License-Identifier: Apache-2.0 */
/* Through conf_parse(): the node's own settings, and what only several sections together show. */
#include "tests/unit/conf/faults.h"

#include <sched.h>

static unsigned usable_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static void test_defaults(void **state)
{
	struct conf *conf = expect_conf("node: {name: fra1}\ndns: {listen: [127.0.0.1@53]}\n");

	(void)state;
	assert_string_equal(conf->file, "dir/node.yaml");
	assert_string_equal(conf->node.name, "fra1");
	assert_string_equal(conf->node.region, "");
	assert_string_equal(conf->node.version, "Catchment");
	assert_string_equal(conf->state_dir, "/var/lib/catchment");
	assert_string_equal(conf->control_socket, "/run/catchment/control.sock");
	assert_null(conf->user);
	assert_int_equal(conf->workers, usable_cores() < 256 ? usable_cores() : 256);
	assert_int_equal(conf->log_level, LOG_LEVEL_INFO);
	assert_int_equal(conf->log_target, LOG_TARGET_STDERR);
	assert_int_equal(conf->zone_count, 0);
	assert_int_equal(conf->site_count, 0);
	assert_false(conf->redirect.present);
	assert_int_equal(conf->redirect.listen.count, 0);
	conf_free(conf);
}

static void test_given(void **state)
{
	struct conf *conf =
		expect_conf("node: {name: \"fra 1\", region: eu, version: \"\"}\n"
			    "state-dir: state\ncontrol-socket: ./c.sock\nuser: no-such-user-here\nworkers: 7\n"
			    "log: {level: warning, target: syslog}\nredirect: {listen: [127.0.0.1]}\n");

	(void)state;
	assert_string_equal(conf->node.name, "fra 1");
	assert_string_equal(conf->node.region, "eu");
	assert_string_equal(conf->node.version, "");
	assert_string_equal(conf->state_dir, "dir/state");
	assert_string_equal(conf->control_socket, "dir/./c.sock");
	assert_string_equal(conf->user, "no-such-user-here");
	assert_int_equal(conf->workers, 7);
	assert_int_equal(conf->log_level, LOG_LEVEL_WARN);
	assert_int_equal(conf->log_target, LOG_TARGET_SYSLOG);
	assert_false(conf->dns.present);
	conf_free(conf);
}

static void test_socket_path(void **state)
{
	char name[109], *yaml;

	(void)state;
	memset(name, 'a', sizeof name);
	name[0] = '/';
	name[107] = '\0';
	yaml = mem_format(DNS "control-socket: %s\n", name);
	conf_free(expect_conf(yaml));
	mem_free(yaml);

	/* As joined: 104 + "dir/". */
	name[105] = '\0';
	yaml = mem_format(DNS "control-socket: %s\n", name + 1);
	char *faults = mem_format(
		"3: control-socket: the path dir/%s has 108 bytes; a Unix socket takes at most 107\n", name + 1);
	expect_faults(yaml, faults);
	mem_free(faults);
	mem_free(yaml);
}

static void test_sections(void **state)
{
	static const struct fault_case cases[] = {
		{ NODE, "0: nothing to do: neither \"dns\" nor \"redirect\" is given\n" },
		{ "{}",
		  "1: the key \"node\" is missing\n0: nothing to do: neither \"dns\" nor \"redirect\" is given\n" },
		{ NODE "zones:\n- {name: a, file: b}\n",
		  "3: zones: nothing answers for them: the section \"dns\" is missing\n" },
		{ DNS "sites:\n- {hosts: [a], targets: [{url: 'http://b'}]}\n",
		  "4: sites: nothing answers for them: the section \"redirect\" is missing\n" },
		{ NODE "dns: {listen: [127.0.0.1@80]}\nredirect: {listen: [127.0.0.2, 127.0.0.1]}\n",
		  "3: redirect.listen: 127.0.0.1@80 stands in dns.listen too\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
	conf_free(expect_conf(NODE "zones: []\nsites: []\nredirect: {listen: [127.0.0.1]}\n"));
}

/* Both passes speak in one answer, by line. */
static void test_both_passes(void **state)
{
	(void)state;
	expect_faults("node: {name: n1}\n"
		      "dns:\n"
		      "  listen: [127.0.0.1, 127.0.0.1@53]\n"
		      "  tcp-max-clients: many\n"
		      "zones:\n"
		      "  - {name: a, file: b}\n"
		      "  - {name: A., file: c, typo: d}\n",
		      "3: dns.listen[1]: 127.0.0.1@53 stands here twice\n"
		      "4: dns.tcp-max-clients: expected a number from 1 to 1000000, got \"many\"\n"
		      "7: zones[1]: unknown key \"typo\"\n"
		      "7: zones[1].name: the same as zones[0].name in line 6\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),    cmocka_unit_test(test_given),
		cmocka_unit_test(test_socket_path), cmocka_unit_test(test_sections),
		cmocka_unit_test(test_both_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
