/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/decide.h"

static struct redirect_request request_for(const char *host)
{
	struct redirect_request request = { .method = REDIRECT_GET, .persist = true, .target = SPAN_TEXT("/x") };

	strcpy(request.host, host);
	request.host_len = (uint8_t)strlen(host);
	return request;
}

/* The body decides by the head alone: which lengths keep the connection, how much is discarded, which answer. */
static void test_bodies(void **state)
{
	static const struct {
		const char *host;
		enum redirect_method method;
		uint64_t length;
		bool chunked, expect, persist;
		unsigned status;
		bool close;
		uint32_t drain;
	} rows[] = {
		{ "dl.example.org", REDIRECT_GET, 0, false, false, true, 302, false, 0 },
		{ "dl.example.org", REDIRECT_GET, 0, false, false, false, 302, true, 0 },
		{ "dl.example.org", REDIRECT_GET, 9, false, false, true, 302, false, 9 },
		{ "dl.example.org", REDIRECT_GET, 9, false, false, false, 302, true, 0 },
		{ "dl.example.org", REDIRECT_GET, 65536, false, false, true, 302, false, 65536 },
		{ "dl.example.org", REDIRECT_GET, 65537, false, false, true, 413, true, 0 },
		{ "dl.example.org", REDIRECT_HEAD, UINT64_MAX, false, false, true, 413, true, 0 },
		{ "dl.example.org", REDIRECT_OTHER, UINT64_MAX, false, false, true, 405, true, 0 },
		{ "writes.example.org", REDIRECT_OTHER, UINT64_MAX, false, false, true, 307, true, 0 },
		{ "writes.example.org", REDIRECT_OTHER, 0, true, false, true, 307, true, 0 },
		{ "writes.example.org", REDIRECT_OTHER, 9, false, true, true, 307, true, 0 },
		{ "dl.example.org", REDIRECT_GET, 0, false, true, true, 302, false, 0 },
		{ "dl.example.org", REDIRECT_GET, 0, true, false, true, 302, true, 0 },
		{ "nobody.example", REDIRECT_GET, 70000, false, false, true, 404, true, 0 },
		{ "dl.example.org", REDIRECT_OPTIONS_METHOD, 70000, false, false, true, 204, true, 0 },
	};
	struct redirect_sites *sites = kit_sites();
	const struct redirect_view view = { .sites = sites };

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct redirect_request request = request_for(rows[i].host);
		struct redirect_decision decision;

		request.method = rows[i].method;
		request.content_length = rows[i].length;
		request.chunked = rows[i].chunked;
		request.expect_continue = rows[i].expect;
		request.persist = rows[i].persist;
		redirect_decide(&view, &request, 0, &decision);
		assert_int_equal(decision.status, rows[i].status);
		assert_int_equal(decision.close, rows[i].close);
		assert_int_equal(decision.drain, rows[i].drain);
		assert_int_equal(decision.target != NULL, rows[i].status / 100 == 3);
		assert_int_equal(decision.location_len != 0, rows[i].status / 100 == 3);
	}
	redirect_sites_free(sites);
}

static void test_schemes(void **state)
{
	struct redirect_sites *sites = kit_sites();

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		bool known = i & 1, tls = i & 2, has_scheme = i & 4, https = has_scheme && (i & 8);
		const struct redirect_view view = { .sites = sites, .tls = tls };
		struct redirect_request request = request_for(known ? "dl.example.org" : "nobody.example");
		struct redirect_decision decision;

		request.has_scheme = has_scheme;
		request.https = https;
		redirect_decide(&view, &request, 0, &decision);
		unsigned expected = has_scheme && https != tls ? 421 : known ? 302 : tls ? 421 : 404;
		assert_int_equal(decision.status, expected);
	}
	redirect_sites_free(sites);
}

static void test_choice_is_told(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const struct redirect_view view = { .sites = sites };
	struct redirect_request request = request_for("x.mirror.example.org");
	struct redirect_decision decision;

	(void)state;
	redirect_decide(&view, &request, 0, &decision);
	assert_string_equal(decision.pattern, "*.mirror.example.org");
	assert_int_equal(decision.choice, REDIRECT_CHOICE_OWN);
	request = request_for("spare.example.org");
	redirect_decide(&view, &request, 0, &decision);
	assert_int_equal(decision.choice, REDIRECT_CHOICE_FALLBACK);
	redirect_sites_free(sites);
}

static void test_faults(void **state)
{
	(void)state;
	assert_int_equal(redirect_decide_fault(REDIRECT_PARSED_BAD), REDIRECT_BAD_REQUEST);
	assert_int_equal(redirect_decide_fault(REDIRECT_PARSED_LONG_TARGET), REDIRECT_TARGET_TOO_LONG);
	assert_int_equal(redirect_decide_fault(REDIRECT_PARSED_LARGE_HEAD), REDIRECT_HEAD_TOO_LARGE);
	assert_int_equal(redirect_decide_fault(REDIRECT_PARSED_UNKNOWN), REDIRECT_NOT_IMPLEMENTED);
	assert_int_equal(redirect_decide_fault(REDIRECT_PARSED_EXPECTATION), REDIRECT_EXPECTATION);
	assert_int_equal(redirect_decide_fault(REDIRECT_PARSED_VERSION), REDIRECT_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies), cmocka_unit_test(test_schemes), cmocka_unit_test(test_choice_is_told),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
