/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/decide.h"
#include "redirect/serve.h"

static const struct redirect_client plain = { .family = REDIRECT_IPV4 };

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
	const struct redirect_view view = { .sites = sites, .client = &plain };

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
		const struct redirect_client client = { .family = REDIRECT_IPV6, .tls = tls };
		const struct redirect_view view = { .sites = sites, .client = &client };
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
	const struct redirect_view view = { .sites = sites, .client = &plain };
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

/* "/pub" is taken off "/pub" and what is below it, and nothing else is served. */
static void strip_pub(struct conf *conf)
{
	static char strip[] = "/pub/";

	conf->sites[0].strip = strip;
}

static void test_strip(void **state)
{
	static const struct kit_site row = { "a.example", "https://t.example/base", NULL, "https://w.example", 0 };
	static const struct {
		const char *target, *location;	/* NULL: 404 */
	} rows[] = {
		{ "/pub", "https://t.example/base/" },
		{ "/pub/", "https://t.example/base/" },
		{ "/pub/x/y?q", "https://t.example/base/x/y?q" },
		{ "/pub?q=/pub", "https://t.example/base/?q=/pub" },
		{ "//pub/x", "https://t.example/base/x" },
		{ "/pub//evil.example", "https://t.example/base/evil.example" },
		{ "/pub/pub/x", "https://t.example/base/pub/x" },
		{ "/pub/../x", "https://t.example/base/../x" },
		{ "/public", NULL },
		{ "/pu", NULL },
		{ "/", NULL },
		{ "", NULL },
		{ "?/pub/", NULL },
		{ "/Pub/x", NULL },
		{ "/%70ub/x", NULL },
		{ "/x/pub/y", NULL },
	};
	kit_more = strip_pub;
	struct redirect_sites *sites = kit_made(&row, 1);
	kit_more = NULL;
	const struct redirect_view view = { .sites = sites, .client = &plain };

	(void)state;
	for (size_t i = 0; i < 2 * KIT_COUNT(rows); i++) {
		struct redirect_request request = request_for("a.example");
		struct redirect_decision decision;
		char location[128];

		request.method = i % 2 ? REDIRECT_OTHER : REDIRECT_GET;
		request.target = span_string(rows[i / 2].target);
		redirect_decide(&view, &request, 0, &decision);
		snprintf(location, sizeof location, "%.*s", (int)decision.location_len, (char *)decision.location);
		if (rows[i / 2].location == NULL) {
			assert_int_equal(decision.outcome, REDIRECT_NO_FILE);
			assert_true(decision.outside);
			assert_string_equal(location, "");
		} else if (i % 2) {
			assert_int_equal(decision.outcome, REDIRECT_WRITE_SENT);
			assert_memory_equal(location, "https://w.example/", 18);
			assert_string_equal(location + 18, rows[i / 2].location + 23);
		} else {
			assert_string_equal(location, rows[i / 2].location);
		}
	}
	redirect_sites_free(sites);
}

/* What the servers of the presence site are said to have: by their first letters. */
struct inventory {
	const char *present, *absent;	/* others are being asked */
	unsigned asked;
	char url[128];
};

static enum redirect_present look_up(void *ctx, const struct redirect_target *target, struct span url)
{
	struct inventory *inventory = ctx;
	char name = target->url[strlen("https://")];

	inventory->asked++;
	snprintf(inventory->url, sizeof inventory->url, "%.*s", (int)url.len, (const char *)url.at);
	return strchr(inventory->present, name)  ? REDIRECT_PRESENT
	       : strchr(inventory->absent, name) ? REDIRECT_ABSENT : REDIRECT_PRESENT_SOON;
}

static void ask_first(struct conf *conf)
{
	conf->sites[0].presence.present = true;
}

