/* SPDX-License-Identifier: Apache-2.0 */
#include "server/catchment_node.h"

#include <inttypes.h>

#include "conf/base/mem.h"
#include "server/metrics.h"
#include "server/worker.h"

/* A service asks itself, from its own address, whether it works. */
static bool is_ours(const struct conf_anycast *anycast, const struct prefix *network)
{
	struct address mask = address_mask(network->bits);

	for (size_t i = 0; anycast->present && i < anycast->service_count; i++) {
		for (size_t j = 0; j < anycast->services[i].address_count; j++) {
			const struct address *own = &anycast->services[i].addresses[j].first;

			if ((own->high & mask.high) == network->first.high && (own->low & mask.low) == network->first.low)
				return true;
		}
	}
	return false;
}

static void leave_out_ours(const struct conf_anycast *anycast, struct catchment_report *report, size_t most)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->top_count && kept < most; i++) {
		if (!is_ours(anycast, &report->top[i].prefix))
			report->top[kept++] = report->top[i];
	}
	report->top_count = kept;
}

static size_t own_networks(const struct conf_anycast *anycast)
{
	size_t count = 0;

	for (size_t i = 0; anycast->present && i < anycast->service_count; i++)
		count += anycast->services[i].address_count;
	return count;
}

static struct catchment **list_of(const struct node *node)
{
	struct catchment **list = mem_array(node->worker_count, sizeof *list);

	for (unsigned i = 0; i < node->worker_count; i++)
		list[i] = node->workers[i].catchment;
	return list;
}

void catchment_node_read(const struct node *node, enum catchment_service service, enum catchment_family family, size_t most,
			 struct catchment_report *ret)
{
	const struct conf_anycast *anycast = &node->boot->anycast;
	struct catchment **list = list_of(node);

	catchment_read(list, node->worker_count, service, family, most > 0 ? most + own_networks(anycast) : 0, ret);
	leave_out_ours(anycast, ret, most);
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

enum { REPORTS = CATCHMENT_SERVICES * CATCHMENT_FAMILIES };

static const char *service_of(unsigned i)
{
	return catchment_service_name((enum catchment_service)(i / CATCHMENT_FAMILIES));
}

static void print_networks(const struct catchment_report *reports, struct textbuf *out)
{
	metrics_family(out, "client_networks", "gauge", "Networks that clients asked from in this window and the one before, about.");
	for (unsigned i = 0; i < REPORTS; i++)
		textbuf_add(out, "catchment_client_networks{service=\"%s\",family=\"ipv%d\"} %" PRIu64 "\n", service_of(i),
			    i % CATCHMENT_FAMILIES == CATCHMENT_IPV4 ? 4 : 6, reports[i].networks);
}

static void print_top(const struct catchment_report *reports, struct textbuf *out)
{
	char text[PREFIX_TEXT_MAX];

	metrics_family(out, "client_network_requests", "gauge", "Requests of the networks that ask most, in these windows.");
	for (unsigned i = 0; i < REPORTS; i++) {
		for (size_t j = 0; j < reports[i].top_count; j++)
			textbuf_add(out, "catchment_client_network_requests{service=\"%s\",network=\"%s\"} %" PRIu64 "\n",
				    service_of(i), prefix_print(&reports[i].top[j].prefix, text), reports[i].top[j].requests);
	}
}

void catchment_node_print(const struct node *node, struct textbuf *out)
{
	struct catchment_report reports[REPORTS];
	size_t most = node->conf->catchment.metrics_top;

	if (!node->boot->catchment.enabled)
		return;
	for (unsigned i = 0; i < REPORTS; i++)
		catchment_node_read(node, (enum catchment_service)(i / CATCHMENT_FAMILIES),
				    (enum catchment_family)(i % CATCHMENT_FAMILIES), most, &reports[i]);
	print_networks(reports, out);
	if (most > 0)
		print_top(reports, out);
	for (unsigned i = 0; i < REPORTS; i++)
		mem_free(reports[i].top);
}
