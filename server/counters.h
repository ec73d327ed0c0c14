/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker counts. Each worker writes only its own; main sums them when somebody asks. A plain load and store is
 * enough with one writer: no locked instruction on the answer path. server/counter_list.h names them all; stats and
 * metrics print from there.
 */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "server/counter_list.h"

enum counter {
#define F(family, help)
#define X(name, stats, labels) COUNTER_##name,
	COUNTERS(F, X)
#undef X
#undef F
	COUNTER_COUNT
};

struct counters {
	_Atomic uint64_t value[COUNTER_COUNT];
};

static inline void counters_add(struct counters *counters, enum counter counter, uint64_t n)
{
	_Atomic uint64_t *value = &counters->value[counter];

	atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void counters_bump(struct counters *counters, enum counter counter)
{
	counters_add(counters, counter, 1);
}

static inline uint64_t counters_get(const struct counters *counters, enum counter counter)
{
	return atomic_load_explicit(&counters->value[counter], memory_order_relaxed);
}

const char *counters_name(enum counter counter);	/* "dns.queries.udp4" */

/* The list as it stands: a row with a family begins one, the rows behind it are its counters. */
struct counter_row {
	const char *family, *help;	/* NULL: a counter */
	const char *labels;		/* "transport=\"udp\",family=\"ipv4\"", "" without; NULL: not a metric */
	enum counter counter;
};
extern const struct counter_row counter_rows[];
extern const size_t counter_row_count;

#endif
