/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dashboard: what the node is, serves, counts and limits, and what happened last, on one page without scripts,
 * images or anything from elsewhere. It asks for itself again every ten seconds; rates are those since the view
 * before.
 */
#include <inttypes.h>
#include <stdio.h>

#include "conf/base/clock.h"
#include "server/admin_page.h"
#include "server/events.h"
#include "server/health.h"
#include "server/metrics.h"
#include "server/node.h"

enum {
	ZONES_SHOWN = 500,
	SITES_SHOWN = 200,
	EVENTS_SHOWN = 25,
	VIEW_OLD_S = 2,		/* a view younger than this says little about rates */
};

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	"<meta http-equiv=\"refresh\" content=\"10\">\n<style>"
	":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:2rem "
	"auto;max-width:75rem;padding:0 1rem}"
	"h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse}"
	"th,td{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}td.n,th.n{text-align:right;"
	"font-variant-numeric:tabular-nums}th{font-weight:600}.bad{color:#c22;font-weight:600}.dim{opacity:.65}"
	"</style>\n<title>";

void admin_page_cell(struct textbuf *out, const char *value)
{
	textbuf_add(out, "<td>");
	textbuf_html(out, value);
	textbuf_add(out, "</td>");
}

void admin_page_time(struct textbuf *out, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	admin_page_cell(out, at != 0 ? clock_print(at, text, sizeof text) : "-");
}

/* A row of a table of two columns, the second as a format of ours; nothing from outside may be in it. */
#define ROW(out, title, ...) \
	do { \
		textbuf_add(out, "<tr><th>%s</th><td>", title); \
		textbuf_add(out, __VA_ARGS__); \
		textbuf_add(out, "</td></tr>\n"); \
	} while (0)

static void text_row(struct textbuf *out, const char *title, const char *value)
{
	textbuf_add(out, "<tr><th>%s</th>", title);
	admin_page_cell(out, value);
	textbuf_add(out, "</tr>\n");
}

static void print_uptime(const struct node *node, struct textbuf *out)
{
	uint64_t seconds = (clock_monotonic_ns() - node->started_ns) / 1000000000u;
	char since[CLOCK_TEXT_MAX];

	ROW(out, "up", "%" PRIu64 " d %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ", since %s", seconds / 86400,
	    seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, clock_print(node->started_at, since, sizeof since));
}

static void print_node(const struct node *node, struct textbuf *out)
{
	textbuf_add(out, "<h1>");
	textbuf_html(out, node->conf->node.name);
	textbuf_add(out, " %s</h1>\n<table>\n",
		    node->stopping ? "<span class=\"bad\">stopping</span>" : "<span class=\"dim\">running</span>");
	if (node->conf->node.region[0] != '\0')
		text_row(out, "region", node->conf->node.region);
	text_row(out, "version", CATCHMENT_VERSION);
	print_uptime(node, out);
	ROW(out, "generation", "%" PRIu64, node->dataset->generation);
	ROW(out, "workers", "%u", node->worker_count);
	ROW(out, "connections", "%u over TCP and TLS", node_tcp_clients(node));
	textbuf_add(out, "</table>\n");
}

static uint64_t sum_of(const uint64_t *counters, enum counter first, enum counter last)
{
	uint64_t sum = 0;

	for (int i = (int)first; i <= (int)last; i++)
		sum += counters[i];
	return sum;
}

static void rate_row(struct textbuf *out, const char *title, uint64_t now, uint64_t before, double seconds)
{
	textbuf_add(out, "<tr><th>%s</th><td class=\"n\">%.1f</td><td class=\"n\">%" PRIu64 "</td></tr>\n", title,
		    seconds > 0 ? (double)(now - before) / seconds : 0, now);
}

/* Two readers of the page must not make each other's rates those of a moment: an older view stays until it is
 * replaced by one that is old enough. */
static const struct admin_view *earlier(struct admin_view views[ADMIN_VIEWS], const struct admin_view *now)
{
	if (now->at_ns - views[0].at_ns >= VIEW_OLD_S * UINT64_C(1000000000)) {
		views[1] = views[0];
		views[0] = *now;
	}
	return &views[1];
}

