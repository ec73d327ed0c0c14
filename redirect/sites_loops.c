/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No target may lead back to us. One whose host, scheme and port are those of a site and a listener of this node would
 * send a client round and round, each turn a correct answer; nothing but the configuration can tell. Sites for "*"
 * say nothing about a name, so they are left out here.
 */
#include <string.h>

#include "redirect/sites_inner.h"
#include "redirect/syntax.h"

/* A port that this node listens on with the target's scheme. */
static bool listens(const struct conf *conf, const struct redirect_target *target)
{
	const struct conf_addrs *addrs = target->https ? &conf->redirect.tls.listen : &conf->redirect.listen;

	for (size_t i = 0; i < addrs->count; i++)
		if (addr_port(&addrs->list[i]) == target->port)
			return true;
	return false;
}

/* The pattern of ours that host falls under; NULL: none. */
static const struct redirect_site *site_for(const struct redirect_sites *sites, struct span host,
					    const char **ret_pattern)
{
	char name[REDIRECT_HOST_MAX + 1];
	const struct redirect_site *site;
	uint16_t port;
	uint8_t len;

	if (!redirect_host_parse(host, name, &len, &port))
		return NULL;
	site = redirect_sites_find(sites, name, len, ret_pattern);
	return site != NULL && strcmp(*ret_pattern, "*") != 0 ? site : NULL;
}

/* The authority of target with {host} filled in; port and path stay behind it. */
static struct span authority_with(const struct redirect_target *target, const char *host, char *out)
{
	size_t scheme = target->https ? 8 : 7, len = 0;

	for (unsigned i = 0; i <= target->authority_uses; i++) {
		if (i != 0) {
			memcpy(out + len, host, strlen(host));
			len += strlen(host);
		}
		memcpy(out + len, target->parts[i].at, target->parts[i].len);
		len += target->parts[i].len;
	}

	struct span text = { (uint8_t *)out + scheme, len - scheme };
	const uint8_t *slash = memchr(text.at, '/', text.len);
	return slash != NULL ? (struct span){ text.at, (size_t)(slash - text.at) } : text;
}

static const struct redirect_site *leads_to(const struct redirect_sites *sites, const struct redirect_site *from,
					    const struct redirect_target *target, const char **ret_pattern)
{
	char text[REDIRECT_TARGET_MAX + REDIRECT_HOST_USES_MAX * REDIRECT_HOST_MAX + 1];

	if (target->host != NULL)
		return site_for(sites, span_string(target->host), ret_pattern);
	for (size_t i = 0; i < from->host_count; i++) {
		char host[REDIRECT_HOST_MAX + 1];
		size_t len = strlen(from->hosts[i]);
		const struct redirect_site *site;

		if (len > REDIRECT_HOST_MAX)
			continue;
		memcpy(host, from->hosts[i], len + 1);
		host[0] = host[0] == '*' ? 'x' : host[0];	/* some name below it */
		site = site_for(sites, authority_with(target, host, text), ret_pattern);
		if (site != NULL)
			return site;
	}
	return NULL;
}

/* An address of the target that this node itself answers on. */
static const struct addr *own_address(const struct conf *conf, const struct redirect_target *target)
{
	const struct conf_addrs *addrs = target->https ? &conf->redirect.tls.listen : &conf->redirect.listen;

	for (size_t i = 0; i < target->endpoint_count; i++)
		for (size_t j = 0; j < addrs->count; j++)
			if (target->endpoints[i].address.any.sa_family != AF_UNSPEC
			    && addr_equal(&target->endpoints[i].address, &addrs->list[j]))
				return &addrs->list[j];
	return NULL;
}

static void check(struct redirect_builder *builder, const struct redirect_site *from,
		  const struct redirect_target *target, const char *key, unsigned line)
{
	const struct redirect_site *site;
	const struct addr *own;
	const char *pattern;
	char text[ADDR_TEXT_MAX];

	if (target->url == NULL || !listens(builder->conf, target))
		return;
	own = own_address(builder->conf, target);
	if (own != NULL) {
		redirect_builder_fault(builder, line ? line : from->line,
				       "%s: \"%s\" leads back to this node, which itself listens on %s", key,
				       target->url, addr_print(own, text, sizeof text));
		return;
	}
	site = leads_to(builder->sites, from, target, &pattern);
	if (site != NULL)
		redirect_builder_fault(builder, line ? line : from->line,
				       "%s: \"%s\" leads back to this node: it falls under the host \"%s\" of %s (line "
				       "%u), and this node listens on port %u; a client would be redirected for ever",
				       key, target->url, pattern, site == from ? "the same site" : "a site of ours",
				       site->line, target->port);
}

void redirect_sites_check_loops(struct redirect_builder *builder)
{
	for (size_t i = 0; i < builder->sites->count; i++) {
		const struct redirect_site *site = &builder->sites->list[i];
		const struct conf_site *conf = &builder->conf->sites[i];

		redirect_builder_site(builder, conf);
		for (size_t j = 0; j < site->target_count; j++)
			check(builder, site, &site->targets[j], "sites.targets.url", conf->targets[j].line);
		for (size_t j = 0; j < site->fallback_count; j++)
			check(builder, site, &site->fallback[j], "sites.fallback.url", conf->fallback[j].line);
		for (size_t j = 0; j < site->mirror_count; j++)
			check(builder, site, &site->mirrors[j].target, "sites.mirrors.url", conf->mirrors[j].line);
		if (site->writes != NULL)
			check(builder, site, site->writes, "sites.writes.url", 0);
	}
}
