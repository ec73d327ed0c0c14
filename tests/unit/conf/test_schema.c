/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/schema.h"

static struct conf_raw *load(const char *text)
{
	char fault[CONF_SCHEMA_FAULT_MAX] = "";
	struct conf_raw *raw = NULL;

	assert_int_equal(conf_schema_load(text, strlen(text), &raw, fault), 0);
	assert_string_equal(fault, "");
	return raw;
}

static void test_load(void **state)
{
	struct conf_raw *raw = load("node: {name: a, region: \"\"}\n"
				    "workers: 3\n"
				    "dns: {listen: [x, \"y\"], nsid: 0x00, rate-limit: {slip: 7}}\n"
				    "zones: [{name: z, primaries: [{address: p, tsig-key: k}]}, {file: f}]\n"
				    "tsig-keys: []\n"
				    "sites: [{hosts: [h], writes: {url: w}, targets: [{url: t, check: {path: /}}]}]\n"
				    "anycast: {services: [{name: s, checks: [c1, c2]}]}\n");

	(void)state;
	assert_string_equal(raw->node->name, "a");
	assert_string_equal(raw->node->region, "");
	assert_null(raw->node->version);
	assert_string_equal(raw->workers, "3");
	assert_null(raw->user);
	assert_null(raw->log);
	assert_int_equal(raw->dns->listen_count, 2);
	assert_string_equal(raw->dns->listen[0], "x");
	assert_string_equal(raw->dns->listen[1], "y");
	assert_string_equal(raw->dns->nsid, "0x00");
	assert_string_equal(raw->dns->rate_limit->slip, "7");
	assert_null(raw->dns->cookies);
	assert_int_equal(raw->zones_count, 2);
	assert_string_equal(raw->zones[0].primaries[0].tsig_key, "k");
	assert_null(raw->zones[1].name);
	assert_string_equal(raw->zones[1].file, "f");
	assert_int_equal(raw->tsig_keys_count, 0);
	assert_string_equal(raw->sites[0].writes->url, "w");
	assert_string_equal(raw->sites[0].targets[0].check->path, "/");
	assert_int_equal(raw->sites[0].fallback_count, 0);
	assert_string_equal(raw->anycast->services[0].checks[1], "c2");
	conf_schema_free(raw);
}

static void test_sparse(void **state)
{
	struct conf_raw *raw = load("dns: {}\nmystery: {a: [b]}\n");

	(void)state;
	assert_non_null(raw->dns);
	assert_null(raw->dns->listen);
	conf_schema_free(raw);
	conf_schema_free(load("{}"));
	conf_schema_free(load(""));
	conf_schema_free(NULL);
}

/* What conf/check.c should have stopped: libcyaml's own sentence, and nothing lost. */
static void test_fault(void **state)
{
	static const char *const cases[] = { "dns: []", "dns: {listen: x}", "[a]", "zones: [x]",
					     "a: [",    "dns: {}\ndns: {}" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char fault[CONF_SCHEMA_FAULT_MAX] = "";
		struct conf_raw *raw = (struct conf_raw *)fault;

		assert_int_equal(conf_schema_load(cases[i], strlen(cases[i]), &raw, fault), ERR_INVALID);
		assert_ptr_equal(raw, fault);
		assert_true(strlen(fault) > 5);
		assert_null(strchr(fault, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
