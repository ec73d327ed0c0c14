/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <errno.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/zstd.h"

enum { LONG = 3 << 20 };

static void test_round(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, LONG };
	uint8_t *raw = mem_array(LONG, 1), *packed, *again;
	struct err_note note;
	size_t len;

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		raw[i] = (uint8_t)(i * i >> 7);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(zstd_pack((struct span){ raw, sizes[i] }, ZSTD_LEVEL, &packed, &len), 0);
		assert_int_equal(zstd_unpack((struct span){ packed, len }, sizes[i], &again, &note), 0);
		assert_memory_equal(again, raw, sizes[i]);
		assert_int_equal(again[sizes[i]], 0);
		mem_free(packed);
		mem_free(again);
	}
	mem_free(raw);
}

static void check_refused(const uint8_t *packed, size_t len, size_t raw_len, const char *said)
{
	uint8_t *exact = mem_copy(packed, len), *again;
	struct err_note note;

	assert_int_equal(zstd_unpack((struct span){ exact, len }, raw_len, &again, &note), ERR_FORMAT);
	if (said != NULL)
		assert_string_equal(note.text, said);
	mem_free(exact);
}

static void test_refused(void **state)
{
	uint8_t raw[1000], *packed, two[2200];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof raw; i++)
		raw[i] = (uint8_t)(i * i >> 3);
	assert_int_equal(zstd_pack((struct span){ raw, sizeof raw }, 9, &packed, &len), 0);
	check_refused(packed, len, 999, "the zstd frame is of another size than was signed");
	check_refused(packed, len, 1001, "the zstd frame is of another size than was signed");
	check_refused(packed, 0, 1000, "not a zstd frame");
	check_refused((const uint8_t *)"zstd", 4, 1000, "not a zstd frame");
	check_refused(packed, len - 1, 1000, NULL);
	memcpy(two, packed, len);
	memcpy(two + len, packed, len);
	check_refused(two, 2 * len, 2000, "the zstd frame is of another size than was signed");
	check_refused(two, len + 1, 1000, "there are bytes behind the zstd frame");
	/* A flipped bit is at least seen by the checksum. */
	for (size_t i = 8; i < len; i++) {
		packed[i] ^= 0x10;
		check_refused(packed, len, 1000, NULL);
		packed[i] ^= 0x10;
	}
	mem_free(packed);
}

static int stop_behind(void *ctx, struct span piece)
{
	size_t *left = ctx;

	assert_true(piece.len > 0 && piece.len <= ZSTD_PIECE);
	if (piece.len > *left)
		return -ECANCELED;
	*left -= piece.len;
	return 0;
}

/* Zeros: nothing is held but a piece and the window. */
static void test_pieces(void **state)
{
	uint8_t *raw = mem_array(LONG, 1), *packed;
	struct err_note note;
	size_t len, left = LONG;

	(void)state;
	assert_int_equal(zstd_pack((struct span){ raw, LONG }, 1, &packed, &len), 0);
	assert_true(len < 2000);
	assert_int_equal(zstd_unpack_pieces((struct span){ packed, len }, LONG, stop_behind, &left, &note), 0);
	assert_int_equal(left, 0);
	left = LONG - 1;
	assert_int_equal(zstd_unpack_pieces((struct span){ packed, len }, LONG, stop_behind, &left, &note), -ECANCELED);
	mem_free(packed);
	mem_free(raw);
}

/* A frame that does not say how long it is: no room is made for what was signed, only for what comes. */
static void test_untold(void **state)
{
	/* RFC 8878, 3.1: magic, a descriptor without a size, the window, the last block, raw, of 5 bytes. */
	static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x29, 0x00, 0x00, 'h', 'e', 'l', 'l', 'o' };
	struct span packed = { frame, sizeof frame };
	struct err_note note;
	uint8_t *raw;

	(void)state;
	assert_int_equal(zstd_unpack(packed, 5, &raw, &note), 0);
	assert_string_equal(raw, "hello");
	mem_free(raw);
	assert_int_equal(zstd_unpack(packed, (size_t)1 << 39, &raw, &note), ERR_FORMAT);
	assert_string_equal(note.text, "the zstd frame holds less than was signed");
	assert_int_equal(zstd_unpack(packed, 4, &raw, &note), ERR_FORMAT);
	assert_string_equal(note.text, "the zstd frame holds more than was signed");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_round), cmocka_unit_test(test_refused),
					    cmocka_unit_test(test_pieces), cmocka_unit_test(test_untold) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
