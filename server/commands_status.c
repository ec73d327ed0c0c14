/* SPDX-License-Identifier: Apache-2.0 */
/* status, log, stop: what the node is, writes and does at the end. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/addr.h"
#include "conf/base/clock.h"
#include "server/commands.h"
#include "server/commands_anycast.h"
#include "server/commands_sync.h"
#include "server/events.h"
#include "server/tls.h"

static const char *print_uptime(uint64_t seconds, char *buf, size_t size)
{
	unsigned long long days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;

	if (days > 0)
		snprintf(buf, size, "%llu d %llu h %llu min", days, hours, minutes);
	else if (hours > 0)
		snprintf(buf, size, "%llu h %llu min", hours, minutes);
	else
		snprintf(buf, size, "%llu min %llu s", minutes, (unsigned long long)seconds % 60);
	return buf;
}

static json_t *addresses(struct call *call, const char *kind, const struct conf_addrs *addrs)
{
	json_t *list = json_array();

	for (size_t i = 0; i < addrs->count; i++) {
		char text[ADDR_TEXT_MAX];

		addr_print(&addrs->list[i], text, sizeof text);
		call_text(call, "%-12s  %s %s\n", "listen", kind, text);
		json_array_append_new(list, call_string(text));
	}
	return list;
}

/* Those of the start: a reload cannot change them. */
static json_t *listen_addresses(struct call *call)
{
	json_t *listen = json_object();

	json_object_set_new(listen, "dns", addresses(call, "dns", &call->node->boot->dns.listen));
	json_object_set_new(listen, "dns_tls", addresses(call, "dns.tls", &call->node->boot->dns.tls.listen));
	json_object_set_new(listen, "redirect", addresses(call, "redirect", &call->node->boot->redirect.listen));
	json_object_set_new(listen, "redirect_tls",
			    addresses(call, "redirect.tls", &call->node->boot->redirect.tls.listen));
	json_object_set_new(listen, "admin", addresses(call, "admin", &call->node->boot->admin.listen));
	return listen;
}

/* In use; a service whose newest files are not has its fault told. */
static void add_certificates(struct call *call, json_t *list, const char *service, const struct dataset_tls *tls)
{
	for (size_t i = 0; tls->certs != NULL && i < tls_certs_count(tls->certs); i++) {
		json_t *certificate = json_object();
		struct tls_certs_info info;
		char until[CLOCK_TEXT_MAX];

		tls_certs_info(tls->certs, i, &info);
		call_text(call, "%-12s  %s %s, until %s%s\n", "certificate", service, info.file,
			  clock_print(info.not_after, until, sizeof until),
			  info.not_after < clock_wall_s() ? ": EXPIRED" : "");
		json_object_set_new(certificate, "service", call_string(service));
		json_object_set_new(certificate, "file", call_string(info.file));
		json_object_set_new(certificate, "name", call_string(info.name));
		json_object_set_new(certificate, "names", json_integer((json_int_t)info.names));
		json_object_set_new(certificate, "not_after", call_time(info.not_after));
		bool stapled = info.stapled_until > clock_wall_s();
		json_object_set_new(certificate, "stapled_until", stapled ? call_time(info.stapled_until) : json_null());
		json_object_set_new(certificate, "fault", tls->fault != NULL ? call_string(tls->fault) : json_null());
		json_array_append_new(list, certificate);
	}
	if (tls->fault != NULL)
		call_text(call, "%-12s  %s not reloaded: %s\n", "certificate", service, tls->fault);
}

static json_t *certificates(struct call *call)
{
	const struct dataset *dataset = call->node->dataset;
	json_t *list = json_array();

	add_certificates(call, list, "dns.tls", &dataset->tls[DATASET_TLS_DNS]);
	add_certificates(call, list, "redirect.tls", &dataset->tls[DATASET_TLS_HTTP]);
	return list;
}

void command_status(struct call *call)
{
	const struct node *node = call->node;
	const struct dataset *dataset = node->dataset;
	uint64_t uptime = (clock_monotonic_ns() - node->started_ns) / 1000000000u;
	size_t zones = zone_set_count(dataset->zones), failed = command_zones_failed(dataset);
	size_t sites = dataset->sites ? redirect_sites_count(dataset->sites) : 0;
	const char *state = node->stopping || node->leaving ? "stopping" : "running";
	char text[64];

	call_text(call, "%-12s  %s\n", "node", node->conf->node.name);
	call_text(call, "%-12s  %s\n", "version", CATCHMENT_VERSION);
	call_text(call, "%-12s  %s for %s, pid %ld\n", "state", state, print_uptime(uptime, text, sizeof text),
		  (long)getpid());
	call_text(call, "%-12s  %llu\n", "generation", (unsigned long long)dataset->generation);
	snprintf(text, sizeof text, " (%zu failed: see zone list)", failed);
	call_text(call, "%-12s  %zu%s\n", "zones", zones, failed > 0 ? text : "");
	call_text(call, "%-12s  %zu\n%-12s  %u\n", "sites", sites, "workers", node->worker_count);

	call_set(call, "node", call_string(node->conf->node.name));
	call_set(call, "version", call_string(CATCHMENT_VERSION));
	call_set(call, "pid", json_integer(getpid()));
	call_set(call, "state", call_string(state));
	call_set(call, "started_at", call_time(node->started_at));
	call_set(call, "uptime_s", json_integer((json_int_t)uptime));
	call_set(call, "generation", json_integer((json_int_t)dataset->generation));
	call_set(call, "zones", json_integer((json_int_t)zones));
	call_set(call, "zones_failed", json_integer((json_int_t)failed));
	call_set(call, "sites", json_integer((json_int_t)sites));
	call_set(call, "workers", json_integer((json_int_t)node->worker_count));
	call_set(call, "listen", listen_addresses(call));
	call_set(call, "certificates", certificates(call));
	call_set(call, "services", commands_services(call));
	call_set(call, "sync", commands_sync_object(call));
	call_text(call, "%-12s  %s\n", "log", log_level_name(log_get_level()));
	call_set(call, "log", call_string(log_level_name(log_get_level())));
	call_done(call);
}

void command_log(struct call *call)
{
	enum log_level was = log_get_level(), level = was;

	if (call->arg_count > 0 && log_level_parse(call->args[0], &level) != 0) {
		call_fail(call, CALL_USAGE, "no log level \"%.60s\": error, warn, info or debug", call->args[0]);
		return;
	}
	if (level != was) {
		log_set_level(level);
		events_add(call->node->events, LOG_LEVEL_INFO, "control", "control: log level %s, was %s (%s)",
			   log_level_name(level), log_level_name(was), call->client->who);
	}
	if (level != was)
		call_text(call, "log level %s, was %s\n", log_level_name(level), log_level_name(was));
	else
		call_text(call, "log level %s\n", log_level_name(level));
	call_set(call, "level", call_string(log_level_name(level)));
	call_set(call, "was", call_string(log_level_name(was)));
	call_done(call);
}

void command_stop(struct call *call)
{
	struct node *node = call->node;

	/* Said first: the stop closes the control socket, which writes what is due. */
	call_text(call, "stopping\n");
	call_set(call, "pid", json_integer(getpid()));
	call_done(call);
	node_stop(node);
}
