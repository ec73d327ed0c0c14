/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/target.h"

static void test_forms(void **state)
{
	static const struct {
		enum redirect_method method;
		const char *text, *said;	/* "HOST SCHEME TARGET" */
	} rows[] = {
		{ REDIRECT_GET, "/", "field - /" },
		{ REDIRECT_GET, "//a/b?c", "field - //a/b?c" },
		{ REDIRECT_GET, "/http://a/", "field - /http://a/" },
		{ REDIRECT_GET, "http://a.example/x", "a.example http /x" },
		{ REDIRECT_OTHER, "HTTPS://A.Example.:443?x", "a.example https ?x" },
		{ REDIRECT_HEAD, "http://[::1]", "[::1] http " },
		{ REDIRECT_OPTIONS_METHOD, "*", "field * " },
		{ REDIRECT_OPTIONS_METHOD, "/x", "field - /x" },
		{ REDIRECT_CONNECT, "a.example:443", "field - " },
		{ REDIRECT_CONNECT, "[::1]:443", "field - " },
		{ REDIRECT_GET, "", NULL },
		{ REDIRECT_GET, "*", NULL },
		{ REDIRECT_OPTIONS_METHOD, "**", NULL },
		{ REDIRECT_GET, "x", NULL },
		{ REDIRECT_GET, "?x", NULL },
		{ REDIRECT_GET, "http:/a/x", NULL },
		{ REDIRECT_GET, "http:a", NULL },
		{ REDIRECT_GET, "http://", NULL },
		{ REDIRECT_GET, "http:///x", NULL },
		{ REDIRECT_GET, "http://?x", NULL },
		{ REDIRECT_GET, "http://a@b/", NULL },
		{ REDIRECT_GET, "http://a#b", NULL },
		{ REDIRECT_GET, "http://a\\b/", NULL },
		{ REDIRECT_GET, "http://a:b/", NULL },
		{ REDIRECT_GET, "ws://a/", NULL },
		{ REDIRECT_GET, "http://a/#b", NULL },
		{ REDIRECT_GET, "/%", NULL },
		{ REDIRECT_GET, "/\xff", NULL },
		{ REDIRECT_CONNECT, "a.example", NULL },
		{ REDIRECT_CONNECT, "a.example:", NULL },
		{ REDIRECT_CONNECT, "/x", NULL },
		{ REDIRECT_CONNECT, "http://a:1/", NULL },
		{ REDIRECT_CONNECT, "a@b:1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct redirect_request request = { .method = rows[i].method, .host = "field", .host_len = 5 };
		char said[REDIRECT_HOST_MAX + 100], text[80];

		assert_int_equal(redirect_target_parse(span_string(rows[i].text), &request), rows[i].said != NULL);
		if (rows[i].said == NULL)
			continue;
		memcpy(text, request.target.at, request.target.len);
		text[request.target.len] = '\0';
		snprintf(said, sizeof said, "%s %s %.80s", request.host,
			 request.asterisk ? "*" : !request.has_scheme ? "-" : request.https ? "https" : "http",
			 text);
		assert_string_equal(said, rows[i].said);
		assert_int_equal(request.host_len, strlen(request.host));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_forms) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
