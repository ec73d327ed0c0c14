/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <inttypes.h>

#include "conf/base/clock.h"
#include "server/catchment_node.h"
#include "server/metrics_anycast.h"
#include "server/metrics_http.h"
#include "server/node.h"
#include "server/worker.h"

void metrics_family(struct textbuf *out, const char *name, const char *type, const char *help)
{
	textbuf_add(out, "# HELP catchment_%s %s\n# TYPE catchment_%s %s\n", name, help, name, type);
}

static void gauge(struct textbuf *out, const char *name, const char *help, uint64_t value)
{
	metrics_family(out, name, "gauge", help);
	textbuf_add(out, "catchment_%s %" PRIu64 "\n", name, value);
}

static void print_counters(const struct node *node, struct textbuf *out)
{
	const char *name = NULL;

	for (size_t i = 0; i < counter_row_count; i++) {
		const struct counter_row *row = &counter_rows[i];

		if (row->family != NULL) {
			name = row->family;
			textbuf_add(out, "# HELP catchment_%s_total %s\n# TYPE catchment_%s_total counter\n", name,
				    row->help, name);
		} else if (row->labels != NULL) {
			bool labels = row->labels[0] != '\0';

			textbuf_add(out, "catchment_%s_total%s%s%s %" PRIu64 "\n", name, labels ? "{" : "",
				    row->labels, labels ? "}" : "", node_counter(node, row->counter));
		}
	}
}

void metrics_histogram(struct textbuf *out, const char *name, const char *help, const struct latency_sum *sum)
{
	uint64_t below = 0;

	metrics_family(out, name, "histogram", help);
	for (unsigned i = 0; i < LATENCY_BOUNDS; i++) {
		below += sum->buckets[i];
		textbuf_add(out, "catchment_%s_bucket{le=\"%.6f\"} %" PRIu64 "\n", name,
			    (double)latency_bound_ns(i) / 1e9, below);
	}
	textbuf_add(out, "catchment_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum->count);
	textbuf_add(out, "catchment_%s_sum %.9f\n", name, (double)sum->sum_ns / 1e9);
	textbuf_add(out, "catchment_%s_count %" PRIu64 "\n", name, sum->count);
}

static void print_latency(const struct node *node, struct textbuf *out)
{
	const struct latency_sum sum = node_latency(node);

	metrics_histogram(out, "dns_udp_answer_seconds",
			  "From reading a batch of UDP queries to handing its last response to the kernel, for each query.",
			  &sum);
}

static void print_limiter(const struct node *node, struct textbuf *out)
{
	static const char *const actions[] = { "dropped", "slipped", "dry-run" };
	struct limiter_report reports[METRICS_PREFIXES_MAX];
	size_t count = node_limited(node, reports, METRICS_PREFIXES_MAX);
	char prefix[PREFIX_TEXT_MAX];

	metrics_family(out, "dns_rate_limit_prefix_total", "counter",
	       "Limited DNS responses of the prefixes limited most, since each came to the list.");
	for (size_t i = 0; i < count; i++) {
		prefix_print(&reports[i].prefix, prefix);
		for (unsigned action = 0; action < LIMITER_ACTIONS; action++)
			textbuf_add(out,
				    "catchment_dns_rate_limit_prefix_total{prefix=\"%s\",action=\"%s\"} %" PRIu64
				    "\n",
				    prefix, actions[action], reports[i].actions[action]);
	}
}

static void print_node(const struct node *node, struct textbuf *out)
{
	const struct dataset *dataset = node->dataset;

	metrics_family(out, "info", "gauge", "Which node this is, and which version it runs.");
	textbuf_add(out, "catchment_info{node=\"");
	textbuf_label(out, node->conf->node.name);
	textbuf_add(out, "\",region=\"");
	textbuf_label(out, node->conf->node.region);
	textbuf_add(out, "\",version=\"%s\"} 1\n", CATCHMENT_VERSION);
	metrics_family(out, "uptime_seconds", "gauge", "Time since the start.");
	textbuf_add(out, "catchment_uptime_seconds %.3f\n", (double)(clock_monotonic_ns() - node->started_ns) / 1e9);
	gauge(out, "generation",
	      "Of the content and settings served; each reload that changes something makes another.",
	      dataset->generation);
	gauge(out, "workers", "Threads that answer.", node->worker_count);
	gauge(out, "stopping", "1 while the node stops.", node->stopping);
	gauge(out, "sites", "Redirect sites.", dataset->sites ? redirect_sites_count(dataset->sites) : 0);
	gauge(out, "dns_connections_open", "DNS connections open now, TCP and TLS.", node_tcp_clients(node));
	gauge(out, "http_connections_open", "HTTP and HTTPS connections open now.", node_http_clients(node));
}

static void print_zone_states(const struct dataset *dataset, struct textbuf *out)
{
	size_t count = zone_set_count(dataset->zones), current = 0, loaded = 0;

	for (size_t i = 0; i < count; i++) {
		bool served = zone_set_at(dataset->zones, i)->base != NULL;

		loaded += served;
		current += served && dataset->zone_infos[i].current;
	}
	metrics_family(out, "zones", "gauge",
	       "Zones by state: served as in their source, as an older version, or not at all.");
	textbuf_add(out, "catchment_zones{state=\"current\"} %zu\n", current);
	textbuf_add(out, "catchment_zones{state=\"older-version\"} %zu\n", loaded - current);
	textbuf_add(out, "catchment_zones{state=\"not-loaded\"} %zu\n", count - loaded);
}

/* What is told of each zone that is loaded; all of one metric stand together, as the format wants it. */
struct zone_metric {
	const char *name, *help;
	/* False: this zone has none. */
	bool (*value)(const struct zone_entry *zone, const struct dataset_zone *info, uint64_t *ret_value);
};

static bool zone_serial(const struct zone_entry *zone, const struct dataset_zone *info, uint64_t *ret_value)
{
	(void)info;
	*ret_value = zone->base->serial;
	return true;
}

static bool zone_records(const struct zone_entry *zone, const struct dataset_zone *info, uint64_t *ret_value)
{
	(void)info;
	*ret_value = zone->base->records;
	return true;
}

static bool zone_bytes(const struct zone_entry *zone, const struct dataset_zone *info, uint64_t *ret_value)
{
	(void)info;
	*ret_value = zone->base->size;
	return true;
}

static bool zone_loaded(const struct zone_entry *zone, const struct dataset_zone *info, uint64_t *ret_value)
{
	(void)zone;
	*ret_value = (uint64_t)info->loaded_at;
	return info->loaded_at > 0;
}

static bool zone_rrsig(const struct zone_entry *zone, const struct dataset_zone *info, uint64_t *ret_value)
{
	(void)info;
	*ret_value = (uint64_t)dns_rrsig_time(zone->base->rrsig_expires, clock_wall_s());
	return zone->base->rrsig_expires != 0;
}

static void print_zones(const struct dataset *dataset, struct textbuf *out)
{
	static const struct zone_metric metrics[] = {
		{ "zone_serial", "The zone's SOA serial.", zone_serial },
		{ "zone_records", "The zone's resource records.", zone_records },
		{ "zone_image_bytes", "Bytes of the zone's image.", zone_bytes },
		{ "zone_loaded_timestamp_seconds", "When the version served was loaded.", zone_loaded },
		{ "zone_rrsig_expiry_timestamp_seconds", "When the first of the zone's signatures expires.",
		  zone_rrsig },
	};

	for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
		metrics_family(out, metrics[m].name, "gauge", metrics[m].help);
		for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
			const struct zone_entry *zone = zone_set_at(dataset->zones, i);
			uint64_t value;

			if (zone->base == NULL || !metrics[m].value(zone, &dataset->zone_infos[i], &value))
				continue;
			textbuf_add(out, "catchment_%s{zone=\"", metrics[m].name);
			textbuf_label(out, dataset->zone_infos[i].name);
			textbuf_add(out, "\"} %" PRIu64 "\n", value);
		}
	}
}

