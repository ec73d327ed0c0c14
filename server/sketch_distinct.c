/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sketch_distinct.h"

/* The greatest rank: 52 bits behind the register's number, all zero. */
enum { RANKS = 64 - SKETCH_DISTINCT_BITS + 1 };

static uint8_t get(const struct sketch_distinct *distinct, unsigned i)
{
	return atomic_load_explicit(&distinct->registers[i], memory_order_relaxed);
}

void sketch_distinct_clear(struct sketch_distinct *distinct)
{
	for (unsigned i = 0; i < SKETCH_DISTINCT_REGISTERS; i++)
		atomic_store_explicit(&distinct->registers[i], 0, memory_order_relaxed);
}

void sketch_distinct_merge(struct sketch_distinct *into, const struct sketch_distinct *from)
{
	for (unsigned i = 0; i < SKETCH_DISTINCT_REGISTERS; i++) {
		uint8_t rank = get(from, i);

		if (rank > get(into, i))
			atomic_store_explicit(&into->registers[i], rank, memory_order_relaxed);
	}
}

/* Ertl's sigma(x) = x + sum of x^(2^k) 2^(k-1): of the registers that are still 0. x < 1. */
static double sigma(double x)
{
	double sum = x, weight = 1, before;

	do {
		x *= x;
		before = sum;
		sum += x * weight;
		weight *= 2;
	} while (sum != before);
	return sum;
}

uint64_t sketch_distinct_count(const struct sketch_distinct *distinct)
{
	const double m = SKETCH_DISTINCT_REGISTERS, alpha = 0.721347520444481703680;	/* 1 / (2 ln 2) */
	unsigned of_rank[RANKS + 1] = { 0 };

	for (unsigned i = 0; i < SKETCH_DISTINCT_REGISTERS; i++) {
		uint8_t rank = get(distinct, i);

		of_rank[rank < RANKS ? rank : RANKS]++;
	}
	if (of_rank[0] == SKETCH_DISTINCT_REGISTERS)
		return 0;
	/* His tau is of the registers that are full, which takes 2^52 keys a register: no clients are so many. */
	double z = 0;
	for (unsigned rank = RANKS; rank >= 1; rank--)
		z = (z + of_rank[rank]) / 2;
	z += m * sigma(of_rank[0] / m);
	return (uint64_t)(alpha * m * m / z + 0.5);
}
