/* SPDX-License-Identifier: Apache-2.0 */
/* drain, undrain, withdraw, force, announce: orders about routes, and what they look like. */
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/anycast/anycast.h"
#include "server/anycast/routing.h"
#include "server/commands.h"
#include "server/commands_anycast.h"
#include "server/textbuf.h"

enum { REASON_MAX = 400 };

/* False: the call has failed. */
static bool has_routes(struct call *call)
{
	if (call->node->anycast != NULL)
		return true;
	call_fail(call, CALL_REFUSED, "this node owns no routes: it has no section anycast");
	return false;
}

/* ---- What status and health show ---- */

static json_t *service_checks(const struct anycast_service *service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < service->conf->check_count; i++) {
		const struct check *check = &service->checks[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", call_string(check->conf->text));
		json_object_set_new(object, "state", call_string(check_state_name(check->state)));
		json_object_set_new(object, "since", call_time(check->since));
		json_object_set_new(object, "text", call_string(check->words));
		json_object_set_new(object, "runs", json_integer((json_int_t)check->runs));
		json_object_set_new(object, "failures", json_integer((json_int_t)check->failures));
		json_object_set_new(object, "took_us", json_integer((json_int_t)(check->took_ns / 1000)));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *service_addresses(const struct anycast_service *service)
{
	json_t *list = json_array();
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < service->conf->address_count; i++)
		json_array_append_new(list, call_string(prefix_print(&service->conf->addresses[i], text)));
	return list;
}

static json_t *service_object(const struct anycast_service *service, const char *reason)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", call_string(service->conf->name));
	json_object_set_new(object, "state", call_string(anycast_state(service)));
	json_object_set_new(object, "since", call_time(service->since));
	json_object_set_new(object, "reason", call_string(reason));
	json_object_set_new(object, "detail", call_string(machine_state_name(service->machine.state)));
	json_object_set_new(object, "route", call_string(anycast_route(service->level, service->settled)));
	json_object_set_new(object, "settled", json_boolean(service->settled));
	json_object_set_new(object, "order", call_string(machine_order_name(service->order)));
	json_object_set_new(object, "scope", call_string(service->conf->scope == CONF_SCOPE_LOCAL ? "local" : "global"));
	json_object_set_new(object, "flaps", json_integer((json_int_t)service->machine.flaps));
	json_object_set_new(object, "changes", json_integer((json_int_t)service->changes));
	json_object_set_new(object, "addresses", service_addresses(service));
	json_object_set_new(object, "checks", service_checks(service));
	return object;
}

json_t *commands_services(struct call *call)
{
	struct anycast *anycast = call->node->anycast;
	json_t *list = json_array();
	char reason[REASON_MAX], at[CLOCK_TEXT_MAX];

	for (size_t i = 0; anycast != NULL && i < anycast_service_count(anycast); i++) {
		const struct anycast_service *service = anycast_service(anycast, i);

		anycast_reason(service, reason, sizeof reason);
		call_text(call, "%-12s  %s %s since %s: %s\n", "service", service->conf->name,
			  anycast_state(service), clock_print(service->since, at, sizeof at), reason);
		json_array_append_new(list, service_object(service, reason));
	}
	return list;
}

bool commands_check_services(struct call *call,
			     bool (*add)(struct call *call, json_t *list, const char *name, bool ok, const char *text),
			     json_t *list)
{
	struct anycast *anycast = call->node->anycast;
	struct lease_report lease;
	bool all = true;
	char text[REASON_MAX];

	for (size_t i = 0; anycast != NULL && i < anycast_service_count(anycast); i++) {
		const struct anycast_service *service = anycast_service(anycast, i);

		for (size_t j = 0; j < service->conf->check_count; j++) {
			const struct check *check = &service->checks[j];
			char at[CLOCK_TEXT_MAX];

			snprintf(text, sizeof text, "service %s: %s: %s since %s: %s", service->conf->name, check->conf->text,
				 check_state_name(check->state), clock_print(check->since, at, sizeof at), check->words);
			all = add(call, list, "check", check->state != CHECK_DOWN, text) && all;
		}
		/* An order is nobody's illness. */
		if (service->order == MACHINE_NO_ORDER && service->trouble[0] != '\0') {
			snprintf(text, sizeof text, "service %s: %s", service->conf->name, service->trouble);
			all = add(call, list, "route", false, text) && all;
		} else if (service->machine.state == MACHINE_STUCK) {
			char reason[REASON_MAX - 80];

			snprintf(text, sizeof text, "service %s: %s", service->conf->name, anycast_reason(service, reason, sizeof reason));
			all = add(call, list, "route", false, text) && all;
		}
	}
	if (anycast != NULL && anycast_lease(anycast, &lease)) {
		snprintf(text, sizeof text, "%llu renewals, the last %llu ms ago, longest gap %llu ms, lost %llu times, %s priority",
			 (unsigned long long)lease.renewals, (unsigned long long)lease.age_ms,
			 (unsigned long long)lease.longest_gap_ms, (unsigned long long)lease.lost,
			 lease.realtime ? "real-time" : "normal");
		all = add(call, list, "lease", lease.alive, text) && all;
	}
	return all;
}

/* ---- Orders ---- */

struct ordering {
	struct anycast_waiter waiter;
	struct call *call;
};

