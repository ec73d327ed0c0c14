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

void anycast_dismiss(struct anycast_service *service)
{
	const struct anycast *anycast = service->anycast;

	_Static_assert(CONF_SERVICES_MAX <= 64, "a bit for each");
	for (unsigned i = 0; i < anycast->node->worker_count; i++)
		worker_dismiss(&anycast->node->workers[i], UINT64_C(1) << (service - anycast->services));
}

/* Whether the service's clients come by this protocol: one that listens at one of its addresses. */
static bool comes_by(const struct anycast *anycast, const struct anycast_service *service, enum anycast_ebb ebb)
{
	const struct conf *conf = anycast->node->boot;
	uint16_t port;

	if (ebb == ANYCAST_EBB_HTTP)
		return service->serves_http;
	for (size_t i = 0; i < service->conf->address_count; i++) {
		if (conf_listens(&conf->dns.listen, &service->conf->addresses[i], &port)
		    || conf_listens(&conf->dns.tls.listen, &service->conf->addresses[i], &port))
			return true;
	}
	return false;
}

/* Requests of clients so far, those of our own checks left out. */
static uint64_t requests(const struct anycast *anycast, enum anycast_ebb ebb)
{
	static const enum counter dns[] = {
		COUNTER_DNS_UDP4_QUERIES, COUNTER_DNS_UDP6_QUERIES, COUNTER_DNS_TCP4_QUERIES, COUNTER_DNS_TCP6_QUERIES,
		COUNTER_DNS_TLS4_QUERIES, COUNTER_DNS_TLS6_QUERIES,
	};
	uint64_t sum = 0, own = 0;

	if (ebb == ANYCAST_EBB_HTTP)
		sum = node_counter(anycast->node, COUNTER_HTTP_REQUESTS);
	for (size_t i = 0; ebb == ANYCAST_EBB_DNS && i < sizeof dns / sizeof dns[0]; i++)
		sum += node_counter(anycast->node, dns[i]);
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		for (size_t j = 0; j < anycast->services[i].conf->check_count; j++) {
			const struct check *check = &anycast->services[i].checks[j];

			own += (check->conf->kind == CONF_CHECK_HTTP) == (ebb == ANYCAST_EBB_HTTP) ? check->asked : 0;
		}
	}
	return sum > own ? sum - own : 0;
}

/* Requests a second by this protocol since the look before. The counters are the node's, not a service's: while another service
 * is announced that clients reach by the same protocol, they say nothing of those that ebb; nor do they at the first look. */
static uint64_t rate_of(struct anycast *anycast, enum anycast_ebb ebb, uint64_t now)
{
	uint64_t count = requests(anycast, ebb), before = anycast->ebb_count[ebb];

	anycast->ebb_count[ebb] = count;
	if (anycast->ebb_at == 0 || now <= anycast->ebb_at)
		return UINT64_MAX;
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		if (anycast->services[i].level != ROUTE_NONE && comes_by(anycast, &anycast->services[i], ebb))
			return UINT64_MAX;
	}
	return (count > before ? count - before : 0) * 1000 / (now - anycast->ebb_at);
}

void anycast_measure_ebb(struct anycast *anycast)
{
	uint64_t now = anycast_now(), rates[ANYCAST_EBBS];
	bool measuring = false;

	for (int ebb = 0; ebb < ANYCAST_EBBS; ebb++)
		rates[ebb] = rate_of(anycast, (enum anycast_ebb)ebb, now);
	for (size_t i = 0; i < anycast->conf->service_count; i++) {
		struct anycast_service *service = &anycast->services[i];
		bool waits = service->machine.state == MACHINE_EBB && service->conf->ebb > 0, ebbed = waits;

		for (int ebb = 0; ebb < ANYCAST_EBBS; ebb++) {
			if (comes_by(anycast, service, (enum anycast_ebb)ebb))
				ebbed = ebbed && rates[ebb] < service->conf->ebb;
		}
		service->machine.in.ebbed = ebbed;
		measuring = measuring || waits;
	}
	anycast->ebb_at = measuring ? now : 0;
}
