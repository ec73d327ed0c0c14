/* SPDX-License-Identifier: Apache-2.0 */
/* What a check changed: the table that the workers read first, then the words. */
#include "server/events.h"
#include "server/health_inner.h"
#include "server/node.h"

enum { SITES_TOLD = 5 };	/* of the many that one target may serve */

static bool any_up(const struct redirect_health *table, const struct redirect_target *list, size_t count,
		   uint8_t family)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].weight > 0 && (redirect_health_target(table, &list[i]) & family) != 0)
			return true;
	}
	return false;
}

bool health_site_up(const struct redirect_health *table, const struct redirect_site *site, uint8_t family)
{
	return any_up(table, site->targets, site->target_count, family);
}

bool health_site_served(const struct redirect_health *table, const struct redirect_site *site, uint8_t family)
{
	return health_site_up(table, site, family) || any_up(table, site->fallback, site->fallback_count, family);
}

static void tell_site(struct health *health, const struct redirect_site *site, bool up)
{
	if (up)
		events_add(health->node->events, LOG_LEVEL_INFO, "site", "site %s: has a target of its own again",
			   site->hosts[0]);
	else
		events_add(health->node->events, LOG_LEVEL_WARN, "site", "site %s: no target of its own is up: clients %s",
			   site->hosts[0],
			   health_site_served(health->table, site, REDIRECT_ANY_FAMILY) ? "go to a fallback"
											: "are answered 503");
}

static void tell_target(const struct health_probe *probe, bool up, uint64_t lasted_s)
{
	const struct health_state *state = &probe->state;
	struct events *events = probe->health->node->events;
	const char *url = probe->users->target->url;

	if (!up)
		events_add(events, LOG_LEVEL_WARN, "target", "target %s [%s]: down: %.200s", url, state->at, state->text);
	else if (state->transitions > 0)
		events_add(events, LOG_LEVEL_INFO, "target", "target %s [%s]: up after %llu s: %.200s", url, state->at,
			   (unsigned long long)lasted_s, state->text);
	else
		log_debug("target %s [%s]: up: %s", url, state->at, state->text);
}

void health_tell(struct health_probe *probe, bool up, uint64_t lasted_s)
{
	struct redirect_health *table = probe->health->table;
	size_t sites = 0;

	tell_target(probe, up, lasted_s);
	for (const struct health_user *user = probe->users; user != NULL; user = user->next) {
		bool before = health_site_up(table, user->site, REDIRECT_ANY_FAMILY);

		redirect_health_set(table, user->target, user->endpoint, up);
		if (health_site_up(table, user->site, REDIRECT_ANY_FAMILY) != before && ++sites <= SITES_TOLD)
			tell_site(probe->health, user->site, up);
	}
	if (sites > SITES_TOLD)
		log_line(up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "target %s: the same of %zu more sites",
			 probe->users->target->url, sites - SITES_TOLD);
}
