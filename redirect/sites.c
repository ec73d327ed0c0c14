/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/sites.h"

#include <assert.h>
#include <string.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/expand.h"
#include "redirect/syntax.h"

/* One table for both kinds of keys: an exact name, or a suffix with its leading dot. No name begins with a dot. */
struct slot {
	uint32_t hash;
	uint32_t len;
	const char *key;	/* NULL: empty */
	const char *pattern;
	const struct redirect_site *site;
};

struct redirect_sites {
	struct arena arena;
	struct span node;
	struct redirect_site *list;
	size_t count, target_count;
	struct slot *slots;
	size_t slot_mask;
	bool has_suffixes;
	const struct redirect_site *any;	/* of "*" */
	const char *any_pattern;
};

/* FNV-1a from the last byte to the first, so that one walk over a host passes the hash of each of its suffixes. */
enum { HASH_START = 0x811c9dc5u, HASH_PRIME = 0x01000193u };

static uint32_t hash_step(uint32_t hash, char byte)
{
	return (hash ^ (uint8_t)byte) * HASH_PRIME;
}

static uint32_t hash_of(const char *key, size_t len)
{
	uint32_t hash = HASH_START;

	while (len > 0)
		hash = hash_step(hash, key[--len]);
	return hash;
}

static struct slot *slot_find(const struct redirect_sites *sites, uint32_t hash, const char *key, size_t len)
{
	size_t at = (hash ^ hash >> 15) & sites->slot_mask;

	for (;; at = (at + 1) & sites->slot_mask) {
		struct slot *slot = &sites->slots[at];

		if (slot->key == NULL || (slot->hash == hash && slot->len == len && memcmp(slot->key, key, len) == 0))
			return slot;
	}
}

const struct redirect_site *redirect_sites_find(const struct redirect_sites *sites, const char *host, size_t len,
						const char **ret_pattern)
{
	const struct redirect_site *site = sites->any;
	const char *pattern = sites->any_pattern;

	if (sites->slots != NULL && len != 0) {
		uint32_t hash = HASH_START;

		/* From the right: a later hit is a longer suffix, and the whole name comes last and wins. */
		for (size_t at = len; at-- > 0;) {
			hash = hash_step(hash, host[at]);
			if (at != 0 && (host[at] != '.' || !sites->has_suffixes))
				continue;
			const struct slot *slot = slot_find(sites, hash, host + at, len - at);
			if (slot->key != NULL)
				site = slot->site, pattern = slot->pattern;
		}
	}
	if (site != NULL && ret_pattern != NULL)
		*ret_pattern = pattern;
	return site;
}

/* ---- building ---- */

struct builder {
	const struct conf *conf;
	struct redirect_sites *sites;
	struct err_list *errors;
	size_t faults;
};

#define fault(builder, line, ...) \
	((builder)->faults++, err_list_add((builder)->errors, (builder)->conf->file, (line), __VA_ARGS__))

/* Lower case and checked, "*." kept in front; NULL after a fault. */
static const char *normal_pattern(struct builder *builder, unsigned line, const char *text)
{
	char host[REDIRECT_HOST_MAX + 1];
	const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
	const char *colon = name[0] == '[' ? strstr(name, "]:") : strchr(name, ':');
	uint16_t port;
	uint8_t len;

	if (strcmp(text, "*") == 0)
		return "*";
	if (colon != NULL) {
		fault(builder, line, "sites.hosts: \"%s\": expected a host without a port%s", text,
		      name[0] == '[' ? "" : " (an IPv6 address stands in brackets)");
		return NULL;
	}
	if (!redirect_host_parse(span_string(name), host, &len, &port) || (name != text && host[0] == '[')) {
		fault(builder, line, "sites.hosts: \"%s\": expected a host name, \"*.\" and a host name, or \"*\"",
		      text);
		return NULL;
	}

	char *pattern = arena_alloc(&builder->sites->arena, len + 3u, 1);
	memcpy(pattern, "*.", 2);
	memcpy(pattern + (name - text), host, len + 1u);
	return pattern;
}

static void add_host(struct builder *builder, struct redirect_site *site, const char *text)
{
	struct redirect_sites *sites = builder->sites;
	const char *pattern = normal_pattern(builder, site->line, text);
	const struct redirect_site *other;

	if (pattern == NULL)
		return;
	site->hosts[site->host_count++] = pattern;
	if (strcmp(pattern, "*") == 0) {
		other = sites->any;
		if (other == NULL)
			sites->any = site, sites->any_pattern = pattern;
	} else {
		const char *key = pattern[0] == '*' ? pattern + 1 : pattern;
		size_t len = strlen(key);
		uint32_t hash = hash_of(key, len);
		struct slot *slot = slot_find(sites, hash, key, len);

		other = slot->key != NULL ? slot->site : NULL;
		if (other == NULL)
			*slot = (struct slot){ hash, (uint32_t)len, key, pattern, site };
		sites->has_suffixes |= key != pattern;
	}
	if (other != NULL)
		fault(builder, site->line, "sites.hosts: \"%s\" is already a host of %s", text,
		      other == site ? "this site" : "another site");
}

/* A pattern that begins with "[", or, for NUL, the pattern "*". */
static bool site_has_host(const struct redirect_site *site, char kind)
{
	for (size_t i = 0; i < site->host_count; i++)
		if (kind != '\0' ? site->hosts[i][0] == kind : strcmp(site->hosts[i], "*") == 0)
			return true;
	return false;
}

