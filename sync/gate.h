/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate of a staged release at a node: while it soaks, what clients are answered, how long that takes and how much
 * memory it needs are held against the same of the generation before. The limits are signed by offline keys
 * (policy/gate.json). Pure: readings of counters that exist anyway go in, a verdict comes out; the answer path pays
 * nothing. Thread: any.
 */
#ifndef SYNC_GATE_H
#define SYNC_GATE_H

#include "conf/base/err.h"
#include "conf/base/span.h"

enum gate_service { GATE_DNS, GATE_HTTP, GATE_SERVICES };

/* Rates: so many more of a thousand answers than before are too many. */
enum gate_rate { GATE_SERVFAIL, GATE_NXDOMAIN, GATE_REFUSED, GATE_HTTP_5XX, GATE_RATES };

enum {
	GATE_BUCKETS = 22,		/* of answering times: up to 1 us, 2 us, 4 us, ..., and longer */
	GATE_MEMORY_READINGS = 3,	/* least of so many in a row: a switch itself needs both generations */
};

struct gate {
	int64_t min_samples;		/* answers on both sides, before a rule that counts them is applied */
	int64_t more_permille[GATE_RATES];	/* 0 … 1000; 1000: never too many */
	int64_t latency_permille;	/* the 99th percentile may be so much above that of before, */
	int64_t latency_least_us;	/* and whatever it was, up to this */
	int64_t memory_permille;	/* the same of resident memory, */
	int64_t memory_least;		/* bytes that it may grow by in any case */
	int64_t lost_master_s;		/* a master lost so soon after the switch, and probes that fail: back */
};

/* Counters since the process began. */
struct gate_reading {
	uint64_t answers[GATE_SERVICES];
	uint64_t rate[GATE_RATES];	/* those that a rate is about */
	uint64_t latency[GATE_SERVICES][GATE_BUCKETS];
	uint64_t memory;		/* bytes resident now; 0: not known */
};

enum gate_verdict {
	GATE_UNJUDGED,			/* no rule had enough to go by */
	GATE_GOOD,
	GATE_BAD,			/* the note says which rule, with its figures */
};

void gate_default(struct gate *ret_gate);
/* What is not given is as by default. ERR_SYNTAX, ERR_INVALID: not of this form, a key that nobody knows. */
int gate_parse(struct span json, struct gate *ret_gate, struct err_note *note);
/* From the switch before last, the last switch, and now. */
enum gate_verdict gate_judge(const struct gate *gate, const struct gate_reading *before, const struct gate_reading *at,
			     const struct gate_reading *now, struct err_note *note);
/* Whether what lies between two readings is enough to be compared with. */
bool gate_is_enough(const struct gate *gate, const struct gate_reading *from, const struct gate_reading *to);

#endif
