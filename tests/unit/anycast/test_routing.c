/* SPDX-License-Identifier: Apache-2.0 */
/* What announce config prints is what BIRD and FRR take; and it says what the node's configuration says. */
#include "tests/unit/conf/faults.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/anycast/routing.h"

#define SERVICES \
	"  services:\n" \
	"  - {name: dns, addresses: [192.0.2.53, '2001:db8::53'], checks: [dns]}\n" \
	"  - {name: web, addresses: [192.0.2.80], checks: [dns], scope: local}\n"
#define BASE DNS "anycast:\n  loopback-interface: any0-home\n"
#define ROUTING(more) "  routing: {router-id: 10.0.1.1, local-as: 65001" more "}\n"
#define NEIGHBORS \
	", neighbors: [{address: 10.0.1.254, as: 65000, source: 10.0.1.1}, {address: 'fd00:1::fe@1179', as: 65000}]"

static const struct {
	const char *name, *yaml;
} cases[] = {
	{ "bgp", BASE SERVICES ROUTING(NEIGHBORS) },
	{ "everything", BASE "  low-carrier: any0-low\n" SERVICES
			"  covering: [{prefix: 192.0.2.0/24, any-of: [dns, web]}, {prefix: '2001:db8::/48', all-of: [dns], scope: local}]\n"
			ROUTING(NEIGHBORS ", prepend: 2, hold-time: 6s, bfd: true, communities: ['65000:100', '65000:200'],"
					  " ospf-interfaces: [eth0, eth1], ospf-cost: 20") },
	{ "ospf alone", BASE SERVICES ROUTING(", ospf-interfaces: [eth0]") },
	{ "one family", BASE "  services: [{name: a, addresses: [192.0.2.53], checks: [dns]}]\n" ROUTING(NEIGHBORS) },
};

static char *print(const char *yaml, enum routing_daemon daemon)
{
	struct conf *conf = expect_conf(yaml);
	struct textbuf out = { 0 };
	char why[200];

	assert_true(routing_print(&conf->anycast, daemon, &out, why, sizeof why));
	textbuf_append(&out, "", 1);
	conf_free(conf);
	return out.at;
}

/* Has the daemon's own parser read it. */
static void expect_taken(const char *name, const char *command, const char *text)
{
	char path[] = "/tmp/unit-routing.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	setenv("FILE", path, 1);
	int status = system(command);
	if (status != 0)
		print_error("%s: not taken by %s:\n%s\n", name, command, text);
	unlink(path);
	assert_int_equal(status, 0);
}

static void test_bird_takes_it(void **state)
{
	(void)state;
	if (access("/usr/sbin/bird", X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = print(cases[i].yaml, ROUTING_BIRD);

		expect_taken(cases[i].name, "/usr/sbin/bird -p -c \"$FILE\"", text);
		mem_free(text);
	}
}

static void test_frr_takes_it(void **state)
{
	(void)state;
	if (access("/usr/bin/vtysh", X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = print(cases[i].yaml, ROUTING_FRR);

		expect_taken(cases[i].name, "said=$(/usr/bin/vtysh -C -f \"$FILE\" 2>&1) && test -z \"$said\" || { echo \"$said\"; exit 1; }",
			     text);
		mem_free(text);
	}
}

static void expect_in(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_says_what_the_node_says(void **state)
{
	char *bird = print(cases[1].yaml, ROUTING_BIRD), *frr = print(cases[1].yaml, ROUTING_FRR);

	(void)state;
	expect_in(bird, "interface \"any0\", \"any0-low\";");
	expect_in(bird, "if ifname = \"any0-low\" then bgp_community.add((65535, 0));");
	expect_in(bird, "net ~ [ 192.0.2.53/32, 192.0.2.0/24 ]");
	expect_in(bird, "net ~ [ 192.0.2.80/32 ]");
	expect_in(bird, "bgp_community.add((65535, 65281));");
	expect_in(bird, "bgp_community.add((65000, 200));");
	expect_in(bird, "\tbgp_path.prepend(65001);\n\tbgp_path.prepend(65001);\n\taccept;");
	expect_in(bird, "if !(bgp_large_community ~ [ (65001, 4786, *) ]) then reject;");
	expect_in(bird, "hold time 6;");
	expect_in(bird, "scan time 5;");
	expect_in(bird, "neighbor fd00:1::fe port 1179 as 65000;");
	expect_in(bird, "ospf_metric1 = 20;");
	expect_in(frr, "bgp router-id 10.0.1.1");
	expect_in(frr, "ip prefix-list CATCHMENT-GLOBAL4 seq 10 permit 192.0.2.0/24");
	expect_in(frr, "match interface any0-low\n match ip address prefix-list CATCHMENT-GLOBAL4\n"
		       " set large-community 65001:4786:1\n set community graceful-shutdown\n");
	expect_in(frr, " set origin igp\n set large-comm-list CATCHMENT-MARKS delete\n");
	expect_in(frr, " set metric 20020\n set metric-type type-1\n");
	expect_in(frr, "set community no-export 65000:100 65000:200 additive");
	expect_in(frr, "set as-path prepend 65001 65001");
	expect_in(frr, "neighbor 10.0.1.254 timers 2 6");
	expect_in(frr, "neighbor 10.0.1.254 route-map CATCHMENT-OUT out");
	mem_free(bird);
	mem_free(frr);
}

static void test_refused(void **state)
{
	static const struct {
		const char *yaml, *why;
		enum routing_daemon daemon;
	} refused[] = {
		{ DNS "anycast:\n" SERVICES ROUTING(NEIGHBORS), "such as any0-home", ROUTING_FRR },
		{ BASE SERVICES, "needs router-id", ROUTING_BIRD },
		{ BASE "  backend: none\n" SERVICES ROUTING(NEIGHBORS), "others announce", ROUTING_BIRD },
		{ BASE "  backend: exabgp\n" SERVICES ROUTING(NEIGHBORS), "exabgp", ROUTING_BIRD },
	};
	char why[200];

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct conf *conf = expect_conf(refused[i].yaml);
		struct textbuf out = { 0 };

		assert_false(routing_print(&conf->anycast, refused[i].daemon, &out, why, sizeof why));
		expect_in(why, refused[i].why);
		assert_int_equal(out.len, 0);
		conf_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bird_takes_it),
		cmocka_unit_test(test_frr_takes_it),
		cmocka_unit_test(test_says_what_the_node_says),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
