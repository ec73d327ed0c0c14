/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin_answer.h"

#include "conf/base/clock.h"
#include "redirect/response.h"
#include "server/admin_page.h"
#include "server/anycast/anycast.h"
#include "server/metrics.h"
#include "server/node.h"
#include "server/sync.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define JSON_TYPE "application/json"
#define HTML_TYPE "text/html; charset=utf-8"

enum { REASONS_MAX = 20 };	/* zones that /readyz names */

static const char *reason_of(unsigned status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 414: return "URI Too Long";
	case 417: return "Expectation Failed";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	default: return "HTTP Version Not Supported";
	}
}

static unsigned fault_status(enum redirect_parsed parsed)
{
	switch (parsed) {
	case REDIRECT_PARSED_LONG_TARGET: return 414;
	case REDIRECT_PARSED_LARGE_HEAD: return 431;
	case REDIRECT_PARSED_UNKNOWN: return 501;
	case REDIRECT_PARSED_EXPECTATION: return 417;
	case REDIRECT_PARSED_VERSION: return 505;
	default: return 400;
	}
}

/* The body is text of ours about this moment: nobody keeps it, embeds it or guesses what it is. */
static void respond_with(const struct node *node, unsigned status, const char *type, bool head, struct textbuf *body,
			 struct textbuf *out)
{
	char date[REDIRECT_DATE_SIZE];

	redirect_date_print(clock_wall_s(), date);
	textbuf_add(out, "HTTP/1.1 %u %s\r\nDate: %s\r\nX-Node: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
		    status, reason_of(status), date, node->conf->node.name, type, body->len);
	if (status == 405)
		textbuf_add(out, "Allow: GET, HEAD\r\n");
	textbuf_add(
		out,
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
		"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
		"Connection: close\r\n\r\n");
	if (!head)
		textbuf_append(out, body->at, body->len);
	textbuf_fini(body);
}

static void respond_plainly(const struct node *node, unsigned status, bool head, struct textbuf *out)
{
	struct textbuf body = { 0 };

	textbuf_add(&body, "%s\n", reason_of(status));
	respond_with(node, status, TEXT_TYPE, head, &body, out);
}

/* Ready: every zone of the configuration can be answered for (one that serves an older version can), and every service is
 * to be announced: with anycast.backend none somebody else does it who asks here. */
static void answer_ready(const struct node *node, bool head, struct textbuf *out)
{
	const struct dataset *dataset = node->dataset;
	struct textbuf reasons = { 0 }, body = { 0 };
	size_t missing = 0;

	for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
		const struct dataset_zone *info = &dataset->zone_infos[i];

		const struct zone_entry *zone = zone_set_at(dataset->zones, i);

		/* What is too old is not answered from by its owner's word: no fault of the node while it has others. */
		if (zone->aged && dataset_serves_zones(dataset))
			continue;
		if (zone->base == NULL && ++missing <= REASONS_MAX)
			textbuf_add(&reasons, "zone %s: not loaded: %s\n", info->name,
				    info->fault ? info->fault : "no reason known");
	}
	if (missing > REASONS_MAX)
		textbuf_add(&reasons, "and %zu zones more\n", missing - REASONS_MAX);
	if (node->stopping || node->leaving)
		textbuf_add(&reasons, "the node is stopping\n");
	for (size_t i = 0; node->anycast != NULL && i < anycast_service_count(node->anycast); i++) {
		const struct anycast_service *service = anycast_service(node->anycast, i);
		char reason[MACHINE_CAUSE_MAX + 64];

		if (service->level == ROUTE_NONE || !service->settled)
			textbuf_add(&reasons, "service %s: %s: %s\n", service->conf->name, anycast_state(service), anycast_reason(service, reason, sizeof reason));
	}
	if (node->sync != NULL && dataset->content == NULL)
		textbuf_add(&reasons, "sync: nothing came from the master yet\n");
	bool ready = reasons.len == 0;
	textbuf_add(&body, "%s\n", ready ? "ready" : "not ready");
	textbuf_append(&body, reasons.at, reasons.len);
	textbuf_fini(&reasons);
	respond_with(node, ready ? 200 : 503, TEXT_TYPE, head, &body, out);
}

void admin_answer_health(const struct node *node, bool head, unsigned standing, struct textbuf *out)
{
	struct textbuf body = { 0 };

	if (standing == 0)
		textbuf_add(&body, "healthy\n");
	else
		textbuf_add(&body, "not healthy\n%u of %u workers do not turn\n", standing, node->worker_count);
	respond_with(node, standing == 0 ? 200 : 503, TEXT_TYPE, head, &body, out);
}

/* Whether the target's path is this one; a query behind it says nothing to us. */
static bool is_path(struct span target, struct span path)
{
	return target.len >= path.len && memcmp(target.at, path.at, path.len) == 0
		&& (target.len == path.len || target.at[path.len] == '?');
}

bool admin_answer(const struct node *node, struct admin_view views[ADMIN_VIEWS], enum redirect_parsed parsed,
		  const struct redirect_request *request, struct textbuf *out)
{
	struct textbuf body = { 0 };

	if (parsed != REDIRECT_PARSED) {
		respond_plainly(node, fault_status(parsed), false, out);
		return true;
	}
	bool head = request->method == REDIRECT_HEAD;
	struct span target = request->target;
	if (!head && request->method != REDIRECT_GET) {
		respond_plainly(node, 405, false, out);
	} else if (is_path(target, SPAN_TEXT("/metrics"))) {
		metrics_print(node, &body);
		respond_with(node, 200, METRICS_TYPE, head, &body, out);
	} else if (node->sync != NULL && is_path(target, SPAN_TEXT("/report"))) {
		sync_report(node->sync, &body);
		respond_with(node, 200, JSON_TYPE, head, &body, out);
	} else if (is_path(target, SPAN_TEXT("/healthz"))) {
		return false;
	} else if (is_path(target, SPAN_TEXT("/readyz"))) {
		answer_ready(node, head, out);
	} else if (is_path(target, SPAN_TEXT("/")) || is_path(target, SPAN_TEXT(""))) {
		admin_page_print(node, views, &body);
		respond_with(node, 200, HTML_TYPE, head, &body, out);
	} else {
		respond_plainly(node, 404, head, out);
	}
	return true;
}
