/* SPDX-License-Identifier: Apache-2.0 */
/* The sections sites and local-names of conf/build.h. */
#include "conf/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/setting.h"
#include "conf/text.h"
#include "conf/value.h"

enum { ANY_PORT = 1 };	/* an address alone has none, and nobody looks at it */
#define KEY_CHECK "sites[].targets[].check"	/* the keys of a fallback's check are the same */

static char *lower(const char *text)
{
	char *copy = mem_string(text);

	for (char *c = copy; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
	return copy;
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

static void build_check(struct conf_build *build, const char *path, const struct conf_raw_check *raw,
			struct conf_check *check)
{
	char here[CONF_PATH_MAX + 32];

	if (raw == NULL)
		return;
	check->present = true;
	check->tcp = conf_value_choice(KEY_CHECK ".type", raw->type) == 1;
	check->path = mem_string(conf_value_text(KEY_CHECK ".path", raw->path));
	if (check->path[0] != '/') {
		snprintf(here, sizeof here, "%s.path", path);
		conf_build_fault(build, here, "expected a path that begins with \"/\", got \"%s\"", check->path);
	}
	check->statuses = mem_array(raw->status_count, sizeof *check->statuses);
	check->status_count = raw->status_count;
	for (size_t i = 0; i < raw->status_count; i++)
		check->statuses[i] = (uint16_t)conf_value_number(KEY_CHECK ".status", raw->status[i]);
	check->digest = raw->digest ? mem_string(raw->digest) : NULL;
	if (raw->digest != NULL && raw->digest[strspn(raw->digest, "0123456789abcdefABCDEF")] != '\0') {
		snprintf(here, sizeof here, "%s.digest", path);
		conf_build_fault(build, here, "expected 64 hexadecimal digits, as sha256sum prints them");
	}
	for (char *c = check->digest; c != NULL && *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'F' ? (char)(*c + ('a' - 'A')) : *c;
	check->ca = raw->ca ? file_beside(build->file, raw->ca) : NULL;
	check->interval_ms = conf_value_duration(KEY_CHECK ".interval", raw->interval);
	check->timeout_ms = conf_value_duration(KEY_CHECK ".timeout", raw->timeout);
	if (check->timeout_ms > check->interval_ms) {
		snprintf(here, sizeof here, "%s.timeout", path);
		conf_build_fault(build, here, "is longer than the interval, which is %s: a check must end before the next "
				 "one begins", raw->interval != NULL ? raw->interval : "2s by default");
	}
	check->rise = (unsigned)conf_value_number(KEY_CHECK ".rise", raw->rise);
	check->fall = (unsigned)conf_value_number(KEY_CHECK ".fall", raw->fall);
}

/* Where a Location leads: any host the client names cannot be checked, for there is no end of them. */
static void check_checkable(struct conf_build *build, const char *path, const struct conf_raw_target *raw)
{
	bool open = raw->url != NULL && conf_text_url_fault(raw->url) == NULL
		    && conf_text_in_authority(raw->url, "{host}");

	if (open && raw->check != NULL && raw->addresses_count == 0)
		conf_build_fault(build, path, "a target with {host} in its host is checked at its addresses: give them");
}

/* Entries of targets and of fallback; those keys that only one of them has are NULL in the other. */
static struct conf_target *build_targets(struct conf_build *build, const struct conf_site *site, const char *path,
					 const struct conf_raw_target *raw, size_t count)
{
	struct conf_target *targets = mem_array(count, sizeof *targets);

	for (size_t i = 0; i < count; i++) {
		char entry[CONF_PATH_MAX], here[CONF_PATH_MAX + 16];

		snprintf(entry, sizeof entry, "%s[%zu]", path, i);
		snprintf(here, sizeof here, "%s.url", entry);
		targets[i].url = build_url(build, site, here, raw[i].url);
		targets[i].line = conf_place_line(build->places, here);
		targets[i].weight = (unsigned)conf_value_number("sites[].targets[].weight", raw[i].weight);
		targets[i].node = mem_string(raw[i].node);
		targets[i].family = (enum conf_family)conf_value_choice("sites[].targets[].family", raw[i].family);
		snprintf(here, sizeof here, "%s.addresses", entry);
		conf_build_addrs(build, here, raw[i].addresses, raw[i].addresses_count, ANY_PORT,
				 &targets[i].addresses);
		snprintf(here, sizeof here, "%s.check", entry);
		build_check(build, here, raw[i].check, &targets[i].check);
		check_checkable(build, here, &raw[i]);
	}
	return targets;
}

static void build_mirrors(struct conf_build *build, struct conf_site *site, size_t index,
			  const struct conf_raw_site *raw)
{
	site->mirrors = mem_array(raw->mirrors_count, sizeof *site->mirrors);
	site->mirror_count = raw->mirrors_count;
	for (size_t i = 0; i < raw->mirrors_count; i++) {
		struct conf_mirror *mirror = &site->mirrors[i];
		char here[CONF_PATH_MAX];

		snprintf(here, sizeof here, "sites[%zu].mirrors[%zu].url", index, i);
		mirror->url = build_url(build, site, here, raw->mirrors[i].url);
		mirror->line = conf_place_line(build->places, here);
		mirror->node = mem_string(raw->mirrors[i].node);
		mirror->geo = raw->mirrors[i].geo ? lower(raw->mirrors[i].geo) : NULL;
		snprintf(here, sizeof here, "sites[%zu].mirrors[%zu].geo", index, i);
		if (mirror->geo != NULL && mirror->geo[strspn(mirror->geo, "abcdefghijklmnopqrstuvwxyz")] != '\0')
			conf_build_fault(build, here, "expected two letters, got \"%s\"", mirror->geo);
	}
}

static void build_files(struct conf_build *build, struct conf_site *site, size_t index,
			const struct conf_raw_site *raw)
{
	site->files = mem_array(raw->files_count, sizeof *site->files);
	site->file_count = raw->files_count;
	for (size_t i = 0; i < raw->files_count; i++) {
		const struct conf_raw_static_file *from = &raw->files[i];
		struct conf_static_file *file = &site->files[i];
		char here[CONF_PATH_MAX];

		snprintf(here, sizeof here, "sites[%zu].files[%zu].path", index, i);
		file->line = conf_place_line(build->places, here);
		file->path = mem_string(from->path ? from->path : "");
		file->file = file_beside(build->file, from->file ? from->file : "");
		file->type = mem_string(from->type);
		file->max_age_s = (uint32_t)(conf_value_duration("sites[].files[].max-age", from->max_age) / 1000);
		if (from->path != NULL && from->path[0] != '/')
			conf_build_fault(build, here, "expected a path that begins with \"/\", got \"%s\"", from->path);
	}
}

/* "/pub" and "/pub/" say the same: it is kept without the last slash. */
static char *build_strip(struct conf_build *build, size_t index, const char *text)
{
	char here[CONF_PATH_MAX];
	size_t len = text ? strlen(text) : 0;
	char *strip;

	if (text == NULL)
		return NULL;
	snprintf(here, sizeof here, "sites[%zu].strip-prefix", index);
	while (len > 1 && text[len - 1] == '/')
		len--;
	if (text[0] != '/' || len == 1 || strpbrk(text, "?#*") != NULL)
		conf_build_fault(build, here, "expected a path such as /pub, got \"%s\"", text);
	strip = mem_string(text);
	strip[len] = '\0';
	return strip;
}

static uint32_t seconds(const char *key, const char *text)
{
	return (uint32_t)(conf_value_duration(key, text) / 1000);
}

static void build_answer(struct conf_build *build, struct conf_site *site, size_t index,
			 const struct conf_raw_site *raw)
{
	site->status = (unsigned)strtoul(conf_value_text("sites[].status", raw->status), NULL, 10);
	site->strip = build_strip(build, index, raw->strip_prefix);
	site->max_age_s = seconds("sites[].max-age", raw->max_age);
	if (raw->hsts != NULL) {
		site->hsts_max_age_s = seconds("sites[].hsts.max-age", raw->hsts->max_age);
		site->hsts_subdomains =
			conf_value_bool("sites[].hsts.include-subdomains", raw->hsts->include_subdomains);
	}
	site->balance = (enum conf_balance)conf_value_choice("sites[].balance", raw->balance);
	site->fallback_balance =
		(enum conf_balance)conf_value_choice("sites[].fallback-balance", raw->fallback_balance);
	site->links = (unsigned)conf_value_number("sites[].links", raw->links);
	site->digests = raw->digests ? file_beside(build->file, raw->digests) : NULL;
	site->presence.present = raw->presence != NULL;
	site->presence.valid_ms =
		conf_value_duration("sites[].presence.valid", raw->presence ? raw->presence->valid : NULL);
	site->presence.timeout_ms =
		conf_value_duration("sites[].presence.timeout", raw->presence ? raw->presence->timeout : NULL);
}

static void build_site(struct conf_build *build, size_t index)
{
	const struct conf_raw_site *raw = &build->raw->sites[index];
	struct conf_site *site = &build->conf->sites[index];
	char path[CONF_PATH_MAX], here[CONF_PATH_MAX + 16];

	snprintf(path, sizeof path, "sites[%zu]", index);
	site->line = conf_place_line(build->places, path);
	site->hosts = mem_array(raw->hosts_count, sizeof *site->hosts);
	site->host_count = raw->hosts_count;
	for (size_t i = 0; i < raw->hosts_count; i++)
		site->hosts[i] = mem_string(raw->hosts[i] ? raw->hosts[i] : "");
	build_answer(build, site, index, raw);
	snprintf(here, sizeof here, "%s.targets", path);
	site->targets = build_targets(build, site, here, raw->targets, raw->targets_count);
	site->target_count = raw->targets_count;
	snprintf(here, sizeof here, "%s.fallback", path);
	site->fallback = build_targets(build, site, here, raw->fallback, raw->fallback_count);
	site->fallback_count = raw->fallback_count;
	if (raw->writes != NULL) {
		snprintf(here, sizeof here, "%s.writes.url", path);
		site->writes = build_url(build, site, here, raw->writes->url);
	}
	build_mirrors(build, site, index, raw);
	build_files(build, site, index, raw);
	if (raw->targets_count == 0 && raw->fallback_count == 0 && raw->files_count == 0)
		conf_build_fault(build, path, "the key \"targets\" is missing: a site needs targets, fallback or files");
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
			char *low = lower(host);
			hosts[used] = (struct conf_unique){ arena_copy(&arena, path, strlen(path) + 1),
							    arena_copy(&arena, low, strlen(low) + 1), strlen(low), used };
			mem_free(low);
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

static bool is_host(const struct conf *conf, const char *host)
{
	for (size_t i = 0; i < conf->site_count; i++) {
		for (size_t j = 0; j < conf->sites[i].host_count; j++) {
			if (strcasecmp(conf->sites[i].hosts[j], host) == 0)
				return true;
		}
	}
	return false;
}

void conf_build_local_names(struct conf_build *build)
{
	const struct conf_raw *raw = build->raw;
	struct conf *conf = build->conf;

	conf->local_names = mem_array(raw->local_names_count, sizeof *conf->local_names);
	conf->local_name_count = raw->local_names_count;
	for (size_t i = 0; i < raw->local_names_count; i++) {
		const struct conf_raw_local_name *from = &raw->local_names[i];
		struct conf_local_name *name = &conf->local_names[i];
		char here[CONF_PATH_MAX];

		snprintf(here, sizeof here, "local-names[%zu]", i);
		name->line = conf_place_line(build->places, here);
		name->name = mem_string(from->name ? from->name : "");
		name->from_site = mem_string(from->from_site ? from->from_site : "");
		name->ttl_s = seconds("local-names[].ttl", from->ttl);
		snprintf(here, sizeof here, "local-names[%zu].from-site", i);
		/* A site of synced content may come later. */
		if (from->from_site != NULL && raw->sync == NULL && !is_host(conf, from->from_site))
			conf_build_fault(build, here, "no site has the host \"%s\"", from->from_site);
	}
	if (raw->local_names_count > 0 && raw->dns == NULL)
		conf_build_fault(build, "local-names", "nothing answers for them: the section \"dns\" is missing");
}

static void free_targets(struct conf_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mem_free(targets[i].url);
		mem_free(targets[i].node);
		mem_free(targets[i].addresses.list);
		mem_free(targets[i].check.path);
		mem_free(targets[i].check.statuses);
		mem_free(targets[i].check.digest);
		mem_free(targets[i].check.ca);
	}
	mem_free(targets);
}

static void free_site(struct conf_site *site)
{
	for (size_t i = 0; i < site->host_count; i++)
		mem_free(site->hosts[i]);
	for (size_t i = 0; i < site->mirror_count; i++) {
		mem_free(site->mirrors[i].url);
		mem_free(site->mirrors[i].node);
		mem_free(site->mirrors[i].geo);
	}
	for (size_t i = 0; i < site->file_count; i++) {
		mem_free(site->files[i].path);
		mem_free(site->files[i].file);
		mem_free(site->files[i].type);
	}
	mem_free(site->hosts);
	free_targets(site->targets, site->target_count);
	free_targets(site->fallback, site->fallback_count);
	mem_free(site->writes);
	mem_free(site->mirrors);
	mem_free(site->files);
	mem_free(site->strip);
	mem_free(site->digests);
}

void conf_sites_fini(struct conf *conf)
{
	for (size_t i = 0; i < conf->site_count; i++)
		free_site(&conf->sites[i]);
	for (size_t i = 0; i < conf->local_name_count; i++) {
		mem_free(conf->local_names[i].name);
		mem_free(conf->local_names[i].from_site);
	}
	mem_free(conf->sites);
	mem_free(conf->local_names);
}
