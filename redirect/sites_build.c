/* SPDX-License-Identifier: Apache-2.0 */
/* The site table from the configuration: hosts, and what holds for a site as a whole. */
#include <stdio.h>
#include <string.h>

#include "redirect/mirrors.h"
#include "redirect/sites_inner.h"
#include "redirect/syntax.h"

#define fault redirect_builder_fault

/* Lower case and checked, "*." kept in front; NULL after a fault. */
static const char *normal_pattern(struct redirect_builder *builder, unsigned line, const char *text)
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

static void add_host(struct redirect_builder *builder, struct redirect_site *site, const char *text)
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
		uint32_t hash = redirect_sites_hash(key, len);
		struct redirect_slot *slot = redirect_sites_slot(sites, hash, key, len);

		other = slot->key != NULL ? slot->site : NULL;
		if (other == NULL)
			*slot = (struct redirect_slot){ hash, (uint32_t)len, key, pattern, site };
		sites->has_suffixes |= key != pattern;
	}
	if (other != NULL)
		fault(builder, site->line, "sites.hosts: \"%s\" is already a host of %s", text,
		      other == site ? "this site" : "another site");
}

static struct span kept(struct redirect_builder *builder, const char *text, int len)
{
	return (struct span){ arena_copy(&builder->sites->arena, text, (size_t)len), (size_t)len };
}

/* "/pub" and "/pub/" are the same prefix, and "/" is none. */
static struct span normal_strip(struct redirect_builder *builder, const struct conf_site *conf)
{
	struct span strip = span_string(conf->strip != NULL ? conf->strip : "");

	if (strip.len != 0
	    && (strip.at[0] != '/' || !redirect_uri_legal(strip) || memchr(strip.at, '?', strip.len) != NULL))
		fault(builder, conf->line, "sites.strip-prefix: \"%s\": expected the beginning of a path, as in \"/pub\"",
		      conf->strip);
	while (strip.len != 0 && strip.at[strip.len - 1] == '/')
		strip.len--;
	strip.at = arena_copy(&builder->sites->arena, strip.at, strip.len);
	return strip;
}

static void check_status(struct redirect_builder *builder, const struct conf_site *conf)
{
	if (conf->status != 302 && conf->status != 303 && conf->status != 307)
		fault(builder, conf->line,
		      "sites.status: expected 302, 303 or 307, got %u: a permanent redirect is cached "
		      "and would pin a client to this node for ever",
		      conf->status);
}

/* What it says of itself in header fields. */
static void add_fields(struct redirect_builder *builder, const struct conf_site *conf, struct redirect_site *site)
{
	char text[96];

	site->max_age_s = conf->max_age_s;
	site->cache_control = SPAN_TEXT("no-store");
	if (conf->max_age_s != 0)
		site->cache_control =
			kept(builder, text, snprintf(text, sizeof text, "private, max-age=%u", conf->max_age_s));
	if (conf->hsts_max_age_s != 0)
		site->hsts = kept(builder, text,
				  snprintf(text, sizeof text, "max-age=%u%s", conf->hsts_max_age_s,
					   conf->hsts_subdomains ? "; includeSubDomains" : ""));
	site->links = conf->links;
}

static void add_content(struct redirect_builder *builder, const struct conf_site *conf, struct redirect_site *site)
{
	struct redirect_owned *owned = &builder->sites->owned[site->index];
	struct err_note note = { 0 };
	char text[sizeof note + 16];

	if (redirect_files_new(builder->file, conf, &owned->files, builder->errors) != 0)
		builder->faults++;
	if (conf->digests != NULL && redirect_digests_new(conf->digests, &owned->digests, &note) != 0)
		fault(builder, conf->line, "sites.digests: %s", err_note_print(&note, text, sizeof text));
	site->files = owned->files;
	site->digests = owned->digests;
}

static void add_site(struct redirect_builder *builder, const struct conf_site *conf, struct redirect_site *site)
{
	struct arena *arena = &builder->sites->arena;

	redirect_builder_site(builder, conf);
	site->index = (unsigned)(site - builder->sites->list);
	site->line = conf->line;
	site->status = conf->status;
	check_status(builder, conf);
	if (conf->host_count == 0)
		fault(builder, conf->line, "sites.hosts: a site without a host is never asked for");
	site->hosts = arena_alloc(arena, conf->host_count * sizeof *site->hosts, _Alignof(char *));
	for (size_t i = 0; i < conf->host_count; i++)
		add_host(builder, site, conf->hosts[i]);
	site->strip = normal_strip(builder, conf);
	site->by_path = conf->balance == CONF_BALANCE_PATH;
	site->fallback_by_path = conf->fallback_balance == CONF_BALANCE_PATH;
	site->presence = conf->presence.present;
	site->presence_valid_ms = conf->presence.valid_ms;
	site->presence_timeout_ms = conf->presence.timeout_ms;
	add_fields(builder, conf, site);
	redirect_sites_add_targets(builder, conf, site);
	add_content(builder, conf, site);
	if (site->target_count == 0 && site->fallback_count == 0 && conf->file_count == 0)
		fault(builder, conf->line, "sites.targets: a site needs a target, a fallback or files of its own");
	site->speaks = redirect_mirrors_speaks(site);
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

static void take_node_name(struct redirect_builder *builder)
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
	struct redirect_builder builder = { conf, sites, errors, 0, conf->file };

	take_node_name(&builder);
	make_table(sites, conf);
	sites->count = conf->site_count;
	sites->list = mem_array(conf->site_count, sizeof *sites->list);
	sites->owned = mem_array(conf->site_count, sizeof *sites->owned);
	for (size_t i = 0; i < conf->site_count; i++)
		add_site(&builder, &conf->sites[i], &sites->list[i]);
	redirect_sites_check_loops(&builder);
	if (builder.faults != 0) {
		redirect_sites_free(sites);
		return ERR_INVALID;
	}
	*ret_sites = sites;
	return 0;
}

