/* SPDX-License-Identifier: Apache-2.0 */
/* The sections dns and zones of conf/build.h. */
#include "conf/build.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/setting.h"
#include "conf/text.h"
#include "conf/value.h"

enum { CLIENT_SHARE = 4 };	/* of the TCP connections one client may have, without a word in the file */

static void build_nsid(struct conf_build *build, const char *text)
{
	struct conf_dns *dns = &build->conf->dns;
	const char *nsid = text ? text : build->conf->node.name;

	/* The name is not read as 0xHEX: it is a name, whatever it looks like. */
	if (text != NULL) {
		conf_value_nsid(text, dns->nsid, sizeof dns->nsid, &dns->nsid_len);
		return;
	}
	if (strlen(nsid) > sizeof dns->nsid) {
		conf_build_fault(build, "node.name", "it is the NSID too, which takes at most %d bytes: set dns.nsid",
				 CONF_NSID_MAX);
		return;
	}
	dns->nsid_len = strlen(nsid);
	memcpy(dns->nsid, nsid, dns->nsid_len);
}

static void build_cookies(struct conf_build *build, const struct conf_raw_cookies *raw)
{
	struct conf_dns *dns = &build->conf->dns;

	if (raw == NULL)
		return;
	dns->cookie_secrets = mem_array(raw->secrets_count, sizeof *dns->cookie_secrets);
	dns->cookie_secret_count = raw->secrets_count;
	for (size_t i = 0; i < raw->secrets_count; i++)
		dns->cookie_secrets[i] = file_beside(build->file, raw->secrets[i] ? raw->secrets[i] : "");
	dns->cookies_require_above = conf_value_number("dns.cookies.require-above", raw->require_above);
}

void conf_build_dns(struct conf_build *build)
{
	const struct conf_raw_dns *raw = build->raw->dns;
	struct conf_dns *dns = &build->conf->dns;

	if (raw == NULL)
		return;
	dns->present = true;
	conf_build_addrs(build, "dns.listen", raw->listen, raw->listen_count,
			 conf_setting_find("dns.listen", NULL)->port, &dns->listen);
	build_nsid(build, raw->nsid);
	dns->udp_max_payload = (uint16_t)conf_value_number("dns.udp-max-payload", raw->udp_max_payload);
	dns->tcp_max_clients = (unsigned)conf_value_number("dns.tcp-max-clients", raw->tcp_max_clients);
	dns->tcp_max_per_client =
		(unsigned)conf_value_number("dns.tcp-max-clients-per-client", raw->tcp_max_clients_per_client);
	if (dns->tcp_max_per_client == 0)
		dns->tcp_max_per_client = (dns->tcp_max_clients + CLIENT_SHARE - 1) / CLIENT_SHARE;
	dns->tcp_idle_ms = conf_value_duration("dns.tcp-idle-timeout", raw->tcp_idle_timeout);
	dns->tcp_io_ms = conf_value_duration("dns.tcp-io-timeout", raw->tcp_io_timeout);
	build_cookies(build, raw->cookies);
	conf_build_rate_limit(build);
	dns->zone_statistics = conf_value_bool("dns.zone-statistics", raw->zone_statistics);
	conf_build_tls(build, "dns.tls", raw->tls, &dns->tls);
}

static void build_zone(struct conf_build *build, size_t i)
{
	const struct conf_raw_zone *raw = &build->raw->zones[i];
	struct conf_zone *zone = &build->conf->zones[i];
	char path[CONF_PATH_MAX];

	snprintf(path, sizeof path, "zones[%zu]", i);
	zone->line = conf_place_line(build->places, path);
	zone->name = mem_string(raw->name ? raw->name : "");
	zone->file = file_beside(build->file, raw->file ? raw->file : "");
	zone->zonemd = (enum conf_zonemd)conf_value_choice("zones[].zonemd", raw->zonemd);
	if (raw->file == NULL && raw->primaries_count == 0)
		conf_build_fault(build, path, "the key \"file\" is missing");
}

static void check_zone_names(struct conf_build *build)
{
	size_t count = build->raw->zones_count, used = 0;
	struct conf_unique *names = mem_array(count, sizeof *names);
	struct arena arena = { 0 };

	for (size_t i = 0; i < count; i++) {
		uint8_t wire[CONF_WIRE_MAX];
		char path[CONF_PATH_MAX];
		size_t len;

		if (conf_text_name(build->conf->zones[i].name, wire, &len) != 0)
			continue;
		snprintf(path, sizeof path, "zones[%zu].name", i);
		names[used] = (struct conf_unique){ arena_copy(&arena, path, strlen(path) + 1),
						    arena_copy(&arena, wire, len), len, used };
		used++;
	}
	conf_build_unique(build, names, used);
	mem_free(names);
	arena_fini(&arena);
}

void conf_build_zones(struct conf_build *build)
{
	size_t count = build->raw->zones_count;

	build->conf->zones = mem_array(count, sizeof *build->conf->zones);
	build->conf->zone_count = count;
	for (size_t i = 0; i < count; i++)
		build_zone(build, i);
	check_zone_names(build);
}
