/* SPDX-License-Identifier: Apache-2.0 */
/* reload, zone reload: the call that SIGHUP makes, and an answer when it is done. */
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "server/commands.h"

static void tell_errors(struct call *call, const struct err_list *errors)
{
	json_t *list = json_array();
	char text[sizeof(struct err_note) + 16];

	for (size_t i = 0; errors != NULL && i < errors->kept; i++) {
		err_note_print(&errors->notes[i], text, sizeof text);
		call_text(call, "%s\n", text);
		json_array_append_new(list, call_string(text));
	}
	if (errors != NULL && errors->count > errors->kept)
		call_text(call, "and %zu more\n", errors->count - errors->kept);
	call_set(call, "faults", list);
}

static void tell_restart_keys(struct call *call, const struct node_reload_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->restart_key_count; i++) {
		call_text(call, "%s: changed, takes effect after a restart\n", result->restart_keys[i]);
		json_array_append_new(list, call_string(result->restart_keys[i]));
	}
	call_set(call, "restart_keys", list);
}

/* Zones that are not at their newest source; only: its name, or NULL for all. Their names go to names for one
 * line. */
static void tell_zones(struct call *call, const char *only, char *names, size_t size)
{
	const struct dataset *dataset = call->node->dataset;
	json_t *list = json_array();
	size_t len = 0;

	names[0] = '\0';
	for (size_t i = 0; i < zone_set_count(dataset->zones); i++) {
		const struct zone_entry *zone = zone_set_at(dataset->zones, i);
		const struct dataset_zone *info = &dataset->zone_infos[i];

		if (only != NULL && strcmp(only, info->name) != 0)
			continue;
		if (only != NULL && info->fault == NULL && zone->base != NULL)
			call_text(call, "zone %s: serial %u\n", info->name, zone->base->serial);
		if (info->fault == NULL)
			continue;
		call_text(call, "zone %s: %s (%s)\n", info->name, info->fault,
			  zone->base ? "keeps its last good version" : "not loaded");
		json_array_append_new(list, call_string(info->name));
		if (len < size)
			len += (size_t)snprintf(names + len, size - len, "%s%s", len ? ", " : "", info->name);
	}
	call_set(call, "zones_failed", list);
}

static void reloaded(void *ctx, const struct node_reload_result *result)
{
	struct call *call = ctx;
	char names[300];

	call->busy = false;
	call_set(call, "generation", json_integer((json_int_t)result->generation));
	tell_errors(call, result->errors);
	if (result->err != 0) {
		const struct err_list *errors = result->errors;
		char first[sizeof(struct err_note) + 16];

		snprintf(first, sizeof first, "%s", err_text(result->err));
		if (errors != NULL && errors->kept > 0)
			err_note_print(&errors->notes[0], first, sizeof first);
		call_fail(call, CALL_REFUSED, "nothing was switched: %s%s", first,
			  errors != NULL && errors->count > 1 ? ", and more" : "");
		return;
	}
	tell_restart_keys(call, result);

	tell_zones(call, call->state, names, sizeof names);
	call_text(call, "generation %llu\n", (unsigned long long)result->generation);
	if (result->tls_fault != NULL)
		call_text(call, "certificates: %s (those in use stay)\n", result->tls_fault);
	if (result->zones_failed == 0 && result->tls_fault != NULL)
		call_fail(call, CALL_REFUSED, "certificates not reloaded: %s", result->tls_fault);
	else if (result->zones_failed > 0)
		call_fail(call, CALL_REFUSED, "%u zone%s failed: %s%s", result->zones_failed,
			  result->zones_failed == 1 ? "" : "s", names,
			  strlen(names) + 1 == sizeof names ? "..." : "");
	else
		call_done(call);
}

void command_reload(struct call *call)
{
	call->busy = true;
	node_reload(call->node, reloaded, call);
}

static void free_name(struct call *call)
{
	mem_free(call->state);
}

void command_zone_reload(struct call *call)
{
	if (call->arg_count > 0) {
		const struct zone_entry *zone = command_zone(call, call->args[0]);

		if (zone == NULL)
			return;
		/* As configured; a copy, for the dataset may be another one when the job's turn comes. */
		call->state = mem_string(command_zone_info(call->node->dataset, zone)->name);
		call->release = free_name;
	}
	call->busy = true;
	node_reload_zones(call->node, call->state, reloaded, call);
}
