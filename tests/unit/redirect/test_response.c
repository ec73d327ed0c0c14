/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/location.h"
#include "redirect/mirrors.h"

static const char *written(struct redirect_response response, const char *location)
{
	static uint8_t out[64 << 10];

	response.date = KIT_DATE;
	response.node = SPAN_TEXT(KIT_NODE);
	response.location = span_string(location);
	if (response.status == 0)
		response.status = redirect_outcome_status(response.outcome);
	if (response.cache_control.len == 0)
		response.cache_control = SPAN_TEXT("no-store");
	size_t bound = redirect_response_bound(&response);
	memset(out, '!', sizeof out);
	size_t len = redirect_response_write(&response, out);
	assert_true(len <= bound);
	assert_int_equal(out[len], '!');
	out[len] = '\0';
	return (const char *)out;
}

static void test_redirect_text(void **state)
{
	(void)state;
	assert_string_equal(
		written((struct redirect_response){ .outcome = REDIRECT_SENT,
						    .status = 302,
						    .persist = REDIRECT_PERSIST },
			"https://a.example/x?a=1&b='2'"),
		"HTTP/1.1 302 Found\r\n"
		"Date: " KIT_DATE "\r\n"
		"X-Node: fra1\r\n"
		"Location: https://a.example/x?a=1&b='2'\r\n"
		"Cache-Control: no-store\r\n"
		"Content-Type: text/html; charset=utf-8\r\n"
		"Content-Length: 111\r\n"
		"\r\n"
		"<!DOCTYPE html><title>Moved</title><a href=\"https://a.example/x?a=1&amp;b=&#39;2&#39;\">"
		"The content is here</a>\n");
}

/* A list in one value goes out in lines of their own. */
static void test_links(void **state)
{
	struct redirect_response response = { .outcome = REDIRECT_SENT, .status = 302, .persist = REDIRECT_PERSIST };
	static uint8_t many[REDIRECT_LINKS_MAX];

	(void)state;
	response.link = SPAN_TEXT("<https://b.example/x,y>; rel=duplicate; pri=1, <?meta4>; rel=describedby; type=\"a/b\"");
	assert_non_null(strstr(written(response, "https://a.example/"),
			       "\r\nLink: <https://b.example/x,y>; rel=duplicate; pri=1"
			       "\r\nLink: <?meta4>; rel=describedby; type=\"a/b\"\r\n"));
	/* The shortest there can be, as many as there can be: written() checks the bound. */
	for (size_t at = 0; at + 26 < sizeof many; at += 26)
		response.link = (struct span){ many, (size_t)sprintf((char *)many + at, "%s<h:>; rel=duplicate; pri=1",
								     at ? ", " : "") + at };
	written(response, "https://a.example/");
}

static void test_error_text(void **state)
{
	(void)state;
	assert_string_equal(
		written((struct redirect_response){ .outcome = REDIRECT_METHOD, .persist = REDIRECT_CLOSE }, ""),
		"HTTP/1.1 405 Method Not Allowed\r\n"
		"Date: " KIT_DATE "\r\n"
		"X-Node: fra1\r\n"
		"Allow: GET, HEAD, OPTIONS\r\n"
		"Cache-Control: no-store\r\n"
		"Content-Type: text/html; charset=utf-8\r\n"
		"Content-Length: 83\r\n"
		"Connection: close\r\n"
		"\r\n"
		"<!DOCTYPE html><title>405 Method Not Allowed</title><p>This site is read-only.</p>\n");
}

static void test_options_and_head(void **state)
{
	(void)state;
	assert_string_equal(
		written((struct redirect_response){ .outcome = REDIRECT_OPTIONS, .persist = REDIRECT_KEEP_ALIVE },
			""),
		"HTTP/1.1 204 No Content\r\nDate: " KIT_DATE "\r\nX-Node: fra1\r\nAllow: GET, HEAD, OPTIONS\r\n"
		"Connection: keep-alive\r\n\r\n");

	struct redirect_response response = { .outcome = REDIRECT_SENT, .status = 307, .persist = REDIRECT_PERSIST };
	char get[1024];
	snprintf(get, sizeof get, "%s", written(response, "https://a.example/&"));
	response.head = true;
	const char *head = written(response, "https://a.example/&");
	assert_memory_equal(get, head, strlen(head));
	assert_string_equal(head + strlen(head) - 4, "\r\n\r\n");
	assert_int_not_equal(strlen(get), strlen(head));
}

