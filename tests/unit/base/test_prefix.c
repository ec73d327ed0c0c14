/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "conf/base/err.h"
#include "conf/base/prefix.h"

static void test_text(void **state)
{
	static const struct {
		const char *text, *expected;	/* NULL: refused */
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.77/24", "192.0.2.0/24" },
		{ "192.0.2.77", "192.0.2.77/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "255.255.255.255/1", "128.0.0.0/1" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8:1:2:3:4:5:6/56", "2001:db8:1::/56" },
		{ "2001:db8::ffff/113", "2001:db8::8000/113" },
		{ "::/0", "::/0" },
		{ "::1", "::1/128" },
		{ "fe80::1/64", "fe80::/64" },
		{ "::ffff:192.0.2.1", "192.0.2.1/32" },
		{ "", NULL },
		{ "/8", NULL },
		{ "192.0.2.0/", NULL },
		{ "192.0.2.0/33", NULL },
		{ "192.0.2.0/-1", NULL },
		{ "192.0.2.0/+8", NULL },
		{ "192.0.2.0/8 ", NULL },
		{ "192.0.2.0/0008", NULL },
		{ "192.0.2/24", NULL },
		{ "2001:db8::/129", NULL },
		{ "example.org/24", NULL },
		{ "2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8/4", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix = { .bits = 77 };
		char buf[PREFIX_TEXT_MAX];
		int err = prefix_parse(cases[i].text, &prefix);

		if (cases[i].expected == NULL) {
			assert_int_equal(err, ERR_SYNTAX);
			assert_int_equal(prefix.bits, 77);
			continue;
		}
		assert_int_equal(err, 0);
		assert_string_equal(prefix_print(&prefix, buf), cases[i].expected);
	}
}

static struct address address(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return address_of((struct span){ bytes, 4 });
	assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
	return address_of((struct span){ bytes, 16 });
}

static void test_set(void **state)
{
	static const char *const texts[] = {
		"203.0.113.0/24", "192.0.2.0/25",    "192.0.2.64/26", "192.0.2.64/26",
		"2001:db8::/32",  "2001:db8:5::/48", "10.1.2.3",      "::1",
	};
	static const struct {
		const char *address;
		bool in;
	} cases[] = {
		{ "192.0.2.0", true }, { "192.0.2.127", true }, { "192.0.2.128", false }, { "192.0.1.255", false },
		{ "203.0.113.255", true }, { "203.0.114.0", false }, { "10.1.2.3", true }, { "10.1.2.2", false },
		{ "10.1.2.4", false }, { "0.0.0.0", false }, { "255.255.255.255", false }, { "::1", true },
		{ "::", false }, { "2001:db8::", true }, { "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true },
		{ "2001:db9::", false }, { "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false },
		{ "::ffff:192.0.2.5", true }, { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false },
	};
	struct prefix list[COUNT(texts)];
	struct prefixes set, copy, none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(prefix_parse(texts[i], &list[i]), 0);
	prefixes_init(&set, list, COUNT(texts));
	prefixes_copy(&copy, &set);
	assert_int_equal(copy.count, 5);	/* what lies inside another is not kept */
	prefixes_fini(&set);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(prefixes_have(&copy, address(cases[i].address)), cases[i].in);
		assert_false(prefixes_have(&none, address(cases[i].address)));
		assert_false(prefixes_have(&set, address(cases[i].address)));
	}
	prefixes_fini(&copy);
}

static void test_everything(void **state)
{
	struct prefix all;
	struct prefixes set;

	(void)state;
	assert_int_equal(prefix_parse("::/0", &all), 0);
	prefixes_init(&set, &all, 1);
	assert_true(prefixes_have(&set, address("192.0.2.1")));
	assert_true(prefixes_have(&set, address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
	prefixes_fini(&set);
	prefixes_init(&set, NULL, 0);
	assert_false(prefixes_have(&set, address("192.0.2.1")));
	prefixes_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
