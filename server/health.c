/* SPDX-License-Identifier: Apache-2.0 */
#include "server/health.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/health_inner.h"
#include "server/node.h"
#include "sync/dataset.h"

enum { AT_ONCE = 512 };	/* checks under way; more wait, which the bound on noticing does not allow for */

const char *health_is_name(enum health_is is)
{
	static const char *const names[] = { "unknown", "up", "down" };

	return names[is];
}

struct health *health_new(struct node *node)
{
	struct health *health = mem_alloc(sizeof *health);

	health->node = node;
	health->web = web_new(node->loop, AT_ONCE);
	if (health->web == NULL) {
		mem_free(health);
		return NULL;
	}
	health->key = siphash_key_new();
	uv_timer_init(node->loop, &health->look);
	health->look.data = health;
	return health;
}

/* The host to ask for. A target with {host} in its authority is asked by the first name of its site that is one. */
static const char *host_of(const struct redirect_site *site, const struct redirect_target *target)
{
	if (target->host != NULL)
		return target->host;
	for (size_t i = 0; i < site->host_count; i++) {
		if (site->hosts[i][0] != '*')
			return site->hosts[i];
	}
	/* A connection to an address needs no name. */
	return target->check->tcp ? "any.invalid" : NULL;
}

/* What stands in front of {host} in the authority and behind it belongs to the name. */
static char *authority_of(const struct redirect_site *site, const struct redirect_target *target)
{
	const char *host = host_of(site, target);
	struct span first = target->parts[0];
	size_t scheme = target->https ? strlen("https://") : strlen("http://");
	char *text, *longer;

	if (host == NULL)
		return NULL;
	if (target->host != NULL)
		return mem_string(host);
	text = mem_format("%.*s", (int)(first.len - scheme), (const char *)first.at + scheme);
	for (uint8_t use = 1; use <= target->authority_uses; use++) {
		const struct span part = target->parts[use];
		size_t len = 0;

		while (len < part.len && part.at[len] != '/' && part.at[len] != ':')
			len++;
		longer = mem_format("%s%s%.*s", text, host, (int)len, (const char *)part.at);
		mem_free(text);
		text = longer;
	}
	return text;
}