/* Every outcome, persistence and length of Location: within the bound, its length told truly. */
static void test_forms(void **state)
{
	char *location = mem_alloc(REDIRECT_LOCATION_MAX + 1);
	static const size_t lengths[] = { 20, REDIRECT_LINK_MAX - 1, REDIRECT_LINK_MAX, REDIRECT_LINK_MAX + 1,
					  REDIRECT_LOCATION_MAX };

	(void)state;
	for (unsigned outcome = 0; outcome < REDIRECT_OUTCOMES; outcome++)
		for (unsigned i = 0; i < KIT_COUNT(lengths) * 3; i++) {
			bool redirects = outcome == REDIRECT_SENT || outcome == REDIRECT_WRITE_SENT;
			size_t len = redirects ? lengths[i / 3] : 0, value_len;
			bool busy = redirect_outcome_status((enum redirect_outcome)outcome) == 503;

			memset(location, '&', len);	/* the byte that grows most in HTML */
			location[len] = '\0';
			const char *text =
				written((struct redirect_response){ .outcome = (enum redirect_outcome)outcome,
								    .status = outcome == REDIRECT_SENT ? 303 : 0,
								    .persist = (enum redirect_persist)(i % 3),
								    .type = SPAN_TEXT("text/plain"),
								    .body = SPAN_TEXT("content"),
								    .retry_after_s = busy ? UINT32_MAX : 0 },
					location);
			const char *end = strstr(text, "\r\n\r\n") + 4;
			const char *value = kit_field(text, end, "Content-Length", &value_len);
			char line[16];

			snprintf(line, sizeof line, "HTTP/1.1 %u ",
				 outcome == REDIRECT_SENT ? 303
							  : redirect_outcome_status((enum redirect_outcome)outcome));
			assert_memory_equal(text, line, strlen(line));
			if (outcome == REDIRECT_OPTIONS)
				assert_null(value);
			else
				assert_int_equal(strtoul(value, NULL, 10), strlen(end));
			value = kit_field(text, end, "Retry-After", &value_len);
			assert_int_equal(value != NULL, busy);
			value = kit_field(text, end, "Cache-Control", &value_len);
			assert_int_equal(value != NULL, outcome != REDIRECT_OPTIONS);
			value = kit_field(text, end, "Connection", &value_len);
			assert_int_equal(value != NULL, i % 3 != REDIRECT_PERSIST);
			assert_null(strstr(end, "&&"));
		}
	mem_free(location);
}

static void test_file_text(void **state)
{
	struct redirect_response response = {
		.outcome = REDIRECT_FILE,
		.status = 206,
		.persist = REDIRECT_PERSIST,
		.cache_control = SPAN_TEXT("max-age=60"),
		.hsts = SPAN_TEXT("max-age=1"),
		.type = SPAN_TEXT("text/plain"),
		.etag = SPAN_TEXT("\"e\""),
		.content_range = SPAN_TEXT("bytes 0-1/3"),
		.ranges = true,
		.body = SPAN_TEXT("ab"),
	};
	char expected[1024];

	(void)state;
	assert_string_equal(written(response, ""),
			    "HTTP/1.1 206 Partial Content\r\nDate: " KIT_DATE "\r\nX-Node: fra1\r\n"
			    "Strict-Transport-Security: max-age=1\r\nETag: \"e\"\r\nAccept-Ranges: bytes\r\n"
			    "Content-Range: bytes 0-1/3\r\nCache-Control: max-age=60\r\n"
			    "X-Content-Type-Options: nosniff\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nab");
	response.head = true;
	snprintf(expected, sizeof expected, "%s", written(response, ""));
	assert_string_equal(expected + strlen(expected) - 21, "Content-Length: 2\r\n\r\n");

	/* Nothing about a content that is not there (RFC 9110, 15.4.5). */
	response = (struct redirect_response){
		.outcome = REDIRECT_FILE, .status = 304, .cache_control = SPAN_TEXT("max-age=60"),
		.persist = REDIRECT_PERSIST, .etag = SPAN_TEXT("\"e\""), .ranges = true,
	};
	assert_string_equal(written(response, ""),
			    "HTTP/1.1 304 Not Modified\r\nDate: " KIT_DATE "\r\nX-Node: fra1\r\nETag: \"e\"\r\n"
			    "Accept-Ranges: bytes\r\nCache-Control: max-age=60\r\n\r\n");
	response.status = 416;
	response.content_range = SPAN_TEXT("bytes */3");
	assert_non_null(strstr(written(response, ""), "\r\nContent-Range: bytes */3\r\n"));
	assert_non_null(strstr(written(response, ""), "416 Range Not Satisfiable</title>"));
	response.status = 412;
	assert_non_null(strstr(written(response, ""), "412 Precondition Failed</title>"));
	/* An empty file is not a page. */
	response = (struct redirect_response){ .outcome = REDIRECT_FILE, .type = SPAN_TEXT("a/b") };
	assert_non_null(strstr(written(response, ""), "\r\nContent-Length: 0\r\n"));
}

