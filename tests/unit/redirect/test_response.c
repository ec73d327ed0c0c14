/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/location.h"

static const char *written(struct redirect_response response, const char *location)
{
	static uint8_t out[64 << 10];

	response.date = KIT_DATE;
	response.node = SPAN_TEXT(KIT_NODE);
	response.location = span_string(location);
	size_t bound = redirect_response_bound(response.node.len, response.location.len);
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

			memset(location, '&', len);	/* the byte that grows most in HTML */
			location[len] = '\0';
			const char *text =
				written((struct redirect_response){ .outcome = (enum redirect_outcome)outcome,
								    .status = 303,
								    .persist = (enum redirect_persist)(i % 3),
								    .retry_after_s = UINT32_MAX },
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
			assert_int_equal(value != NULL,
					 redirect_outcome_status((enum redirect_outcome)outcome) == 503);
			value = kit_field(text, end, "Cache-Control", &value_len);
			assert_int_equal(value != NULL, outcome != REDIRECT_OPTIONS);
			value = kit_field(text, end, "Connection", &value_len);
			assert_int_equal(value != NULL, i % 3 != REDIRECT_PERSIST);
			assert_null(strstr(end, "&&"));
		}
	mem_free(location);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REDIRECT_OUTCOMES; i++) {
		const char *name = redirect_outcome_name((enum redirect_outcome)i);

		assert_true(strlen(name) > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(name, redirect_outcome_name((enum redirect_outcome)j));
		assert_in_range(redirect_outcome_status((enum redirect_outcome)i), 204, 505);
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
		cmocka_unit_test(test_redirect_text), cmocka_unit_test(test_error_text),
		cmocka_unit_test(test_options_and_head), cmocka_unit_test(test_forms), cmocka_unit_test(test_names),
		cmocka_unit_test(test_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
