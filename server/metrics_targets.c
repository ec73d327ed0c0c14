/* SPDX-License-Identifier: Apache-2.0 */
/* Targets that are checked, and what is asked of them: as many lines as the configuration has endpoints. */
#include <inttypes.h>
#include <string.h>

#include "server/health.h"
#include "server/metrics.h"
#include "server/node.h"
#include "server/presence.h"

struct target_metric {
	const char *name, *type, *help;
	/* False: there is none yet. */
	bool (*value)(const struct health_state *state, double *ret_value);
};

static bool up(const struct health_state *state, double *ret_value)
{
	*ret_value = state->is != HEALTH_DOWN;
	return true;
}

static bool check_seconds(const struct health_state *state, double *ret_value)
{
	*ret_value = (double)state->took_us / 1e6;
	return state->checks > 0;
}

static bool checks(const struct health_state *state, double *ret_value)
{
	*ret_value = (double)state->checks;
	return true;
}

static bool failures(const struct health_state *state, double *ret_value)
{
	*ret_value = (double)state->failures;
	return true;
}

static bool transitions(const struct health_state *state, double *ret_value)
{
	*ret_value = (double)state->transitions;
	return true;
}

static const struct target_metric metrics[] = {
	{ "target_up", "gauge", "1: clients of the family are sent to the target, or were before its first check.", up },
	{ "target_check_seconds", "gauge", "How long the last check took.", check_seconds },
	{ "target_checks_total", "counter", "Checks made.", checks },
	{ "target_check_failures_total", "counter", "Checks that failed.", failures },
	{ "target_transitions_total", "counter", "Changes from up to down and back.", transitions },
};

static void print_endpoint(const struct target_metric *metric, const struct redirect_site *site,
			   const struct redirect_target *target, const struct redirect_endpoint *endpoint,
			   const struct health_state *state, struct textbuf *out)
{
	double value;

	if (!metric->value(state, &value))
		return;
	textbuf_add(out, "catchment_%s{site=\"", metric->name);
	textbuf_label(out, site->hosts[0]);
	textbuf_add(out, "\",target=\"");
	textbuf_label(out, target->url);
	textbuf_add(out, "\",address=\"%s\",family=\"%s\"} %.17g\n",
		    endpoint->address.any.sa_family != AF_UNSPEC ? state->at : "",
		    endpoint->family == REDIRECT_IPV6 ? "ipv6" : "ipv4", value);
}

/* The same URL at the same place may stand twice in a site, as a fallback of its own or with another check; two lines
 * with the same labels would spoil all. */
static bool told_before(const struct redirect_site *site, const struct redirect_target *target, size_t endpoint)
{
	const struct redirect_target *lists[] = { site->targets, site->fallback };
	size_t counts[] = { site->target_count, site->fallback_count };
	const struct redirect_endpoint *own = &target->endpoints[endpoint];

	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < counts[l]; i++) {
			const struct redirect_target *other = &lists[l][i];
			size_t before = other == target ? endpoint : other->endpoint_count;

			for (size_t e = 0; e < before && other->check != NULL && strcmp(other->url, target->url) == 0; e++) {
				if (other->endpoints[e].family == own->family &&
				    addr_equal(&other->endpoints[e].address, &own->address))
					return true;
			}
			if (other == target)
				return false;
		}
	}
	return false;
}

static void print_target(const struct node *node, const struct target_metric *metric, const struct redirect_site *site,
			 const struct redirect_target *target, struct textbuf *out)
{
	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct health_state *state = health_of(node->health, &target->endpoints[i]);

		if (state != NULL && !told_before(site, target, i))
			print_endpoint(metric, site, target, &target->endpoints[i], state, out);
	}
}

static void print_metric(const struct node *node, const struct target_metric *metric, struct textbuf *out)
{
	const struct redirect_sites *sites = node->dataset->sites;

	textbuf_add(out, "# HELP catchment_%s %s\n# TYPE catchment_%s %s\n", metric->name, metric->help, metric->name,
		    metric->type);
	for (size_t i = 0; i < redirect_sites_count(sites); i++) {
		const struct redirect_site *site = redirect_sites_at(sites, i);

		for (size_t j = 0; j < site->target_count; j++)
			print_target(node, metric, site, &site->targets[j], out);
		for (size_t j = 0; j < site->fallback_count; j++)
			print_target(node, metric, site, &site->fallback[j], out);
	}
}

static void print_presence(const struct node *node, struct textbuf *out)
{
	static const char *const results[] = { "found", "missing", "unsure", "timeout", "crowded" };

	textbuf_add(out, "# HELP catchment_presence_requests_total HEAD requests to targets by what they said; crowded: not"
			 " sent.\n# TYPE catchment_presence_requests_total counter\n");
	for (unsigned i = 0; i < PRESENCE_RESULTS; i++)
		textbuf_add(out, "catchment_presence_requests_total{result=\"%s\"} %" PRIu64 "\n", results[i],
			    presence_count(node->presence, (enum presence_result)i));
}

void metrics_print_targets(const struct node *node, struct textbuf *out)
{
	for (size_t i = 0; node->dataset->sites != NULL && i < sizeof metrics / sizeof metrics[0]; i++)
		print_metric(node, &metrics[i], out);
	print_presence(node, out);
}
