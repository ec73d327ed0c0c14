/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <net/if.h>

#include "conf/base/addr.h"
#include "conf/base/err.h"

/* "": refused. */
static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint16_t port;
		const char *printed;
	} cases[] = {
		{ "192.0.2.1@53", 0, "192.0.2.1@53" },
		{ "192.0.2.1@53", 80, "192.0.2.1@53" },
		{ "192.0.2.1", 80, "192.0.2.1@80" },
		{ "192.0.2.1", 0, "" },
		{ "0.0.0.0@0", 0, "0.0.0.0@0" },
		{ "192.0.2.1@65535", 0, "192.0.2.1@65535" },
		{ "192.0.2.1@65536", 0, "" },
		{ "192.0.2.1@99999999999999999999", 0, "" },
		{ "192.0.2.1@", 53, "" },
		{ "192.0.2.1@53 ", 0, "" },
		{ "192.0.2.1@-1", 0, "" },
		{ "192.0.2.1@0x35", 0, "" },
		{ " 192.0.2.1@53", 0, "" },
		{ "192.0.2@53", 0, "" },
		{ "192.0.2.256@53", 0, "" },
		{ "[192.0.2.1]@53", 0, "" },
		{ "192.0.2.1:53", 53, "" },
		{ "@53", 0, "" },
		{ "", 53, "" },
		{ "localhost", 53, "" },
		{ "2001:db8::1@53", 0, "2001:db8::1@53" },
		{ "[2001:DB8:0:0::1]@53", 0, "2001:db8::1@53" },
		{ "[2001:db8::1]", 53, "2001:db8::1@53" },
		{ "2001:db8::1", 53, "2001:db8::1@53" },
		{ "::", 53, "::@53" },
		{ "::ffff:192.0.2.1@53", 0, "::ffff:192.0.2.1@53" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888@65535", 0,
		  "1111:2222:3333:4444:5555:6666:7777:8888@65535" },
		{ "[2001:db8::1@53", 0, "" },
		{ "2001:db8::1]@53", 0, "" },
		{ "[]@53", 0, "" },
		{ "[", 53, "" },
		{ "2001:db8::1::2@53", 0, "" },
		{ "2001:db8::1%no-such-device@53", 0, "" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", 53, "" },
	};
	char buf[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr addr = { .v4 = { .sin_family = 99 } };
		int err = addr_parse(cases[i].text, cases[i].port, &addr);

		if (err != (cases[i].printed[0] ? 0 : ERR_SYNTAX))
			fail_msg("\"%s\": %d", cases[i].text, err);
		if (err != 0)
			assert_int_equal(addr.any.sa_family, 99);
		else
			assert_string_equal(addr_print(&addr, buf, sizeof buf), cases[i].printed);
	}
}

static struct addr of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, 0, &addr), 0);
	return addr;
}

static void test_parts(void **state)
{
	struct addr v4 = of("192.0.2.1@53"), v6 = of("2001:db8::1@8053");
	char buf[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(addr_port(&v4), 53);
	assert_int_equal(addr_port(&v6), 8053);
	assert_int_equal(addr_len(&v4), sizeof(struct sockaddr_in));
	assert_int_equal(addr_len(&v6), sizeof(struct sockaddr_in6));
	assert_string_equal(addr_print_host(&v4, buf, sizeof buf), "192.0.2.1");
	assert_string_equal(addr_print_host(&v6, buf, sizeof buf), "2001:db8::1");
	assert_string_equal(addr_print(&v4, buf, 5), "192.");
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "192.0.2.1@53", "192.0.2.1@53", true },
		{ "192.0.2.1@53", "192.0.2.1@54", false },
		{ "192.0.2.1@53", "192.0.2.2@53", false },
		{ "2001:db8::1@53", "[2001:db8:0::1]@53", true },
		{ "2001:db8::1@53", "2001:db8::2@53", false },
		{ "2001:db8::1@53", "2001:db8::1@54", false },
		{ "0.0.0.0@53", "::@53", false },
		{ "192.0.2.1@53", "::ffff:192.0.2.1@53", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr a = of(cases[i].a), b = of(cases[i].b);

		assert_int_equal(addr_equal(&a, &b), cases[i].equal);
		assert_int_equal(addr_equal(&b, &a), cases[i].equal);
	}
}

static void test_wildcard(void **state)
{
	struct addr any4 = of("0.0.0.0@53"), any6 = of("::@53"), v4 = of("0.0.0.1@53"), v6 = of("::1@53");

	(void)state;
	assert_true(addr_is_wildcard(&any4));
	assert_true(addr_is_wildcard(&any6));
	assert_false(addr_is_wildcard(&v4));
	assert_false(addr_is_wildcard(&v6));
}

static void test_scope(void **state)
{
	unsigned lo = if_nametoindex("lo");
	struct addr scoped, plain = of("fe80::1@53");

	(void)state;
	if (lo == 0)
		skip();
	assert_int_equal(addr_parse("fe80::1%lo@53", 0, &scoped), 0);
	assert_int_equal(scoped.v6.sin6_scope_id, lo);
	assert_int_equal(plain.v6.sin6_scope_id, 0);
	assert_false(addr_equal(&scoped, &plain));
	assert_int_equal(addr_parse("[fe80::1%lo]@53", 0, &plain), 0);
	assert_true(addr_equal(&scoped, &plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),    cmocka_unit_test(test_parts), cmocka_unit_test(test_equal),
		cmocka_unit_test(test_wildcard), cmocka_unit_test(test_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
