/* SPDX-License-Identifier: Apache-2.0 */
#include "server/catchment_node.h"

#include <inttypes.h>

#include "conf/base/mem.h"
#include "server/metrics.h"
#include "server/worker.h"

static struct catchment **list_of(const struct node *node)
{
	struct catchment **list = mem_array(node->worker_count, sizeof *list);

	for (unsigned i = 0; i < node->worker_count; i++)
		list[i] = node->workers[i].catchment;
	return list;
}

size_t catchment_node_reports(const struct node *node)
{
	return CATCHMENT_BY_PROTOCOL + node->boot->anycast.service_count * CATCHMENT_FAMILIES;
}

enum catchment_family catchment_node_family(size_t report)
{
	return (enum catchment_family)(report % CATCHMENT_FAMILIES);
}

static size_t anycast_of(size_t report)
{
	return (report - CATCHMENT_BY_PROTOCOL) / CATCHMENT_FAMILIES;
}

const char *catchment_node_service(const struct node *node, size_t report)
{
	if (report < CATCHMENT_BY_PROTOCOL)
		return catchment_service_name((enum catchment_service)(report / CATCHMENT_FAMILIES));
	return node->boot->anycast.services[anycast_of(report)].name;
}

void catchment_node_read(const struct node *node, size_t report, size_t most, struct catchment_report *ret)
{
	struct catchment **list = list_of(node);

	if (report < CATCHMENT_BY_PROTOCOL)
		catchment_read(list, node->worker_count, (enum catchment_service)(report / CATCHMENT_FAMILIES),
			       catchment_node_family(report), most, ret);
	else
		catchment_read_owner(list, node->worker_count, CATCHMENT_FIRST_OWNER + (unsigned)anycast_of(report),
				     catchment_node_family(report), most, ret);
	mem_free(list);
}

uint32_t catchment_node_since(const struct node *node)
{
	struct catchment **list = list_of(node);
	uint32_t since = catchment_since(list, node->worker_count);

	mem_free(list);
	return since;
}

/* ---- Metrics ---- */

static void print_label(const struct node *node, size_t report, const char *metric, struct textbuf *out)
{
	textbuf_add(out, "catchment_%s{service=\"", metric);
	textbuf_label(out, catchment_node_service(node, report));
	textbuf_add(out, "\"");
}

static void print_networks(const struct node *node, const struct catchment_report *reports, size_t from, size_t end,
			   const char *metric, struct textbuf *out)
{
	for (size_t i = from; i < end; i++) {
		print_label(node, i, metric, out);
		textbuf_add(out, ",family=\"ipv%d\"} %" PRIu64 "\n", catchment_node_family(i) == CATCHMENT_IPV4 ? 4 : 6,
			    reports[i].networks);
	}
}

static void print_top(const struct node *node, const struct catchment_report *reports, size_t from, size_t end, const char *metric,
		      struct textbuf *out)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = from; i < end; i++) {
		for (size_t j = 0; j < reports[i].top_count; j++) {
			print_label(node, i, metric, out);
			textbuf_add(out, ",network=\"%s\"} %" PRIu64 "\n", prefix_print(&reports[i].top[j].prefix, text),
				    reports[i].top[j].requests);
		}
	}
}

/* By protocol and by service of anycast apart: each request is in one of either. */
static void print_all(const struct node *node, const struct catchment_report *reports, size_t most, struct textbuf *out)
{
	size_t all = catchment_node_reports(node), protocols = CATCHMENT_BY_PROTOCOL;

	metrics_family(out, "client_networks", "gauge", "Networks that clients asked from in this window and the one before, about.");
	print_networks(node, reports, 0, protocols, "client_networks", out);
	if (most > 0) {
		metrics_family(out, "client_network_requests", "gauge", "Requests of the networks that ask most, in these windows.");
		print_top(node, reports, 0, protocols, "client_network_requests", out);
	}
	if (all == protocols)
		return;
	metrics_family(out, "service_client_networks", "gauge", "The same of those that asked at the addresses of a service.");
	print_networks(node, reports, protocols, all, "service_client_networks", out);
	if (most > 0) {
		metrics_family(out, "service_client_network_requests", "gauge", "Requests of those of them that ask most.");
		print_top(node, reports, protocols, all, "service_client_network_requests", out);
	}
}

void catchment_node_print(const struct node *node, struct textbuf *out)
{
	size_t count = catchment_node_reports(node), most = node->conf->catchment.metrics_top;

	if (!node->boot->catchment.enabled)
		return;
	struct catchment_report *reports = mem_array(count, sizeof *reports);
	for (size_t i = 0; i < count; i++)
		catchment_node_read(node, i, most, &reports[i]);
	print_all(node, reports, most, out);
	for (size_t i = 0; i < count; i++)
		mem_free(reports[i].top);
	mem_free(reports);
}
