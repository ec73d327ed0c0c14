/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted of one zone when dns.zone-statistics says so. Datasets share it from generation to generation, so
 * that a reload forgets nothing; the last that releases it frees it. Each worker writes its own line, anybody reads.
 */
#ifndef SYNC_ZONE_COUNTERS_H
#define SYNC_ZONE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* X(NAME, name in stats, and as the label kind of a metric) */
#define ZONE_COUNTERS(X) \
	X(QUERIES, "queries") \
	X(ANSWER, "answer") \
	X(NODATA, "nodata") \
	X(NXDOMAIN, "nxdomain") \
	X(REFERRAL, "referral") \
	X(ERROR, "error") \
	X(TRUNCATED, "truncated")

enum zone_counter {
#define X(name, text) ZONE_COUNTER_##name,
	ZONE_COUNTERS(X)
#undef X
	ZONE_COUNTER_COUNT
};
const char *zone_counter_name(enum zone_counter counter);

enum { ZONE_COUNTERS_LINE = 8 }; /* words of a cache line: workers do not write to each other's */
_Static_assert((int)ZONE_COUNTER_COUNT <= (int)ZONE_COUNTERS_LINE,
	       "a worker's counters of a zone are one cache line");

struct zone_counters {
	atomic_uint users;
	unsigned workers;
	_Atomic uint64_t values[][ZONE_COUNTERS_LINE];
};

struct zone_counters *zone_counters_new(unsigned workers);
struct zone_counters *zone_counters_retain(struct zone_counters *counters);	/* NULL is fine, here and below */
void zone_counters_release(struct zone_counters *counters);
uint64_t zone_counters_sum(const struct zone_counters *counters, enum zone_counter counter);

static inline void zone_counters_bump(struct zone_counters *counters, unsigned worker, enum zone_counter counter)
{
	_Atomic uint64_t *value = &counters->values[worker][counter];

	atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + 1, memory_order_relaxed);
}

#endif
