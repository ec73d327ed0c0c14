/* SPDX-License-Identifier: Apache-2.0 */
/* What a drain waits for, and what the other parts of the node do meanwhile. */
#include "server/anycast/anycast_inner.h"
#include "server/worker.h"

static bool is_draining(enum machine_state state)
{
	return state == MACHINE_LOWERED || state == MACHINE_EBB || state == MACHINE_DRAINED;
}

/* HTTP answers with "Connection: close" while a service whose address it listens at is on its way out. */
void anycast_mark_draining(struct anycast *anycast)
{
	bool draining = false;

	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		const struct anycast_service *service = &anycast->services[i];

		draining = draining || (service->serves_http && is_draining(service->machine.state));
	}
	for (unsigned i = 0; i < anycast->node->worker_count; i++)
		atomic_store(&anycast->node->workers[i].draining, draining);
}

/* Requests of clients so far: those of our own checks are none. */
static uint64_t requests(const struct anycast *anycast)
{
	static const enum counter counters[] = {
		COUNTER_DNS_UDP4_QUERIES, COUNTER_DNS_UDP6_QUERIES, COUNTER_DNS_TCP4_QUERIES, COUNTER_DNS_TCP6_QUERIES,
		COUNTER_DNS_TLS4_QUERIES, COUNTER_DNS_TLS6_QUERIES, COUNTER_HTTP_REQUESTS,
	};
	uint64_t sum = 0, own = 0;

	for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
		sum += node_counter(anycast->node, counters[i]);
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		for (size_t j = 0; j < anycast->services[i].conf->check_count; j++)
			own += anycast->services[i].checks[j].asked;
	}
	return sum > own ? sum - own : 0;
}

/* The counters are the node's, not a service's: while another service is announced they say nothing of this one. */
void anycast_measure_ebb(struct anycast *anycast)
{
	uint64_t now = anycast_now(), count = requests(anycast), rate = UINT64_MAX;
	bool alone = true, measuring = false;

	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		const struct anycast_service *service = &anycast->services[i];

		alone = alone && service->level == ROUTE_NONE;
		measuring = measuring || (service->machine.state == MACHINE_EBB && service->conf->ebb > 0);
	}
	if (measuring && alone && anycast->ebb_at != 0 && now > anycast->ebb_at)
		rate = (count > anycast->ebb_count ? count - anycast->ebb_count : 0) * 1000 / (now - anycast->ebb_at);
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		struct anycast_service *service = &anycast->services[i];

		service->machine.in.ebbed = service->machine.state == MACHINE_EBB && rate < service->conf->ebb;
	}
	anycast->ebb_count = count;
	anycast->ebb_at = measuring ? now : 0;
}
