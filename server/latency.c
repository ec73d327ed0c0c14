/* SPDX-License-Identifier: Apache-2.0 */
#include "server/latency.h"

static void add(_Atomic uint64_t *value, uint64_t n)
{
	atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + n, memory_order_relaxed);
}

/* The first whose bound is not below ns. */
static unsigned bucket_of(uint64_t ns)
{
	uint64_t above_us = ns > 0 ? (ns - 1) / 1000 : 0;
	unsigned bucket = above_us == 0 ? 0 : 64 - (unsigned)__builtin_clzll(above_us);

	return bucket < LATENCY_BOUNDS ? bucket : LATENCY_BOUNDS;
}

void latency_add(struct latency *latency, uint64_t ns, unsigned count)
{
	add(&latency->buckets[bucket_of(ns)], count);
	add(&latency->sum_ns, ns * count);
}

void latency_read(const struct latency *latency, struct latency_sum *add_to)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		uint64_t count = atomic_load_explicit(&latency->buckets[i], memory_order_relaxed);

		add_to->buckets[i] += count;
		add_to->count += count;
	}
	add_to->sum_ns += atomic_load_explicit(&latency->sum_ns, memory_order_relaxed);
}

uint64_t latency_quantile_ns(const struct latency_sum *sum, double share)
{
	double wanted = share * (double)sum->count;
	uint64_t seen = 0;

	if (sum->count == 0)
		return 0;
	for (unsigned i = 0; i < LATENCY_BOUNDS; i++) {
		seen += sum->buckets[i];
		if ((double)seen >= wanted)
			return latency_bound_ns(i);
	}
	return UINT64_MAX;
}
