/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A page fault costs microseconds: chunks are large, so that a load of millions of records takes few of them. */
enum { ARENA_CHUNK = 1 << 20 };

struct arena_chunk {
	struct arena_chunk *next;
	uint8_t bytes[];
};

_Noreturn static void out_of_memory(void)
{
	static const char text[] = "catchment: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	abort();
}

void *mem_alloc(size_t size)
{
	void *block = calloc(1, size ? size : 1);

	if (block == NULL)
		out_of_memory();
	return block;
}

void *mem_array(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	return mem_alloc(total);
}

void *mem_resize(void *block, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	block = realloc(block, total ? total : 1);
	if (block == NULL)
		out_of_memory();
	return block;
}

void *mem_try_resize(void *block, size_t size)
{
	/* More than any machine has; sanitizers end the process for it. */
	if (size > (size_t)1 << 39)
		return NULL;
	return realloc(block, size ? size : 1);
}

bool mem_has_room(uint64_t size)
{
	if (size == 0)
		return true;
	/* What the kernel would refuse a process outright: more than all memory and swap, or than its limits. */
	void *room = size > SIZE_MAX / 2 ? MAP_FAILED
		: mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		return false;
	munmap(room, (size_t)size);
	return true;
}

void *mem_copy(const void *from, size_t size)
{
	void *block = malloc(size ? size : 1);

	if (block == NULL)
		out_of_memory();
	if (size != 0)
		memcpy(block, from, size);
	return block;
}

char *mem_string(const char *from)
{
	return from ? mem_copy(from, strlen(from) + 1) : NULL;
}

char *mem_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		out_of_memory();
	return text;
}

void mem_free(void *block)
{
	free(block);
}

void mem_grow(void **block, size_t *capacity, size_t count, size_t size)
{
	if (count < *capacity)
		return;
	*capacity = *capacity ? *capacity * 2 : 16;
	*block = mem_resize(*block, *capacity, size);
}

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
	size_t pad = (size_t)(-(uintptr_t)arena->next & (align - 1));

	if (arena->left < size + pad || arena->next == NULL) {
		size_t room = size + align > ARENA_CHUNK ? size + align : ARENA_CHUNK;
		struct arena_chunk *chunk = malloc(sizeof *chunk + room);

		if (chunk == NULL)
			out_of_memory();
		chunk->next = arena->chunks;
		arena->chunks = chunk;
		arena->next = chunk->bytes;
		arena->left = room;
		pad = (size_t)(-(uintptr_t)arena->next & (align - 1));
	}

	void *block = arena->next + pad;
	arena->next += pad + size;
	arena->left -= pad + size;
	arena->used += size;
	return block;
}

void *arena_copy(struct arena *arena, const void *from, size_t size)
{
	void *block = arena_alloc(arena, size, 1);

	if (size != 0)
		memcpy(block, from, size);
	return block;
}

void arena_fini(struct arena *arena)
{
	for (struct arena_chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*arena = (struct arena){ 0 };
}
