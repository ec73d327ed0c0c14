/* SPDX-License-Identifier: Apache-2.0 */
/* health: checks that look at the node from inside. */
#include <stdio.h>

#include "server/commands.h"
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
		bool served = zone_set_at(dataset->zones, i)->base != NULL;

		loaded += served;
		if (served && info->fault == NULL)
			continue;
		snprintf(text, sizeof text, "%s: %s: %s", info->name,
			 served ? "serves an older version" : "not loaded", info->fault ? info->fault : "no reason known");
		add_check(call, list, "zone", served, text);
	}
	snprintf(text, sizeof text, "%zu of %zu loaded", loaded, count);
	return add_check(call, list, "zones", loaded == count, text);
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
	bool running = add_check(call, checks, "state", !call->node->stopping,
				 call->node->stopping ? "stopping" : "running");

	call_set(call, "healthy", json_boolean(zones && workers && running));
	call_set(call, "checks", checks);
	if (zones && workers && running)
		call_done(call);
	else
		call_fail(call, CALL_REFUSED, "not healthy:%s%s%s", zones ? "" : " zones", workers ? "" : " workers",
			  running ? "" : " stopping");
}

void command_health(struct call *call)
{
	call->busy = true;	/* the pulse holds it */
	pulse_ask(call->node, verdict, call);
}