static void tell_result(struct call *call, const struct anycast_waiter *waiter)
{
	struct anycast *anycast = call->node->anycast;
	json_t *list = json_array();
	char reason[REASON_MAX];

	for (size_t i = 0; i < anycast_service_count(anycast); i++) {
		const struct anycast_service *service = anycast_service(anycast, i);

		if (waiter->service != NULL && waiter->service != service)
			continue;
		anycast_reason(service, reason, sizeof reason);
		call_text(call, "service %s: %s: %s\n", service->conf->name, anycast_state(service), reason);
		json_array_append_new(list, service_object(service, reason));
	}
	call_set(call, "services", list);
}

static void on_carried_out(void *ctx, const char *why)
{
	struct ordering *ordering = ctx;
	struct call *call = ordering->call;

	call->busy = false;
	tell_result(call, &ordering->waiter);
	mem_free(ordering);
	if (why == NULL)
		call_done(call);
	else
		call_fail(call, CALL_REFUSED, "%s", why);
}

static void order(struct call *call, enum machine_order order)
{
	struct anycast *anycast = call->node->anycast;
	struct anycast_service *service = NULL;

	if (!has_routes(call))
		return;
	if (call->arg_count > 0 && (service = anycast_find(anycast, call->args[0])) == NULL) {
		call_fail(call, CALL_REFUSED, "no service \"%.64s\": announce list names them all", call->args[0]);
		return;
	}
	struct ordering *ordering = mem_alloc(sizeof *ordering);
	*ordering = (struct ordering){
		.waiter = { .service = service, .order = order, .done = on_carried_out, .ctx = ordering }, .call = call,
	};
	call->busy = true;	/* the waiter holds it: an order goes on when its client leaves */
	anycast_order(anycast, service, order);
	anycast_wait(anycast, &ordering->waiter);
}

void command_drain(struct call *call)
{
	order(call, MACHINE_DRAIN);
}

void command_undrain(struct call *call)
{
	order(call, MACHINE_NO_ORDER);
}

void command_withdraw(struct call *call)
{
	order(call, MACHINE_WITHDRAW);
}

void command_force(struct call *call)
{
	order(call, MACHINE_FORCE);
}

/* ---- announce ---- */

static void add_route(struct call *call, json_t *list, const char *kind, const char *owner, const struct prefix *prefix,
		      enum route_level level, bool settled, enum conf_scope scope, const char *why)
{
	const struct conf_anycast *conf = &call->node->boot->anycast;
	json_t *object = json_object();
	char text[PREFIX_TEXT_MAX];

	prefix_print(prefix, text);
	call_text(call, "%-24s %-14s %-7s %s %s: %s\n", text, anycast_route(level, settled), scope == CONF_SCOPE_LOCAL ? "local" : "global",
		  kind, owner, why);
	json_object_set_new(object, "prefix", call_string(text));
	json_object_set_new(object, "route", call_string(anycast_route(level, settled)));
	json_object_set_new(object, "settled", json_boolean(settled));
	json_object_set_new(object, "scope", call_string(scope == CONF_SCOPE_LOCAL ? "local" : "global"));
	json_object_set_new(object, kind, call_string(owner));
	json_object_set_new(object, "reason", call_string(why));
	if (conf->backend == CONF_BACKEND_DEVICE)
		json_object_set_new(object, "carrier", call_string(level == ROUTE_LOW ? conf->low_carrier : conf->carrier));
	json_array_append_new(list, object);
}

void command_announce_list(struct call *call)
{
	static const char *const backends[] = { "device", "none", "exec", "exabgp", "bird-file" };
	struct anycast *anycast = call->node->anycast;
	json_t *list = json_array();
	char reason[REASON_MAX];

	if (anycast == NULL)
		call_text(call, "this node owns no routes: it has no section anycast\n");
	for (size_t i = 0; anycast != NULL && i < anycast_service_count(anycast); i++) {
		const struct anycast_service *service = anycast_service(anycast, i);

		anycast_reason(service, reason, sizeof reason);
		for (size_t j = 0; j < service->conf->address_count; j++)
			add_route(call, list, "service", service->conf->name, &service->conf->addresses[j], service->level,
				  service->settled, service->conf->scope, reason);
	}
	for (size_t i = 0; anycast != NULL && i < anycast_covering_count(anycast); i++) {
		const struct anycast_covering *covering = anycast_covering(anycast, i);
		char text[PREFIX_TEXT_MAX];

		prefix_print(&covering->conf->prefix, text);
		add_route(call, list, "covering", text, &covering->conf->prefix, covering->level, covering->settled, covering->conf->scope,
			  covering->trouble[0] ? covering->trouble
					       : covering->conf->all ? "while all of its services are" : "while any of its services is");
	}
	call_set(call, "routes", list);
	call_set(call, "backend", anycast != NULL ? call_string(backends[call->node->boot->anycast.backend]) : NULL);
	call_done(call);
}

void command_announce_config(struct call *call)
{
	const struct conf *conf = call->node->boot;
	struct textbuf text = { 0 };
	char why[256];

	if (!has_routes(call))
		return;
	bool bird = strcmp(call->args[0], "bird") == 0;
	if (!bird && strcmp(call->args[0], "frr") != 0) {
		call_fail(call, CALL_USAGE, "no routing daemon \"%.60s\": bird or frr", call->args[0]);
		return;
	}
	if (!routing_print(&conf->anycast, bird ? ROUTING_BIRD : ROUTING_FRR, &text, why, sizeof why)) {
		call_fail(call, CALL_REFUSED, "%s", why);
		return;
	}
	textbuf_append(&text, "", 1);
	call_text(call, "%s", text.at);
	call_set(call, "daemon", call_string(call->args[0]));
	call_set(call, "text", call_string(text.at));
	textbuf_fini(&text);
	call_done(call);
}
