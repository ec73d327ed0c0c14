/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/conf/faults.h"

#include "conf/text.h"

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
#define L61 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg"

static void test_name(void **state)
{
	static const struct {
		const char *text, *wire;
		size_t len; /* 0: refused */
	} cases[] = {
		{ ".", "", 1 },
		{ "org", "\3org", 5 },
		{ "Example.ORG", "\7example\3org", 13 },
		{ "example.org.", "\7example\3org", 13 },
		{ "ex\\097mple.org", "\7example\3org", 13 },
		{ "a\\.b.c", "\3a.b\1c", 7 },
		{ "\\000.x", "\1\0\1x", 5 },
		{ "\\255.x", "\1\377\1x", 5 },
		{ "\\065.x", "\1a\1x", 5 },
		{ "a\\\\b", "\3a\\b", 5 },
		{ "*.x", "\1*\1x", 5 },
		{ "_dns.x_y", "\4_dns\3x_y", 10 },
		{ L63 ".x", "\77" L63 "\1x", 67 },
		{ L63 "." L63 "." L63 "." L61, "\77" L63 "\77" L63 "\77" L63 "\75" L61, 255 },
		{ L63 "." L63 "." L63 "." L61 ".", "\77" L63 "\77" L63 "\77" L63 "\75" L61, 255 },
		{ L63 "." L63 "." L63 "." L61 "x", NULL, 0 },
		{ L63 "." L63 "." L63 "." L61 ".x", NULL, 0 },
		{ L63 "x.x", NULL, 0 },
		{ "", NULL, 0 },
		{ "..", NULL, 0 },
		{ ".org", NULL, 0 },
		{ "a..b", NULL, 0 },
		{ "a b", NULL, 0 },
		{ "a\\ b", NULL, 0 },
		{ "a;b", NULL, 0 },
		{ "a(b", NULL, 0 },
		{ "\"a\"", NULL, 0 },
		{ "b\xc3\xbc.x", NULL, 0 },
		{ "a\\", NULL, 0 },
		{ "a\\256", NULL, 0 },
		{ "a\\12", NULL, 0 },
		{ "a\\1x2", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t wire[CONF_WIRE_MAX];
		size_t len = 0;
		int err = conf_text_name(cases[i].text, wire, &len);

		if ((err == 0) != (cases[i].len != 0) || len != cases[i].len)
			fail_msg("\"%s\": %d, %zu bytes", cases[i].text, err, len);
		if (len != 0)
			assert_memory_equal(wire, cases[i].wire, len);
	}
}

static void test_host(void **state)
{
	static const char *const good[] = { "a",
					    "A.b",
					    "dl.example.org",
					    "1.2.3.4",
					    "a--b.c",
					    "xn--bcher-kva.example",
					    L63 ".x",
					    L63 "." L63 "." L63 "." L61 };
	static const char *const bad[] = { "",
					   ".",
					   "a.",
					   ".a",
					   "a..b",
					   "-a",
					   "a-",
					   "a-.b",
					   "a.-b",
					   "a_b",
					   "a b",
					   "a/b",
					   "*",
					   "*.a",
					   "a:1",
					   "[::1]",
					   "b\xc3\xbc",
					   L63 "x",
					   L63 "." L63 "." L63 "." L61 "x" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(conf_text_is_host(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (conf_text_is_host(bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

static void test_media_type(void **state)
{
	static const char *const good[] = { "text/plain", "text/html; charset=utf-8", "application/vnd.a+json;q=\"x y\"", "a/b ;c=d" };
	static const char *const bad[] = { "", " ", "text", "text/", "/plain", "text /plain", "text/plain,text/html", "text/plain\r\nX: y",
					   "text/plain; a=\n", "text/plain; a=\x7f", "text/pl\xc3\xa4in", "text/plain; \xc3\xa4" };
	char text[CONF_MEDIA_TYPE_MAX + 2] = "text/";

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(conf_text_is_media_type(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (conf_text_is_media_type(bad[i]))
			fail_msg("\"%s\" is taken", bad[i]);
	}
	memset(text + 5, 'x', CONF_MEDIA_TYPE_MAX - 5);
	assert_true(conf_text_is_media_type(text));
	text[CONF_MEDIA_TYPE_MAX] = 'x';
	assert_false(conf_text_is_media_type(text));
}

static const char begin[] = "it must begin with http:// or https://";
static const char no_host[] = "the host is missing";
static const char bad_host[] = "the host is not a host name or address";
static const char bad_port[] = "the port must be a number from 1 to 65535";
static const char user[] = "a user name or password has no place in it";
static const char query[] = "a query or fragment has no place in it: the client's own is kept";
static const char braces[] = "only {node}, {region} and {host} may stand in braces";
static const char character[] = "the path holds a character that must be written as %XX";
static const char percent[] = "a % in the path must be followed by two hexadecimal digits";

static void test_url(void **state)
{
	static const struct {
		const char *url, *fault;
	} cases[] = {
		{ "http://a", NULL },
		{ "https://a/", NULL },
		{ "https://dl.example.org:8443/pub/x", NULL },
		{ "https://192.0.2.1", NULL },
		{ "https://[2001:db8::1]", NULL },
		{ "https://[2001:db8::1]:8443/x", NULL },
		{ "https://{node}.content.example.org", NULL },
		{ "https://{node}-{region}.{host}:80/{host}/{node}", NULL },
		{ "https://a/b%20c/~d!$&'()*+,;=:@e", NULL },
		{ "ftp://a", begin },
		{ "HTTP://a", begin },
		{ "//a", begin },
		{ "a", begin },
		{ "", begin },
		{ "javascript:alert(1)", begin },
		{ "{node}://a", begin },
		{ "http://", no_host },
		{ "http:///x", no_host },
		{ "http://:80", bad_host },
		{ "http://a:", bad_port },
		{ "http://a:0", bad_port },
		{ "http://a:65536", bad_port },
		{ "http://a:+1", bad_port },
		{ "http://a:b:1", bad_port },
		{ "http://a:{node}", bad_port },
		{ "http://user@a", user },
		{ "http://user:word@a", user },
		{ "http://a_b", bad_host },
		{ "http://a.", bad_host },
		{ "http://-a", bad_host },
		{ "http://[::1", bad_port },
		{ "http://[x]", bad_host },
		{ "http://[::1]x", bad_host },
		{ "http://[]", bad_host },
		{ "http://a b", bad_host },
		{ "http://a\\b", bad_host },
		{ "http://a?b", query },
		{ "http://a/?b", query },
		{ "http://a/#b", query },
		{ "http://{nod}", braces },
		{ "http://{node", braces },
		{ "http://node}", braces },
		{ "http://{{node}}", braces },
		{ "http://a/{path}", braces },
		{ "http://a/b c", character },
		{ "http://a/\"b\"", character },
		{ "http://a/\xc3\xbc", character },
		{ "http://a/b%2", percent },
		{ "http://a/b%", percent },
		{ "http://a/b%zz", percent },
	};
	char url[CONF_URL_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *fault = conf_text_url_fault(cases[i].url);

		if (fault == NULL || cases[i].fault == NULL ? fault != cases[i].fault
							    : strcmp(fault, cases[i].fault) != 0)
			fail_msg("\"%s\": %s", cases[i].url, fault ? fault : "taken");
	}
	memset(url, 'a', sizeof url);
	memcpy(url, "http://a/", 9);
	url[CONF_URL_MAX + 1] = '\0';
	assert_string_equal(conf_text_url_fault(url), "it is longer than 1024 bytes");
	url[CONF_URL_MAX] = '\0';
	assert_null(conf_text_url_fault(url));
}

static void test_in_authority(void **state)
{
	(void)state;
	assert_true(conf_text_in_authority("https://{host}", "{host}"));
	assert_true(conf_text_in_authority("http://a.{host}:80/{host}", "{host}"));
	assert_false(conf_text_in_authority("http://a/{host}", "{host}"));
	assert_false(conf_text_in_authority("http://{node}/", "{host}"));
}

static void test_quote(void **state)
{
	char buf[CONF_QUOTE_MAX], text[300];

	(void)state;
	assert_string_equal(conf_text_quote("foo", 3, buf), "\"foo\"");
	assert_string_equal(conf_text_quote("", 0, buf), "\"\"");
	assert_string_equal(conf_text_quote("a\n\0\x7f\xc3z", 6, buf), "\"a\\x0a\\x00\\x7f\\xc3z\"");
	for (int c = 'a'; c >= 0; c -= 'a') {
		memset(text, c, sizeof text);
		conf_text_quote(text, sizeof text, buf);
		assert_true(strlen(buf) < CONF_QUOTE_MAX && strlen(buf) > 80);
		assert_string_equal(buf + strlen(buf) - 4, "...\"");
	}
}

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {
		{ "listen", "listen", 0 },
		{ "listen", "lisen", 1 },
		{ "listen", "listenn", 1 },
		{ "listen", "lisetn", 1 },
		{ "listen", "Listen", 1 },
		{ "udp-max", "udp_max", 1 },
		{ "kitten", "sitting", 3 },
		{ "", "abc", 3 },
		{ "zones", "sites", 3 },
		{ "abcdefgh", "xxxxxxxx", 5 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(conf_text_distance(cases[i].a, cases[i].b, 5), cases[i].distance);
		assert_int_equal(conf_text_distance(cases[i].b, cases[i].a, 5), cases[i].distance);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),         cmocka_unit_test(test_host),  cmocka_unit_test(test_url),
		cmocka_unit_test(test_in_authority), cmocka_unit_test(test_quote), cmocka_unit_test(test_distance),
		cmocka_unit_test(test_media_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