static void print_rates(const struct node *node, struct admin_view views[ADMIN_VIEWS], struct textbuf *out)
{
	struct admin_view now = { .at_ns = clock_monotonic_ns() };

	for (int i = 0; i < COUNTER_COUNT; i++)
		now.counters[i] = node_counter(node, (enum counter)i);
	const struct admin_view *then = earlier(views, &now);
	double seconds = (double)(now.at_ns - (then->at_ns != 0 ? then->at_ns : node->started_ns)) / 1e9;
	const struct {
		const char *title;
		enum counter first, last;
	} rows[] = {
		{ "DNS queries", COUNTER_DNS_UDP4_QUERIES, COUNTER_DNS_TYPE_A - 1 },
		{ "NXDOMAIN", COUNTER_DNS_NXDOMAIN, COUNTER_DNS_NXDOMAIN },
		{ "SERVFAIL", COUNTER_DNS_SERVFAIL, COUNTER_DNS_SERVFAIL },
		{ "REFUSED", COUNTER_DNS_REFUSED, COUNTER_DNS_REFUSED },
		{ "truncated", COUNTER_DNS_TRUNCATED, COUNTER_DNS_TRUNCATED },
		{ "limited", COUNTER_DNS_LIMIT_DROP_ANSWER, COUNTER_DNS_LIMIT_DRY_ERROR },
		{ "HTTP requests", COUNTER_HTTP_REQUESTS, COUNTER_HTTP_REQUESTS },
	};

	textbuf_add(out, "<h2>Rates</h2>\n<table><tr><th></th><th class=\"n\">a second, of the last %.0f s</th>"
			 "<th class=\"n\">all</th></tr>\n", seconds);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		rate_row(out, rows[i].title, sum_of(now.counters, rows[i].first, rows[i].last),
			 sum_of(then->counters, rows[i].first, rows[i].last), seconds);
	textbuf_add(out, "</table>\n");
	struct latency_sum latency = node_latency(node);
	if (latency.count > 0)
		textbuf_add(out,
			    "<p>UDP batches answered within %.0f &micro;s (half), %.0f &micro;s (99 of 100).</p>\n",
			    (double)latency_quantile_ns(&latency, 0.5) / 1e3,
			    (double)latency_quantile_ns(&latency, 0.99) / 1e3);
}

static void zone_row(const struct dataset *dataset, size_t i, struct textbuf *out)
{
	const struct zone_image_header *base = zone_set_at(dataset->zones, i)->base;
	const struct dataset_zone *info = &dataset->zone_infos[i];

	textbuf_add(out, "<tr>");
	admin_page_cell(out, info->name);
	if (base != NULL)
		textbuf_add(out, "<td class=\"n\">%u</td><td class=\"n\">%u</td>", base->serial, base->records);
	else
		textbuf_add(out, "<td class=\"n\">-</td><td class=\"n\">-</td>");
	admin_page_time(out, info->loaded_at);
	admin_page_time(out,
		  base != NULL && base->rrsig_expires != 0 ? dns_rrsig_time(base->rrsig_expires, clock_wall_s()) : 0);
	if (base != NULL && info->current)
		admin_page_cell(out, "current");
	else
		textbuf_add(out, "<td class=\"bad\">%s</td>", base != NULL ? "older version" : "not loaded");
	admin_page_cell(out, info->fault != NULL ? info->fault : "");
	textbuf_add(out, "</tr>\n");
}

/* Those with a fault first: they are what one looks for among thousands. */
static void print_zones(const struct dataset *dataset, struct textbuf *out)
{
	size_t count = zone_set_count(dataset->zones), shown = 0;

	textbuf_add(out, "<h2>Zones: %zu</h2>\n", count);
	if (count == 0)
		return;
	textbuf_add(out,
		    "<table><tr><th>name</th><th class=\"n\">serial</th><th class=\"n\">records</th><th>loaded</th>"
		    "<th>first signature expires</th><th>state</th><th></th></tr>\n");
	for (int faults = 1; faults >= 0; faults--) {
		for (size_t i = 0; i < count && shown < ZONES_SHOWN; i++) {
			if ((dataset->zone_infos[i].fault != NULL || zone_set_at(dataset->zones, i)->base == NULL)
			    != faults)
				continue;
			zone_row(dataset, i, out);
			shown++;
		}
	}
	textbuf_add(out, "</table>\n");
	if (shown < count)
		textbuf_add(out, "<p class=\"dim\">and %zu more: see catchmentctl zone list</p>\n", count - shown);
}

static void print_target(const struct node *node, const struct redirect_target *target, struct textbuf *out)
{
	char since[CLOCK_TEXT_MAX];

	textbuf_html(out, target->url);
	textbuf_add(out, " <span class=\"dim\">%u</span><br>", target->weight);
	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct health_state *state = health_of(node->health, &target->endpoints[i]);

		if (state == NULL)
			continue;
		textbuf_add(out, "<span class=\"%s\">%s %s since %s</span> ", state->is == HEALTH_DOWN ? "bad" : "dim",
			    state->at, health_is_name(state->is), clock_print(state->since, since, sizeof since));
		textbuf_html(out, state->text);
		textbuf_add(out, "<br>");
	}
}

