/* SPDX-License-Identifier: Apache-2.0 */
/* catchment: which networks the clients of this node are in. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/catchment_as.h"
#include "server/catchment_node.h"
#include "server/commands.h"

enum { COUNT_DEFAULT = 20 };

/* What was asked for, while the pool looks up AS numbers. */
struct telling {
	struct catchment_report *reports;	/* of server/catchment_node.h */
	size_t count;
	uint32_t since;
	char *as_table;
	struct catchment_as *as;
	size_t as_count;
	struct err_note note;
	int err;
};

static void release(struct call *call)
{
	struct telling *telling = call->state;

	for (size_t i = 0; i < telling->count; i++)
		mem_free(telling->reports[i].top);
	mem_free(telling->reports);
	mem_free(telling->as_table);
	mem_free(telling->as);
	mem_free(telling);
	call->state = NULL;
}

static void read_all(const struct node *node, size_t most, struct telling *telling)
{
	telling->since = catchment_node_since(node);
	telling->count = catchment_node_reports(node);
	telling->reports = mem_array(telling->count, sizeof *telling->reports);
	for (size_t i = 0; i < telling->count; i++) {
		catchment_node_read(node, i, most, &telling->reports[i]);
		telling->as_count += telling->reports[i].top_count;
	}
}

static const char *as_of(const struct telling *telling, const struct prefix *prefix)
{
	return telling->as != NULL ? catchment_as_of(telling->as, telling->as_count, prefix) : "";
}

static const char *family_name(size_t i)
{
	return catchment_node_family(i) == CATCHMENT_IPV4 ? "ipv4" : "ipv6";
}

/* A column of the CSV (RFC 4180): names of services may hold anything printable. */
static void tell_name(struct call *call, size_t i)
{
	const char *name = catchment_node_service(call->node, i);

	if (i < CATCHMENT_BY_PROTOCOL) {
		call_text(call, "%s", name);
		return;
	}
	call_text(call, "\"anycast:");
	for (const char *at = name; *at != '\0'; at++)
		call_text(call, "%s%c", *at == '"' ? "\"" : "", *at);
	call_text(call, "\"");
}

static json_t *tell_network(struct call *call, size_t i, const struct catchment_network *network)
{
	const char *as = as_of(call->state, &network->prefix);
	uint64_t all = ((struct telling *)call->state)->reports[i].requests;
	char text[PREFIX_TEXT_MAX];
	json_t *object = json_object();

	prefix_print(&network->prefix, text);
	if (call->option) {
		tell_name(call, i);
		call_text(call, ",%s,%" PRIu64 ",%" PRIu64 ",%s\n", text, network->requests, network->error, as);
	} else {
		call_text(call, "  %-28s %12" PRIu64 "  %5.1f %%%s%s%s\n", text, network->requests,
			  all > 0 ? 100.0 * (double)network->requests / (double)all : 0.0, as[0] != '\0' ? "  AS " : "", as,
			  network->error > 0 ? "  (at most)" : "");
	}
	json_object_set_new(object, "network", call_string(text));
	json_object_set_new(object, "requests", json_integer((json_int_t)network->requests));
	json_object_set_new(object, "error", json_integer((json_int_t)network->error));
	json_object_set_new(object, "as", as[0] != '\0' ? call_string(as) : json_null());
	return object;
}

static json_t *tell_report(struct call *call, size_t i)
{
	const struct catchment_report *report = &((struct telling *)call->state)->reports[i];
	const char *service = catchment_node_service(call->node, i);
	json_t *object = json_object(), *top = json_array();

	if (!call->option)
		call_text(call, "%s%s %s: about %" PRIu64 " networks, %" PRIu64 " requests\n",
			  i < CATCHMENT_BY_PROTOCOL ? "" : "service ", service, family_name(i), report->networks, report->requests);
	for (size_t j = 0; j < report->top_count; j++)
		json_array_append_new(top, tell_network(call, i, &report->top[j]));
	json_object_set_new(object, "service", call_string(service));
	json_object_set_new(object, "family", call_string(family_name(i)));
	json_object_set_new(object, "networks", json_integer((json_int_t)report->networks));
	json_object_set_new(object, "requests", json_integer((json_int_t)report->requests));
	json_object_set_new(object, "top", top);
	return object;
}

static void tell(struct call *call)
{
	const struct telling *telling = call->state;
	const struct conf_catchment *conf = &call->node->boot->catchment;
	char at[CLOCK_TEXT_MAX];
	json_t *list = json_array(), *anycast = json_array();

	if (call->option)
		call_text(call, "service,network,requests,error,as\n");
	else if (telling->since == 0)
		call_text(call, "nobody has asked yet\n");
	else
		call_text(call, "since %s, by /%u and /%u\n", clock_print(telling->since, at, sizeof at), conf->ipv4_prefix_length,
			  conf->ipv6_prefix_length);
	for (size_t i = 0; i < telling->count; i++)
		json_array_append_new(i < CATCHMENT_BY_PROTOCOL ? list : anycast, tell_report(call, i));
	/* A CSV reader would take it for a row; its own error is in the JSON. */
	if (telling->err != 0 && !call->option)
		call_text(call, "no AS numbers: %s:%u: %s\n", telling->note.file, telling->note.line, telling->note.text);
	call_set(call, "since", call_time(telling->since));
	call_set(call, "ipv4_prefix_length", json_integer(conf->ipv4_prefix_length));
	call_set(call, "ipv6_prefix_length", json_integer(conf->ipv6_prefix_length));
	call_set(call, "services", list);
	call_set(call, "anycast", anycast);
	call_set(call, "as_table_error", telling->err != 0 ? call_string(telling->note.text) : NULL);
	call_done(call);
}

static void look_up(void *state)
{
	struct telling *telling = state;

	telling->err = catchment_as_look_up(telling->as_table, telling->as, telling->as_count, &telling->note);
}

void command_catchment(struct call *call)
{
	const char *table = call->node->conf->catchment.as_table;
	long most = COUNT_DEFAULT;
	char *end;

	if (call->arg_count > 0 && ((most = strtol(call->args[0], &end, 10)) < 0 || *end != '\0' || end == call->args[0])) {
		call_fail(call, CALL_USAGE, "\"%.60s\" is no number of networks", call->args[0]);
		return;
	}
	if (!call->node->boot->catchment.enabled) {
		call_fail(call, CALL_REFUSED, "the networks of clients are not counted: catchment.enabled is false");
		return;
	}
	struct telling *telling = mem_alloc(sizeof *telling);
	size_t at = 0;

	call->state = telling;
	call->release = release;
	read_all(call->node, (size_t)most, telling);
	if (table == NULL || telling->as_count == 0) {
		tell(call);
		return;
	}
	telling->as_table = mem_string(table);
	telling->as = mem_array(telling->as_count, sizeof *telling->as);
	for (size_t i = 0; i < telling->count; i++) {
		for (size_t j = 0; j < telling->reports[i].top_count; j++)
			telling->as[at++].prefix = telling->reports[i].top[j].prefix;
	}
	call_work(call, look_up, tell);
}
