/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/health.h"

#include "conf/base/mem.h"

struct redirect_health *redirect_health_new(const struct redirect_sites *sites)
{
	size_t targets = redirect_sites_target_count(sites), endpoints = redirect_sites_endpoint_count(sites);
	struct redirect_health *health = mem_alloc(sizeof *health);

	health->targets = mem_array(targets, sizeof *health->targets);
	health->endpoints = mem_array(endpoints, sizeof *health->endpoints);
	for (size_t id = 0; id < targets; id++)
		atomic_init(&health->targets[id], redirect_sites_target(sites, id)->families);
	for (size_t id = 0; id < endpoints; id++)
		atomic_init(&health->endpoints[id], 1);
	return health;
}

void redirect_health_free(struct redirect_health *health)
{
	if (health == NULL)
		return;
	mem_free((void *)(uintptr_t)health->targets);
	mem_free((void *)(uintptr_t)health->endpoints);
	mem_free(health);
}

void redirect_health_set(struct redirect_health *health, const struct redirect_target *target,
			 const struct redirect_endpoint *endpoint, bool up)
{
	uint8_t families = 0;

	atomic_store_explicit(&health->endpoints[endpoint->id], up, memory_order_relaxed);
	for (size_t i = 0; i < target->endpoint_count; i++)
		if (redirect_health_endpoint(health, &target->endpoints[i]))
			families |= target->endpoints[i].family;
	atomic_store_explicit(&health->targets[target->id], families, memory_order_relaxed);
}
