/* SPDX-License-Identifier: Apache-2.0 */
/* The targets of a site from the configuration: URLs, addresses, health checks. */
#include <stdio.h>
#include <string.h>

#include "redirect/choose.h"
#include "redirect/expand.h"
#include "redirect/sites_inner.h"

#define fault redirect_builder_fault

/* A pattern that begins with "[", or, for NUL, the pattern "*". */
static bool site_has_host(const struct redirect_site *site, char kind)
{
	for (size_t i = 0; i < site->host_count; i++)
		if (kind != '\0' ? site->hosts[i][0] == kind : strcmp(site->hosts[i], "*") == 0)
			return true;
	return false;
}

/* False after a fault. */
static bool add_url(struct redirect_builder *builder, const struct redirect_site *site, const char *key, unsigned line,
		    const char *url, struct redirect_target *target)
{
	const struct redirect_expand_names names = {
		.node = builder->conf->node.name, .region = builder->conf->node.region,
	};
	struct err_note note = { 0 };
	size_t faults = builder->faults;

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
	return builder->faults == faults;
}

/* The host of a URL that is an address says where the target is. */
static bool literal_address(const struct redirect_target *target, struct addr *ret)
{
	char text[ADDR_TEXT_MAX];

	if (target->host == NULL || strlen(target->host) >= sizeof text - 8)
		return false;
	snprintf(text, sizeof text, "%s@%u", target->host, target->port);
	return addr_parse(text, 0, ret) == 0;
}

static struct addr with_port(struct addr addr, uint16_t port)
{
	if (addr.any.sa_family == AF_INET6)
		addr.v6.sin6_port = htons(port);
	else
		addr.v4.sin_port = htons(port);
	return addr;
}

static void add_endpoint(struct redirect_builder *builder, struct redirect_target *target, const struct addr *addr,
			 uint8_t family)
{
	struct redirect_endpoint *endpoint = &target->endpoints[target->endpoint_count++];

	if (addr != NULL) {
		endpoint->address = *addr;
		family = addr->any.sa_family == AF_INET6 ? REDIRECT_IPV6 : REDIRECT_IPV4;
	}
	endpoint->family = family;
	endpoint->id = (unsigned)builder->sites->endpoint_count++;
	target->families |= family;
}

/* Addresses told, else the one that the URL itself is, else its name in each family it is meant for. */
static void add_endpoints(struct redirect_builder *builder, const struct conf_target *conf,
			  struct redirect_target *target)
{
	size_t room = conf->addresses.count > 2 ? conf->addresses.count : 2;
	struct addr literal;

	target->endpoints = arena_alloc(&builder->sites->arena, room * sizeof *target->endpoints,
					_Alignof(struct redirect_endpoint));
	memset(target->endpoints, 0, room * sizeof *target->endpoints);
	for (size_t i = 0; i < conf->addresses.count; i++) {
		const struct addr addr = with_port(conf->addresses.list[i], target->port);

		add_endpoint(builder, target, &addr, 0);
	}
	if (conf->addresses.count != 0)
		return;
	if (literal_address(target, &literal)) {
		add_endpoint(builder, target, &literal, 0);
		return;
	}
	if (conf->family != CONF_FAMILY_IPV6)
		add_endpoint(builder, target, NULL, REDIRECT_IPV4);
	if (conf->family != CONF_FAMILY_IPV4)
		add_endpoint(builder, target, NULL, REDIRECT_IPV6);
}

static char *copy_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_copy(arena, text, strlen(text) + 1) : NULL;
}

static const struct conf_check *copy_check(struct arena *arena, const struct conf_check *from)
{
	if (!from->present)
		return NULL;

	struct conf_check *check = arena_alloc(arena, sizeof *check, _Alignof(struct conf_check));
	*check = *from;
	check->path = copy_text(arena, from->path);
	check->digest = copy_text(arena, from->digest);
	check->ca = copy_text(arena, from->ca);
	check->statuses =
		arena_alloc(arena, from->status_count * sizeof *check->statuses, _Alignof(uint16_t));
	if (from->status_count != 0)
		memcpy(check->statuses, from->statuses, from->status_count * sizeof *check->statuses);
	return check;
}

static void add_target(struct redirect_builder *builder, const struct redirect_site *site, const char *key,
		       const char *node, const struct conf_target *conf, struct redirect_target *target)
{
	struct redirect_sites *sites = builder->sites;

	target->weight = conf->weight;
	target->id = (unsigned)sites->target_count;
	mem_grow((void **)&sites->targets, &sites->target_room, sites->target_count, sizeof(void *));
	sites->targets[sites->target_count++] = target;
	if (!add_url(builder, site, key, conf->line ? conf->line : site->line, conf->url, target))
		return;
	target->node = copy_text(&sites->arena, conf->node != NULL ? conf->node : node);
	target->seed = redirect_choose_hash(span_string(target->url));
	add_endpoints(builder, conf, target);
	target->check = copy_check(&sites->arena, &conf->check);
}

static struct redirect_target *add_list(struct redirect_builder *builder, const struct redirect_site *site,
					const char *key, const char *node, const struct conf_target *list,
					size_t count)
{
	struct redirect_target *targets =
		arena_alloc(&builder->sites->arena, count * sizeof *targets, _Alignof(struct redirect_target));

	if (count != 0)
		memset(targets, 0, count * sizeof *targets);
	for (size_t i = 0; i < count; i++)
		add_target(builder, site, key, node, &list[i], &targets[i]);
	return targets;
}

static void add_mirrors(struct redirect_builder *builder, const struct conf_site *conf, struct redirect_site *site)
{
	struct arena *arena = &builder->sites->arena;

	site->mirror_count = conf->mirror_count;
	site->mirrors = arena_alloc(arena, conf->mirror_count * sizeof *site->mirrors, _Alignof(struct redirect_mirror));
	if (conf->mirror_count != 0)
		memset(site->mirrors, 0, conf->mirror_count * sizeof *site->mirrors);
	for (size_t i = 0; i < conf->mirror_count; i++) {
		const struct conf_mirror *from = &conf->mirrors[i];
		struct redirect_target *target = &site->mirrors[i].target;

		if (!add_url(builder, site, "sites.mirrors.url", from->line ? from->line : site->line, from->url, target))
			continue;
		target->weight = 1;
		target->node = copy_text(arena, from->node != NULL ? from->node : "");
		target->seed = redirect_choose_hash(span_string(target->url));
		target->families = REDIRECT_ANY_FAMILY;
		site->mirrors[i].geo = copy_text(arena, from->geo);
	}
}

void redirect_sites_add_targets(struct redirect_builder *builder, const struct conf_site *conf,
				struct redirect_site *site)
{
	const struct conf_target writes = { .url = conf->writes, .weight = 1, .line = conf->line };

	site->targets = add_list(builder, site, "sites.targets.url", builder->conf->node.name, conf->targets,
				 conf->target_count);
	site->target_count = conf->target_count;
	for (size_t i = 0; i < site->target_count; i++)
		site->weight += site->targets[i].weight;
	site->fallback = add_list(builder, site, "sites.fallback.url", "", conf->fallback, conf->fallback_count);
	site->fallback_count = conf->fallback_count;
	if (conf->writes != NULL)
		site->writes = add_list(builder, site, "sites.writes.url", "", &writes, 1);
	add_mirrors(builder, conf, site);
}
