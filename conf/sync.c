/* SPDX-License-Identifier: Apache-2.0 */
/* The sections tsig-keys and sync of conf/build.h. */
#include "conf/build.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/setting.h"
#include "conf/text.h"
#include "conf/value.h"

/* What was given, for conf_restart_keys(). */
static void note(struct conf_sync *sync, const char *key, const char *value)
{
	char *more = mem_format("%s%s=%s\n", sync->print ? sync->print : "", key, value ? value : "");

	mem_free(sync->print);
	sync->print = more;
}

static void build_key(struct conf_build *build, size_t index)
{
	const struct conf_raw_tsig_key *raw = &build->raw->tsig_keys[index];
	struct conf_tsig_key *key = &build->conf->tsig_keys[index];
	char path[CONF_PATH_MAX];

	snprintf(path, sizeof path, "tsig-keys[%zu]", index);
	key->line = conf_place_line(build->places, path);
	key->name = mem_string(raw->name ? raw->name : "");
	key->algorithm = conf_value_choice("tsig-keys[].algorithm", raw->algorithm);
	key->secret_file = file_beside(build->file, raw->secret_file ? raw->secret_file : "");
}

static bool same_name(const char *a, const char *b)
{
	uint8_t one[CONF_WIRE_MAX], other[CONF_WIRE_MAX];
	size_t one_len, other_len;

	return conf_text_name(a, one, &one_len) == 0 && conf_text_name(b, other, &other_len) == 0
		&& one_len == other_len && memcmp(one, other, one_len) == 0;
}

static void build_keys(struct conf_build *build)
{
	struct conf *conf = build->conf;
	char path[CONF_PATH_MAX];

	conf->tsig_keys = mem_array(build->raw->tsig_keys_count, sizeof *conf->tsig_keys);
	conf->tsig_key_count = build->raw->tsig_keys_count;
	for (size_t i = 0; i < conf->tsig_key_count; i++)
		build_key(build, i);
	for (size_t i = 0; i < conf->tsig_key_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!same_name(conf->tsig_keys[i].name, conf->tsig_keys[j].name))
				continue;
			snprintf(path, sizeof path, "tsig-keys[%zu].name", i);
			conf_build_fault(build, path, "the same as tsig-keys[%zu].name in line %u", j,
					 conf->tsig_keys[j].line);
			break;
		}
	}
}

/* Why url is not one of a repository, or NULL. */
static const char *url_fault(const char *url)
{
	static const char *const schemes[] = { "https://", "http://", "file:///" };

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(url, schemes[i], len) != 0)
			continue;
		if (url[len] == '\0' || (i < 2 && url[len] == '/'))
			return "it names no place";
		if (i < 2 && memchr(url + len, '@', strcspn(url + len, "/")) != NULL)
			return "it holds a user, which is not taken: use sync.client-cert";
		return strpbrk(url, "?# ") != NULL ? "it may hold no query, fragment or blank" : NULL;
	}
	return "expected https://, http:// or file:///";
}

static void add_url(struct conf_build *build, const char *path, const char *text)
{
	struct conf_sync *sync = &build->conf->sync;
	const char *fault = text != NULL ? url_fault(text) : NULL;

	if (text == NULL)
		return;
	if (fault != NULL)
		conf_build_fault(build, path, "\"%s\": %s", text, fault);
	char *url = mem_string(text);
	size_t len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
	for (size_t i = 0; i < sync->url_count; i++) {
		if (strcmp(sync->urls[i], url) == 0)
			conf_build_fault(build, path, "\"%s\" stands in sync twice", text);
	}
	sync->urls[sync->url_count++] = url;
	note(sync, "url", url);
}

static char *path_of(struct conf_build *build, const char *key, const char *text)
{
	note(&build->conf->sync, key, text);
	return text != NULL ? file_beside(build->file, text) : NULL;
}

/* Letters, digits, dot, hyphen and underscore: it is part of a target's path. */
static void check_group(struct conf_build *build, const char *group)
{
	bool good = group[0] != '.';

	for (const char *at = group; *at != '\0'; at++)
		good = good && (isalnum((unsigned char)*at) || strchr(".-_", *at) != NULL);
	if (!good)
		conf_build_fault(build, "sync.group", "expected letters, digits, \".\", \"-\" and \"_\", got \"%s\"", group);
}

static void check_apart(struct conf_build *build, const char *key, const struct conf_addrs *others)
{
	const struct conf_addrs *listen = &build->conf->sync.notify.listen;
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < listen->count; i++) {
		for (size_t j = 0; j < others->count; j++) {
			if (addr_equal(&listen->list[i], &others->list[j]))
				conf_build_fault(build, "sync.notify.listen", "%s stands in %s too: a NOTIFY is for this node alone,"
						 " not for whichever an anycast address leads to",
						 addr_print(&listen->list[i], text, sizeof text), key);
		}
	}
}

