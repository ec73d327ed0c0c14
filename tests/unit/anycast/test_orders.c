/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/anycast/orders.h"

#define FIRST "catchment-orders 1\n"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int err;
		enum machine_order a, b;
	} cases[] = {
		{ FIRST, 0, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ FIRST "drain 5 a\n", 0, MACHINE_DRAIN, MACHINE_NO_ORDER },
		{ FIRST "force 5 two words\nwithdraw 6 a\n", 0, MACHINE_WITHDRAW, MACHINE_FORCE },
		{ FIRST "drain 5 gone\n", 0, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ "", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ "catchment-orders 2\n", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ FIRST "drain 5 a", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ FIRST "drain x a\n", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ FIRST "none 5 a\n", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ FIRST "drain 5 \n", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
		{ FIRST "drain\n", ERR_FORMAT, MACHINE_NO_ORDER, MACHINE_NO_ORDER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct order orders[] = { { .service = "a" }, { .service = "two words" } };

		assert_int_equal(orders_parse(cases[i].text, orders, 2), cases[i].err);
		assert_int_equal(orders[0].order, cases[i].a);
		assert_int_equal(orders[1].order, cases[i].b);
	}
}

static void test_write_and_read(void **state)
{
	char folder[] = "/tmp/unit-orders.XXXXXX";
	struct order orders[] = { { "a", MACHINE_DRAIN, 100 }, { "two words", MACHINE_NO_ORDER, 0 }, { "c", MACHINE_FORCE, 7 } };
	struct order back[] = { { .service = "c" }, { .service = "a" }, { .service = "two words" } };
	struct err_note note = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(orders_read(folder, back, 3, &note), 0);
	assert_int_equal(back[0].order, MACHINE_NO_ORDER);
	assert_int_equal(orders_write(folder, orders, 3), 0);
	assert_int_equal(orders_read(folder, back, 3, &note), 0);
	assert_int_equal(back[0].order, MACHINE_FORCE);
	assert_int_equal(back[1].order, MACHINE_DRAIN);
	assert_int_equal(back[1].at, 100);
	assert_int_equal(back[2].order, MACHINE_NO_ORDER);

	/* Damaged: whatever was wanted, nothing is announced. */
	char *path = mem_format("%s/orders", folder);
	assert_int_equal(file_replace(path, "drain", 5, 0644), 0);
	assert_int_equal(orders_read(folder, back, 3, &note), ERR_FORMAT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(back[i].order, MACHINE_WITHDRAW);
	assert_non_null(strstr(note.text, "undrain"));
	unlink(path);
	mem_free(path);
	rmdir(folder);
	assert_true(orders_write("/nonexistent/folder", orders, 3) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_write_and_read) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
