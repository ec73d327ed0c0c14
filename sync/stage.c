/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/stage.h"

#include <string.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "sync/content.h"
#include "sync/stage_locals.h"
#include "sync/stage_zones.h"

static void set_identity(struct dataset *dataset, const struct stage_wish *wish)
{
	const struct conf *conf = wish->conf;

	dataset->node = mem_string(conf->node.name);
	dataset->version = mem_string(conf->node.version);
	dataset->release = mem_string(dataset->content != NULL ? dataset->content->manifest->release : "local");
	memcpy(dataset->nsid, conf->dns.nsid, conf->dns.nsid_len);
	dataset->identity = (struct zone_identity){
		.nsid = { dataset->nsid, conf->dns.nsid_len },
		.node = span_string(dataset->node),
		.version = span_string(dataset->version),
		.release = span_string(dataset->release),
		.generation = dataset->generation,
	};
	if (wish->board == NULL)
		return;
	board_tell_init(&dataset->tell, wish->board, dataset, &conf->sync.allow_query);
	dataset->identity.tell = &dataset->tell.zone;
}

static void set_limits(struct dataset *dataset, const struct conf *conf)
{
	dataset->tcp_idle_ms = conf->dns.tcp_idle_ms;
	dataset->tcp_io_ms = conf->dns.tcp_io_ms;
	dataset->tcp_max_clients = conf->dns.tcp_max_clients;
	dataset->tcp_max_per_client = conf->dns.tcp_max_per_client;
	dataset->zone_statistics = conf->dns.zone_statistics;
	dataset->rate_limit = conf->dns.rate_limit;
	prefixes_copy(&dataset->rate_limit.whitelist, &conf->dns.rate_limit.whitelist);
	dataset->http = (struct dataset_http){
		.max_clients = conf->redirect.max_clients,
		.max_per_client = conf->redirect.max_per_client,
		.ipv4_prefix_length = conf->redirect.ipv4_prefix_length,
		.ipv6_prefix_length = conf->redirect.ipv6_prefix_length,
		.idle_ms = conf->redirect.idle_ms,
		.request_ms = conf->redirect.request_ms,
	};
	prefixes_copy(&dataset->http.proxies, &conf->redirect.proxies);
}

/* Secrets from files, else from the master; without any, one of this node's own that lasts as long as the process. */
static int read_cookies(const struct stage_wish *wish, struct dataset *dataset, struct err_list *errors)
{
	const struct conf_dns *dns = &wish->conf->dns;
	struct err_note note;
	int err = 0;

	dataset->cookies_require_above = dns->cookies_require_above;
	if (wish->keep_secrets && wish->running != NULL && (dns->cookie_secret_count != 0 || wish->content == wish->running->content)) {
		dataset->cookies = wish->running->cookies;
		dataset->cookies_shared = wish->running->cookies_shared;
		return 0;
	}
	for (size_t i = 0; i < dns->cookie_secret_count; i++) {
		if (cookie_secret_read(dns->cookie_secrets[i], dataset->cookies.secret[i], &note) != 0) {
			err_list_add(errors, note.file, note.line, "%s", note.text);
			err = ERR_INVALID;
		}
	}
	dataset->cookies.count = dns->cookie_secret_count;
	if (dns->cookie_secret_count == 0 && wish->content != NULL)
		dataset->cookies = wish->content->cookies;
	dataset->cookies_shared = dataset->cookies.count != 0;
	if (dataset->cookies.count == 0) {
		dataset->cookies.count = 1;
		if (wish->running != NULL && !wish->running->cookies_shared)
			dataset->cookies = wish->running->cookies;
		else
			cookie_secret_make(dataset->cookies.secret[0]);
	}
	return err;
}

/* Those of the site that answered for the same first host before. */
static void take_site_counters(const struct dataset *running, struct dataset *dataset)
{
	size_t count = redirect_sites_count(dataset->sites);

	dataset->site_counters = mem_array(count, sizeof(struct site_counters *));
	for (size_t i = 0; i < count; i++) {
		const struct redirect_site *site = redirect_sites_at(dataset->sites, i), *before = NULL;

		if (running != NULL)
			before = redirect_sites_find(running->sites, site->hosts[0], strlen(site->hosts[0]), NULL);
		dataset->site_counters[i] = site_counters_take(site, dataset->workers, before,
							       before != NULL ? running->site_counters[before->index] : NULL);
	}
}

static void say(void *ctx, const char *text)
{
	(void)ctx;
	log_warn("%s", text);
}

/* Sites of the configuration and of the content as one table. */
static int stage_sites(const struct stage_wish *wish, struct dataset *dataset, struct err_list *errors)
{
	struct conf merged;

	content_merge(wish->content, wish->conf, &merged, say, NULL);
	int err = redirect_sites_new(&merged, &dataset->sites, errors);
	content_unmerge(&merged);
	return err;
}

int stage_dataset(const struct stage_wish *wish, struct dataset **ret_dataset, unsigned *ret_failed,
		  struct err_list *errors)
{
	const struct conf *conf = wish->conf;
	struct dataset *dataset = mem_alloc(sizeof *dataset);

	dataset->generation = wish->running ? wish->running->generation + 1 : 1;
	dataset->content = wish->content != NULL ? content_retain(wish->content) : NULL;
	set_identity(dataset, wish);
	set_limits(dataset, conf);
	dataset->workers = wish->running ? wish->running->workers : conf->workers;
	dataset->respond = (struct respond_env){
		.identity = &dataset->identity,
		.cookies = &dataset->cookies,
		.udp_max_payload = conf->dns.udp_max_payload,
		.tcp_idle_ds = (uint16_t)(conf->dns.tcp_idle_ms / 100 < UINT16_MAX ? conf->dns.tcp_idle_ms / 100 : UINT16_MAX),
	};
	int err = read_cookies(wish, dataset, errors);
	if (err == 0)
		err = stage_sites(wish, dataset, errors);
	if (err == 0) {
		dataset->health = redirect_health_new(dataset->sites);
		take_site_counters(wish->running, dataset);
	}
	if (err == 0)
		err = stage_zones(wish, dataset, ret_failed, errors);
	if (err == 0)
		*ret_failed += stage_locals(conf, dataset);
	if (err != 0) {
		dataset_free(dataset);
		return err;
	}
	dataset->respond.zones = dataset->zones;
	*ret_dataset = dataset;
	return 0;
}
