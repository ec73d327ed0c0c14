/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed table of buckets, one for each (prefix, class, name) that was answered lately. A bucket is a single time:
 * the moment at which all that was sent has been paid for at the rate allowed ("theoretical arrival time" of the
 * generic cell rate algorithm, ITU-T I.371). An answer may go while that moment is less than a second ahead, and
 * moves it one interval on; one that may not go moves nothing. So in any time t at most 1 s + t worth of answers is
 * sent, however hard the flood, and a bucket whose moment has passed is as good as an empty one: nothing needs
 * sweeping.
 *
 * The table has sets of eight buckets, a cache line each; a key (SipHash under a random key) has one set. When all
 * eight are in use the one whose moment comes first makes room: the one that says least. A flood of forged prefixes
 * thus pushes out buckets that were nearly empty, and whoever was pushed out begins with a full second again.
 * Forgetting can only be generous. Nobody is limited for what others did unless 34 bits of hash agree (set and tag):
 * with all 131,072 buckets of the table being limited, once in 131,072 keys.
 */
#include "server/limiter.h"

#include <string.h>

#include "conf/base/mem.h"

enum {
	WAYS = 8,
	SETS = 1 << 14,
	LINE_BYTES = WAYS * 8,	/* a set, and a cache line */
	TICK_BITS = 6,		/* a tick is 64 ns */
	/* Of a bucket: its moment, how many limited answers since the last that slipped, the hash. */
	MOMENT_BITS = 40,	/* 19 hours of ticks, then they begin again */
	SLIP_BITS = 4,
	TAG_BITS = 20,
};
#define SECOND_NS UINT64_C(1000000000)
#define MOMENT_MASK ((UINT64_C(1) << MOMENT_BITS) - 1)
#define SLIP_ONE (UINT64_C(1) << MOMENT_BITS)
#define SLIP_MASK (((UINT64_C(1) << SLIP_BITS) - 1) << MOMENT_BITS)

_Static_assert(MOMENT_BITS + SLIP_BITS + TAG_BITS == 64, "a bucket is one word");
_Static_assert(CONF_SLIP_MAX < 1 << SLIP_BITS, "slips are counted in the bucket");

const char *limiter_class_name(enum limiter_class class)
{
	static const char *const names[] = { "answer", "nodata", "nxdomain", "referral", "error" };

	return names[class];
}

void limiter_init(struct limiter *limiter, struct siphash_key key)
{
	*limiter = (struct limiter){ .key = key };
}

void limiter_fini(struct limiter *limiter)
{
	mem_free(limiter->block);
	limiter->block = limiter->table = NULL;
}

void limiter_set(struct limiter *limiter, const struct conf_rate_limit *conf, unsigned workers)
{
	uint64_t second = SECOND_NS >> TICK_BITS;
	uint8_t bits[] = { conf->ipv6_prefix_length, (uint8_t)(PREFIX_IPV4_BITS + conf->ipv4_prefix_length) };

	limiter->slip = (uint8_t)conf->slip;
	limiter->dry_run = conf->dry_run;
	limiter->whitelist = &conf->whitelist;
	if (limiter->rate == conf->responses_per_second && memcmp(limiter->bits, bits, sizeof bits) == 0)
		return;
	limiter_fini(limiter);
	limiter->rate = conf->responses_per_second;
	for (unsigned i = 0; i < 2; i++) {
		limiter->bits[i] = bits[i];
		limiter->mask[i] = address_mask(bits[i]);
	}
	if (limiter->rate == 0)
		return;
	limiter->interval = second * workers / limiter->rate;
	if (limiter->interval == 0)
		limiter->interval = 1;
	limiter->tolerance = second > limiter->interval ? second - limiter->interval : 0;
	limiter->horizon = limiter->tolerance + limiter->interval;
	limiter->block = mem_array((size_t)(SETS + 1) * WAYS, sizeof *limiter->table);
	limiter->table = (uint64_t *)(((uintptr_t)limiter->block + LINE_BYTES - 1) & ~(uintptr_t)(LINE_BYTES - 1));
}

static struct address prefix_of(const struct limiter *limiter, struct address client)
{
	struct address mask = limiter->mask[address_is_ipv4(client)];

	return (struct address){ client.high & mask.high, client.low & mask.low };
}

/* How far a bucket's moment is ahead of now; 0 when it has passed. No moment is ever set beyond the horizon, so what
 * seems to be is one of long ago, from before the clock's bits began again. */
static uint64_t ahead_of(const struct limiter *limiter, uint64_t bucket, uint64_t now)
{
	uint64_t ahead = (bucket - now) & MOMENT_MASK;

	return ahead <= limiter->horizon ? ahead : 0;
}

/* The bucket that says least: whose moment comes first. */
static uint64_t *find_least(const struct limiter *limiter, uint64_t *set, uint64_t now)
{
	uint64_t least_ahead = UINT64_MAX;
	unsigned least = 0;

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t ahead = ahead_of(limiter, set[i], now);

		least = ahead < least_ahead ? i : least;
		least_ahead = ahead < least_ahead ? ahead : least_ahead;
	}
	return &set[least];
}

/* The bucket of this hash; one is emptied for it when it has none. All eight are compared, for where one is found
 * among them no processor can guess. */
static uint64_t *find(const struct limiter *limiter, uint64_t hash, uint64_t now)
{
	uint64_t *set = limiter->table + (hash & (SETS - 1)) * WAYS;
	uint64_t tag = hash >> (64 - TAG_BITS);
	unsigned found = 0;

	for (unsigned i = 0; i < WAYS; i++)
		found |= (unsigned)(set[i] >> (64 - TAG_BITS) == tag) << i;
	if (found != 0)
		return &set[__builtin_ctz(found)];
	set = find_least(limiter, set, now);
	*set = tag << (64 - TAG_BITS) | (now & MOMENT_MASK);
	return set;
}

static enum limiter_action limit(const struct limiter *limiter, uint64_t *bucket)
{
	if (limiter->dry_run)
		return LIMITER_DRY_RUN;
	*bucket += SLIP_ONE;
	if (limiter->slip == 0 || (*bucket & SLIP_MASK) < limiter->slip * SLIP_ONE) {
		/* Without slip nobody looks at the count; it must not run over. */
		if (limiter->slip == 0)
			*bucket &= ~SLIP_MASK;
		return LIMITER_DROP;
	}
	*bucket &= ~SLIP_MASK;
	return LIMITER_SLIP;
}

enum limiter_action limiter_check(struct limiter *limiter, struct address client, enum limiter_class class,
				  uint32_t like, uint64_t now_ns)
{
	/* Not counted either: the others of its prefix must not pay for it. */
	if (limiter->whitelist->count > 0 && prefixes_have(limiter->whitelist, client))
		return LIMITER_PASS;

	struct address prefix = prefix_of(limiter, client);
	uint64_t hash = siphash(limiter->key, prefix.high, prefix.low, (uint64_t)class << 32 | like);
	uint64_t now = now_ns >> TICK_BITS, *bucket = find(limiter, hash, now);
	uint64_t ahead = ahead_of(limiter, *bucket, now);

	if (ahead > limiter->tolerance)
		return limit(limiter, bucket);
	*bucket = (*bucket & ~MOMENT_MASK) | ((now + ahead + limiter->interval) & MOMENT_MASK);
	return LIMITER_PASS;
}
