/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many different keys there were, in 4 KiB: HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007), read with the
 * estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6), which needs no
 * table of corrections. Standard error 1.04 / sqrt(4096), 1.6 %. Several are read as one by taking the greatest of each
 * register: they must count the same hashes. One writer; any thread may read meanwhile.
 */
#ifndef SERVER_SKETCH_DISTINCT_H
#define SERVER_SKETCH_DISTINCT_H

#include <stdatomic.h>
#include <stdint.h>

enum { SKETCH_DISTINCT_BITS = 12, SKETCH_DISTINCT_REGISTERS = 1 << SKETCH_DISTINCT_BITS };

struct sketch_distinct {
	_Atomic uint8_t registers[SKETCH_DISTINCT_REGISTERS];
};

/* hash: every bit as good as the others; the highest choose the register. */
static inline void sketch_distinct_add(struct sketch_distinct *distinct, uint64_t hash)
{
	_Atomic uint8_t *at = &distinct->registers[hash >> (64 - SKETCH_DISTINCT_BITS)];
	/* Zeroes in front of the first one, and it; the bit behind the hash ends them. */
	uint64_t rest = hash << SKETCH_DISTINCT_BITS | UINT64_C(1) << (SKETCH_DISTINCT_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

	if (rank > atomic_load_explicit(at, memory_order_relaxed))
		atomic_store_explicit(at, rank, memory_order_relaxed);
}

void sketch_distinct_clear(struct sketch_distinct *distinct);
void sketch_distinct_merge(struct sketch_distinct *into, const struct sketch_distinct *from);
uint64_t sketch_distinct_count(const struct sketch_distinct *distinct);

#endif
