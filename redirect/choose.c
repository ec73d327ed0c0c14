/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendezvous hashing with weights. Each target draws a number h, uniform in 1 … 2^64 - 1, from a key and its own seed;
 * the least of -log(h / 2^64) / weight comes first, the next one second, and so on. Such a number is distributed
 * exponentially with the weight as its rate, so the least of them belongs to a target with a probability of its share of
 * the weights; and since no target's number depends on any other target, one more takes only what it wins, and one less
 * gives back only what it had. The key is the hash of the path or, for a choice by weight, a random number: one order for
 * both, whole, without memory.
 *
 * All in integers, so that every machine agrees: h = mix(key ^ seed), mix that of splitmix64 (0 becomes 1); the
 * logarithm to base 2 with LOG_BITS binary digits, by squaring; two of them compared crosswise by multiplication. Ties
 * go to the greater h, then to the place in the configuration; with equal weights the greater h always wins, so no
 * logarithm is taken at all.
 */
#include "redirect/choose.h"

#include "redirect/mirrors.h"

enum { LOG_BITS = 24 };

/* FNV-1a. */
uint64_t redirect_choose_hash(struct span path)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < path.len; i++)
		hash = (hash ^ path.at[i]) * 0x100000001b3;
	return hash;
}

static uint64_t mix(uint64_t key)
{
	key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9;
	key = (key ^ key >> 27) * 0x94d049bb133111eb;
	key ^= key >> 31;
	return key != 0 ? key : 1;
}

/* -log2(hash / 2^64), times 2^LOG_BITS, rounded up: 1 … 64 << LOG_BITS. */
static uint64_t minus_log(uint64_t hash)
{
	unsigned shift = (unsigned)__builtin_clzll(hash);
	uint64_t fraction = hash << shift;	/* in [1, 2), the binary point behind its first bit */
	uint64_t log = 63 - shift;

	for (unsigned i = 0; i < LOG_BITS; i++) {
		fraction = (uint64_t)((unsigned __int128)fraction * fraction >> 64);	/* the square's, in [1, 4) */
		log = log << 1 | fraction >> 63;
		fraction <<= ~fraction >> 63;
	}
	return ((uint64_t)64 << LOG_BITS) - log;
}

static bool before(struct redirect_draw *a, struct redirect_draw *b)
{
	unsigned weight_a = a->target->weight, weight_b = b->target->weight;
	bool greater = a->hash != b->hash ? a->hash > b->hash : a->target < b->target;

	/* The greater number of the heavier one has the smaller quotient: no need to know it. */
	if (weight_a == weight_b || (greater ? weight_a > weight_b : weight_a < weight_b))
		return greater;
	a->log = a->log != 0 ? a->log : minus_log(a->hash);
	b->log = b->log != 0 ? b->log : minus_log(b->hash);
	/* At most 2^30 times 2^32. */
	uint64_t left = a->log * weight_b, right = b->log * weight_a;
	return left != right ? left < right : greater;
}

static bool usable(const struct redirect_choosing *choosing, const struct redirect_target *target)
{
	return (redirect_health_target(choosing->health, target) & choosing->family) != 0
	       && (choosing->wishes == NULL || choosing->wishes->avoid_count == 0
		   || !redirect_mirrors_avoided(choosing->wishes, target));
}

/* Fills ahead with the first ones of list behind the last, in order. */
static void look_ahead(struct redirect_choices *choices, uint64_t key, const struct redirect_target *list, size_t count)
{
	struct redirect_draw *last = &choices->last, *ahead = choices->ahead;
	unsigned room = last->target == NULL ? 1 : REDIRECT_CHOICES_AHEAD, found = 0;

	for (const struct redirect_target *target = list; target < list + count; target++) {
		struct redirect_draw draw = { target, mix(key ^ target->seed), 0 };

		if (target->weight == 0 || !usable(choices->choosing, target)
		    || (last->target != NULL && !before(last, &draw))
		    || (found == room && !before(&draw, &ahead[found - 1])))
			continue;
		unsigned at = found < room ? found++ : found - 1;
		for (; at > 0 && before(&draw, &ahead[at - 1]); at--)
			ahead[at] = ahead[at - 1];
		ahead[at] = draw;
	}
	choices->count = (uint8_t)found;
	choices->next = 0;
}

static const struct redirect_target *next_drawn(struct redirect_choices *choices, uint64_t key,
						const struct redirect_target *list, size_t count)
{
	if (count == 1) {
		bool first = choices->last.target == NULL;

		choices->last.target = list;
		return first && list->weight != 0 && usable(choices->choosing, list) ? list : NULL;
	}
	if (choices->next == choices->count)
		look_ahead(choices, key, list, count);
	if (choices->count == 0)
		return NULL;
	choices->last = choices->ahead[choices->next++];
	return choices->last.target;
}

static const struct redirect_target *next_in_order(struct redirect_choices *choices, const struct redirect_target *list,
						   size_t count)
{
	const struct redirect_target *target = choices->last.target != NULL ? choices->last.target + 1 : list;

	for (; target < list + count; target++)
		if (usable(choices->choosing, target)) {
			choices->last.target = target;
			return target;
		}
	return NULL;
}

const struct redirect_target *redirect_choices_next(struct redirect_choices *choices, enum redirect_choice *ret_choice)
{
	const struct redirect_choosing *choosing = choices->choosing;
	const struct redirect_site *site = choosing->site;
	const struct redirect_target *target;

	if (!choices->fallback) {
		target = next_drawn(choices, site->by_path ? choosing->path_hash : choosing->random, site->targets,
				    site->target_count);
		*ret_choice = REDIRECT_CHOICE_OWN;
		if (target != NULL)
			return target;
		redirect_choices_begin(choices, choosing);
		choices->fallback = true;
	}
	target = site->fallback_by_path
			 ? next_drawn(choices, choosing->path_hash, site->fallback, site->fallback_count)
			 : next_in_order(choices, site->fallback, site->fallback_count);
	*ret_choice = target != NULL ? REDIRECT_CHOICE_FALLBACK : REDIRECT_CHOICE_NONE;
	return target;
}

const struct redirect_target *redirect_choose(const struct redirect_choosing *choosing, unsigned i,
					      enum redirect_choice *ret_choice)
{
	const struct redirect_target *target;
	struct redirect_choices choices;

	redirect_choices_begin(&choices, choosing);
	do
		target = redirect_choices_next(&choices, ret_choice);
	while (target != NULL && i-- != 0);
	return target;
}
