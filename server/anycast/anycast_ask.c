/* SPDX-License-Identifier: Apache-2.0 */
/* What others ask of the routes. */
#include <string.h>

#include "server/anycast/anycast_inner.h"

size_t anycast_service_count(const struct anycast *anycast)
{
	return anycast->conf->service_count;
}

struct anycast_service *anycast_service(struct anycast *anycast, size_t index)
{
	return &anycast->services[index];
}

struct anycast_service *anycast_find(struct anycast *anycast, const char *name)
{
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		if (strcmp(anycast->services[i].conf->name, name) == 0)
			return &anycast->services[i];
	}
	return NULL;
}

size_t anycast_covering_count(const struct anycast *anycast)
{
	return anycast->conf->covering_count;
}

const struct anycast_covering *anycast_covering(const struct anycast *anycast, size_t index)
{
	return &anycast->covering[index];
}

const char *anycast_route(enum route_level level, bool settled)
{
	if (!settled)
		return level == ROUTE_NONE ? "withdrawing" : "announcing";
	return level == ROUTE_FULL ? "announced" : level == ROUTE_LOW ? "announced-low" : "withdrawn";
}

const char *anycast_state(const struct anycast_service *service)
{
	enum machine_state state = service->machine.state;

	if (service->settled || state == MACHINE_LOWERED || state == MACHINE_EBB)
		return machine_public_name(state);
	return anycast_route(service->level, false);
}

const char *anycast_reason(const struct anycast_service *service, char *buf, size_t size)
{
	return machine_reason(&service->machine, anycast_now(), buf, size);
}

bool anycast_lease(struct anycast *anycast, struct lease_report *ret)
{
	return carrier_lease(anycast->carrier, ret);
}
