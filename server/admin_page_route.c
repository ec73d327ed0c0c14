/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard's tables of announced services, with every check, and of what came from the master. */
#include <inttypes.h>

#include "server/admin_page.h"
#include "server/anycast/anycast.h"
#include "server/anycast/check.h"
#include "server/node.h"
#include "server/sync.h"

enum { REASON_MAX = 512 };

static void print_checks(const struct anycast_service *service, struct textbuf *out)
{
	textbuf_add(out, "<td>");
	for (size_t i = 0; i < service->conf->check_count; i++) {
		const struct check *check = &service->checks[i];

		textbuf_add(out, "<span class=\"%s\">", check->state == CHECK_DOWN ? "bad" : "dim");
		textbuf_html(out, check->conf->text);
		textbuf_add(out, " %s: ", check_state_name(check->state));
		textbuf_html(out, check->words);
		textbuf_add(out, "</span><br>");
	}
	textbuf_add(out, "</td>");
}

static void service_row(const struct anycast_service *service, struct textbuf *out)
{
	bool announced = service->level != ROUTE_NONE;
	char reason[REASON_MAX], prefix[PREFIX_TEXT_MAX];

	textbuf_add(out, "<tr>");
	admin_page_cell(out, service->conf->name);
	textbuf_add(out, "<td>");
	for (size_t i = 0; i < service->conf->address_count; i++)
		textbuf_add(out, "%s<br>", prefix_print(&service->conf->addresses[i], prefix));
	textbuf_add(out, "</td><td class=\"%s\">%s</td>", announced ? "dim" : "bad", machine_public_name(service->machine.state));
	admin_page_time(out, service->since);
	admin_page_cell(out, anycast_reason(service, reason, sizeof reason));
	textbuf_add(out, "<td class=\"n\">%" PRIu64 "</td>", service->changes);
	print_checks(service, out);
	textbuf_add(out, "</tr>\n");
}

void admin_page_services(const struct node *node, struct textbuf *out)
{
	if (node->anycast == NULL)
		return;
	textbuf_add(out, "<h2>Services</h2>\n<table><tr><th>name</th><th>addresses</th><th>route</th><th>since</th><th></th>"
			 "<th class=\"n\">changes</th><th>checks</th></tr>\n");
	for (size_t i = 0; i < anycast_service_count(node->anycast); i++)
		service_row(anycast_service(node->anycast, i), out);
	textbuf_add(out, "</table>\n");
}

void admin_page_content(const struct node *node, struct textbuf *out)
{
	struct sync_status status;

	if (node->sync == NULL)
		return;
	sync_status(node->sync, &status);
	textbuf_add(out, "<h2>Content</h2>\n<table><tr><th>state</th><th>release</th><th>checked</th><th>next look</th><th>from</th>"
			 "<th>last look</th></tr>\n<tr><td class=\"%s\">%s</td>",
		    status.state == SYNC_FRESH ? "dim" : "bad", sync_state_name(status.state));
	admin_page_cell(out, status.release[0] != '\0' ? status.release : "none");
	admin_page_time(out, status.fetched_at);
	admin_page_time(out, status.next_at);
	admin_page_cell(out, status.from);
	admin_page_cell(out, status.last.text[0] != '\0' ? status.last.text : "all is well");
	textbuf_add(out, "</tr></table>\n");
	if (status.clock != WALLCLOCK_GOOD) {
		textbuf_add(out, "<p class=\"bad\">");
		textbuf_html(out, status.clock_text);
		textbuf_add(out, "</p>\n");
	}
	if (status.aged.aged > 0)
		textbuf_add(out, "<p class=\"bad\">%zu items are older than serve_max allows, %zu of them answered with SERVFAIL</p>\n",
			    status.aged.aged, status.aged.refused);
}
