/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Allocation here succeeds or ends the process: loading checks sizes against limits first, and answering
 * works in memory it already has, so there is no third case to handle. Thread: any.
 */
#ifndef CONF_BASE_MEM_H
#define CONF_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t size);			/* zeroed */
void *mem_array(size_t count, size_t size);	/* zeroed; ends the process when count * size overflows */
void *mem_resize(void *block, size_t count, size_t size); /* new part not zeroed */
/* For sizes that others tell: NULL when there is no room, and block is as it was. The new part is not zeroed. */
void *mem_try_resize(void *block, size_t size);
/* Whether so much could be had now, in one block. Nothing is kept of it. */
bool mem_has_room(uint64_t size);
void *mem_copy(const void *from, size_t size);
char *mem_string(const char *from);		/* NULL stays NULL */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mem_free(void *block);

/* Room for one more element in a growing array: doubles *block when count has reached *capacity. */
void mem_grow(void **block, size_t *capacity, size_t count, size_t size);

/* Many small blocks of one lifetime. Zero-initialised is empty; blocks stay where they are until arena_fini(). */
struct arena {
	struct arena_chunk *chunks;
	uint8_t *next;
	size_t left;
	size_t used;	/* bytes handed out */
};

void *arena_alloc(struct arena *arena, size_t size, size_t align);
void *arena_copy(struct arena *arena, const void *from, size_t size);	/* no alignment */
void arena_fini(struct arena *arena);

#endif