static void print_sites(const struct node *node, struct textbuf *out)
{
	const struct dataset *dataset = node->dataset;
	size_t count = dataset->sites != NULL ? redirect_sites_count(dataset->sites) : 0;

	textbuf_add(out, "<h2>Sites: %zu</h2>\n", count);
	if (count == 0)
		return;
	textbuf_add(out,
		    "<table><tr><th>hosts</th><th class=\"n\">status</th><th>targets</th><th>fallback</th></tr>\n");
	for (size_t i = 0; i < count && i < SITES_SHOWN; i++) {
		const struct redirect_site *site = redirect_sites_at(dataset->sites, i);

		textbuf_add(out, "<tr><td>");
		for (size_t j = 0; j < site->host_count; j++) {
			textbuf_html(out, site->hosts[j]);
			textbuf_add(out, "<br>");
		}
		textbuf_add(out, "</td><td class=\"n\">%u</td><td>", site->status);
		for (size_t j = 0; j < site->target_count; j++)
			print_target(node, &site->targets[j], out);
		textbuf_add(out, "</td><td>");
		for (size_t j = 0; j < site->fallback_count; j++)
			print_target(node, &site->fallback[j], out);
		textbuf_add(out, "</td></tr>\n");
	}
	textbuf_add(out, "</table>\n");
	if (count > SITES_SHOWN)
		textbuf_add(out, "<p class=\"dim\">and %zu more: see catchmentctl site list</p>\n",
			    count - SITES_SHOWN);
}

static void print_limiter(const struct node *node, struct textbuf *out)
{
	const struct conf_rate_limit *conf = &node->dataset->rate_limit;
	struct limiter_report reports[METRICS_PREFIXES_MAX];
	size_t count = node_limited(node, reports, METRICS_PREFIXES_MAX);
	char prefix[PREFIX_TEXT_MAX];

	textbuf_add(out, "<h2>Rate limit: ");
	if (conf->responses_per_second == 0)
		textbuf_add(out, "off");
	else
		textbuf_add(out, "%u a second%s", conf->responses_per_second, conf->dry_run ? ", dry run" : "");
	textbuf_add(out, "</h2>\n");
	if (count == 0)
		return;
	textbuf_add(out, "<table><tr><th>prefix</th><th class=\"n\">dropped</th><th class=\"n\">slipped</th>"
			 "<th class=\"n\">dry run</th><th>last for</th><th>since</th><th>last</th></tr>\n");
	for (size_t i = 0; i < count; i++) {
		textbuf_add(out, "<tr><td>%s</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64
			    "</td><td class=\"n\">%" PRIu64 "</td>", prefix_print(&reports[i].prefix, prefix),
			    reports[i].actions[LIMITER_DROP], reports[i].actions[LIMITER_SLIP],
			    reports[i].actions[LIMITER_DRY_RUN]);
		admin_page_cell(out, limiter_class_name(reports[i].class));
		admin_page_time(out, reports[i].since);
		admin_page_time(out, reports[i].last);
		textbuf_add(out, "</tr>\n");
	}
	textbuf_add(out, "</table>\n");
}

static void print_events(const struct node *node, struct textbuf *out)
{
	size_t count = events_count(node->events);

	textbuf_add(out, "<h2>Events</h2>\n<table>\n");
	for (size_t i = count; i > 0 && count - i < EVENTS_SHOWN; i--) {
		const struct event *event = events_at(node->events, i - 1);

		textbuf_add(out, "<tr%s>", event->level <= LOG_LEVEL_WARN ? " class=\"bad\"" : "");
		admin_page_time(out, event->at);
		admin_page_cell(out, event->kind);
		admin_page_cell(out, event->text);
		textbuf_add(out, "</tr>\n");
	}
	textbuf_add(out, "</table>\n");
}

void admin_page_print(const struct node *node, struct admin_view views[ADMIN_VIEWS], struct textbuf *out)
{
	textbuf_add(out, "%s", head);
	textbuf_html(out, node->conf->node.name);
	textbuf_add(out, "</title></head>\n<body>\n");
	print_node(node, out);
	print_rates(node, views, out);
	admin_page_services(node, out);
	admin_page_content(node, out);
	print_zones(node->dataset, out);
	print_sites(node, out);
	print_limiter(node, out);
	print_events(node, out);
	textbuf_add(out, "<p class=\"dim\">/metrics /healthz /readyz</p>\n</body></html>\n");
}