/* The page is what HTTP/2 sends as well: the same bytes, and only where there is one. */
static void test_page(void **state)
{
	uint8_t page[REDIRECT_PAGE_MAX + 1];

	(void)state;
	for (unsigned outcome = 0; outcome < REDIRECT_OUTCOMES; outcome++) {
		struct redirect_response response = {
			.outcome = (enum redirect_outcome)outcome,
			.status = redirect_outcome_status((enum redirect_outcome)outcome),
			.body = SPAN_TEXT("content"),
			.type = SPAN_TEXT("text/plain"),
		};
		bool redirects = outcome == REDIRECT_SENT || outcome == REDIRECT_WRITE_SENT;
		const char *location = redirects ? "https://a.example/?a=`b`&c='d'[{|}]^" : "";

		response.location = span_string(location);
		size_t len = redirect_response_page(&response, page);
		page[len] = '\0';
		const char *behind = strstr(written(response, location), "\r\n\r\n") + 4;
		if (redirect_response_content(&response) == REDIRECT_CONTENT_PAGE)
			assert_string_equal(behind, (char *)page);
		else
			assert_int_equal(len, 0);
		if (redirects)
			assert_non_null(strstr((char *)page,
					       "<a href=\"https://a.example/?a=&#96;b&#96;&amp;c=&#39;d&#39;[{|}]^\">"));
	}
}

static void test_allow(void **state)
{
	struct redirect_response response = { .outcome = REDIRECT_METHOD, .status = 405 };

	(void)state;
	assert_non_null(strstr(written(response, ""), "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
	response.writes = true;
	assert_non_null(strstr(written(response, ""), "\r\nAllow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE\r\n"));
	response.outcome = REDIRECT_OPTIONS;
	response.status = 204;
	assert_non_null(strstr(written(response, ""), "\r\nAllow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE\r\n"));
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REDIRECT_OUTCOMES; i++) {
		const char *name = redirect_outcome_name((enum redirect_outcome)i);

		assert_true(strlen(name) > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(name, redirect_outcome_name((enum redirect_outcome)j));
		assert_in_range(redirect_outcome_status((enum redirect_outcome)i), 200, 505);
	}
	assert_string_equal(redirect_outcome_name(REDIRECT_NO_SITE), "no-site");
}

static void test_date(void **state)
{
	static const struct {
		int64_t wall_s;
		const char *text;
	} rows[] = {
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" }, { 4102444799, "Thu, 31 Dec 2099 23:59:59 GMT" },
		{ 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" }, { 253402300800, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ INT64_MAX, "Thu, 01 Jan 1970 00:00:00 GMT" }, { INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT" },
	};
	char date[REDIRECT_DATE_SIZE];

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		redirect_date_print(rows[i].wall_s, date);
		assert_string_equal(date, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirect_text), cmocka_unit_test(test_links), cmocka_unit_test(test_error_text),
		cmocka_unit_test(test_options_and_head), cmocka_unit_test(test_forms), cmocka_unit_test(test_file_text),
		cmocka_unit_test(test_page), cmocka_unit_test(test_allow), cmocka_unit_test(test_names),
		cmocka_unit_test(test_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
