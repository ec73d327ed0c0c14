/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/wallclock.h"

#include <inttypes.h>
#include <stdio.h>

#include "conf/base/clock.h"

const char *wallclock_name(enum wallclock verdict)
{
	static const char *const names[] = { "good", "behind", "ahead" };

	return names[verdict];
}

const char *wallclock_print_span(int64_t span_s, char *buf, size_t size)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" } };

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (span_s >= 2 * units[i].seconds) {
			snprintf(buf, size, "%" PRId64 " %s", span_s / units[i].seconds, units[i].name);
			return buf;
		}
	}
	snprintf(buf, size, "%" PRId64 " s", span_s);
	return buf;
}

enum wallclock wallclock_judge(const struct wallclock_facts *facts, char *text, size_t size)
{
	char now[CLOCK_TEXT_MAX], then[CLOCK_TEXT_MAX], span[WALLCLOCK_SPAN_MAX];
	int64_t offset = facts->has_offset ? facts->offset_s : 0;

	clock_print(facts->clock_s, now, sizeof now);
	if (facts->floor_s - facts->clock_s > WALLCLOCK_STEP_S) {
		snprintf(text, size, "the clock of this node says %s, but it was %s here before: expiry is judged by that; set the"
			 " clock", now, clock_print(facts->floor_s, then, sizeof then));
		return WALLCLOCK_BEHIND;
	}
	if (offset > WALLCLOCK_OFFSET_S || offset < -WALLCLOCK_OFFSET_S) {
		snprintf(text, size, "the clock of this node says %s, which is %s %s the master's: %s; set the clock", now,
			 wallclock_print_span(offset > 0 ? offset : -offset, span, sizeof span), offset > 0 ? "ahead of" : "behind",
			 offset > 0 ? "good updates may look expired" : "old updates may look good");
		return offset > 0 ? WALLCLOCK_AHEAD : WALLCLOCK_BEHIND;
	}
	/* The master's word is better than ours; and a clock that was behind has been set right. */
	bool known = facts->expected_s != 0 && facts->floor_s - facts->expected_s <= WALLCLOCK_STEP_S;
	if (!facts->has_offset && known && facts->clock_s - facts->expected_s > WALLCLOCK_OFFSET_S) {
		snprintf(text, size, "the clock of this node has jumped ahead by %s to %s: good updates may look expired; check the"
			 " clock", wallclock_print_span(facts->clock_s - facts->expected_s, span, sizeof span), now);
		return WALLCLOCK_AHEAD;
	}
	if (size > 0)
		text[0] = '\0';
	return WALLCLOCK_GOOD;
}
