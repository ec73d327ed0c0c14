/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which targets work now, beside the site table that is immutable. One writer (main: server/health), read by any thread
 * without a lock; lives as long as its site table. A target is up in a family when one of its endpoints of that family
 * is; without a check its endpoints are always up.
 */
#ifndef REDIRECT_HEALTH_H
#define REDIRECT_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redirect/sites.h"

struct redirect_health {
	_Atomic uint8_t *targets;	/* by redirect_target.id: enum redirect_families, 0 is down */
	_Atomic uint8_t *endpoints;	/* by redirect_endpoint.id: 1 is up */
};

/* Everything is up in all its families: what nobody has checked yet is not known to be down. */
struct redirect_health *redirect_health_new(const struct redirect_sites *sites);
void redirect_health_free(struct redirect_health *health);	/* NULL is fine */
/* The writer's: one endpoint of target changes, and with it what the target can do. */
void redirect_health_set(struct redirect_health *health, const struct redirect_target *target,
			 const struct redirect_endpoint *endpoint, bool up);

static inline uint8_t redirect_health_target(const struct redirect_health *health, const struct redirect_target *target)
{
	return health == NULL ? target->families
			      : atomic_load_explicit(&health->targets[target->id], memory_order_relaxed);
}

static inline bool redirect_health_endpoint(const struct redirect_health *health,
					    const struct redirect_endpoint *endpoint)
{
	return health == NULL || atomic_load_explicit(&health->endpoints[endpoint->id], memory_order_relaxed) != 0;
}

#endif
