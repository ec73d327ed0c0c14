/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/setting.h"
#include "conf/value.h"

/* NULL: taken; "": not what is expected; else the reason. */
static void test_fault(void **state)
{
	static const struct {
		const char *key, *text, *fault;
	} cases[] = {
		{ "node.name", "fra1", NULL },
		{ "node.name", "Frankfurt am Main 1", NULL },
		{ "node.name", "", "" },
		{ "node.name", " fra1", "it begins or ends with a blank" },
		{ "node.name", "fra1 ", "it begins or ends with a blank" },
		{ "node.name", "fr\xc3\xa4", "" },
		{ "node.region", "", NULL },
		{ "workers", "auto", NULL },
		{ "workers", "1", NULL },
		{ "workers", "256", NULL },
		{ "workers", "0", "" },
		{ "workers", "257", "" },
		{ "workers", "Auto", "" },
		{ "log.level", "debug", NULL },
		{ "log.level", "warning", NULL },
		{ "log.level", "warn info", "" },
		{ "log.level", "", "" },
		{ "log.target", "syslog", NULL },
		{ "log.target", "warning", "" },
		{ "state-dir", "/x", NULL },
		{ "state-dir", "x/y", NULL },
		{ "state-dir", "", "it is empty" },
		{ "dns.listen", "192.0.2.1", NULL },
		{ "dns.listen", "192.0.2.1@53", NULL },
		{ "dns.listen", "2001:db8::1@53", NULL },
		{ "dns.listen", "[2001:db8::1]@53", NULL },
		{ "dns.listen", "::", NULL },
		{ "dns.listen", "192.0.2.1:53", "" },
		{ "dns.listen", "192.0.2.256@53", "" },
		{ "dns.listen", "192.0.2.1@65536", "" },
		{ "dns.listen", "192.0.2.1@", "" },
		{ "dns.listen", "192.0.2.1@0", "port 0 is not one to listen on" },
		{ "dns.udp-max-payload", "512", NULL },
		{ "dns.udp-max-payload", "4096", NULL },
		{ "dns.udp-max-payload", "0512", NULL },
		{ "dns.udp-max-payload", "511", "" },
		{ "dns.udp-max-payload", "4097", "" },
		{ "dns.udp-max-payload", "1K", "" },
		{ "dns.udp-max-payload", "-1", "" },
		{ "dns.udp-max-payload", "+600", "" },
		{ "dns.udp-max-payload", "1e3", "" },
		{ "dns.udp-max-payload", "18446744073709552128", "" }, /* 2^64 + 512 */
		{ "dns.tcp-io-timeout", "10ms", NULL },
		{ "dns.tcp-io-timeout", "1h", NULL },
		{ "dns.tcp-io-timeout", "60", NULL },
		{ "dns.tcp-io-timeout", "9ms", "" },
		{ "dns.tcp-io-timeout", "61m", "" },
		{ "dns.tcp-io-timeout", "1 s", "" },
		{ "dns.tcp-io-timeout", "1w", "" },
		{ "dns.tcp-io-timeout", "0.5s", "" },
		{ "dns.rate-limit.dry-run", "true", NULL },
		{ "dns.rate-limit.dry-run", "off", NULL },
		{ "dns.rate-limit.dry-run", "2", "" },
		{ "zones[].allow-notify", "192.0.2.0/24", NULL },
		{ "zones[].allow-notify", "192.0.2.1", NULL },
		{ "zones[].allow-notify", "2001:db8::/128", NULL },
		{ "zones[].allow-notify", "2001:db8::/129", "" },
		{ "zones[].allow-notify", "192.0.2.0/33", "" },
		{ "zones[].allow-notify", "192.0.2.0/", "" },
		{ "zones[].allow-notify", "/8", "" },
		{ "zones[].allow-notify", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", "" },
		{ "zones[].name", ".", NULL },
		{ "zones[].name", "example.org", NULL },
		{ "zones[].name", "example..org", "" },
		{ "sites[].hosts", "*", NULL },
		{ "sites[].hosts", "*.example.org", NULL },
		{ "sites[].hosts", "192.0.2.80", NULL },
		{ "sites[].hosts", "a.*.example.org", "" },
		{ "sites[].hosts", "*.*.example.org", "" },
		{ "sites[].hosts", "*example.org", "" },
		{ "sites[].hosts", "*.", "write it without its last dot" },
		{ "sites[].hosts", "example.org.", "write it without its last dot" },
		{ "sites[].hosts", "example.org:80", "neither a scheme nor a port belongs to it" },
		{ "sites[].hosts", "http://example.org", "neither a scheme nor a port belongs to it" },
		{ "sites[].hosts", "", "" },
		{ "sites[].status", "302", NULL },
		{ "sites[].status", "303", NULL },
		{ "sites[].status", "307", NULL },
		{ "sites[].status", "301",
		  "browsers keep a permanent redirect for ever, which would pin a client to this one node" },
		{ "sites[].status", "308",
		  "browsers keep a permanent redirect for ever, which would pin a client to this one node" },
		{ "sites[].status", "200", "" },
		{ "sites[].status", "0302", "" },
		{ "sites[].targets[].weight", "1", NULL },
		{ "sites[].targets[].weight", "65535", NULL },
		{ "sites[].targets[].weight", "65536", "" },
		{ "dns.nsid", "", NULL },
		{ "dns.nsid", "0xC0ffee", NULL },
		{ "dns.nsid", "0x", "behind 0x there must be pairs of hexadecimal digits" },
		{ "dns.nsid", "0xabc", "behind 0x there must be pairs of hexadecimal digits" },
		{ "dns.nsid", "0xgg", "behind 0x there must be pairs of hexadecimal digits" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *fault = conf_value_fault(conf_setting_find(cases[i].key, NULL), cases[i].text);

		if (fault == NULL || cases[i].fault == NULL ? fault != cases[i].fault
							    : strcmp(fault, cases[i].fault) != 0)
			fail_msg("%s \"%s\": %s", cases[i].key, cases[i].text, fault ? fault : "taken");
	}
}

static void test_lengths(void **state)
{
	const struct conf_setting *name = conf_setting_find("node.name", NULL),
				  *path = conf_setting_find("state-dir", NULL);
	char text[4097];

	(void)state;
	memset(text, 'a', sizeof text);
	text[4096] = '\0';
	assert_string_equal(conf_value_fault(path, text), "it is longer than 4095 bytes");
	assert_null(conf_value_fault(path, text + 1));
	assert_string_equal(conf_value_fault(name, text + 4096 - 256), "");
	assert_null(conf_value_fault(name, text + 4096 - 255));
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(conf_value_number("dns.udp-max-payload", NULL), 1232);
	assert_int_equal(conf_value_number("dns.udp-max-payload", "1400"), 1400);
	assert_int_equal(conf_value_number("dns.udp-max-payload", "x"), 512);
	assert_int_equal(conf_value_duration("dns.tcp-idle-timeout", NULL), 10000);
	assert_int_equal(conf_value_duration("dns.tcp-idle-timeout", "3m"), 180000);
	assert_int_equal(conf_value_duration("dns.tcp-idle-timeout", "x"), 10);
	assert_int_equal(conf_value_size("sync.max-zone-size", NULL), 1 << 30);
	assert_int_equal(conf_value_size("sync.max-zone-size", "300M"), 300 << 20);
	assert_int_equal(conf_value_size("sync.max-zone-size", "x"), 64 << 10);
	assert_int_equal(conf_value_choice("log.target", NULL), LOG_TARGET_STDERR);
	assert_int_equal(conf_value_choice("log.target", "syslog"), LOG_TARGET_SYSLOG);
	assert_int_equal(conf_value_choice("log.level", "debug"), LOG_LEVEL_DEBUG);
	assert_string_equal(conf_value_text("node.version", NULL), "Catchment");
	assert_string_equal(conf_value_text("node.version", ""), "");
	assert_null(conf_value_text("user", NULL));
}

static void test_nsid(void **state)
{
	uint8_t nsid[CONF_NSID_MAX] = { 0 };
	char text[2 * CONF_NSID_MAX + 5] = "0x";
	size_t len = 99;

	(void)state;
	assert_int_equal(conf_value_nsid("fra1", nsid, sizeof nsid, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(nsid, "fra1", 4);
	assert_int_equal(conf_value_nsid("0X00fFA1", nsid, sizeof nsid, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(nsid, "\x00\xff\xa1", 3);
	assert_int_equal(conf_value_nsid("", nsid, sizeof nsid, &len), 0);
	assert_int_equal(len, 0);

	len = 99;
	assert_int_equal(conf_value_nsid("0x1", nsid, sizeof nsid, &len), ERR_SYNTAX);
	memset(text + 2, 'a', 2 * CONF_NSID_MAX);
	assert_int_equal(conf_value_nsid(text + CONF_NSID_MAX, nsid, sizeof nsid, &len), ERR_LIMIT);
	assert_int_equal(len, 99);
	assert_int_equal(conf_value_nsid(text, nsid, sizeof nsid, &len), 0);
	assert_int_equal(len, CONF_NSID_MAX);
	text[2 * CONF_NSID_MAX + 2] = text[2 * CONF_NSID_MAX + 3] = 'a';
	assert_int_equal(conf_value_nsid(text, nsid, sizeof nsid, &len), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_nsid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
