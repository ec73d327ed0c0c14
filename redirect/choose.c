/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/choose.h"

#include <stdatomic.h>
#include <stdbool.h>

static bool healthy(const _Atomic uint8_t *health, const struct redirect_target *target)
{
	return health == NULL || atomic_load_explicit(&health[target->id], memory_order_relaxed) != 0;
}

static uint64_t healthy_weight(const struct redirect_site *site, const _Atomic uint8_t *health)
{
	uint64_t weight = 0;

	if (health == NULL)
		return site->weight;
	for (size_t i = 0; i < site->target_count; i++)
		if (healthy(health, &site->targets[i]))
			weight += site->targets[i].weight;
	return weight;
}

/* Health may change between the two walks. Then the number can run past the end: the last good one seen serves. */
static const struct redirect_target *choose_own(const struct redirect_site *site, const _Atomic uint8_t *health,
						uint64_t random)
{
	const struct redirect_target *last = NULL;
	uint64_t weight = healthy_weight(site, health);

	if (weight == 0)
		return NULL;
	random %= weight;
	for (size_t i = 0; i < site->target_count; i++) {
		const struct redirect_target *target = &site->targets[i];

		if (target->weight == 0 || !healthy(health, target))
			continue;
		if (random < target->weight)
			return target;
		random -= target->weight;
		last = target;
	}
	return last;
}

const struct redirect_target *redirect_choose(const struct redirect_site *site, const _Atomic uint8_t *health,
					      uint64_t random, enum redirect_choice *ret_choice)
{
	const struct redirect_target *target = choose_own(site, health, random);

	*ret_choice = REDIRECT_CHOICE_OWN;
	if (target != NULL)
		return target;
	*ret_choice = REDIRECT_CHOICE_FALLBACK;
	for (size_t i = 0; i < site->fallback_count; i++)
		if (healthy(health, &site->fallback[i]))
			return &site->fallback[i];
	*ret_choice = REDIRECT_CHOICE_NONE;
	return NULL;
}
