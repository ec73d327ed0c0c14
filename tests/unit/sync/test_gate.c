/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <stdio.h>
#include <string.h>

#include "sync/gate.h"

enum { MIB = 1 << 20 };

/* One side of the comparison: what was counted in it. p99: the bucket in which all answering times lie. */
struct side {
	uint64_t dns, servfail, nxdomain, refused, http, http_5xx;
	unsigned bucket;
	uint64_t memory;
};

static void add(struct gate_reading *reading, const struct side *side)
{
	reading->answers[GATE_DNS] += side->dns;
	reading->answers[GATE_HTTP] += side->http;
	reading->rate[GATE_SERVFAIL] += side->servfail;
	reading->rate[GATE_NXDOMAIN] += side->nxdomain;
	reading->rate[GATE_REFUSED] += side->refused;
	reading->rate[GATE_HTTP_5XX] += side->http_5xx;
	reading->latency[GATE_DNS][side->bucket] += side->dns;
	reading->latency[GATE_HTTP][side->bucket] += side->http;
	reading->memory = side->memory;
}

/* bad: a part of the sentence. */
static void expect(const char *what, const char *limits, struct side before, struct side after, enum gate_verdict verdict,
		   const char *bad)
{
	struct gate_reading begin = { .answers = { 7, 9 }, .latency[0][3] = 5 }, at, now;
	struct err_note note = { 0 };
	struct gate gate;
	char json[256];

	snprintf(json, sizeof json, "{\"v\":1%s%s}", limits[0] != '\0' ? "," : "", limits);
	assert_int_equal(gate_parse(span_string(json), &gate, &note), 0);
	at = begin;
	add(&at, &before);
	now = at;
	add(&now, &after);
	enum gate_verdict got = gate_judge(&gate, &begin, &at, &now, &note);
	if (got != verdict)
		fail_msg("%s: verdict %d, not %d: %s", what, got, verdict, note.text);
	if (bad != NULL && strstr(note.text, bad) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", what, bad, note.text);
}

#define SIDE(...) ((struct side){ __VA_ARGS__ })

static void test_samples(void **state)
{
	(void)state;
	expect("nothing was asked", "", SIDE(0), SIDE(0), GATE_UNJUDGED, NULL);
	expect("too few before", "", SIDE(.dns = 99), SIDE(.dns = 5000, .servfail = 5000), GATE_UNJUDGED, NULL);
	expect("too few after", "", SIDE(.dns = 5000), SIDE(.dns = 99, .servfail = 99), GATE_UNJUDGED, NULL);
	expect("just enough", "", SIDE(.dns = 100), SIDE(.dns = 100), GATE_GOOD, NULL);
	expect("just enough, and bad", "", SIDE(.dns = 100), SIDE(.dns = 100, .servfail = 100), GATE_BAD, "of a thousand answers "
	       "are SERVFAIL 1000, 0 were before");
	expect("fewer are asked for", "\"min_samples\":10", SIDE(.dns = 10), SIDE(.dns = 10, .servfail = 1), GATE_BAD, "SERVFAIL 100");
	expect("the answers of HTTP count for HTTP alone", "", SIDE(.http = 1000), SIDE(.dns = 50, .servfail = 50, .http = 1000),
	       GATE_GOOD, NULL);
}

static void test_rates(void **state)
{
	(void)state;
	/* Each rate: as much more as its limit is good, one more is not. */
	expect("servfail", "\"servfail_permille\":30", SIDE(.dns = 1000, .servfail = 10), SIDE(.dns = 1000, .servfail = 40), GATE_GOOD,
	       NULL);
	expect("servfail", "\"servfail_permille\":30", SIDE(.dns = 1000, .servfail = 10), SIDE(.dns = 1000, .servfail = 41), GATE_BAD,
	       "gate servfail_permille: of a thousand answers are SERVFAIL 41, 10 were before, 30 more may be");
	expect("nxdomain", "\"nxdomain_permille\":100", SIDE(.dns = 1000, .nxdomain = 300), SIDE(.dns = 500, .nxdomain = 200), GATE_GOOD,
	       NULL);
	expect("nxdomain", "\"nxdomain_permille\":100", SIDE(.dns = 1000, .nxdomain = 300), SIDE(.dns = 500, .nxdomain = 201), GATE_BAD,
	       "gate nxdomain_permille: of a thousand answers are NXDOMAIN 402, 300 were before");
	expect("nxdomain, fewer than before", "\"nxdomain_permille\":0", SIDE(.dns = 1000, .nxdomain = 900), SIDE(.dns = 500), GATE_GOOD,
	       NULL);
	expect("refused", "\"refused_permille\":5", SIDE(.dns = 1000), SIDE(.dns = 1000, .refused = 6), GATE_BAD,
	       "gate refused_permille: of a thousand answers are REFUSED 6");
	expect("refused", "\"refused_permille\":5", SIDE(.dns = 1000), SIDE(.dns = 1000, .refused = 5), GATE_GOOD, NULL);
	expect("5xx", "\"http_5xx_permille\":50", SIDE(.http = 200, .http_5xx = 2), SIDE(.http = 200, .http_5xx = 13), GATE_BAD,
	       "gate http_5xx_permille: of a thousand HTTP answers are 5xx 65, 10 were before");
	expect("5xx", "\"http_5xx_permille\":50", SIDE(.http = 200, .http_5xx = 2), SIDE(.http = 200, .http_5xx = 12), GATE_GOOD, NULL);
	expect("never too many", "\"http_5xx_permille\":1000", SIDE(.http = 200), SIDE(.http = 200, .http_5xx = 200), GATE_GOOD, NULL);
}

static void test_latency(void **state)
{
	const char *limits = "\"latency_permille\":3000,\"latency_least_us\":1000";

	(void)state;
	/* Bucket n: up to 2^n us. */
	expect("four times as long", limits, SIDE(.dns = 1000, .bucket = 10), SIDE(.dns = 1000, .bucket = 12), GATE_GOOD, NULL);
	expect("eight times", limits, SIDE(.dns = 1000, .bucket = 10), SIDE(.dns = 1000, .bucket = 13), GATE_BAD,
	       "gate latency_permille: 99 of 100 answers take up to 8192 us, 1024 us before");
	expect("short in any case", limits, SIDE(.dns = 1000, .bucket = 0), SIDE(.dns = 1000, .bucket = 9), GATE_GOOD, NULL);
	expect("over HTTP", limits, SIDE(.http = 1000, .bucket = 10), SIDE(.http = 1000, .bucket = 13), GATE_BAD,
	       "99 of 100 answers over HTTP take up to 8192 us");
	expect("too few", limits, SIDE(.dns = 1000, .bucket = 4), SIDE(.dns = 99, .bucket = 20), GATE_UNJUDGED, NULL);

	/* A hundredth may be as slow as it likes, one more may not. */
	struct gate_reading begin = { 0 }, at = { .latency[0][5] = 1000 }, now = at;
	struct err_note note;
	struct gate gate;

	assert_int_equal(gate_parse(span_string("{\"v\":1}"), &gate, &note), 0);
	now.latency[0][5] += 990;
	now.latency[0][20] += 10;
	assert_int_equal(gate_judge(&gate, &begin, &at, &now, &note), GATE_GOOD);
	now.latency[0][20] += 1;
	assert_int_equal(gate_judge(&gate, &begin, &at, &now, &note), GATE_BAD);
}

static void test_memory(void **state)
{
	const char *limits = "\"memory_permille\":500,\"memory_least\":67108864";

	(void)state;
	expect("not known", limits, SIDE(0), SIDE(.memory = (uint64_t)4096 * MIB), GATE_UNJUDGED, NULL);
	expect("half more", limits, SIDE(.memory = (uint64_t)200 * MIB), SIDE(.memory = (uint64_t)299 * MIB), GATE_GOOD, NULL);
	expect("above", limits, SIDE(.memory = (uint64_t)200 * MIB), SIDE(.memory = (uint64_t)310 * MIB), GATE_BAD,
	       "gate memory_permille: 310 MiB are resident, 200 MiB were before, 500 in a thousand more may be");
	expect("little in any case", limits, SIDE(.memory = (uint64_t)20 * MIB), SIDE(.memory = (uint64_t)80 * MIB), GATE_GOOD, NULL);
	expect("less", limits, SIDE(.memory = (uint64_t)200 * MIB), SIDE(.memory = (uint64_t)20 * MIB), GATE_GOOD, NULL);
}

static void test_enough(void **state)
{
	struct gate_reading from = { .answers = { 5, 5 } }, to = { .answers = { 104, 104 } };
	struct gate gate;

	(void)state;
	gate_default(&gate);
	assert_false(gate_is_enough(&gate, &from, &to));
	to.answers[GATE_HTTP]++;
	assert_true(gate_is_enough(&gate, &from, &to));
}

static void test_refused(void **state)
{
	static const struct { const char *json, *why; } cases[] = {
		{ "", "" }, { "[]", "expected {\"v\":1" }, { "{}", "expected {\"v\":1" }, { "{\"v\":2}", "v: expected" },
		{ "{\"v\":1,\"servfail_permile\":1}", "does not know: servfail_permile" },
		{ "{\"v\":1,\"servfail_permille\":1001}", "servfail_permille: expected a number from 0 to 1000" },
		{ "{\"v\":1,\"min_samples\":0}", "min_samples" }, { "{\"v\":1,\"memory_least\":\"1\"}", "memory_least" },
		{ "{\"v\":1,\"lost_master\":-1}", "lost_master: expected a number from 0 to 86400" },
	};
	struct err_note note;
	struct gate gate = { .min_samples = 5 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(gate_parse(span_string(cases[i].json), &gate, &note) < 0);
		if (strstr(note.text, cases[i].why) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].why, note.text);
		assert_int_equal(gate.min_samples, 5);
	}
	assert_int_equal(gate_parse(span_string("{\"v\":1,\"lost_master\":0,\"min_samples\":20}"), &gate, &note), 0);
	assert_int_equal(gate.lost_master_s, 0);
	assert_int_equal(gate.min_samples, 20);
	assert_int_equal(gate.more_permille[GATE_NXDOMAIN], 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
