/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stream_pool.h"

#include <string.h>

#include "conf/base/mem.h"

enum { SLAB_STREAMS = 64 };	/* about 10 KiB: little for a node without TCP clients */

struct stream_slab {
	struct stream_slab *next;
	alignas(max_align_t) uint8_t bytes[];
};

void stream_list_append(struct stream_list *list, struct stream *stream)
{
	stream->older = list->newest;
	stream->newer = NULL;
	if (list->newest != NULL)
		list->newest->newer = stream;
	else
		list->oldest = stream;
	list->newest = stream;
}

void stream_list_remove(struct stream_list *list, struct stream *stream)
{
	if (stream->older != NULL)
		stream->older->newer = stream->newer;
	else
		list->oldest = stream->newer;
	if (stream->newer != NULL)
		stream->newer->older = stream->older;
	else
		list->newest = stream->older;
	stream->older = stream->newer = NULL;
}

static size_t stream_bytes(const struct stream_pool *pool)
{
	size_t align = alignof(max_align_t);

	return (sizeof(struct stream) + pool->state_bytes + align - 1) / align * align;
}

static void grow(struct stream_pool *pool)
{
	size_t bytes = stream_bytes(pool);
	struct stream_slab *slab = mem_alloc(sizeof *slab + SLAB_STREAMS * bytes);

	slab->next = pool->slabs;
	pool->slabs = slab;
	for (size_t i = 0; i < SLAB_STREAMS; i++) {
		struct stream *stream = (struct stream *)(void *)(slab->bytes + i * bytes);

		stream->older = pool->free;
		pool->free = stream;
	}
}

struct stream *stream_pool_take(struct stream_pool *pool)
{
	if (pool->free == NULL)
		grow(pool);

	struct stream *stream = pool->free;
	pool->free = stream->older;
	memset(stream, 0, stream_bytes(pool));
	return stream;
}

void stream_pool_give(struct stream_pool *pool, struct stream *stream)
{
	stream->older = pool->free;
	pool->free = stream;
}

void stream_pool_fini(struct stream_pool *pool)
{
	while (pool->slabs != NULL) {
		struct stream_slab *slab = pool->slabs;

		pool->slabs = slab->next;
		mem_free(slab);
	}
	pool->free = NULL;
}
