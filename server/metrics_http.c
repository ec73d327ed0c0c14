/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics_http.h"

#include <inttypes.h>

#include "server/access_log.h"
#include "server/metrics.h"
#include "server/node.h"
#include "sync/site_counters.h"

/* A site is told by its first host. */
static void begin(struct textbuf *out, const char *name, const struct redirect_site *site)
{
	textbuf_add(out, "catchment_%s{site=\"", name);
	textbuf_label(out, site->hosts[0]);
	textbuf_add(out, "\"");
}

struct site_family {
	const char *name, *help, *label;
	enum site_counter first, end;
};

static void print_site(struct textbuf *out, const struct site_family *family, const struct redirect_site *site,
		       const struct site_counters *counters)
{
	for (int counter = family->first; counter < (int)family->end; counter++) {
		uint64_t value = site_counters_sum(counters, (enum site_counter)counter);

		/* Most statuses never occur at most sites. */
		if (value == 0)
			continue;
		begin(out, family->name, site);
		textbuf_add(out, ",%s=\"%s\"", family->label, site_counter_label((enum site_counter)counter));
		if (family->first == SITE_COUNTER_PROTOCOL_FIRST)
			textbuf_add(out, ",scheme=\"%s\"", (counter - SITE_COUNTER_PROTOCOL_FIRST) % 2 != 0 ? "https" : "http");
		textbuf_add(out, "} %" PRIu64 "\n", value);
	}
}

static void print_target(struct textbuf *out, const struct redirect_site *site, const struct redirect_target *target,
			 const char *kind, const struct site_counters *counters)
{
	begin(out, "site_redirects_total", site);
	textbuf_add(out, ",kind=\"%s\",target=\"", kind);
	textbuf_label(out, target->url);
	textbuf_add(out, "\"} %" PRIu64 "\n", site_counters_target(counters, site, target));
}

static void print_targets(struct textbuf *out, const struct redirect_site *site, const struct site_counters *counters)
{
	for (size_t i = 0; i < site->target_count; i++)
		print_target(out, site, &site->targets[i], "own", counters);
	for (size_t i = 0; i < site->fallback_count; i++)
		print_target(out, site, &site->fallback[i], "fallback", counters);
	if (site->writes != NULL)
		print_target(out, site, site->writes, "writes", counters);
}

static void print_sites(const struct dataset *dataset, struct textbuf *out)
{
	static const struct site_family families[] = {
		{ "site_responses_total", "Responses of the site, by status.", "status", SITE_COUNTER_STATUS_FIRST,
		  SITE_COUNTER_METHOD_FIRST },
		{ "site_methods_total", "The same by method.", "method", SITE_COUNTER_METHOD_FIRST,
		  SITE_COUNTER_PROTOCOL_FIRST },
		{ "site_protocols_total", "The same by version of HTTP.", "protocol", SITE_COUNTER_PROTOCOL_FIRST,
		  SITE_COUNTER_COUNT },
	};
	size_t count = redirect_sites_count(dataset->sites);

	for (size_t f = 0; f < sizeof families / sizeof families[0] && count != 0; f++) {
		metrics_family(out, families[f].name, "counter", families[f].help);
		for (size_t i = 0; i < count; i++)
			print_site(out, &families[f], redirect_sites_at(dataset->sites, i), dataset->site_counters[i]);
	}
	if (count != 0)
		metrics_family(out, "site_redirects_total", "counter", "Redirects of the site, by target.");
	for (size_t i = 0; i < count; i++)
		print_targets(out, redirect_sites_at(dataset->sites, i), dataset->site_counters[i]);
}

void metrics_print_http(const struct node *node, struct textbuf *out)
{
	const struct latency_sum sum = node_http_latency(node);

	if (!node->conf->redirect.present)
		return;
	metrics_histogram(out, "http_answer_seconds",
			  "From reading bytes of a connection to having the responses to them ready, of one read in 16.", &sum);
	metrics_family(out, "http_access_log_lost_total", "counter", "Requests missing in the access log: the disk is too slow.");
	textbuf_add(out, "catchment_http_access_log_lost_total %" PRIu64 "\n", access_log_lost(node->access_log));
	print_sites(node->dataset, out);
}