static void add_target(struct builder *builder, const struct redirect_site *site, const char *key, unsigned line,
		       const char *url, unsigned weight, struct redirect_target *target)
{
	const struct redirect_expand_names names = {
		.node = builder->conf->node.name, .region = builder->conf->node.region,
	};
	struct err_note note = { 0 };

	target->weight = weight;
	target->id = (unsigned)builder->sites->target_count++;
	if (redirect_expand(url, &names, &builder->sites->arena, target, &note) != 0)
		fault(builder, line, "%s: \"%s\": %s", key, url, note.text);
	else if (target->authority_uses != 0 && site_has_host(site, '['))
		fault(builder, line, "%s: \"%s\": {host} cannot stand in the authority of a site for an IPv6 address",
		      key, url);
	else if (target->authority_uses != 0 && site_has_host(site, '\0'))
		fault(builder, line,
		      "%s: \"%s\": {host} cannot stand in the authority of a site for \"*\": whoever sends "
		      "a Host would choose where it leads (an open redirect); name the hosts of the site instead",
		      key, url);
}

static struct redirect_target *add_targets(struct builder *builder, const struct redirect_site *site, const char *key,
					   const struct conf_target *list, size_t count)
{
	struct redirect_target *targets =
		arena_alloc(&builder->sites->arena, count * sizeof *targets, _Alignof(struct redirect_target));

	if (count != 0)
		memset(targets, 0, count * sizeof *targets);
	for (size_t i = 0; i < count; i++)
		add_target(builder, site, key, list[i].line ? list[i].line : site->line, list[i].url, list[i].weight,
			   &targets[i]);
	return targets;
}

static void add_site(struct builder *builder, const struct conf_site *conf, struct redirect_site *site)
{
	struct arena *arena = &builder->sites->arena;

	site->index = (unsigned)(site - builder->sites->list);
	site->line = conf->line;
	site->status = conf->status;
	if (conf->status != 302 && conf->status != 303 && conf->status != 307)
		fault(builder, conf->line,
		      "sites.status: expected 302, 303 or 307, got %u: a permanent redirect is cached "
		      "and would pin a client to this node for ever",
		      conf->status);
	if (conf->host_count == 0)
		fault(builder, conf->line, "sites.hosts: a site without a host is never asked for");
	site->hosts = arena_alloc(arena, conf->host_count * sizeof *site->hosts, _Alignof(char *));
	for (size_t i = 0; i < conf->host_count; i++)
		add_host(builder, site, conf->hosts[i]);

	site->targets = add_targets(builder, site, "sites.targets.url", conf->targets, conf->target_count);
	site->target_count = conf->target_count;
	site->fallback = add_targets(builder, site, "sites.fallback.url", conf->fallback, conf->fallback_count);
	site->fallback_count = conf->fallback_count;
	for (size_t i = 0; i < site->target_count; i++)
		site->weight += site->targets[i].weight;
	if (conf->target_count == 0 && conf->fallback_count == 0)
		fault(builder, conf->line, "sites.targets: a site needs a target");
	if (conf->writes != NULL) {
		const struct conf_target writes = { conf->writes, 1, conf->line };

		site->writes = add_targets(builder, site, "sites.writes.url", &writes, 1);
	}
}

static void make_table(struct redirect_sites *sites, const struct conf *conf)
{
	size_t hosts = 0, slots = 8;

	for (size_t i = 0; i < conf->site_count; i++)
		for (size_t j = 0; j < conf->sites[i].host_count; j++)
			hosts += strcmp(conf->sites[i].hosts[j], "*") != 0;
	if (hosts == 0)
		return;
	while (slots < hosts * 2)
		slots *= 2;
	sites->slots = mem_array(slots, sizeof *sites->slots);
	sites->slot_mask = slots - 1;
}

static void take_node_name(struct builder *builder)
{
	const char *name = builder->conf->node.name;
	size_t len = strlen(name);

	for (const char *at = name; *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e || len > CONF_TXT_MAX) {
			fault(builder, 0,
			      "node.name: expected at most %d printable ASCII characters, for it is sent in X-Node",
			      CONF_TXT_MAX);
			break;
		}
	builder->sites->node = (struct span){ arena_copy(&builder->sites->arena, name, len), len };
}

int redirect_sites_new(const struct conf *conf, struct redirect_sites **ret_sites, struct err_list *errors)
{
	struct redirect_sites *sites = mem_alloc(sizeof *sites);
	struct builder builder = { conf, sites, errors, 0 };

	take_node_name(&builder);
	make_table(sites, conf);
	sites->count = conf->site_count;
	sites->list = mem_array(conf->site_count, sizeof *sites->list);
	for (size_t i = 0; i < conf->site_count; i++)
		add_site(&builder, &conf->sites[i], &sites->list[i]);
	if (builder.faults != 0) {
		redirect_sites_free(sites);
		return ERR_INVALID;
	}
	*ret_sites = sites;
	return 0;
}

void redirect_sites_free(struct redirect_sites *sites)
{
	if (sites == NULL)
		return;
	mem_free(sites->slots);
	mem_free(sites->list);
	arena_fini(&sites->arena);
	mem_free(sites);
}

size_t redirect_sites_count(const struct redirect_sites *sites)
{
	return sites->count;
}

const struct redirect_site *redirect_sites_at(const struct redirect_sites *sites, size_t index)
{
	assert(index < sites->count);
	return &sites->list[index];
}

size_t redirect_sites_target_count(const struct redirect_sites *sites)
{
	return sites->target_count;
}

struct span redirect_sites_node(const struct redirect_sites *sites)
{
	return sites->node;
}
