/* SPDX-License-Identifier: Apache-2.0 */
/* The sections redirect and sites of conf/build.h. */
#include "conf/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "conf/setting.h"
#include "conf/text.h"
#include "conf/value.h"

void conf_build_redirect(struct conf_build *build)
{
	const struct conf_raw_redirect *raw = build->raw->redirect;

	if (raw == NULL)
		return;
	build->conf->redirect.present = true;
	conf_build_addrs(build, "redirect.listen", raw->listen, raw->listen_count,
			 conf_setting_find("redirect.listen", NULL)->port, &build->conf->redirect.listen);
	conf_build_tls(build, "redirect.tls", raw->tls, &build->conf->redirect.tls);
}

/* What {node} and {region} stand for must be able to stand in a host name: letters, digits, hyphens and dots. */
static void check_variable(struct conf_build *build, const char *path, const char *url, const char *variable,
			   const char *value)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	char quoted[CONF_QUOTE_MAX];

	if (strstr(url, variable) == NULL)
		return;
	if (value[0] == '\0' || value[strspn(value, fit)] != '\0')
		conf_build_fault(build, path, "%s stands for %s, which does not fit into a URL", variable,
				 conf_text_quote(value, strlen(value), quoted));
}

static char *build_url(struct conf_build *build, const struct conf_site *site, const char *path, const char *url)
{
	const struct conf_node *node = &build->conf->node;

	if (url == NULL || conf_text_url_fault(url) != NULL)
		return mem_string("");
	if (node->name[0] != '\0')
		check_variable(build, path, url, "{node}", node->name);
	check_variable(build, path, url, "{region}", node->region);
	/* Whoever asks the site * chooses the host: a {host} would send clients wherever a link says. */
	for (size_t i = 0; i < site->host_count; i++) {
		if (strcmp(site->hosts[i], "*") == 0 && conf_text_in_authority(url, "{host}"))
			conf_build_fault(build, path,
					 "{host} is whatever the client says, since this site answers for *");
	}
	return mem_string(url);
}

static struct conf_target *build_targets(struct conf_build *build, const struct conf_site *site, size_t index,
					 const struct conf_raw_target *raw, size_t count)
{
	struct conf_target *targets = mem_array(count, sizeof *targets);

	for (size_t i = 0; i < count; i++) {
		char here[CONF_PATH_MAX];

		snprintf(here, sizeof here, "sites[%zu].targets[%zu].url", index, i);
		targets[i].url = build_url(build, site, here, raw[i].url);
		targets[i].weight = (unsigned)conf_value_number("sites[].targets[].weight", raw[i].weight);
		targets[i].line = conf_place_line(build->places, here);
	}
	return targets;
}

static struct conf_target *build_fallback(struct conf_build *build, const struct conf_site *site, size_t index,
					  const struct conf_raw_place *raw, size_t count)
{
	struct conf_target *targets = mem_array(count, sizeof *targets);

	for (size_t i = 0; i < count; i++) {
		char here[CONF_PATH_MAX];

		snprintf(here, sizeof here, "sites[%zu].fallback[%zu].url", index, i);
		targets[i].url = build_url(build, site, here, raw[i].url);
		targets[i].weight = 1;
		targets[i].line = conf_place_line(build->places, here);
	}
	return targets;
}

static void build_site(struct conf_build *build, size_t index)
{
	const struct conf_raw_site *raw = &build->raw->sites[index];
	struct conf_site *site = &build->conf->sites[index];
	char path[CONF_PATH_MAX], writes[CONF_PATH_MAX];

	snprintf(path, sizeof path, "sites[%zu]", index);
	snprintf(writes, sizeof writes, "sites[%zu].writes.url", index);
	site->line = conf_place_line(build->places, path);
	site->hosts = mem_array(raw->hosts_count, sizeof *site->hosts);
	site->host_count = raw->hosts_count;
	for (size_t i = 0; i < raw->hosts_count; i++)
		site->hosts[i] = mem_string(raw->hosts[i] ? raw->hosts[i] : "");
	site->status = (unsigned)strtoul(conf_value_text("sites[].status", raw->status), NULL, 10);
	site->target_count = raw->targets_count;
	site->targets = build_targets(build, site, index, raw->targets, raw->targets_count);
	site->fallback_count = raw->fallback_count;
	site->fallback = build_fallback(build, site, index, raw->fallback, raw->fallback_count);
	if (raw->writes != NULL)
		site->writes = build_url(build, site, writes, raw->writes->url);
}

static char *lower(struct arena *arena, const char *text)
{
	char *copy = arena_copy(arena, text, strlen(text) + 1);

	for (char *c = copy; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
	return copy;
}

static void check_hosts(struct conf_build *build)
{
	const struct conf *conf = build->conf;
	struct conf_unique *hosts;
	struct arena arena = { 0 };
	size_t count = 0, used = 0;

	for (size_t i = 0; i < conf->site_count; i++)
		count += conf->sites[i].host_count;
	hosts = mem_array(count, sizeof *hosts);
	for (size_t i = 0; i < conf->site_count; i++) {
		for (size_t j = 0; j < conf->sites[i].host_count; j++, used++) {
			const char *host = conf->sites[i].hosts[j];
			char path[CONF_PATH_MAX];

			snprintf(path, sizeof path, "sites[%zu].hosts[%zu]", i, j);
			hosts[used] = (struct conf_unique){ arena_copy(&arena, path, strlen(path) + 1),
							    lower(&arena, host), strlen(host), used };
		}
	}
	conf_build_unique(build, hosts, used);
	mem_free(hosts);
	arena_fini(&arena);
}

void conf_build_sites(struct conf_build *build)
{
	size_t count = build->raw->sites_count;

	build->conf->sites = mem_array(count, sizeof *build->conf->sites);
	build->conf->site_count = count;
	for (size_t i = 0; i < count; i++)
		build_site(build, i);
	check_hosts(build);
}
