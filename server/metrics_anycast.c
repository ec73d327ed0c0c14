/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics_anycast.h"

#include <inttypes.h>
#include <string.h>

#include "server/anycast/anycast.h"

static void family(struct textbuf *out, const char *name, const char *type, const char *help)
{
	textbuf_add(out, "# HELP catchment_%s %s\n# TYPE catchment_%s %s\n", name, help, name, type);
}

static void service_label(struct textbuf *out, const char *name, const struct anycast_service *service)
{
	textbuf_add(out, "catchment_%s{service=\"", name);
	textbuf_label(out, service->conf->name);
	textbuf_add(out, "\"");
}

static void print_states(struct anycast *anycast, struct textbuf *out)
{
	static const char *const states[] = { "announced", "announcing", "withdrawn", "withdrawing", "draining", "hold-down" };

	family(out, "service_state", "gauge", "1 for the state the service is in.");
	for (size_t i = 0; i < anycast_service_count(anycast); i++) {
		const struct anycast_service *service = anycast_service(anycast, i);

		for (size_t j = 0; j < sizeof states / sizeof states[0]; j++) {
			service_label(out, "service_state", service);
			textbuf_add(out, ",state=\"%s\"} %d\n", states[j],
				    strcmp(states[j], anycast_state(service)) == 0);
		}
	}
}

static uint64_t route_of(const struct anycast_service *service)
{
	return service->level;
}

static uint64_t changes_of(const struct anycast_service *service)
{
	return service->changes;
}

static uint64_t flaps_of(const struct anycast_service *service)
{
	return service->machine.flaps;
}

static uint64_t falls_of(const struct anycast_service *service)
{
	return service->machine.falls;
}

static uint64_t stuck_of(const struct anycast_service *service)
{
	return service->machine.state == MACHINE_STUCK;
}

static uint64_t since_of(const struct anycast_service *service)
{
	return (uint64_t)service->since;
}

static uint64_t order_of(const struct anycast_service *service)
{
	return service->order != MACHINE_NO_ORDER;
}

static void print_services(struct anycast *anycast, struct textbuf *out)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct anycast_service *service);
	} metrics[] = {
		{ "service_route", "gauge", "Route of the service: 0 withdrawn, 1 with lower preference, 2 announced.", route_of },
		{ "service_route_changes_total", "counter", "Changes of the service's route.", changes_of },
		{ "service_falls_total", "counter", "Announcements of the service that a fault ended.", falls_of },
		{ "service_flaps", "gauge", "Doublings of the service's hold-down now.", flaps_of },
		{ "service_needs_operator", "gauge", "1: the service flapped too often and stays withdrawn until undrain.", stuck_of },
		{ "service_state_timestamp_seconds", "gauge", "When the service came into its state.", since_of },
		{ "service_ordered", "gauge", "1 while an order of an operator stands.", order_of },
	};

	for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
		family(out, metrics[m].name, metrics[m].type, metrics[m].help);
		for (size_t i = 0; i < anycast_service_count(anycast); i++) {
			service_label(out, metrics[m].name, anycast_service(anycast, i));
			textbuf_add(out, "} %" PRIu64 "\n", metrics[m].value(anycast_service(anycast, i)));
		}
	}
}

static double up_of(const struct check *check)
{
	return check->state == CHECK_UP;
}

static double runs_of(const struct check *check)
{
	return (double)check->runs;
}

static double failures_of(const struct check *check)
{
	return (double)check->failures;
}

static double took_of(const struct check *check)
{
	return (double)check->took_ns / 1e9;
}

static void print_checks(struct anycast *anycast, struct textbuf *out)
{
	static const struct {
		const char *name, *type, *help;
		double (*value)(const struct check *check);
	} metrics[] = {
		{ "service_check_up", "gauge", "1 while the check holds.", up_of },
		{ "service_check_runs_total", "counter", "Runs of the check.", runs_of },
		{ "service_check_failures_total", "counter", "Runs of the check that were bad.", failures_of },
		{ "service_check_duration_seconds", "gauge", "How long its last run took.", took_of },
	};

	for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
		family(out, metrics[m].name, metrics[m].type, metrics[m].help);
		for (size_t i = 0; i < anycast_service_count(anycast); i++) {
			const struct anycast_service *service = anycast_service(anycast, i);

			for (size_t j = 0; j < service->conf->check_count; j++) {
				service_label(out, metrics[m].name, service);
				textbuf_add(out, ",check=\"");
				textbuf_label(out, service->conf->checks[j].text);
				textbuf_add(out, "\"} %.9g\n", metrics[m].value(&service->checks[j]));
			}
		}
	}
}

static void value(struct textbuf *out, const char *name, const char *type, const char *help, double number)
{
	family(out, name, type, help);
	textbuf_add(out, "catchment_%s %.9g\n", name, number);
}

static void print_lease(struct anycast *anycast, struct textbuf *out)
{
	struct lease_report lease;

	if (!anycast_lease(anycast, &lease))
		return;
	value(out, "lease_alive", "gauge", "1 while every loop gives evidence of life.", lease.alive);
	value(out, "lease_realtime", "gauge", "1 when renewals run with real-time priority.", lease.realtime);
	value(out, "lease_renewals_total", "counter", "Rounds of renewals.", (double)lease.renewals);
	value(out, "lease_lost_total", "counter", "Times that announced routes were given up by the lease.", (double)lease.lost);
	value(out, "lease_foreign_changes_total", "counter", "Changes of our addresses and carriers by others.",
	      (double)lease.foreign);
	value(out, "lease_age_seconds", "gauge", "Time since the last renewal; 0 when nothing is announced.",
	      (double)lease.age_ms / 1e3);
	value(out, "lease_longest_gap_seconds", "gauge", "Longest time between two renewals.", (double)lease.longest_gap_ms / 1e3);
}

void metrics_print_anycast(const struct node *node, struct textbuf *out)
{
	if (node->anycast == NULL)
		return;
	print_states(node->anycast, out);
	print_services(node->anycast, out);
	print_checks(node->anycast, out);
	print_lease(node->anycast, out);
}
