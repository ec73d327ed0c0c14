/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the wall clock can be believed. Expiry is judged by it, so that a wrong one makes a good release look bad or an
 * old one good. Three witnesses: the floor (it was later than this already), the steady clock since the last look, and
 * the master's web server. None of them sets the clock, refuses or withdraws anything: what is wrong is told, and what
 * is judged is judged by the later of clock and floor. Pure; any thread.
 */
#ifndef SYNC_WALLCLOCK_H
#define SYNC_WALLCLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wallclock { WALLCLOCK_GOOD, WALLCLOCK_BEHIND, WALLCLOCK_AHEAD };
const char *wallclock_name(enum wallclock verdict);	/* "good", "behind", "ahead" */

enum {
	WALLCLOCK_STEP_S = 60,		/* set back by less is how clocks are corrected */
	WALLCLOCK_OFFSET_S = 300,	/* what TSIG takes too (RFC 8945, 10) */
	WALLCLOCK_TEXT_MAX = 256,
};

/* Seconds since 1970. */
struct wallclock_facts {
	int64_t clock_s;	/* what it says */
	int64_t floor_s;	/* when something was last trusted; 0: never */
	int64_t expected_s;	/* what it said before and the steady time since; 0: nothing is known */
	bool has_offset;
	int64_t offset_s;	/* clock less the master's, as told with the last answer */
};

/* text: a sentence, "" when it is good; WALLCLOCK_TEXT_MAX bytes. */
enum wallclock wallclock_judge(const struct wallclock_facts *facts, char *text, size_t size);

/* "3 s", "2 min", "5 h", "7 d": the largest unit that makes at least two of it, or "1 s". Returns buf. */
enum { WALLCLOCK_SPAN_MAX = 32 };
const char *wallclock_print_span(int64_t span_s, char *buf, size_t size);

#endif
