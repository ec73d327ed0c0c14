/* SPDX-License-Identifier: Apache-2.0 */
/* The section anycast: what it becomes, what is refused, what is odd. */
#include "tests/unit/conf/faults.h"

#define BOTH NODE "dns: {listen: [192.0.2.53, '2001:db8::53']}\nredirect: {listen: [192.0.2.80@80]}\n"
#define ANYCAST(rest) BOTH "anycast:\n" rest
#define ONE(more) ANYCAST("  services:\n  - {name: dns, addresses: [192.0.2.53], checks: [dns]" more "}\n")

static void test_defaults(void **state)
{
	struct conf *conf = expect_conf(ONE(""));
	const struct conf_anycast *anycast = &conf->anycast;
	const struct conf_service *service = &anycast->services[0];
	char text[PREFIX_TEXT_MAX];

	(void)state;
	assert_true(anycast->present);
	assert_int_equal(anycast->backend, CONF_BACKEND_DEVICE);
	assert_string_equal(anycast->carrier, "any0");
	assert_null(anycast->low_carrier);
	assert_int_equal(anycast->lease_ms, 5000);
	assert_true(anycast->manage_loopback);
	assert_string_equal(anycast->stop_file, "/var/lib/catchment/anycast.stop");
	assert_int_equal(anycast->service_count, 1);
	assert_string_equal(service->name, "dns");
	assert_int_equal(service->address_count, 1);
	assert_string_equal(prefix_print(&service->addresses[0], text), "192.0.2.53/32");
	assert_int_equal(service->check_count, 1);
	assert_int_equal(service->checks[0].kind, CONF_CHECK_DNS);
	assert_int_equal(service->rise, 3);
	assert_int_equal(service->fall, 2);
	assert_int_equal(service->interval_ms, 1000);
	assert_int_equal(service->timeout_ms, 800);
	assert_int_equal(service->hold_down_ms, 30000);
	assert_int_equal(service->hold_down_max_ms, 900000);
	assert_int_equal(service->drain_ms, 2000);
	assert_int_equal(service->scope, CONF_SCOPE_GLOBAL);
	assert_false(service->last_resort);
	assert_false(anycast->routing.present);
	conf_free(conf);
}

static void test_without(void **state)
{
	struct conf *conf = expect_conf(DNS);

	(void)state;
	assert_false(conf->anycast.present);
	conf_free(conf);
}

static void test_given(void **state)
{
	struct conf *conf = expect_conf(ANYCAST(
		"  backend: bird-file\n  bird-file: routes.conf\n  lease: 3s\n  loopback: leave\n  stop-file: stop\n"
		"  services:\n"
		"  - {name: dns, addresses: [192.0.2.53/32, '2001:db8::53/128'], checks: [dns, zones, workers], interval: 200ms,"
		" zones: [example.org], scope: local, last-resort: yes, deprefer: 5s, hold-down: 20m}\n"
		"  - {name: web, addresses: [192.0.2.80], checks: [http, redirect, 'tcp:[2001:db8::1]@22',"
		" 'dns:127.0.0.1@5300/example.org/SOA', 'http://127.0.0.1:8080/health?x=/y', 'http://[::1]/', 'exec:/bin/true']}\n"
		"  covering:\n  - {prefix: 192.0.2.0/24, any-of: [dns, web], scope: local}\n"
		"  - {prefix: '2001:db8::/48', all-of: [dns]}\n"
		"  routing: {router-id: 10.0.0.1, local-as: 65001, neighbors: [{address: 10.0.0.2, as: 65000, source: 10.0.0.1}],"
		" prepend: 2, hold-time: 6s, bfd: true, communities: ['65000:100'], ospf-interfaces: [eth1], ospf-cost: 5}\n"));
	const struct conf_anycast *anycast = &conf->anycast;
	const struct conf_service_check *checks = anycast->services[1].checks;
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(anycast->backend, CONF_BACKEND_BIRD);
	assert_string_equal(anycast->bird_file, "dir/routes.conf");
	assert_string_equal(anycast->stop_file, "dir/stop");
	assert_false(anycast->manage_loopback);
	assert_int_equal(anycast->services[0].timeout_ms, 160);
	assert_int_equal(anycast->services[0].hold_down_max_ms, 20 * 60 * 1000);
	assert_int_equal(anycast->services[0].scope, CONF_SCOPE_LOCAL);
	assert_true(anycast->services[0].last_resort);
	assert_string_equal(anycast->services[0].zones[0], "example.org");
	assert_int_equal(anycast->services[1].check_count, 7);
	assert_string_equal(addr_print(&checks[2].addr, text, sizeof text), "2001:db8::1@22");
	assert_string_equal(checks[3].name, "example.org");
	assert_string_equal(checks[3].type, "SOA");
	assert_string_equal(checks[3].text, "dns:127.0.0.1@5300/example.org/SOA");
	assert_string_equal(addr_print(&checks[4].addr, text, sizeof text), "127.0.0.1@8080");
	assert_string_equal(checks[4].path, "/health?x=/y");
	assert_string_equal(addr_print(&checks[5].addr, text, sizeof text), "::1@80");
	assert_string_equal(checks[6].path, "/bin/true");
	assert_int_equal(anycast->covering_count, 2);
	assert_false(anycast->covering[0].all);
	assert_int_equal(anycast->covering[0].service_count, 2);
	assert_true(anycast->covering[1].all);
	assert_int_equal(anycast->routing.local_as, 65001);
	assert_string_equal(anycast->routing.neighbors[0].source, "10.0.0.1");
	assert_int_equal(anycast->routing.hold_ms, 6000);
	conf_free(conf);
}

