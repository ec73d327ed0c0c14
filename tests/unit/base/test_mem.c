/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/base/cmocka.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/base/mem.h"

static void test_blocks(void **state)
{
	unsigned *numbers = mem_array(100, sizeof *numbers);
	char *text = mem_format("%d-%s", 7, "x"), *copy = mem_string(text);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(numbers[i], 0);
	numbers[99] = 5;
	numbers = mem_resize(numbers, 1000, sizeof *numbers);
	assert_int_equal(numbers[99], 5);
	assert_string_equal(copy, "7-x");
	assert_ptr_not_equal(copy, text);
	assert_null(mem_string(NULL));

	/* Nothing is something too: a block that can be freed. */
	void *none[] = { mem_alloc(0), mem_array(0, 8), mem_array(8, 0), mem_copy(NULL, 0), mem_resize(NULL, 0, 1) };
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_non_null(none[i]);
		mem_free(none[i]);
	}
	mem_free(numbers);
	mem_free(text);
	mem_free(copy);
	mem_free(NULL);
}

static void test_grow(void **state)
{
	void *block = NULL;
	size_t capacity = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		mem_grow(&block, &capacity, i, sizeof i);
		assert_true(capacity > i);
		((unsigned *)block)[i] = i;
	}
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(((unsigned *)block)[i], i);
	assert_true(capacity < 2048);
	mem_free(block);
}

static void test_arena(void **state)
{
	static const size_t sizes[] = { 0, 1, 3, 8, 100, 1 << 20, 5, (1 << 20) - 1, 3 << 20, 7 };
	struct arena arena = { 0 };
	uint8_t *blocks[COUNT(sizes) * 4];
	size_t used = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(blocks); i++) {
		size_t size = sizes[i % COUNT(sizes)], align = (size_t)1 << i % 5;

		blocks[i] = arena_alloc(&arena, size, align);
		assert_int_equal((uintptr_t)blocks[i] % align, 0);
		memset(blocks[i], (int)i, size);
		used += size;
	}
	assert_int_equal(arena.used, used);
	for (size_t i = 0; i < COUNT(blocks); i++) {
		for (size_t j = 0; j < sizes[i % COUNT(sizes)]; j++) {
			if (blocks[i][j] != i)
				fail_msg("block %zu was written over", i);
		}
	}
	assert_memory_equal(arena_copy(&arena, "hello", 6), "hello", 6);
	assert_non_null(arena_copy(&arena, NULL, 0));
	arena_fini(&arena);
	assert_null(arena.chunks);
	assert_int_equal(arena.used, 0);
	arena_fini(&arena);
}

/* A size that overflows ends the process instead of allocating less than was asked for. */
static void expect_abort(void (*act)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		close(STDERR_FILENO);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

static void test_try(void **state)
{
	char *block = mem_try_resize(NULL, 3);

	(void)state;
	memcpy(block, "ab", 3);
	block = mem_try_resize(block, 1 << 20);
	assert_string_equal(block, "ab");
	assert_null(mem_try_resize(block, ((size_t)1 << 39) + 1));
	assert_string_equal(block, "ab");
	mem_free(block);
	assert_true(mem_has_room(0));
	assert_true(mem_has_room(1 << 20));
	assert_false(mem_has_room(UINT64_C(1) << 47));	/* more than the addresses there are */
	assert_false(mem_has_room(UINT64_MAX));
}

static void array_overflows(void)
{
	mem_free(mem_array(SIZE_MAX / 2, 3));
}

static void resize_overflows(void)
{
	mem_free(mem_resize(NULL, SIZE_MAX / 4 + 1, 4));
}

static void test_overflow(void **state)
{
	(void)state;
	expect_abort(array_overflows);
	expect_abort(resize_overflows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_try),
		cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
