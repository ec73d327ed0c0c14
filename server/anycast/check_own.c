/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of check.h that look at this node's own services: dns, zones, http, redirect. */
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "server/anycast/check.h"
#include "server/health.h"
#include "server/node.h"
#include "zone/wire.h"

enum {
	FIRST_ZONES = 100,	/* asked for in each run until all have been once; then one a run */
};

static struct addr addr_at(const struct prefix *prefix, uint16_t port)
{
	uint64_t high = htobe64(prefix->first.high), low = htobe64(prefix->first.low);
	struct addr addr = { 0 };

	if (address_is_ipv4(prefix->first)) {
		addr.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
						.sin_addr.s_addr = htobe32((uint32_t)prefix->first.low) };
		return addr;
	}
	addr.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	memcpy(addr.v6.sin6_addr.s6_addr, &high, 8);
	memcpy(addr.v6.sin6_addr.s6_addr + 8, &low, 8);
	return addr;
}

/* ---- zones ---- */

/* How many zones the service needs, and the i-th of them: NULL when the dataset has none of that name. */
static size_t needed_zones(const struct check *check)
{
	return check->service->zone_count > 0 ? check->service->zone_count : zone_set_count(check->node->dataset->zones);
}

static const struct zone_entry *needed_zone(const struct check *check, size_t i)
{
	const struct zone_set *zones = check->node->dataset->zones;
	struct name apex;

	if (check->service->zone_count == 0)
		return zone_set_at(zones, i);
	return name_from_text(check->service->zones[i], &apex) == 0 ? zone_set_get(zones, &apex) : NULL;
}

/* Why this zone is nothing to announce for, or NULL. */
static const char *zone_fault(const struct zone_entry *zone, int64_t now)
{
	if (zone == NULL)
		return "not here";
	if (zone->base == NULL)
		return "not loaded";
	if (zone->base->rrsig_expires != 0 && dns_rrsig_time(zone->base->rrsig_expires, now) <= now)
		return "its signatures have expired";
	return NULL;
}

void check_run_zones(struct check *check)
{
	size_t count = needed_zones(check), bad = 0, aged = 0;
	int64_t now = clock_wall_s();
	char words[PROBE_WORDS_MAX], name[DNS_NAME_TEXT_MAX];

	snprintf(words, sizeof words, "%zu zones hold", count);
	for (size_t i = 0; i < count; i++) {
		const struct zone_entry *zone = needed_zone(check, i);
		/* One that is too old says nothing of the others: only with nothing else to serve is there nothing to announce. */
		if (zone != NULL && zone->aged) {
			aged++;
			continue;
		}
		const char *fault = zone_fault(zone, now);

		if (fault == NULL || bad++ > 0)
			continue;
		snprintf(words, sizeof words, "zone %.120s: %s",
			 zone != NULL ? name_print(zone->apex.wire, name) : check->service->zones[i], fault);
	}
	if (bad > 1)
		snprintf(words + strlen(words), sizeof words - strlen(words), "; and %zu more", bad - 1);
	if (aged > 0 && aged == count)
		snprintf(words, sizeof words, "all %zu zones are too old to be answered from (serve_max)", count);
	check_part(check);
	check_part_done(check, bad == 0 && (aged == 0 || aged < count), words);
}

/* ---- dns ---- */

/* What to ask for: the SOA of one of the zones, or, without zones, the node's own name. */
static struct check_question question_of(const struct check *check, size_t zone)
{
	const struct zone_entry *entry = needed_zones(check) > 0 ? needed_zone(check, zone) : NULL;
	struct check_question question = { .type = DNS_SOA, .class = DNS_CLASS_IN, .zone = zone };
	bool aged = entry != NULL && entry->aged;	/* SERVFAIL is what it has to answer */

	if (entry != NULL && !aged && name_from_wire(entry->apex.wire, entry->apex.len, &question.name) == 0)
		return question;
	/* A zone that is not here is asked for all the same: clients do. */
	if (!aged && check->service->zone_count > 0 && name_from_text(check->service->zones[zone], &question.name) == 0)
		return question;
	name_from_text("id.server", &question.name);
	question.type = DNS_TXT;
	question.class = DNS_CLASS_CH;
	return question;
}

