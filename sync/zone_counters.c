/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/zone_counters.h"

#include <stddef.h>

#include "conf/base/mem.h"

const char *zone_counter_name(enum zone_counter counter)
{
	static const char *const names[] = {
#define X(name, text) text,
		ZONE_COUNTERS(X)
#undef X
	};

	return names[counter];
}

struct zone_counters *zone_counters_new(unsigned workers)
{
	struct zone_counters *counters = mem_alloc(sizeof *counters + workers * sizeof counters->values[0]);

	counters->users = 1;
	counters->workers = workers;
	return counters;
}

struct zone_counters *zone_counters_retain(struct zone_counters *counters)
{
	if (counters != NULL)
		atomic_fetch_add(&counters->users, 1);
	return counters;
}

void zone_counters_release(struct zone_counters *counters)
{
	if (counters != NULL && atomic_fetch_sub(&counters->users, 1) == 1)
		mem_free(counters);
}

uint64_t zone_counters_sum(const struct zone_counters *counters, enum zone_counter counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; counters != NULL && i < counters->workers; i++)
		sum += atomic_load_explicit(&counters->values[i][counter], memory_order_relaxed);
	return sum;
}