static void test_faults(void **state)
{
#define SERVICE(text) ANYCAST("  services:\n  - " text "\n")
#define AT "6: anycast.services[0]"
	static const struct fault_case cases[] = {
		{ ANYCAST("  carrier: any0\n"), "5: anycast: the key \"services\" is missing\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.0/24], checks: [dns]}"),
		  AT ".addresses[0]: 192.0.2.0/24 is a network: a service has single addresses; the prefixes around them stand"
		     " in anycast.covering\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1, 192.0.2.1/32], checks: [dns]}"),
		  AT ".addresses[1]: 192.0.2.1/32 stands here twice\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: [dns]}\n  - {name: a, addresses: [192.0.2.1], checks: [zones]}"),
		  "7: anycast.services[1].addresses[0]: 192.0.2.1/32 is an address of service a too\n"
		  "7: anycast.services[1].name: the same as anycast.services[0].name in line 6\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: [dsn]}"),
		  AT ".checks[0]: dsn: no such check; there are dns, zones, http, redirect, workers, tcp:ADDRESS@PORT,"
		     " dns:ADDRESS@PORT/NAME/TYPE, http://ADDRESS[:PORT]/PATH and exec:PATH\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: ['tcp:192.0.2.1', 'http://example.org/', 'exec:true',"
			  " 'dns:1.2.3.4/x', dns, dns]}"),
		  AT ".checks[0]: tcp:192.0.2.1: behind tcp: stands ADDRESS@PORT\n" AT
		     ".checks[1]: http://example.org/: behind http:// stands an address, [:PORT] and /PATH; names are not looked"
		     " up\n" AT ".checks[2]: exec:true: behind exec: stands the whole path of a program\n" AT
		     ".checks[3]: dns:1.2.3.4/x: behind dns: stands ADDRESS@PORT/NAME/TYPE\n" AT
		     ".checks[5]: dns: it stands here twice\n" },
		{ NODE "redirect: {listen: [192.0.2.80@80]}\nanycast:\n  services:\n"
		       "  - {name: a, addresses: [192.0.2.80], checks: [dns]}\n",
		  "5: anycast.services[0].checks[0]: dns: nothing to check: the section \"dns\" is missing\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: [dns], interval: 1s, timeout: 1s}"),
		  AT ": timeout must be less than interval: one run of a check ends before the next\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: [dns], hold-down: 1m, hold-down-max: 30s}"),
		  AT ": hold-down-max is less than hold-down\n" },
		{ ANYCAST("  loopback-interface: any0\n  services: [{name: a, addresses: [192.0.2.1], checks: [dns]}]\n"),
		  "5: anycast.loopback-interface: it must be another device than the carriers\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: [dns], deprefer: 1s}"),
		  AT ": deprefer needs anycast.low-carrier, the device of lower preference\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.1], checks: [dns], last-resort: true}"),
		  AT ": last-resort needs anycast.low-carrier, the device of lower preference\n" },
		{ ANYCAST("  {carrier: 'a b', low-carrier: lo, lease: 2500ms, services: [{name: a, addresses: [192.0.2.1], checks:"
			  " [dns]}]}\n"),
		  "5: anycast.carrier: \"a b\" cannot be the name of an interface\n"
		  "5: anycast.low-carrier: the loopback interface keeps the addresses that are always answered\n"
		  "5: anycast.lease: the kernel counts lifetimes in whole seconds\n" },
		{ ANYCAST("  {backend: exec, services: [{name: a, addresses: [192.0.2.1], checks: [dns]}]}\n"),
		  "5: anycast.backend: exec needs anycast.hook, the program to run\n" },
		{ ANYCAST("  {backend: bird-file, services: [{name: a, addresses: [192.0.2.1], checks: [dns]}]}\n"),
		  "5: anycast.backend: bird-file needs anycast.bird-file, the file that BIRD includes\n" },
		{ ONE("") "  covering: [{prefix: 198.51.100.0/24, any-of: [dns, web]}]\n",
		  "7: anycast.covering[0].any-of[0]: 198.51.100.0/24 covers no address of service dns\n"
		  "7: anycast.covering[0].any-of[1]: there is no service \"web\"\n" },
		{ ONE("") "  covering: [{prefix: 2001:db8::/32, all-of: [dns]}]\n  routing: {router-id: 10.0.0.1, neighbors:"
			  " [{address: 'fd00::1', as: 1, source: 10.0.0.1}]}\n",
		  "7: anycast.covering[0].all-of[0]: 2001:db8::/32 is IPv6, and service dns has no such address\n"
		  "8: anycast.routing.neighbors[0]: source: 10.0.0.1 is of another family than the neighbor fd00::1\n" },
		{ ONE("") "  covering: [{prefix: 192.0.2.0/24}, {prefix: 0.0.0.0/0, all-of: [dns]}]\n",
		  "7: anycast.covering[0]: either all-of or any-of names the services it covers\n"
		  "7: anycast.covering[1]: 0.0.0.0/0 is a default route, not a prefix of a service\n" },
		{ ONE("") "  routing: {router-id: here, communities: [a]}\n",
		  "7: anycast.routing.router-id: expected 7 to 15 printable ASCII characters, got \"here\"\n"
		  "7: anycast.routing.router-id: \"here\" is no IPv4 address\n"
		  "7: anycast.routing.communities: \"a\" is no NUMBER:NUMBER of 0 to 65535\n"
		  "7: anycast.routing: neither neighbors nor ospf-interfaces: whom to announce to?\n" },
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void collect(void *ctx, const char *text)
{
	strcat(strcat(ctx, text), "\n");
}

