/* SPDX-License-Identifier: Apache-2.0 */
/* health: checks that look at the node from inside. */
#include <stdio.h>

#include "conf/base/clock.h"
#include "server/commands.h"
#include "server/commands_anycast.h"
#include "server/commands_sync.h"
#include "server/health.h"
#include "server/node.h"
#include "server/pulse.h"

/* One line of the verdict; gives ok back. */
static bool add_check(struct call *call, json_t *list, const char *name, bool ok, const char *text)
{
	json_t *check = json_object();

	call_text(call, "%-5s %-8s  %s\n", ok ? "ok" : "FAIL", name, text);
	json_object_set_new(check, "name", call_string(name));
	json_object_set_new(check, "ok", json_boolean(ok));
	json_object_set_new(check, "text", call_string(text));
	json_array_append_new(list, check);
	return ok;
}

/* Each zone that nothing can be served of fails; one that is behind its source is told, but it answers. */
static bool check_zones(struct call *call, json_t *list)
{
	const struct dataset *dataset = call->node->dataset;
	size_t count = zone_set_count(dataset->zones), loaded = 0;
	char text[512];

	for (size_t i = 0; i < count; i++) {
		const struct dataset_zone *info = &dataset->zone_infos[i];
		const struct zone_entry *zone = zone_set_at(dataset->zones, i);
		bool served = zone->base != NULL || (zone->aged && dataset_serves_zones(dataset));

		loaded += served;
		if (served && info->fault == NULL)
			continue;
		snprintf(text, sizeof text, "%s: %s: %s", info->name,
			 zone->aged ? "too old" : served ? "serves an older version" : "not loaded", info->fault ? info->fault : "no reason known");
		add_check(call, list, "zone", served, text);
	}
	snprintf(text, sizeof text, "%zu of %zu loaded", loaded, count);
	return add_check(call, list, "zones", loaded == count, text);
}

/* Endpoints told one by one; the rest is a number. */
enum { TARGETS_TOLD = 50 };

struct targets {
	struct call *call;
	json_t *list;
	size_t checked, down;
};

static void check_target(struct targets *targets, const struct redirect_site *site, const struct redirect_target *target)
{
	const struct redirect_health *table = targets->call->node->dataset->health;
	bool served = health_site_served(table, site, REDIRECT_ANY_FAMILY);
	char since[CLOCK_TEXT_MAX], text[1024];

	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct health_state *state = health_of(targets->call->node->health, &target->endpoints[i]);

		targets->checked += state != NULL;
		if (state == NULL || state->is != HEALTH_DOWN || ++targets->down > TARGETS_TOLD)
			continue;
		snprintf(text, sizeof text, "%.500s [%s]: down since %s: %s", target->url, state->at,
			 clock_print(state->since, since, sizeof since), state->text);
		add_check(targets->call, targets->list, "target", served, text);
	}
}

/* A target that is down is told; what fails is a site that has nobody to send its clients to. */
static bool check_targets(struct call *call, json_t *list)
{
	const struct redirect_sites *sites = call->node->dataset->sites;
	const struct redirect_health *table = call->node->dataset->health;
	struct targets targets = { .call = call, .list = list };
	size_t empty = 0;
	char text[512];

	for (size_t i = 0; sites != NULL && i < redirect_sites_count(sites); i++) {
		const struct redirect_site *site = redirect_sites_at(sites, i);

		for (size_t j = 0; j < site->target_count; j++)
			check_target(&targets, site, &site->targets[j]);
		for (size_t j = 0; j < site->fallback_count; j++)
			check_target(&targets, site, &site->fallback[j]);
		if (site->target_count + site->fallback_count == 0 ||
		    health_site_served(table, site, REDIRECT_ANY_FAMILY) || ++empty > TARGETS_TOLD)
			continue;
		snprintf(text, sizeof text, "%.400s: no target and no fallback is up: clients are answered 503",
			 site->hosts[0]);
		add_check(call, list, "site", false, text);
	}
	if (targets.checked == 0)
		return empty == 0;
	snprintf(text, sizeof text, "%zu of %zu up", targets.checked - targets.down, targets.checked);
	add_check(call, list, "targets", empty == 0, text);
	return empty == 0;
}

static bool check_workers(struct call *call, json_t *list, const bool *turned, unsigned standing)
{
	unsigned count = call->node->worker_count;
	char text[120];

	for (unsigned i = 0; i < count; i++) {
		if (turned[i])
			continue;
		snprintf(text, sizeof text, "worker %u has not turned for %d ms", i, PULSE_MS);
		add_check(call, list, "worker", false, text);
	}
	snprintf(text, sizeof text, "%u of %u turn", count - standing, count);
	return add_check(call, list, "workers", standing == 0, text);
}

static void verdict(void *ctx, const bool *turned, unsigned standing)
{
	struct call *call = ctx;
	json_t *checks = json_array();
	bool zones = check_zones(call, checks), workers = check_workers(call, checks, turned, standing);
	bool targets = check_targets(call, checks);
	bool running = add_check(call, checks, "state", !call->node->stopping,
				 call->node->stopping ? "stopping" : "running");

	bool routes = commands_check_services(call, add_check, checks);
	bool sync = commands_check_sync(call, add_check, checks);

	call_set(call, "healthy", json_boolean(zones && workers && targets && running && routes && sync));
	call_set(call, "checks", checks);
	if (zones && workers && targets && running && routes && sync)
		call_done(call);
	else
		call_fail(call, CALL_REFUSED, "not healthy:%s%s%s%s%s%s", zones ? "" : " zones", workers ? "" : " workers",
			  targets ? "" : " targets", running ? "" : " stopping", routes ? "" : " services",
			  sync ? "" : " sync");
}

void command_health(struct call *call)
{
	call->busy = true;	/* the pulse holds it */
	pulse_ask(call->node, PULSE_MS, verdict, call);
}
