/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "redirect/request_method.h"

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool known;
		enum redirect_method method;
	} rows[] = {
		{ "GET", true, REDIRECT_GET }, { "HEAD", true, REDIRECT_HEAD }, { "OPTIONS", true, REDIRECT_OPTIONS_METHOD },
		{ "CONNECT", true, REDIRECT_CONNECT }, { "TRACE", true, REDIRECT_TRACE }, { "POST", true, REDIRECT_OTHER },
		{ "PUT", true, REDIRECT_OTHER }, { "DELETE", true, REDIRECT_OTHER }, { "PATCH", true, REDIRECT_OTHER },
		{ "M-SEARCH", true, REDIRECT_OTHER }, { "get", false, 0 }, { "GETT", false, 0 }, { "GE", false, 0 },
		{ "", false, 0 }, { "SOURCE", false, 0 }, { "BREW", false, 0 }, { "PRI", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct redirect_request request = { .method = REDIRECT_TRACE };
		const struct span name = span_string(rows[i].name);

		assert_int_equal(redirect_request_method(name, &request), rows[i].known);
		if (!rows[i].known) {
			assert_int_equal(request.method, REDIRECT_TRACE);
			assert_int_equal(request.method_name.len, 0);
			continue;
		}
		assert_int_equal(request.method, rows[i].method);
		assert_true(span_equal(request.method_name, name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