static void test_warnings(void **state)
{
	static const struct {
		const char *yaml, *warnings;
	} cases[] = {
		{ ONE(""), "" },
		{ ONE(", zones: [example.net]"), "service dns: no zone \"example.net\" in the configuration: it is announced when"
						 " synced content brings it\n" },
		{ SERVICE("{name: a, addresses: [192.0.2.54], checks: [dns]}"),
		  "service a: nothing of this node listens at 192.0.2.54/32\n" },
		{ SERVICE("{name: relay, addresses: [192.88.99.1], checks: ['exec:/bin/true']}"), "" },
		{ SERVICE("{name: relay, addresses: [192.88.99.1], checks: ['exec:/bin/true', 'exec:/no/such/check']}"),
		  "service relay: check exec: /no/such/check cannot be run: No such file or directory\n" },
		{ SERVICE("{name: relay, addresses: [192.88.99.1], checks: ['exec:/bin/true']}\n  backend: exec\n  hook: /dev/null"),
		  "hook: /dev/null cannot be run: Permission denied\n" },
		{ SERVICE("{name: dns, addresses: [192.0.2.53], checks: [dns]}\n  - {name: web, addresses: [192.0.2.80], checks:"
			  " [http]}\n  covering: [{prefix: 192.0.2.0/24, all-of: [dns, web]}, {prefix: 192.0.0.0/16, any-of: [dns]}]"),
		  "covering prefix 192.0.2.0/24: its 2 services are withdrawn together when one fails (RFC 4786, 4.8.2)\n"
		  "covering prefix 192.0.0.0/16: it covers service web too, which it does not depend on\n" },
		{ NODE "dns: {listen: [0.0.0.0]}\nanycast:\n  services: [{name: a, addresses: [192.0.2.9], checks: [dns]}]\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf *conf = expect_conf(cases[i].yaml);
		char told[2000] = "";

		conf_anycast_warn(conf, collect, told);
		assert_string_equal(told, cases[i].warnings);
		conf_free(conf);
	}
}

/* The node's own checks ask from the service address. */
static void test_whitelist(void **state)
{
	struct conf *conf = expect_conf(ONE(""));
	struct prefix own, other;

	(void)state;
	prefix_parse("192.0.2.53", &own);
	prefix_parse("192.0.2.54", &other);
	assert_true(prefixes_have(&conf->dns.rate_limit.whitelist, own.first));
	assert_false(prefixes_have(&conf->dns.rate_limit.whitelist, other.first));
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_without),  cmocka_unit_test(test_given),
		cmocka_unit_test(test_faults),	 cmocka_unit_test(test_warnings), cmocka_unit_test(test_whitelist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
