/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include "conf/base/span.h"

static void test_equal(void **state)
{
	(void)state;
	assert_true(span_equal(SPAN_TEXT("abc"), span_string("abc")));
	assert_true(span_equal((struct span){ 0 }, SPAN_TEXT("")));
	assert_false(span_equal(SPAN_TEXT("abc"), SPAN_TEXT("abd")));
	assert_false(span_equal(SPAN_TEXT("abc"), SPAN_TEXT("ab")));
	assert_true(span_equal(SPAN_TEXT("a\0b"), (struct span){ (const uint8_t *)"a\0b", 3 }));
	assert_int_equal(span_string("").len, 0);
}

static void test_reader(void **state)
{
	static const uint8_t bytes[] = { 1, 0x82, 3, 0xff, 5, 6, 7, 8, 9 };
	struct reader reader = reader_of(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(reader_left(&reader), 9);
	assert_int_equal(reader_u8(&reader), 1);
	assert_int_equal(reader_u16(&reader), 0x8203);
	assert_true(reader_u32(&reader) == 0xff050607u);
	assert_int_equal(reader_left(&reader), 2);

	struct span rest = reader_take(&reader, 2);
	assert_ptr_equal(rest.at, bytes + 7);
	assert_int_equal(rest.len, 2);
	assert_false(reader.bad);
	assert_int_equal(reader_take(&reader, 0).len, 0);
	assert_false(reader.bad);
}

/* One read too far makes every later one give nothing, whatever is left. */
static void test_bad(void **state)
{
	static const struct {
		size_t len, wanted;
	} cases[] = { { 0, 1 }, { 1, 2 }, { 3, 4 }, { 3, SIZE_MAX }, { 3, SIZE_MAX / 2 + 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static const uint8_t bytes[] = { 1, 2, 3 };
		struct reader reader = reader_of(bytes, cases[i].len);
		struct span taken = reader_take(&reader, cases[i].wanted);

		assert_null(taken.at);
		assert_int_equal(taken.len, 0);
		assert_true(reader.bad);
		assert_int_equal(reader_left(&reader), 0);
		assert_int_equal(reader_u8(&reader), 0);
		assert_int_equal(reader_u16(&reader), 0);
		assert_int_equal(reader_u32(&reader), 0);
		assert_null(reader_take(&reader, 0).at);
		assert_true(reader.bad);
	}
}

static void test_short_numbers(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0xff, 0xff };

	(void)state;
	for (size_t len = 0; len <= sizeof bytes; len++) {
		struct reader u8 = reader_of(bytes, len), u16 = u8, u32 = u8;

		assert_int_equal(reader_u8(&u8), len >= 1 ? 0xff : 0);
		assert_int_equal(reader_u16(&u16), len >= 2 ? 0xffff : 0);
		assert_int_equal(reader_u32(&u32), 0);
		assert_int_equal(u8.bad, len < 1);
		assert_int_equal(u16.bad, len < 2);
		assert_true(u32.bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_short_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