static char *url_of(const struct redirect_site *site, const struct redirect_target *target)
{
	char *authority = authority_of(site, target), *url;
	bool usual = target->port == (target->https ? 443 : 80);
	char port[8] = "";

	if (authority == NULL)
		return NULL;
	if (!usual)
		snprintf(port, sizeof port, ":%u", target->port);
	url = mem_format("%s://%s%s%s", target->https ? "https" : "http", authority, port,
			 target->check->tcp ? "/" : target->check->path);
	mem_free(authority);
	return url;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_check(const struct conf_check *a, const struct conf_check *b)
{
	return a->tcp == b->tcp && same_text(a->path, b->path) && same_text(a->digest, b->digest) &&
	       same_text(a->ca, b->ca) && a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms &&
	       a->rise == b->rise && a->fall == b->fall && a->status_count == b->status_count &&
	       (a->status_count == 0 ||
		memcmp(a->statuses, b->statuses, a->status_count * sizeof *a->statuses) == 0);
}

static bool same_endpoint(const struct redirect_endpoint *a, const struct redirect_endpoint *b)
{
	return a->family == b->family && a->address.any.sa_family == b->address.any.sa_family &&
	       (a->address.any.sa_family == AF_UNSPEC || addr_equal(&a->address, &b->address));
}

static struct health_probe **bucket_of(const struct health *health, struct health_probe **buckets, size_t count,
				       const char *url)
{
	uint64_t hash = 0;

	for (const char *at = url; *at != '\0'; at++)
		hash = hash * 31 + (uint8_t)*at;
	return &buckets[siphash(health->key, hash, 0, 1) & (count - 1)];
}

static void begin_soon(uv_timer_t *timer)
{
	health_check_begin(timer->data);
}

static struct health_probe *probe_new(struct health *health, char *url, const struct redirect_endpoint *endpoint)
{
	struct health_probe *probe = mem_alloc(sizeof *probe);

	probe->health = health;
	probe->url = url;
	probe->endpoint = *endpoint;
	probe->state.since = clock_wall_s();
	if (endpoint->address.any.sa_family == AF_UNSPEC)
		snprintf(probe->state.at, sizeof probe->state.at, "%s by name",
			 endpoint->family == REDIRECT_IPV6 ? "IPv6" : "IPv4");
	else
		addr_print_host(&endpoint->address, probe->state.at, sizeof probe->state.at);
	uv_timer_init(health->node->loop, &probe->timer);
	probe->timer.data = probe;
	uv_timer_start(&probe->timer, begin_soon, 0, 0);
	health->unknown++;
	return probe;
}

static void on_probe_closed(uv_handle_t *handle)
{
	struct health_probe *probe = handle->data;

	mem_free(probe->url);
	mem_free(probe);
}

static void probe_close(struct health_probe *probe)
{
	struct health *health = probe->health;

	if (probe->asking != NULL)
		web_cancel(health->web, probe->asking);
	health->unknown -= probe->state.is == HEALTH_UNKNOWN;
	uv_close((uv_handle_t *)&probe->timer, on_probe_closed);
}

/* Probes of the next dataset, while those of the one before are still there to be taken over. */
struct taking {
	struct health *health;
	struct redirect_health *table;
	struct health_probe **buckets, **by_endpoint;
	size_t bucket_count;
	struct health_user *users;
	size_t user_count;
};

static struct health_probe *find(struct health_probe **bucket, const char *url,
				 const struct redirect_endpoint *endpoint, const struct conf_check *check,
				 struct health_probe ***ret_at)
{
	for (struct health_probe **at = bucket; *at != NULL; at = &(*at)->next) {
		struct health_probe *probe = *at;

		if (strcmp(probe->url, url) == 0 && same_endpoint(&probe->endpoint, endpoint) &&
		    same_check(probe->check, check)) {
			*ret_at = at;
			return probe;
		}
	}
	return NULL;
}

/* The probe that asks this, taken over or new; in the new table in any case. */
static struct health_probe *take_probe(struct taking *taking, const char *url,
				       const struct redirect_endpoint *endpoint, const struct conf_check *check)
{
	struct health *health = taking->health;
	struct health_probe **bucket = bucket_of(health, taking->buckets, taking->bucket_count, url), **at;
	struct health_probe *probe = find(bucket, url, endpoint, check, &at);

	if (probe != NULL)
		return probe;
	if (health->buckets != NULL)
		probe = find(bucket_of(health, health->buckets, health->bucket_count, url), url, endpoint, check, &at);
	if (probe != NULL)
		*at = probe->next;
	else
		probe = probe_new(health, mem_string(url), endpoint);
	probe->check = check;
	probe->users = NULL;
	probe->next = *bucket;
	*bucket = probe;
	return probe;
}

static void take_target(struct taking *taking, const struct redirect_site *site, const struct redirect_target *target)
{
	char *url;

	if (target->check == NULL)
		return;
	url = url_of(site, target);
	if (url == NULL) {
		log_warn("target %s: not checked: it has {host} in its authority and the site %s no name without \"*\"",
			 target->url, site->hosts[0]);
		return;
	}
	for (size_t i = 0; i < target->endpoint_count; i++) {
		const struct redirect_endpoint *endpoint = &target->endpoints[i];
		struct health_probe *probe = take_probe(taking, url, endpoint, target->check);
		struct health_user *user = &taking->users[taking->user_count++];

		*user = (struct health_user){
			.next = probe->users, .site = site, .target = target, .endpoint = endpoint,
		};
		probe->users = user;
		taking->by_endpoint[endpoint->id] = probe;
		if (probe->state.is == HEALTH_DOWN)
			redirect_health_set(taking->table, target, endpoint, false);
	}
	mem_free(url);
}

static void take_site(struct taking *taking, const struct redirect_site *site)
{
	for (size_t i = 0; i < site->target_count; i++)
		take_target(taking, site, &site->targets[i]);
	for (size_t i = 0; i < site->fallback_count; i++)
		take_target(taking, site, &site->fallback[i]);
	if (site->writes != NULL)
		take_target(taking, site, site->writes);
}

static void let_go(struct health *health)
{
	for (size_t i = 0; i < health->bucket_count; i++) {
		for (struct health_probe *probe = health->buckets[i], *next; probe != NULL; probe = next) {
			next = probe->next;
			probe_close(probe);
		}
	}
	mem_free(health->buckets);
	mem_free(health->by_endpoint);
	mem_free(health->users);
	health->buckets = health->by_endpoint = NULL;
	health->users = NULL;
	health->bucket_count = health->endpoint_count = 0;
}

void health_use(struct health *health, struct dataset *dataset)
{
	size_t endpoints = dataset->sites != NULL ? redirect_sites_endpoint_count(dataset->sites) : 0;
	struct taking taking = { .health = health, .table = dataset->health, .bucket_count = 16 };	/* at least */

	if (health == NULL)
		return;
	while (taking.bucket_count < endpoints)
		taking.bucket_count *= 2;
	taking.buckets = mem_array(taking.bucket_count, sizeof *taking.buckets);
	taking.by_endpoint = mem_array(endpoints + 1, sizeof *taking.by_endpoint);
	taking.users = mem_array(endpoints + 1, sizeof *taking.users);
	for (size_t i = 0; endpoints > 0 && i < redirect_sites_count(dataset->sites); i++)
		take_site(&taking, redirect_sites_at(dataset->sites, i));
	let_go(health);
	health->table = dataset->health;
	health->buckets = taking.buckets;
	health->bucket_count = taking.bucket_count;
	health->by_endpoint = taking.by_endpoint;
	health->endpoint_count = endpoints;
	health->users = taking.users;
}

static void on_look_ended(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

void health_first_look(struct health *health, uint64_t limit_ms)
{
	if (health == NULL || health->unknown == 0)
		return;
	health->looking = true;
	uv_timer_start(&health->look, on_look_ended, limit_ms, 0);
	uv_run(health->node->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&health->look);
	health->looking = false;
}

void health_close(struct health *health)
{
	if (health == NULL)
		return;
	let_go(health);
	web_close(health->web);
	uv_close((uv_handle_t *)&health->look, NULL);
}

void health_free(struct health *health)
{
	if (health == NULL)
		return;
	web_free(health->web);
	mem_free(health);
}

const struct health_state *health_of(const struct health *health, const struct redirect_endpoint *endpoint)
{
	if (health == NULL || endpoint->id >= health->endpoint_count || health->by_endpoint[endpoint->id] == NULL)
		return NULL;
	return &health->by_endpoint[endpoint->id]->state;
}
