/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which prefixes are limited most, in constant memory: "Space-Saving" (Metwally, Agrawal, El Abbadi 2005). A prefix
 * without a row takes that of the lowest rank and begins with this rank plus one, so that whoever causes more than a
 * LIMITER_ROWS-th of all limited answers cannot be missed. Ranks fade by half a minute; the counts beside them are
 * exact from the moment the row was taken. Only limited answers come here, so a scan of all rows is cheap enough.
 *
 * A row has one writer; readers in other threads take a copy and try again when the row changed meanwhile (a sequence
 * lock, all of it in atomics).
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "server/limiter.h"

enum {
	FADE_S = 60,
	QUIET_S = 60,		/* a prefix that was not limited for so long is news again */
	READ_TRIES = 100,
};
#define SECOND_NS UINT64_C(1000000000)

/* Each store is behind the one that made changes odd, each load before the one that looks at it again. */
#define GET(at) atomic_load_explicit(&(at), memory_order_acquire)
#define SET(at, value) atomic_store_explicit(&(at), (value), memory_order_release)

static void fade(struct limiter *limiter, uint64_t now_ns)
{
	int64_t now = (int64_t)(now_ns / SECOND_NS), steps = (now - limiter->faded_at) / FADE_S;

	if (steps <= 0)
		return;
	limiter->faded_at = now;
	for (unsigned i = 0; i < LIMITER_ROWS; i++)
		SET(limiter->rows[i].rank, steps < 32 ? GET(limiter->rows[i].rank) >> steps : 0);
}

/* The prefix's row, or the one of the lowest rank. */
static struct limiter_row *find(struct limiter *limiter, const struct prefix *prefix, bool *ret_own)
{
	struct limiter_row *lowest = &limiter->rows[0];

	for (unsigned i = 0; i < LIMITER_ROWS; i++) {
		struct limiter_row *row = &limiter->rows[i];

		if (GET(row->low) == prefix->first.low && GET(row->high) == prefix->first.high
		    && GET(row->bits) == prefix->bits) {
			*ret_own = true;
			return row;
		}
		if (GET(row->rank) < GET(lowest->rank))
			lowest = row;
	}
	*ret_own = false;
	return lowest;
}

static void take(struct limiter_row *row, const struct prefix *prefix, int64_t now_s)
{
	SET(row->high, prefix->first.high);
	SET(row->low, prefix->first.low);
	SET(row->bits, prefix->bits);
	for (unsigned i = 0; i < LIMITER_ACTIONS; i++)
		SET(row->actions[i], 0);
	SET(row->since, now_s);
}

bool limiter_note(struct limiter *limiter, struct address client, enum limiter_class class,
		  enum limiter_action action, uint64_t now_ns, int64_t now_s, struct prefix *ret_prefix)
{
	bool ipv4 = address_is_ipv4(client), own;
	struct address mask = limiter->mask[ipv4];
	struct prefix prefix = { { client.high & mask.high, client.low & mask.low }, limiter->bits[ipv4] };

	fade(limiter, now_ns);
	struct limiter_row *row = find(limiter, &prefix, &own);
	bool news = !own || now_s - GET(row->last) > QUIET_S;
	uint32_t rank = GET(row->rank);

	SET(row->changes, GET(row->changes) + 1);
	if (!own)
		take(row, &prefix, now_s);
	SET(row->rank, rank < UINT32_MAX ? rank + 1 : rank);
	SET(row->class, class);
	SET(row->actions[action], GET(row->actions[action]) + 1);
	SET(row->last, now_s);
	SET(row->changes, GET(row->changes) + 1);
	*ret_prefix = prefix;
	return news;
}

/* False: nothing was ever in it, or it changes all the time. */
static bool read_row(const struct limiter_row *row, struct limiter_report *ret_report)
{
	for (unsigned tries = 0; tries < READ_TRIES; tries++) {
		uint32_t changes = GET(row->changes);

		if (changes == 0)
			return false;
		*ret_report = (struct limiter_report){
			.prefix = { { GET(row->high), GET(row->low) }, (uint8_t)GET(row->bits) },
			.class = GET(row->class), .since = GET(row->since), .last = GET(row->last),
		};
		for (unsigned i = 0; i < LIMITER_ACTIONS; i++)
			ret_report->actions[i] = GET(row->actions[i]);
		if (changes % 2 == 0 && GET(row->changes) == changes)
			return true;
	}
	return false;
}

static int by_prefix(const void *a, const void *b)
{
	const struct prefix *left = &((const struct limiter_report *)a)->prefix;
	const struct prefix *right = &((const struct limiter_report *)b)->prefix;

	if (left->first.high != right->first.high)
		return left->first.high < right->first.high ? -1 : 1;
	if (left->first.low != right->first.low)
		return left->first.low < right->first.low ? -1 : 1;
	return left->bits - right->bits;
}

static void join(struct limiter_report *into, const struct limiter_report *more)
{
	for (unsigned i = 0; i < LIMITER_ACTIONS; i++)
		into->actions[i] += more->actions[i];
	if (more->since < into->since)
		into->since = more->since;
	if (more->last > into->last) {
		into->last = more->last;
		into->class = more->class;
	}
}

static uint64_t total(const struct limiter_report *report)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LIMITER_ACTIONS; i++)
		sum += report->actions[i];
	return sum;
}

static int by_total(const void *a, const void *b)
{
	uint64_t left = total(a), right = total(b);

	return left != right ? (left < right) - (left > right) : by_prefix(a, b);
}

size_t limiter_busiest(const struct limiter *const *limiters, size_t count, struct limiter_report *ret_reports,
		       size_t room)
{
	struct limiter_report *all = mem_array(count * LIMITER_ROWS, sizeof *all);
	size_t read = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		for (unsigned row = 0; row < LIMITER_ROWS; row++)
			read += read_row(&limiters[i]->rows[row], &all[read]);
	}
	if (read > 0)
		qsort(all, read, sizeof *all, by_prefix);
	for (size_t i = 0; i < read; i++) {
		if (used > 0 && by_prefix(&all[used - 1], &all[i]) == 0)
			join(&all[used - 1], &all[i]);
		else
			all[used++] = all[i];
	}
	if (used > 0)
		qsort(all, used, sizeof *all, by_total);
	if (used > room)
		used = room;
	memcpy(ret_reports, all, used * sizeof *all);
	mem_free(all);
	return used;
}
