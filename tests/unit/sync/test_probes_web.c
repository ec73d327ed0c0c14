/* SPDX-License-Identifier: Apache-2.0 */
/* Probes over HTTP, against a table of sites and the health of its targets. */
#include "tests/unit/redirect/kit.h"

#include "sync/probes.h"

static struct probes *parse(const char *probe)
{
	char json[600];
	struct probes *probes;
	struct err_note note;

	snprintf(json, sizeof json, "{\"v\":1,\"probes\":[%s]}", probe);
	if (probes_parse(span_string(json), &probes, &note) != 0)
		return NULL;
	return probes;
}

/* why: a part of the sentence; NULL: it is answered as it must be, or passed over. */
static void expect(const struct redirect_sites *sites, const struct redirect_health *health, const char *probe, const char *why)
{
	struct probes *probes = parse(probe);
	struct err_note note = { 0 };

	assert_non_null(probes);
	int err = probes_run_web(probes, sites, health, &note);
	if (err != (why != NULL ? ERR_INVALID : 0) || (why != NULL && strstr(note.text, why) == NULL))
		fail_msg("%s: \"%s\"", probe, note.text);
	probes_free(probes);
}

static void test_answers(void **state)
{
	struct redirect_sites *sites = kit_sites();

	(void)state;
	expect(sites, NULL, "{\"url\":\"http://spare.example.org/x\",\"status\":302}", NULL);
	expect(sites, NULL, "{\"url\":\"https://SPARE.example.org:8443/x\",\"status\":302,\"location\":\"https://ams1.\"}", NULL);
	expect(sites, NULL, "{\"url\":\"http://spare.example.org/x\"}", NULL);
	expect(sites, NULL, "{\"url\":\"http://spare.example.org/x\",\"status\":200}",
	       "probe http://spare.example.org/x: answered with 302, not 200");
	expect(sites, NULL, "{\"url\":\"http://spare.example.org/x\",\"location\":\"https://fra1.\"}",
	       "probe http://spare.example.org/x: sent to \"https://ams1.example.net/x\", not to https://fra1....");
	expect(sites, NULL, "{\"url\":\"http://see.example.org/\",\"status\":303}", NULL);
	/* A host of no site here, and no sites at all: another node's. */
	expect(sites, NULL, "{\"url\":\"http://nobody.example/\",\"status\":200}", NULL);
	expect(NULL, NULL, "{\"url\":\"http://spare.example.org/\",\"status\":200}", NULL);
	assert_int_equal(probes_run_web(NULL, sites, NULL, NULL), 0);
	redirect_sites_free(sites);
}

/* With every target down what is served fails, which was good as a candidate. */
static void test_health(void **state)
{
	struct redirect_sites *sites = kit_sites();
	struct redirect_health *health = redirect_health_new(sites), *down = kit_all_down(sites);
	const char *probe = "{\"url\":\"http://spare.example.org/x\",\"status\":302}";

	(void)state;
	expect(sites, health, probe, NULL);
	expect(sites, down, probe, "answered with 503, not 302");
	expect(sites, NULL, probe, NULL);
	redirect_health_free(health);
	redirect_health_free(down);
	redirect_sites_free(sites);
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"{\"url\":\"dl.example.org\"}", "{\"url\":\"ftp://a.example/\"}", "{\"url\":\"http:///x\"}", "{\"url\":\"http://\"}",
		"{\"url\":\"http://a.example/\",\"status\":\"200\"}", "{\"url\":\"http://a.example/\",\"status\":99}",
		"{\"url\":\"http://a.example/\",\"status\":600}", "{}", "{\"name\":\"a.test\"}", "{\"url\":7}",
		"{\"url\":\"http://[2001:db8::1\"}",
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(cases); i++) {
		if (parse(cases[i]) != NULL)
			fail_msg("taken: %s", cases[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