/* At all addresses of the service where we listen. */
static void ask_for(struct check *check, size_t zone, bool over_tcp)
{
	const struct conf_service *service = check->service;
	const struct check_question question = question_of(check, zone);
	uint16_t port;

	for (size_t i = 0; i < service->address_count; i++) {
		if (!conf_listens(&check->node->boot->dns.listen, &service->addresses[i], &port))
			continue;
		struct addr to = addr_at(&service->addresses[i], port);
		check_probe_dns(check, PROBE_UDP, &to, &question, true);
		if (over_tcp)
			check_probe_dns(check, PROBE_TCP, &to, &question, true);
	}
}

void check_run_dns(struct check *check)
{
	size_t zones = needed_zones(check), asking = 1, failed = check->failed;

	if (!check->last_good)
		check->probed = 0;
	check->needed = zones;
	if (!check->ready && zones > 1)
		asking = zones - check->probed < FIRST_ZONES ? zones - check->probed : FIRST_ZONES;
	asking = asking > 0 ? asking : 1;
	check->failed = CHECK_NO_ZONE;
	/* With one zone a run, one that is broken would be met too seldom to fail twice in a row. */
	if (failed < zones)
		ask_for(check, failed, false);
	for (size_t i = 0; i < asking; i++) {
		check->cursor = zones > 0 ? (check->cursor + 1) % zones : 0;
		ask_for(check, check->cursor, i == 0);
	}
	check->probed += asking;
	if (check->pending == 1) {
		check_part(check);
		check_part_done(check, false, "nothing listens for DNS at the addresses of the service");
	}
}

/* ---- http and redirect ---- */

/* A host that one of the sites answers for. */
static void host_of(const struct conf *conf, char *buf, size_t size)
{
	snprintf(buf, size, "%s", conf->node.name);
	for (size_t i = 0; i < conf->site_count; i++) {
		const char *host = conf->sites[i].hosts[0];

		if (strcmp(host, "*") == 0)
			continue;
		if (strncmp(host, "*.", 2) == 0)
			snprintf(buf, size, "catchment-check%s", host + 1);
		else
			snprintf(buf, size, "%s", host);
		return;
	}
}

void check_run_http(struct check *check)
{
	const struct conf_service *service = check->service;
	const struct conf_redirect *redirect = &check->node->boot->redirect;
	char host[CONF_TXT_MAX + 1];

	host_of(check->node->conf, host, sizeof host);
	for (size_t i = 0; i < service->address_count; i++) {
		struct addr to;
		uint16_t port;

		if (conf_listens(&redirect->listen, &service->addresses[i], &port)) {
			to = addr_at(&service->addresses[i], port);
			check_probe_http(check, &to, host, "/", true);
		}
		if (conf_listens(&redirect->tls.listen, &service->addresses[i], &port)) {
			to = addr_at(&service->addresses[i], port);
			check_probe_https(check, &to, host, "/");
		}
	}
	if (check->pending == 1) {
		check_part(check);
		check_part_done(check, false, "nothing listens for HTTP at the addresses of the service");
	}
}

/* Whether a client can be sent to at least one target of this node; a target without a check counts as healthy. Fallbacks
 * do not: with nothing but them, the nodes they belong to had better be asked themselves. */
static bool has_healthy_target(const struct node *node, char *words, size_t size)
{
	const struct dataset *dataset = node->dataset;
	size_t sites = dataset->sites != NULL ? redirect_sites_count(dataset->sites) : 0, up = 0;

	for (size_t i = 0; i < sites; i++)
		up += health_site_up(dataset->health, redirect_sites_at(dataset->sites, i), REDIRECT_ANY_FAMILY);
	snprintf(words, size, "%zu of %zu sites have a healthy target", up, sites);
	return up > 0;
}

void check_run_redirect(struct check *check)
{
	char words[PROBE_WORDS_MAX];
	bool good = has_healthy_target(check->node, words, sizeof words);

	check_part(check);
	check_part_done(check, good, words);
}
