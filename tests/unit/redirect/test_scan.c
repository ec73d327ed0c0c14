/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/redirect/kit.h"

#include "redirect/scan.h"

static enum redirect_parsed scan(const char *bytes, size_t len)
{
	struct redirect_request_parser parser = { 0 };
	uint8_t *copy = mem_copy(bytes, len);	/* so that a sanitizer sees a byte too many */
	enum redirect_parsed parsed = redirect_scan(&parser, copy, len);

	mem_free(copy);
	return parsed;
}

/* Every byte at every place of a word: the fast walk and the slow one agree about each. */
static void test_every_byte(void **state)
{
	static const char head[] = "GET /a HTTP/1.1\r\nX: 0123456789abcdef\r\n\r\n";
	const size_t value = (size_t)(strstr(head, "0123") - head);

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < 16; at++) {
			char bytes[sizeof head];
			bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);

			memcpy(bytes, head, sizeof head);
			bytes[value + at] = (char)byte;
			/* A CR in front of the one that ends the line is no better than elsewhere. */
			assert_int_equal(scan(bytes, sizeof head - 1), good ? REDIRECT_PARSED : REDIRECT_PARSED_BAD);
		}
}

static void test_end_is_found(void **state)
{
	static const char bytes[] = "\r\nGET /a HTTP/1.1\r\nA: b\r\n\r\nGET /next HTTP/1.1\r\n";
	const size_t head = (size_t)(strstr(bytes, "GET /next") - bytes);

	(void)state;
	for (size_t len = 0; len < sizeof bytes; len++) {
		struct redirect_request_parser parser = { 0 };
		enum redirect_parsed parsed = redirect_scan(&parser, (const uint8_t *)bytes, len);

		assert_int_equal(parsed, len < head ? REDIRECT_PARSED_MORE : REDIRECT_PARSED);
		if (parsed == REDIRECT_PARSED) {
			assert_int_equal(parser.scanned, head);
			assert_int_equal(parser.skipped, 2);
			assert_int_equal(parser.field_count, 1);
		}
	}
}

static void test_request_lines(void **state)
{
	static const struct {
		const char *line;
		enum redirect_parsed parsed;
	} rows[] = {
		{ "GET /a HTTP/1.1", REDIRECT_PARSED_MORE }, { "G / HTTP/1.0", REDIRECT_PARSED_MORE },
		{ "M-SEARCH * HTTP/1.1", REDIRECT_PARSED_MORE }, { "GET /a HTTP/1.9", REDIRECT_PARSED_VERSION },
		{ "GET /a HTTP/2.0", REDIRECT_PARSED_VERSION }, { "GET /a HTTP/0.9", REDIRECT_PARSED_BAD },
		{ "GET /a", REDIRECT_PARSED_BAD }, { "G", REDIRECT_PARSED_BAD }, { "HTTP/1.1", REDIRECT_PARSED_BAD },
		{ "GET HTTP/1.1", REDIRECT_PARSED_BAD }, { "GET  HTTP/1.1", REDIRECT_PARSED_BAD },
		{ "G  HTTP/1.1", REDIRECT_PARSED_BAD }, { " / HTTP/1.1x", REDIRECT_PARSED_BAD },
		{ "GET /a HTTP/1.1 ", REDIRECT_PARSED_BAD }, { "GET /a\tHTTP/1.1", REDIRECT_PARSED_BAD },
		{ "GET /a /b HTTP/1.1", REDIRECT_PARSED_BAD }, { "GET /a HTTP/x.1", REDIRECT_PARSED_BAD },
		{ "GET /a HTTP/1,1", REDIRECT_PARSED_BAD }, { "GET: /a HTTP/1.1", REDIRECT_PARSED_BAD },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF /a HTTP/1.1", REDIRECT_PARSED_MORE },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG /a HTTP/1.1", REDIRECT_PARSED_BAD },
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		char bytes[100];

		snprintf(bytes, sizeof bytes, "%s\r\n", rows[i].line);
		assert_int_equal(scan(bytes, strlen(bytes)), rows[i].parsed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte), cmocka_unit_test(test_end_is_found),
		cmocka_unit_test(test_request_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
