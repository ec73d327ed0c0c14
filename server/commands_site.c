/* SPDX-License-Identifier: Apache-2.0 */
/* site list, site show: the redirect sites of the dataset in force. */
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "redirect/syntax.h"
#include "server/commands.h"
#include "server/health.h"
#include "server/node.h"

enum { SITE_BATCH = 100 };	/* sites of one line */

static json_t *string_list(const char **list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, call_string(list[i]));
	return array;
}

/* A target as a whole: in use by clients of one family at least, in which nobody has found it down. */
static const char *target_state(const struct node *node, const struct redirect_target *target)
{
	if (target->check == NULL)
		return "not checked";
	return redirect_health_target(node->dataset->health, target) != 0 ? "up" : "down";
}

static json_t *endpoint_object(const struct redirect_endpoint *endpoint, const struct health_state *state)
{
	json_t *object = json_object();
	char since[CLOCK_TEXT_MAX];

	json_object_set_new(object, "at", call_string(state->at));
	json_object_set_new(object, "family", call_string(endpoint->family == REDIRECT_IPV6 ? "ipv6" : "ipv4"));
	json_object_set_new(object, "state", call_string(health_is_name(state->is)));
	json_object_set_new(object, "since", call_string(clock_print(state->since, since, sizeof since)));
	json_object_set_new(object, "text", call_string(state->text));
	json_object_set_new(object, "took_ms", json_real((double)state->took_us / 1e3));
	json_object_set_new(object, "checks", json_integer((json_int_t)state->checks));
	json_object_set_new(object, "failures", json_integer((json_int_t)state->failures));
	json_object_set_new(object, "transitions", json_integer((json_int_t)state->transitions));
	return object;
}

static json_t *endpoint_list(const struct node *node, const struct redirect_target *target)
{
	json_t *array = json_array();

	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct health_state *state = health_of(node->health, &target->endpoints[i]);

		if (state != NULL)
			json_array_append_new(array, endpoint_object(&target->endpoints[i], state));
	}
	return array;
}

static json_t *target_list(const struct node *node, const struct redirect_target *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *target = json_object();

		json_object_set_new(target, "url", call_string(list[i].url));
		json_object_set_new(target, "weight", json_integer(list[i].weight));
		json_object_set_new(target, "state", call_string(target_state(node, &list[i])));
		if (list[i].check != NULL)
			json_object_set_new(target, "endpoints", endpoint_list(node, &list[i]));
		json_array_append_new(array, target);
	}
	return array;
}

static json_t *site_object(const struct node *node, const struct redirect_site *site)
{
	json_t *object = json_object();

	json_object_set_new(object, "hosts", string_list(site->hosts, site->host_count));
	json_object_set_new(object, "status", json_integer(site->status));
	json_object_set_new(object, "targets", target_list(node, site->targets, site->target_count));
	json_object_set_new(object, "fallback", target_list(node, site->fallback, site->fallback_count));
	json_object_set_new(object, "writes", site->writes ? call_string(site->writes->url) : json_null());
	json_object_set_new(object, "line", json_integer(site->line));
	return object;
}

struct listing {
	size_t index;
	uint64_t generation;
};

static void list_batch(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	struct listing *listing = call->state;
	size_t count = dataset->sites ? redirect_sites_count(dataset->sites) : 0;
	json_t *list;

	if (dataset->generation != listing->generation) {
		call_fail(call, CALL_REFUSED, "the content changed while it was listed: ask again");
		return;
	}
	list = json_array();
	for (size_t batch = 0; batch < SITE_BATCH && listing->index < count; batch++) {
		const struct redirect_site *site = redirect_sites_at(dataset->sites, listing->index++);

		for (size_t i = 0; i < site->host_count; i++)
			call_text(call, "%-40s  %u  %s%s\n", site->hosts[i], site->status,
				  site->target_count > 0 ? site->targets[0].url : "files only",
				  site->target_count > 1 ? ", ..." : "");
		json_array_append_new(list, site_object(call->node, site));
	}
	call_set(call, "sites", list);
	if (listing->index == count)
		call_done(call);
	else
		call_more(call);
}

static void free_state(struct call *call)
{
	mem_free(call->state);
}

void command_site_list(struct call *call)
{
	struct listing *listing = mem_alloc(sizeof *listing);

	listing->generation = call->node->dataset->generation;
	call->state = listing;
	call->release = free_state;
	call_produce(call, list_batch);
}

static void show_endpoint(struct call *call, const struct redirect_endpoint *endpoint)
{
	const struct health_state *state = health_of(call->node->health, endpoint);
	char since[CLOCK_TEXT_MAX];

	if (state == NULL)
		return;
	if (state->is == HEALTH_UNKNOWN)
		call_text(call, "%-10s    %s: not checked yet\n", "", state->at);
	else
		call_text(call, "%-10s    %s: %s since %s: %s, in %.1f ms\n", "", state->at, health_is_name(state->is),
			  clock_print(state->since, since, sizeof since), state->text, (double)state->took_us / 1e3);
}

static void show_targets(struct call *call, const char *title, const struct redirect_target *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		call_text(call, "%-10s  %s, weight %u, %s\n", title, list[i].url, list[i].weight,
			  target_state(call->node, &list[i]));
		for (size_t j = 0; j < list[i].endpoint_count; j++)
			show_endpoint(call, &list[i].endpoints[j]);
	}
}

static void show_site(struct call *call, const struct redirect_site *site, const char *pattern)
{
	json_decref(call->data);
	call->data = site_object(call->node, site);
	call_set(call, "matched", call_string(pattern));
	for (size_t i = 0; i < site->host_count; i++)
		call_text(call, "%-10s  %s%s\n", "host", site->hosts[i],
			  strcmp(site->hosts[i], pattern) == 0 ? "  (matches)" : "");
	call_text(call, "%-10s  %u\n", "status", site->status);
	show_targets(call, "target", site->targets, site->target_count);
	show_targets(call, "fallback", site->fallback, site->fallback_count);
	if (site->writes != NULL)
		call_text(call, "%-10s  %s\n", "writes", site->writes->url);
	call_text(call, "%-10s  line %u of %s\n", "from", site->line, call->node->conf->file);
	call_done(call);
}

void command_site_show(struct call *call)
{
	const struct redirect_sites *sites = call->node->dataset->sites;
	const struct redirect_site *site;
	char host[REDIRECT_HOST_MAX + 1];
	const char *pattern;
	uint16_t port;
	uint8_t len;

	if (!redirect_host_parse(span_string(call->args[0]), host, &len, &port)) {
		call_fail(call, CALL_USAGE, "\"%.300s\" is no host", call->args[0]);
		return;
	}
	site = sites ? redirect_sites_find(sites, host, len, &pattern) : NULL;
	if (site == NULL)
		call_fail(call, CALL_REFUSED, "site %s: no site answers for this host", host);
	else
		show_site(call, site, pattern);
}
