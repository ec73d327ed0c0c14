/* SPDX-License-Identifier: Apache-2.0 */
#include "server/counters.h"

#define F(family, help)
#define X(name, stats, labels) [COUNTER_##name] = stats,
static const char *const names[COUNTER_COUNT] = { COUNTERS(F, X) };
#undef X
#undef F

#define F(family, help) { family, help, NULL, 0 },
#define X(name, stats, labels) { NULL, NULL, labels, COUNTER_##name },
const struct counter_row counter_rows[] = { COUNTERS(F, X) };
#undef X
#undef F
const size_t counter_row_count = sizeof counter_rows / sizeof counter_rows[0];

const char *counters_name(enum counter counter)
{
	return names[counter];
}