static void print_zone_counter(const struct dataset *dataset, const char *name, enum zone_counter counter,
			       bool by_kind, struct textbuf *out)
{
	for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
		textbuf_add(out, "catchment_%s{zone=\"", name);
		textbuf_label(out, dataset->zone_infos[i].name);
		textbuf_add(out, "\"");
		if (by_kind)
			textbuf_add(out, ",kind=\"%s\"", zone_counter_name(counter));
		textbuf_add(out, "} %" PRIu64 "\n", zone_counters_sum(dataset->zone_infos[i].counters, counter));
	}
}

static void print_zone_counters(const struct dataset *dataset, struct textbuf *out)
{
	if (!dataset->zone_statistics)
		return;
	metrics_family(out, "zone_queries_total", "counter", "Queries answered from the zone.");
	print_zone_counter(dataset, "zone_queries_total", ZONE_COUNTER_QUERIES, false, out);
	metrics_family(out, "zone_responses_total", "counter", "The same by what they were answered with.");
	for (int counter = ZONE_COUNTER_ANSWER; counter <= ZONE_COUNTER_ERROR; counter++)
		print_zone_counter(dataset, "zone_responses_total", (enum zone_counter)counter, true, out);
	metrics_family(out, "zone_truncated_responses_total", "counter", "Of these, those with TC.");
	print_zone_counter(dataset, "zone_truncated_responses_total", ZONE_COUNTER_TRUNCATED, false, out);
}

void metrics_print(const struct node *node, struct textbuf *out)
{
	print_node(node, out);
	print_counters(node, out);
	print_latency(node, out);
	print_limiter(node, out);
	print_zone_states(node->dataset, out);
	print_zones(node->dataset, out);
	print_zone_counters(node->dataset, out);
	metrics_print_anycast(node, out);
	catchment_node_print(node, out);
	metrics_print_http(node, out);
	metrics_print_targets(node, out);
	metrics_print_sync(node, out);
	metrics_print_process(node, out);
}
