/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser gives and keeps; what it accepts and refuses is in test_http.c, whose rows pass through it. */
#include "tests/unit/redirect/kit.h"

#include "redirect/request.h"

static enum redirect_parsed parse(struct redirect_request_parser *parser, const char *text, size_t *ret_consumed,
				  struct redirect_request *request)
{
	return redirect_request_next(parser, (const uint8_t *)text, strlen(text), ret_consumed, request);
}

static void test_fields(void **state)
{
	static const char text[] = "PUT http://A.Example:80/p?q HTTP/1.1\r\nHost: other\r\nContent-Length: 12\r\n"
				   "Expect: 100-continue\r\nConnection: close\r\n\r\nbody of 12 b";
	struct redirect_request_parser parser = { 0 };
	struct redirect_request request;
	size_t consumed;

	(void)state;
	assert_int_equal(parse(&parser, text, &consumed, &request), REDIRECT_PARSED);
	assert_int_equal(consumed, strlen(text) - 12);	/* the body is not its business */
	assert_int_equal(request.method, REDIRECT_OTHER);
	assert_false(request.version_1_0);
	assert_false(request.persist);
	assert_true(request.expect_continue);
	assert_true(request.has_scheme);
	assert_false(request.https);
	assert_false(request.chunked);
	assert_int_equal(request.content_length, 12);
	assert_string_equal(request.host, "a.example");
	assert_int_equal(request.host_len, 9);
	assert_ptr_equal(request.target.at, strstr(text, "/p?q"));	/* a view, no copy */
	assert_int_equal(request.target.len, 4);
	assert_null(parser.held);
	redirect_request_release(&parser);
}

static void test_methods(void **state)
{
	static const struct {
		const char *name;
		enum redirect_method method;
	} rows[] = {
		{ "GET", REDIRECT_GET }, { "HEAD", REDIRECT_HEAD }, { "OPTIONS", REDIRECT_OPTIONS_METHOD },
		{ "TRACE", REDIRECT_TRACE }, { "POST", REDIRECT_OTHER }, { "PUT", REDIRECT_OTHER },
		{ "DELETE", REDIRECT_OTHER }, { "PATCH", REDIRECT_OTHER }, { "M-SEARCH", REDIRECT_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		struct redirect_request_parser parser = { 0 };
		struct redirect_request request;
		char text[100];
		size_t consumed;

		snprintf(text, sizeof text, "%s /a HTTP/1.0\r\n\r\n", rows[i].name);
		assert_int_equal(parse(&parser, text, &consumed, &request), REDIRECT_PARSED);
		assert_int_equal(request.method, rows[i].method);
		assert_true(request.version_1_0);
		assert_int_equal(request.host_len, 0);
		redirect_request_release(&parser);
	}
}

static void test_held(void **state)
{
	struct redirect_request_parser parser = { 0 };
	struct redirect_request request;
	size_t consumed;

	(void)state;
	assert_true(redirect_request_idle(&parser));
	assert_int_equal(parse(&parser, "\r", &consumed, &request), REDIRECT_PARSED_MORE);
	assert_false(redirect_request_idle(&parser));
	assert_int_equal(parse(&parser, "\n", &consumed, &request), REDIRECT_PARSED_MORE);
	assert_true(redirect_request_idle(&parser));	/* only the empty line that is allowed before a request */
	assert_int_equal(parse(&parser, "GET /held HTTP/1.1\r\nHost: a\r\n", &consumed, &request),
			 REDIRECT_PARSED_MORE);
	assert_int_equal(consumed, 29);
	assert_false(redirect_request_idle(&parser));
	assert_int_equal(parse(&parser, "\r\nGET /next", &consumed, &request), REDIRECT_PARSED);
	assert_int_equal(consumed, 2);
	assert_memory_equal(request.target.at, "/held ", 6);
	redirect_request_release(&parser);
	assert_true(redirect_request_idle(&parser));
	assert_null(parser.held);
}

/* However it comes, an incomplete head costs at most REDIRECT_HELD_MAX bytes. */
static void test_held_limit(void **state)
{
	static const size_t steps[] = { 1, 100, 4096, 70000 };

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(steps); i++) {
		struct redirect_request_parser parser = { 0 };
		struct redirect_request request;
		size_t consumed, len = 0;
		char *text = mem_alloc(steps[i] + 1);
		enum redirect_parsed parsed = parse(&parser, "\r\nGET / HTTP/1.1\r\nX: ", &consumed, &request);

		memset(text, 'v', steps[i]);
		for (; parsed == REDIRECT_PARSED_MORE && len < 100000; len += steps[i]) {
			parsed = parse(&parser, text, &consumed, &request);
			assert_true(parser.held_room <= REDIRECT_HELD_MAX);
		}
		assert_int_equal(parsed, REDIRECT_PARSED_LARGE_HEAD);
		redirect_request_release(&parser);
		mem_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields), cmocka_unit_test(test_methods), cmocka_unit_test(test_held),
		cmocka_unit_test(test_held_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
