/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <string.h>

#include "conf/base/mem.h"
#include "sync/probes.h"
#include "tests/unit/support/zone_fixture.h"

static const char *const zones[] = {
	"example.org.",
	"$TTL 300\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\nwww A 192.0.2.2\nalias CNAME www\n"
	"sub NS ns.sub\nns.sub A 192.0.2.54\n*.wild TXT x\n",
	"unloaded.test.", "", NULL,
};

/* faults NULL: all is answered well. */
static void expect(const char *probe, const char *fault)
{
	char *json = mem_format("{\"v\":1,\"probes\":[%s]}", probe);
	struct fixture *fixture = fixture_new(zones);
	struct err_note note = { .text = "" };
	struct probes *probes;

	if (probes_parse(span_string(json), &probes, &note) != 0)
		fail_msg("%s: %s", json, note.text);
	int err = probes_run(probes, &fixture->env, 0, &note);
	if (err != (fault != NULL ? ERR_INVALID : 0) || (fault != NULL && strcmp(note.text, fault) != 0))
		fail_msg("%s: %d: %s", json, err, note.text);
	probes_free(probes);
	fixture_free(fixture);
	mem_free(json);
}

static void test_answers(void **state)
{
	(void)state;
	expect("", NULL);
	expect("{\"name\":\"www.example.org\",\"type\":\"A\"}", NULL);
	expect("{\"name\":\"WWW.Example.Org.\",\"type\":\"a\",\"rcode\":\"noerror\",\"min\":2}", NULL);
	expect("{\"name\":\"www.example.org\",\"type\":\"A\",\"min\":3}",
	       "probe www.example.org A: answered with 2 records, not at least 3");
	expect("{\"name\":\"www.example.org\",\"type\":\"AAAA\",\"rcode\":\"NOERROR\"}", NULL);
	expect("{\"name\":\"www.example.org\",\"type\":\"AAAA\",\"min\":1}",
	       "probe www.example.org AAAA: answered with 0 records, not at least 1");
	expect("{\"name\":\"none.example.org\",\"type\":\"A\",\"rcode\":\"NXDOMAIN\"}", NULL);
	expect("{\"name\":\"none.example.org\",\"type\":\"A\",\"rcode\":\"NOERROR\"}",
	       "probe none.example.org A: answered with rcode 3, not NOERROR");
	expect("{\"name\":\"none.example.org\",\"type\":\"A\"}", NULL);	/* any answer is one */
	expect("{\"name\":\"alias.example.org\",\"type\":\"A\",\"min\":3}", NULL);
	expect("{\"name\":\"a.wild.example.org\",\"type\":\"TXT\",\"min\":1}", NULL);
	expect("{\"name\":\"x.sub.example.org\",\"type\":\"A\",\"rcode\":\"NOERROR\"}", NULL);	/* a referral */
	expect("{\"name\":\"example.org\",\"type\":\"TYPE6\",\"rcode\":\"NOERROR\",\"min\":1}", NULL);
	/* Of other zones they say nothing; a node need not have all. */
	expect("{\"name\":\"www.elsewhere.test\",\"type\":\"A\",\"min\":9}", NULL);
	expect("{\"name\":\"www.unloaded.test\",\"type\":\"A\",\"rcode\":\"NOERROR\"}",
	       "probe www.unloaded.test A: answered with rcode 2, not NOERROR");
	/* The first that fails is told, whatever else does. */
	expect("{\"name\":\"www.example.org\",\"type\":\"A\"},{\"name\":\"a.example.org\",\"type\":\"A\",\"rcode\":\"NOERROR\"},"
	       "{\"name\":\"b.example.org\",\"type\":\"A\",\"rcode\":\"NOERROR\"}",
	       "probe a.example.org A: answered with rcode 3, not NOERROR");
}

static void test_faults(void **state)
{
	static const char *const files[] = {
		"", "{}", "[]", "{\"v\":2,\"probes\":[]}", "{\"v\":1}", "{\"v\":1,\"probes\":{}}", "{\"v\":1,\"probes\":[{}]}",
		"{\"v\":1,\"probes\":[{\"name\":\"a\"}]}", "{\"v\":1,\"probes\":[{\"type\":\"A\"}]}",
		"{\"v\":1,\"probes\":[{\"name\":\"a..b\",\"type\":\"A\"}]}", "{\"v\":1,\"probes\":[{\"name\":\"a\",\"type\":\"NONE1\"}]}",
		"{\"v\":1,\"probes\":[{\"name\":\"a\",\"type\":\"A\",\"rcode\":\"MAYBE\"}]}",
		"{\"v\":1,\"probes\":[{\"name\":\"a\",\"type\":\"A\"},7]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct err_note note = { .text = "" };
		struct probes *probes = NULL;

		if (probes_parse(span_string(files[i]), &probes, &note) == 0)
			fail_msg("taken: %s", files[i]);
		assert_null(probes);
		assert_int_not_equal(note.text[0], '\0');
	}
}

/* As many as the limit says, and one more. */
static void test_limit(void **state)
{
	enum { MOST = 10000 };
	static const char one[] = "{\"name\":\"a.\",\"type\":\"A\"},";
	char *json = mem_alloc((MOST + 1) * sizeof one + 64);
	struct err_note note;

	(void)state;
	for (unsigned count = MOST; count <= MOST + 1; count++) {
		struct probes *probes;
		size_t len = strlen(strcpy(json, "{\"v\":1,\"probes\":["));

		for (unsigned i = 0; i < count; i++, len += sizeof one - 1)
			memcpy(json + len, one, sizeof one);
		strcpy(json + len - 1, "]}");
		int err = probes_parse(span_string(json), &probes, &note);
		assert_int_equal(err, count <= MOST ? 0 : ERR_INVALID);
		if (err == 0) {
			assert_int_equal(probes_count(probes), count);
			probes_free(probes);
		}
	}
	assert_int_equal(probes_count(NULL), 0);
	probes_free(NULL);
	mem_free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
