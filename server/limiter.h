/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response rate limiting: so many like answers a second to one client prefix, because a forged address makes us send
 * them to somebody who never asked. Pure: address, class, name and a clock reading in, a verdict out. Each worker has
 * its own, with its share of the rate, for REUSEPORT spreads a client's ports over all. Only for UDP: over TCP nobody
 * can forge an address. Loop lifetime; the worker's thread, but limiter_busiest() any.
 *
 * Answers are alike when they go to one prefix, are of one class and stand for one name, as BIND and NSD count them:
 * a resolver that asks many names is never limited, one name asked again and again is.
 */
#ifndef SERVER_LIMITER_H
#define SERVER_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/prefix.h"
#include "conf/conf.h"
#include "server/siphash.h"

enum limiter_class {
	LIMITER_ANSWER, LIMITER_NODATA, LIMITER_NXDOMAIN, LIMITER_REFERRAL, LIMITER_ERROR, LIMITER_CLASSES,
};
const char *limiter_class_name(enum limiter_class class);	/* "answer", ... */

enum limiter_action {
	LIMITER_DROP,		/* send nothing */
	LIMITER_SLIP,		/* send it truncated, or as it is when it is an error */
	LIMITER_DRY_RUN,	/* would be limited: send it */
	LIMITER_ACTIONS,
	LIMITER_PASS = LIMITER_ACTIONS,
};

/* The prefixes limited most, each a row that its worker writes and any thread reads. */
enum { LIMITER_ROWS = 64 };
struct limiter_row {
	_Atomic uint32_t changes;	/* odd while the row is being written */
	_Atomic uint32_t rank;		/* what it is kept for: limited answers, fading */
	_Atomic uint64_t high, low;
	_Atomic uint32_t bits, class;	/* class: of the last answer */
	_Atomic uint64_t actions[LIMITER_ACTIONS];
	_Atomic int64_t since, last;	/* wall clock */
};

struct limiter {
	uint64_t *table;		/* NULL: off; in block, on a cache line */
	void *block;
	struct siphash_key key;
	uint64_t interval, tolerance, horizon;	/* in ticks: see limiter.c */
	struct address mask[2];		/* IPv6, IPv4 */
	uint8_t bits[2];		/* of 128 */
	uint8_t slip;
	bool dry_run;
	const struct prefixes *whitelist;
	unsigned rate;			/* of the whole process */
	int64_t faded_at;		/* rows' ranks, monotonic seconds */
	struct limiter_row rows[LIMITER_ROWS];
};

/* What one prefix was limited for. */
struct limiter_report {
	struct prefix prefix;
	enum limiter_class class;	/* of the last limited answer */
	uint64_t actions[LIMITER_ACTIONS];
	int64_t since, last;		/* wall clock */
};

void limiter_init(struct limiter *limiter, struct siphash_key key);
/* The settings from now on; a worker's share of them. Forgets who was limited when what is counted changes. conf's
 * whitelist is read until the next call. */
void limiter_set(struct limiter *limiter, const struct conf_rate_limit *conf, unsigned workers);
void limiter_fini(struct limiter *limiter);

static inline bool limiter_is_on(const struct limiter *limiter)
{
	return limiter->table != NULL;
}

/* like: the same number for answers that are alike in their class. now_ns: monotonic. */
enum limiter_action limiter_check(struct limiter *limiter, struct address client, enum limiter_class class,
				  uint32_t like, uint64_t now_ns);
/* The client was limited: counts it. True when its prefix is news, worth a line in the log; ret_prefix then says it.
 */
bool limiter_note(struct limiter *limiter, struct address client, enum limiter_class class,
		  enum limiter_action action, uint64_t now_ns, int64_t now_s, struct prefix *ret_prefix);

/* The busiest prefixes of several limiters together, most limited answers first; gives how many. */
size_t limiter_busiest(const struct limiter *const *limiters, size_t count, struct limiter_report *ret_reports,
		       size_t room);

#endif
