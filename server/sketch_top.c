/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sketch_top.h"

#include <stdlib.h>

#include "conf/base/mem.h"

static uint32_t load(const _Atomic uint32_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void store(_Atomic uint32_t *value, uint32_t number)
{
	atomic_store_explicit(value, number, memory_order_relaxed);
}

static uint64_t key_of(const struct sketch_top_place *place)
{
	return atomic_load_explicit(&place->key, memory_order_relaxed);
}

static uint32_t sum(uint32_t count, unsigned times)
{
	return count > UINT32_MAX - times ? UINT32_MAX : count + times;
}

void sketch_top_init(struct sketch_top *top, size_t places)
{
	size_t sets = 1;

	while (sets * SKETCH_TOP_WAYS < places)
		sets *= 2;
	top->mask = sets - 1;
	top->places = mem_array(sets * SKETCH_TOP_WAYS, sizeof *top->places);
}

void sketch_top_fini(struct sketch_top *top)
{
	mem_free(top->places);
	top->places = NULL;
}

void sketch_top_clear(struct sketch_top *top)
{
	for (size_t i = 0; i < (top->mask + 1) * SKETCH_TOP_WAYS; i++) {
		store(&top->places[i].count, 0);
		store(&top->places[i].error, 0);
		atomic_store_explicit(&top->places[i].key, 0, memory_order_relaxed);
	}
}

/* The rarest makes room; one that is free is the rarest of all. */
static void replace(struct sketch_top_place *set, uint64_t key, unsigned times)
{
	struct sketch_top_place *rarest = set;

	for (unsigned i = 1; i < SKETCH_TOP_WAYS; i++) {
		if (load(&set[i].count) < load(&rarest->count))
			rarest = &set[i];
	}
	uint32_t count = load(&rarest->count);
	store(&rarest->error, count);
	store(&rarest->count, sum(count, times));
	atomic_store_explicit(&rarest->key, key, memory_order_relaxed);
}

void sketch_top_add(struct sketch_top *top, uint64_t key, uint64_t hash, unsigned times)
{
	struct sketch_top_place *set = &top->places[(hash & top->mask) * SKETCH_TOP_WAYS];

	/* The key of a free place is 0: who has that key finds one and counts from 0, as it should. */
	for (unsigned i = 0; i < SKETCH_TOP_WAYS; i++) {
		if (key_of(&set[i]) == key) {
			store(&set[i].count, sum(load(&set[i].count), times));
			return;
		}
	}
	replace(set, key, times);
}

/* ---- Reading ---- */

void sketch_top_read(const struct sketch_top *top, struct sketch_top_rows *add_to)
{
	for (size_t i = 0; i < (top->mask + 1) * SKETCH_TOP_WAYS; i++) {
		const struct sketch_top_place *place = &top->places[i];
		uint32_t count = load(&place->count), error = load(&place->error);

		if (count == 0)
			continue;
		if (add_to->count == add_to->room) {
			add_to->room = add_to->room > 0 ? add_to->room * 2 : 256;
			add_to->list = mem_resize(add_to->list, add_to->room, sizeof *add_to->list);
		}
		add_to->list[add_to->count++] = (struct sketch_top_row){ key_of(place), count, error < count ? error : count - 1 };
	}
}

static int by_key(const void *a, const void *b)
{
	const struct sketch_top_row *left = a, *right = b;

	return (left->key > right->key) - (left->key < right->key);
}

static int by_count(const void *a, const void *b)
{
	const struct sketch_top_row *left = a, *right = b;

	return left->count != right->count ? (left->count < right->count) - (left->count > right->count) : by_key(a, b);
}

void sketch_top_rank(struct sketch_top_rows *rows, size_t most)
{
	size_t kept = 0;

	if (rows->count == 0)
		return;
	qsort(rows->list, rows->count, sizeof *rows->list, by_key);
	for (size_t i = 1; i < rows->count; i++) {
		if (rows->list[i].key == rows->list[kept].key) {
			rows->list[kept].count += rows->list[i].count;
			rows->list[kept].error += rows->list[i].error;
		} else {
			rows->list[++kept] = rows->list[i];
		}
	}
	rows->count = kept + 1;
	qsort(rows->list, rows->count, sizeof *rows->list, by_count);
	if (rows->count > most)
		rows->count = most;
}

void sketch_top_rows_fini(struct sketch_top_rows *rows)
{
	mem_free(rows->list);
	*rows = (struct sketch_top_rows){ 0 };
}
