/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "server/tls_names.h"

enum { NONE = 999 };

static void hosts_find_their_certificate(void **state)
{
	static const char *const given[] = {
		"ns.example.org", "*.example.org", "NS2.Example.NET.", "*.deep.a.example", "ns.example.org", "a_b.example",
	};
	static const struct {
		const char *host;
		size_t value;
	} cases[] = {
		{ "ns.example.org", 0 }, { "NS.EXAMPLE.org", 0 }, { "ns.example.org.", 0 }, { "www.example.org", 1 },
		{ "example.org", NONE }, { "a.b.example.org", NONE }, { "ns2.example.net", 2 }, { "x.deep.a.example", 3 },
		{ "deep.a.example", NONE }, { "a_b.example", 5 }, { "", NONE }, { ".", NONE }, { "*.example.org", NONE },
		{ ".example.org", NONE }, { "org", NONE }, { "b\xc3\xbc.example.org", NONE }, { "a b.example.org", NONE },
	};
	struct tls_names names = { 0 };
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		assert_true(tls_names_add(&names, given[i], strlen(given[i]), i));
	tls_names_sort(&names);
	assert_int_equal(names.count, 5);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t value = NONE;

		if (tls_names_find(&names, cases[i].host, strlen(cases[i].host), &value) != (cases[i].value != NONE)
		    || value != cases[i].value)
			fail_msg("%s: %zu", cases[i].host, value);
	}
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_false(tls_names_find(&names, longest, strlen(longest), &(size_t){ 0 }));
	tls_names_fini(&names);
	assert_int_equal(names.count, 0);
}

/* What certificates must not say, some with a NUL in the middle to be taken for a shorter name. */
static void odd_names_are_left_out(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{ "", 0 }, { ".", 1 }, { "a.example\0.evil.test", 20 }, { "*", 1 }, { "*.", 2 }, { "f*.example", 10 },
		{ "*f.example", 10 }, { "a.*.example", 11 }, { "*.*.example", 11 }, { "b\xc3\xbc.test", 8 }, { "a/b", 3 },
	};
	struct tls_names names = { 0 };
	char text[TLS_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_false(tls_names_add(&names, cases[i].text, cases[i].len, 0));
	memset(text, 'x', sizeof text);
	assert_false(tls_names_add(&names, text, TLS_NAME_MAX + 1, 0));
	assert_true(tls_names_add(&names, text, TLS_NAME_MAX, 0));
	tls_names_sort(&names);
	tls_names_fini(&names);
}

static void without_names_none_is_found(void **state)
{
	struct tls_names names = { 0 };
	size_t value = NONE;

	(void)state;
	tls_names_sort(&names);
	assert_false(tls_names_find(&names, "a.example", strlen("a.example"), &value));
	assert_int_equal(value, NONE);
	tls_names_fini(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_find_their_certificate),
		cmocka_unit_test(odd_names_are_left_out),
		cmocka_unit_test(without_names_none_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