static void build_notify(struct conf_build *build, const struct conf_raw_notify *raw)
{
	struct conf *conf = build->conf;
	struct conf_notify *notify = &conf->sync.notify;

	if (raw == NULL)
		return;
	notify->present = true;
	conf_build_addrs(build, "sync.notify.listen", raw->listen, raw->listen_count,
			 conf_setting_find("sync.notify.listen", NULL)->port, &notify->listen);
	conf_build_prefixes(raw->allow, raw->allow_count, &notify->allow);
	for (size_t i = 0; i < raw->listen_count; i++)
		note(&conf->sync, "listen", raw->listen[i]);
	for (size_t i = 0; i < raw->allow_count; i++)
		note(&conf->sync, "allow", raw->allow[i]);
	note(&conf->sync, "tsig-key", raw->tsig_key);
	for (size_t i = 0; raw->tsig_key != NULL && i <= conf->tsig_key_count; i++) {
		if (i == conf->tsig_key_count)
			conf_build_fault(build, "sync.notify.tsig-key", "tsig-keys has no key \"%s\"", raw->tsig_key);
		else if (same_name(conf->tsig_keys[i].name, raw->tsig_key)) {
			notify->tsig_key = i;
			break;
		}
	}
	for (size_t i = 0; i < notify->listen.count; i++) {
		if (addr_is_wildcard(&notify->listen.list[i]))
			conf_build_fault(build, "sync.notify.listen", "a wildcard address is every address of the node, the anycast ones"
					 " too; name one of this node alone");
	}
	check_apart(build, "dns.listen", &conf->dns.listen);
	check_apart(build, "dns.tls.listen", &conf->dns.tls.listen);
	check_apart(build, "redirect.listen", &conf->redirect.listen);
	check_apart(build, "redirect.tls.listen", &conf->redirect.tls.listen);
	check_apart(build, "admin.listen", &conf->admin.listen);
}

void conf_build_sync(struct conf_build *build)
{
	static char ipv4[] = "127.0.0.0/8", ipv6[] = "::1", *loopback[] = { ipv4, ipv6 };
	const struct conf_raw_sync *raw = build->raw->sync;
	struct conf_sync *sync = &build->conf->sync;
	char path[CONF_PATH_MAX];

	build_keys(build);
	if (raw == NULL)
		return;
	sync->present = true;
	sync->urls = mem_array(1 + raw->mirrors_count, sizeof *sync->urls);
	add_url(build, "sync.url", raw->url);
	for (size_t i = 0; i < raw->mirrors_count; i++) {
		snprintf(path, sizeof path, "sync.mirrors[%zu]", i);
		add_url(build, path, raw->mirrors[i]);
	}
	sync->root = path_of(build, "root", raw->root ? raw->root : "");
	sync->group = mem_string(conf_value_text("sync.group", raw->group));
	check_group(build, sync->group);
	note(sync, "group", sync->group);
	sync->interval_ms = conf_value_duration("sync.interval", raw->interval);
	note(sync, "interval", raw->interval);
	sync->patience_ms = conf_value_duration("sync.patience", raw->patience);
	note(sync, "patience", raw->patience);
	sync->deadline_ms = conf_value_duration("sync.deadline", raw->deadline);
	note(sync, "deadline", raw->deadline);
	sync->max_zone_bytes = conf_value_size("sync.max-zone-size", raw->max_zone_size);
	note(sync, "max-zone-size", raw->max_zone_size);
	sync->when_stale = (enum conf_when_stale)conf_value_choice("sync.when-stale", raw->when_stale);
	note(sync, "when-stale", raw->when_stale);
	sync->ca = path_of(build, "ca", raw->ca);
	sync->client_cert = path_of(build, "client-cert", raw->client_cert);
	sync->client_key = path_of(build, "client-key", raw->client_key);
	if ((raw->client_cert == NULL) != (raw->client_key == NULL))
		conf_build_fault(build, raw->client_cert ? "sync.client-cert" : "sync.client-key",
				 "client-cert and client-key are given together or not at all");
	sync->proxy = mem_string(raw->proxy);
	note(sync, "proxy", raw->proxy);
	if (raw->proxy != NULL && strncmp(raw->proxy, "http://", 7) != 0)
		conf_build_fault(build, "sync.proxy", "expected http://HOST:PORT, got \"%s\"", raw->proxy);
	sync->node_key = path_of(build, "node-key", raw->node_key);
	sync->report_url = mem_string(raw->report_url);
	note(sync, "report-url", raw->report_url);
	const char *fault = raw->report_url != NULL ? url_fault(raw->report_url) : NULL;
	if (fault != NULL || (raw->report_url != NULL && strncmp(raw->report_url, "http", 4) != 0))
		conf_build_fault(build, "sync.report-url", "\"%s\": %s", raw->report_url,
				 fault != NULL ? fault : "expected https:// or http://");
	/* Not noted: a reload is enough. */
	if (raw->allow_query_count > 0)
		conf_build_prefixes(raw->allow_query, raw->allow_query_count, &sync->allow_query);
	else
		conf_build_prefixes(loopback, sizeof loopback / sizeof loopback[0], &sync->allow_query);
	build_notify(build, raw->notify);
}

void conf_sync_fini(struct conf *conf)
{
	struct conf_sync *sync = &conf->sync;

	for (size_t i = 0; i < conf->tsig_key_count; i++) {
		mem_free(conf->tsig_keys[i].name);
		mem_free(conf->tsig_keys[i].secret_file);
	}
	mem_free(conf->tsig_keys);
	for (size_t i = 0; i < sync->url_count; i++)
		mem_free(sync->urls[i]);
	mem_free(sync->urls);
	mem_free(sync->root);
	mem_free(sync->group);
	mem_free(sync->ca);
	mem_free(sync->client_cert);
	mem_free(sync->client_key);
	mem_free(sync->proxy);
	mem_free(sync->node_key);
	mem_free(sync->report_url);
	mem_free(sync->notify.listen.list);
	prefixes_fini(&sync->notify.allow);
	prefixes_fini(&sync->allow_query);
	mem_free(sync->print);
}