static void test_presence(void **state)
{
	static const struct kit_site row = {
		"a.example", "https://a.example.net", "https://f.example.net https://g.example.net", NULL, 0,
	};
	static const struct {
		const char *present, *absent;
		char target;	/* 0: none has it; '?': wait */
		unsigned asked;
	} rows[] = {
		{ "a", "", 'a', 1 },	{ "afg", "", 'a', 1 },	{ "f", "a", 'f', 2 },	{ "g", "af", 'g', 3 },
		{ "", "afg", 0, 3 },	{ "", "", '?', 1 },	{ "g", "a", '?', 2 },	{ "", "af", '?', 3 },
	};
	kit_more = ask_first;
	struct redirect_sites *sites = kit_made(&row, 1);
	kit_more = NULL;

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct inventory inventory = { .present = rows[i].present, .absent = rows[i].absent };
		const struct redirect_view view = {
			.sites = sites, .client = &plain, .present = look_up, .present_ctx = &inventory,
		};
		struct redirect_request request = request_for("a.example");
		struct redirect_decision decision;

		request.target = SPAN_TEXT("/x/y?q=1");
		redirect_decide(&view, &request, 0, &decision);
		assert_int_equal(inventory.asked, rows[i].asked);
		assert_non_null(strstr(inventory.url, ".example.net/x/y"));
		assert_null(strchr(inventory.url, '?'));
		assert_int_equal(decision.wait, rows[i].target == '?');
		if (rows[i].target == 0)
			assert_int_equal(decision.outcome, REDIRECT_NO_FILE);
		else if (rows[i].target != '?')
			assert_int_equal(decision.target->url[8], rows[i].target);
	}

	/* Nobody is asked about writes and what is refused, nor when nobody can be asked. */
	struct inventory none = { .present = "", .absent = "afg" };
	struct redirect_view view = { .sites = sites, .client = &plain, .present = look_up, .present_ctx = &none };
	struct redirect_request request = request_for("a.example");
	struct redirect_decision decision;
	request.method = REDIRECT_OTHER;
	redirect_decide(&view, &request, 0, &decision);
	assert_int_equal(decision.outcome, REDIRECT_METHOD);
	request.method = REDIRECT_GET;
	view.present = NULL;
	redirect_decide(&view, &request, 0, &decision);
	assert_int_equal(decision.outcome, REDIRECT_SENT);
	assert_int_equal(none.asked, 0);
	redirect_sites_free(sites);
}

/* Who waits is served again, with another random number: it must meet the same targets in the same order. */
static void test_presence_is_steady(void **state)
{
	static const struct kit_site row = {
		"a.example", "https://a.example.net https://b.example.net*5 https://c.example.net", NULL, NULL, 0,
	};
	kit_more = ask_first;
	struct redirect_sites *sites = kit_made(&row, 1);
	kit_more = NULL;
	unsigned seen[3] = { 0 };
	char connections[300];

	(void)state;
	for (unsigned i = 0; i < sizeof connections; i++) {
		struct inventory inventory = { .present = "abc", .absent = "" };
		const struct redirect_client client = { .family = REDIRECT_IPV6, .tag = &connections[i] };
		const struct redirect_view view = {
			.sites = sites, .client = &client, .present = look_up, .present_ctx = &inventory,
		};
		struct redirect_request request = request_for("a.example");
		struct redirect_decision first, second;

		redirect_decide(&view, &request, i, &first);
		redirect_decide(&view, &request, ~(uint64_t)i, &second);
		assert_ptr_equal(first.target, second.target);
		seen[first.target->url[8] - 'a']++;
	}
	assert_in_range(seen[0], 10, 90);	/* still by weight, over connections */
	assert_in_range(seen[2], 10, 90);
	redirect_sites_free(sites);
}

static bool covers_upper(void *tag, struct span host)
{
	(void)tag;
	return host.at[0] == 'd';
}

static void test_certificate(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const struct redirect_client client = { .family = REDIRECT_IPV6, .tls = true, .covers = covers_upper };
	const struct redirect_view view = { .sites = sites, .client = &client };
	struct redirect_request request = request_for("dl.example.org");
	struct redirect_decision decision;

	(void)state;
	redirect_decide(&view, &request, 0, &decision);
	assert_int_equal(decision.status, 302);
	request = request_for("see.example.org");
	redirect_decide(&view, &request, 0, &decision);
	assert_int_equal(decision.outcome, REDIRECT_MISDIRECTED);
	request.method = REDIRECT_OPTIONS_METHOD;
	request.asterisk = true;
	redirect_decide(&view, &request, 0, &decision);
	assert_int_equal(decision.outcome, REDIRECT_OPTIONS);
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
		cmocka_unit_test(test_strip), cmocka_unit_test(test_presence), cmocka_unit_test(test_presence_is_steady),
		cmocka_unit_test(test_certificate), cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
