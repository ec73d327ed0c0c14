/* SPDX-License-Identifier: Apache-2.0 */
/* stats, rate-limit: what the workers count, and whom they limit. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "server/commands.h"

enum { PREFIXES_SHOWN = 50 };

/* A call of stats while it collects. */
struct stats {
	struct call *call;
	const char *prefix;	/* of the names wanted */
	json_t *counters;
};

static void add(struct stats *stats, const char *name, uint64_t value)
{
	if (strncmp(name, stats->prefix, strlen(stats->prefix)) != 0)
		return;
	call_text(stats->call, "%-32s %20" PRIu64 "\n", name, value);
	json_object_set_new(stats->counters, name, json_integer((json_int_t)value));
}

/* Quantiles are the bounds of their buckets; an answer that took longer than the last has none. */
static void add_quantile(struct stats *stats, const char *name, const struct latency_sum *sum, double share)
{
	uint64_t ns = latency_quantile_ns(sum, share);

	add(stats, name, (ns == UINT64_MAX ? 2 * latency_bound_ns(LATENCY_BOUNDS - 1) : ns) / 1000);
}

static void add_latency(struct stats *stats)
{
	struct latency_sum sum = node_latency(stats->call->node);
	char name[40];

	add(stats, "dns.latency.count", sum.count);
	add(stats, "dns.latency.sum-us", sum.sum_ns / 1000);
	add_quantile(stats, "dns.latency.p50-us", &sum, 0.5);
	add_quantile(stats, "dns.latency.p90-us", &sum, 0.9);
	add_quantile(stats, "dns.latency.p99-us", &sum, 0.99);
	for (unsigned i = 0; i < LATENCY_BOUNDS; i++) {
		snprintf(name, sizeof name, "dns.latency.le-us.%" PRIu64, latency_bound_ns(i) / 1000);
		add(stats, name, sum.buckets[i]);
	}
	add(stats, "dns.latency.le-us.inf", sum.buckets[LATENCY_BOUNDS]);
}

void command_stats(struct call *call)
{
	struct stats stats = { call, call->arg_count > 0 ? call->args[0] : "", json_object() };

	for (int i = 0; i < COUNTER_COUNT; i++)
		add(&stats, counters_name((enum counter)i), node_counter(call->node, (enum counter)i));
	add(&stats, "dns.tcp.clients", node_tcp_clients(call->node));
	add(&stats, "http.clients", node_http_clients(call->node));
	add_latency(&stats);

	bool none = json_object_size(stats.counters) == 0;
	call_set(call, "counters", stats.counters);
	if (none)
		call_fail(call, CALL_REFUSED, "no counter begins with \"%.60s\"", stats.prefix);
	else
		call_done(call);
}

static json_t *prefix_object(struct call *call, const struct limiter_report *report)
{
	char prefix[PREFIX_TEXT_MAX], since[CLOCK_TEXT_MAX];
	json_t *row = json_object();

	prefix_print(&report->prefix, prefix);
	call_text(call, "%-28s  %10" PRIu64 "  %10" PRIu64 "  %10" PRIu64 "  %-8s  %s\n", prefix,
		  report->actions[LIMITER_DROP], report->actions[LIMITER_SLIP], report->actions[LIMITER_DRY_RUN],
		  limiter_class_name(report->class), clock_print(report->since, since, sizeof since));
	json_object_set_new(row, "prefix", call_string(prefix));
	json_object_set_new(row, "dropped", json_integer((json_int_t)report->actions[LIMITER_DROP]));
	json_object_set_new(row, "slipped", json_integer((json_int_t)report->actions[LIMITER_SLIP]));
	json_object_set_new(row, "dry_run", json_integer((json_int_t)report->actions[LIMITER_DRY_RUN]));
	json_object_set_new(row, "class", call_string(limiter_class_name(report->class)));
	json_object_set_new(row, "since", call_time(report->since));
	json_object_set_new(row, "last", call_time(report->last));
	return row;
}

void command_rate_limit(struct call *call)
{
	const struct conf_rate_limit *conf = &call->node->dataset->rate_limit;
	struct limiter_report reports[PREFIXES_SHOWN];
	size_t count = node_limited(call->node, reports, PREFIXES_SHOWN);
	json_t *list = json_array();

	if (conf->responses_per_second == 0)
		call_text(call, "off\n");
	else
		call_text(call, "%u like answers a second to a prefix (/%u, /%u), slip %u%s\n",
			  conf->responses_per_second, conf->ipv4_prefix_length, conf->ipv6_prefix_length, conf->slip,
			  conf->dry_run ? ", dry run" : "");
	if (count > 0)
		call_text(call, "%-28s  %10s  %10s  %10s  %-8s  %s\n", "prefix", "dropped", "slipped", "dry run",
			  "last for", "since");
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, prefix_object(call, &reports[i]));
	call_set(call, "responses_per_second", json_integer(conf->responses_per_second));
	call_set(call, "dry_run", json_boolean(conf->dry_run));
	call_set(call, "prefixes", list);
	call_done(call);
}
