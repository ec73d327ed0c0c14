/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/routing.h"

#include <stdio.h>
#include <string.h>

size_t routing_each(const struct conf_anycast *anycast, bool ipv4, enum conf_scope scope,
		    void (*each)(void *ctx, const struct prefix *prefix), void *ctx)
{
	size_t count = 0;

	for (size_t i = 0; i < anycast->service_count; i++) {
		const struct conf_service *service = &anycast->services[i];

		for (size_t j = 0; j < service->address_count; j++) {
			if (service->scope != scope || address_is_ipv4(service->addresses[j].first) != ipv4)
				continue;
			each(ctx, &service->addresses[j]);
			count++;
		}
	}
	for (size_t i = 0; i < anycast->covering_count; i++) {
		const struct conf_covering *covering = &anycast->covering[i];

		if (covering->scope != scope || address_is_ipv4(covering->prefix.first) != ipv4)
			continue;
		each(ctx, &covering->prefix);
		count++;
	}
	return count;
}

bool routing_print(const struct conf_anycast *anycast, enum routing_daemon daemon, struct textbuf *out, char *why, size_t size)
{
	const char *fault = NULL;

	if (!anycast->routing.present)
		fault = "the configuration does not say to whom: anycast.routing needs router-id, local-as and neighbors";
	else if (anycast->backend == CONF_BACKEND_NONE || anycast->backend == CONF_BACKEND_EXEC)
		fault = "with anycast.backend none or exec others announce: their configuration is not known here";
	else if (anycast->backend == CONF_BACKEND_EXABGP)
		fault = "with anycast.backend exabgp the configuration of ExaBGP is only its neighbors and api: see the manual";
	else if (anycast->backend == CONF_BACKEND_BIRD && daemon == ROUTING_FRR)
		fault = "anycast.backend bird-file is for BIRD: FRR takes routes from the back-end device";
	else if (daemon == ROUTING_FRR && anycast->manage_loopback && strcmp(anycast->loopback, "lo") == 0)
		fault = "FRR takes a route of the interface lo before the carrier's and so would export nothing: set"
			" anycast.loopback-interface to another name, such as any0-home";
	if (fault != NULL) {
		snprintf(why, size, "%s", fault);
		return false;
	}
	if (daemon == ROUTING_BIRD)
		routing_print_bird(anycast, out);
	else
		routing_print_frr(anycast, out);
	return true;
}
