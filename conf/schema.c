/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/schema.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"

#define TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, struct type, member, 0, CYAML_UNLIMITED)
#define LIST(key, type, member, entry) \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct type, member, entry, 0, \
			     CYAML_UNLIMITED)
#define GROUP(key, type, member, fields) \
	CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct type, member, fields)
#define ENTRY(name, type, fields) \
	static const cyaml_schema_value_t name = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct type, fields) }

static const cyaml_schema_value_t text_entry = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED) };

static const cyaml_schema_field_t node_fields[] = {
	TEXT("name", conf_raw_node, name),
	TEXT("region", conf_raw_node, region),
	TEXT("version", conf_raw_node, version),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
	TEXT("level", conf_raw_log, level),
	TEXT("target", conf_raw_log, target),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cookies_fields[] = {
	LIST("secrets", conf_raw_cookies, secrets, &text_entry),
	TEXT("require-above", conf_raw_cookies, require_above),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t rate_limit_fields[] = {
	TEXT("responses-per-second", conf_raw_rate_limit, responses_per_second),
	TEXT("slip", conf_raw_rate_limit, slip),
	TEXT("ipv4-prefix-length", conf_raw_rate_limit, ipv4_prefix_length),
	TEXT("ipv6-prefix-length", conf_raw_rate_limit, ipv6_prefix_length),
	LIST("whitelist", conf_raw_rate_limit, whitelist, &text_entry),
	TEXT("dry-run", conf_raw_rate_limit, dry_run),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t certificate_fields[] = {
	TEXT("cert", conf_raw_certificate, cert),
	TEXT("key", conf_raw_certificate, key),
	TEXT("ocsp", conf_raw_certificate, ocsp),
	CYAML_FIELD_END,
};
ENTRY(certificate_entry, conf_raw_certificate, certificate_fields);

static const cyaml_schema_field_t tls_fields[] = {
	LIST("listen", conf_raw_tls, listen, &text_entry),
	LIST("certificates", conf_raw_tls, certificates, &certificate_entry),
	LIST("ticket-keys", conf_raw_tls, ticket_keys, &text_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t http_tls_fields[] = {
	LIST("listen", conf_raw_tls, listen, &text_entry),
	LIST("certificates", conf_raw_tls, certificates, &certificate_entry),
	LIST("ticket-keys", conf_raw_tls, ticket_keys, &text_entry),
	TEXT("http2", conf_raw_tls, http2),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t dns_fields[] = {
	LIST("listen", conf_raw_dns, listen, &text_entry),
	TEXT("nsid", conf_raw_dns, nsid),
	TEXT("udp-max-payload", conf_raw_dns, udp_max_payload),
	TEXT("tcp-max-clients", conf_raw_dns, tcp_max_clients),
	TEXT("tcp-max-clients-per-client", conf_raw_dns, tcp_max_clients_per_client),
	TEXT("tcp-idle-timeout", conf_raw_dns, tcp_idle_timeout),
	TEXT("tcp-io-timeout", conf_raw_dns, tcp_io_timeout),
	GROUP("cookies", conf_raw_dns, cookies, cookies_fields),
	GROUP("rate-limit", conf_raw_dns, rate_limit, rate_limit_fields),
	TEXT("zone-statistics", conf_raw_dns, zone_statistics),
	GROUP("tls", conf_raw_dns, tls, tls_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t primary_fields[] = {
	TEXT("address", conf_raw_primary, address),
	TEXT("tsig-key", conf_raw_primary, tsig_key),
	CYAML_FIELD_END,
};
ENTRY(primary_entry, conf_raw_primary, primary_fields);

static const cyaml_schema_field_t zone_fields[] = {
	TEXT("name", conf_raw_zone, name),
	TEXT("file", conf_raw_zone, file),
	TEXT("zonemd", conf_raw_zone, zonemd),
	LIST("primaries", conf_raw_zone, primaries, &primary_entry),
	LIST("allow-notify", conf_raw_zone, allow_notify, &text_entry),
	CYAML_FIELD_END,
};
ENTRY(zone_entry, conf_raw_zone, zone_fields);

static const cyaml_schema_field_t tsig_key_fields[] = {
	TEXT("name", conf_raw_tsig_key, name),
	TEXT("algorithm", conf_raw_tsig_key, algorithm),
	TEXT("secret-file", conf_raw_tsig_key, secret_file),
	CYAML_FIELD_END,
};
ENTRY(tsig_key_entry, conf_raw_tsig_key, tsig_key_fields);

static const cyaml_schema_field_t access_log_fields[] = {
	TEXT("file", conf_raw_access_log, file),
	TEXT("format", conf_raw_access_log, format),
	TEXT("sample", conf_raw_access_log, sample),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t redirect_fields[] = {
	LIST("listen", conf_raw_redirect, listen, &text_entry),
	TEXT("max-clients", conf_raw_redirect, max_clients),
	TEXT("max-clients-per-client", conf_raw_redirect, max_clients_per_client),
	TEXT("ipv4-prefix-length", conf_raw_redirect, ipv4_prefix_length),
	TEXT("ipv6-prefix-length", conf_raw_redirect, ipv6_prefix_length),
	TEXT("idle-timeout", conf_raw_redirect, idle_timeout),
	TEXT("request-timeout", conf_raw_redirect, request_timeout),
	LIST("proxy-protocol-from", conf_raw_redirect, proxy_protocol_from, &text_entry),
	GROUP("access-log", conf_raw_redirect, access_log, access_log_fields),
	GROUP("tls", conf_raw_redirect, tls, http_tls_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t check_fields[] = {
	TEXT("type", conf_raw_check, type),
	TEXT("path", conf_raw_check, path),
	LIST("status", conf_raw_check, status, &text_entry),
	TEXT("digest", conf_raw_check, digest),
	TEXT("ca", conf_raw_check, ca),
	TEXT("interval", conf_raw_check, interval),
	TEXT("timeout", conf_raw_check, timeout),
	TEXT("rise", conf_raw_check, rise),
	TEXT("fall", conf_raw_check, fall),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t target_fields[] = {
	TEXT("url", conf_raw_target, url),
	TEXT("weight", conf_raw_target, weight),
	LIST("addresses", conf_raw_target, addresses, &text_entry),
	TEXT("family", conf_raw_target, family),
	GROUP("check", conf_raw_target, check, check_fields),
	CYAML_FIELD_END,
};
ENTRY(target_entry, conf_raw_target, target_fields);

static const cyaml_schema_field_t fallback_fields[] = {
	TEXT("url", conf_raw_target, url),
	TEXT("node", conf_raw_target, node),
	LIST("addresses", conf_raw_target, addresses, &text_entry),
	TEXT("family", conf_raw_target, family),
	GROUP("check", conf_raw_target, check, check_fields),
	CYAML_FIELD_END,
};
ENTRY(fallback_entry, conf_raw_target, fallback_fields);

static const cyaml_schema_field_t writes_fields[] = {
	TEXT("url", conf_raw_writes, url),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t mirror_fields[] = {
	TEXT("url", conf_raw_mirror, url),
	TEXT("node", conf_raw_mirror, node),
	TEXT("geo", conf_raw_mirror, geo),
	CYAML_FIELD_END,
};
ENTRY(mirror_entry, conf_raw_mirror, mirror_fields);

static const cyaml_schema_field_t hsts_fields[] = {
	TEXT("max-age", conf_raw_hsts, max_age),
	TEXT("include-subdomains", conf_raw_hsts, include_subdomains),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t presence_fields[] = {
	TEXT("valid", conf_raw_presence, valid),
	TEXT("timeout", conf_raw_presence, timeout),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t static_file_fields[] = {
	TEXT("path", conf_raw_static_file, path),
	TEXT("file", conf_raw_static_file, file),
	TEXT("type", conf_raw_static_file, type),
	TEXT("max-age", conf_raw_static_file, max_age),
	CYAML_FIELD_END,
};
ENTRY(static_file_entry, conf_raw_static_file, static_file_fields);

static const cyaml_schema_field_t site_fields[] = {
	LIST("hosts", conf_raw_site, hosts, &text_entry),
	TEXT("status", conf_raw_site, status),
	TEXT("strip-prefix", conf_raw_site, strip_prefix),
	TEXT("max-age", conf_raw_site, max_age),
	GROUP("hsts", conf_raw_site, hsts, hsts_fields),
	TEXT("balance", conf_raw_site, balance),
	GROUP("presence", conf_raw_site, presence, presence_fields),
	LIST("targets", conf_raw_site, targets, &target_entry),
	TEXT("fallback-balance", conf_raw_site, fallback_balance),
	LIST("fallback", conf_raw_site, fallback, &fallback_entry),
	GROUP("writes", conf_raw_site, writes, writes_fields),
	LIST("mirrors", conf_raw_site, mirrors, &mirror_entry),
	TEXT("links", conf_raw_site, links),
	TEXT("digests", conf_raw_site, digests),
	LIST("files", conf_raw_site, files, &static_file_entry),
	CYAML_FIELD_END,
};
ENTRY(site_entry, conf_raw_site, site_fields);

static const cyaml_schema_field_t local_name_fields[] = {
	TEXT("name", conf_raw_local_name, name),
	TEXT("from-site", conf_raw_local_name, from_site),
	TEXT("ttl", conf_raw_local_name, ttl),
	CYAML_FIELD_END,
};
ENTRY(local_name_entry, conf_raw_local_name, local_name_fields);

static const cyaml_schema_field_t service_fields[] = {
	TEXT("name", conf_raw_service, name),
	LIST("addresses", conf_raw_service, addresses, &text_entry),
	LIST("checks", conf_raw_service, checks, &text_entry),
	LIST("zones", conf_raw_service, zones, &text_entry),
	TEXT("interval", conf_raw_service, interval),
	TEXT("timeout", conf_raw_service, timeout),
	TEXT("rise", conf_raw_service, rise),
	TEXT("fall", conf_raw_service, fall),
	TEXT("hold-down", conf_raw_service, hold_down),
	TEXT("hold-down-max", conf_raw_service, hold_down_max),
	TEXT("minimum-up", conf_raw_service, minimum_up),
	TEXT("keep-up", conf_raw_service, keep_up),
	TEXT("max-flaps", conf_raw_service, max_flaps),
	TEXT("start-jitter", conf_raw_service, start_jitter),
	TEXT("deprefer", conf_raw_service, deprefer),
	TEXT("drain", conf_raw_service, drain),
	TEXT("ebb", conf_raw_service, ebb),
	TEXT("last-resort", conf_raw_service, last_resort),
	TEXT("scope", conf_raw_service, scope),
	CYAML_FIELD_END,
};
ENTRY(service_entry, conf_raw_service, service_fields);

static const cyaml_schema_field_t covering_fields[] = {
	TEXT("prefix", conf_raw_covering, prefix),
	LIST("all-of", conf_raw_covering, all_of, &text_entry),
	LIST("any-of", conf_raw_covering, any_of, &text_entry),
	TEXT("scope", conf_raw_covering, scope),
	CYAML_FIELD_END,
};
ENTRY(covering_entry, conf_raw_covering, covering_fields);

static const cyaml_schema_field_t neighbor_fields[] = {
	TEXT("address", conf_raw_neighbor, address),
	TEXT("as", conf_raw_neighbor, as),
	TEXT("source", conf_raw_neighbor, source),
	CYAML_FIELD_END,
};
ENTRY(neighbor_entry, conf_raw_neighbor, neighbor_fields);

static const cyaml_schema_field_t routing_fields[] = {
	TEXT("router-id", conf_raw_routing, router_id),
	TEXT("local-as", conf_raw_routing, local_as),
	LIST("neighbors", conf_raw_routing, neighbors, &neighbor_entry),
	TEXT("prepend", conf_raw_routing, prepend),
	TEXT("hold-time", conf_raw_routing, hold_time),
	TEXT("bfd", conf_raw_routing, bfd),
	LIST("communities", conf_raw_routing, communities, &text_entry),
	LIST("ospf-interfaces", conf_raw_routing, ospf_interfaces, &text_entry),
	TEXT("ospf-cost", conf_raw_routing, ospf_cost),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t anycast_fields[] = {
	TEXT("backend", conf_raw_anycast, backend),
	TEXT("carrier", conf_raw_anycast, carrier),
	TEXT("low-carrier", conf_raw_anycast, low_carrier),
	TEXT("lease", conf_raw_anycast, lease),
	TEXT("loopback", conf_raw_anycast, loopback),
	TEXT("loopback-interface", conf_raw_anycast, loopback_interface),
	TEXT("stop-file", conf_raw_anycast, stop_file),
	TEXT("hook", conf_raw_anycast, hook),
	TEXT("hook-timeout", conf_raw_anycast, hook_timeout),
	TEXT("exabgp-pipe", conf_raw_anycast, exabgp_pipe),
	TEXT("bird-file", conf_raw_anycast, bird_file),
	TEXT("bird-socket", conf_raw_anycast, bird_socket),
	LIST("services", conf_raw_anycast, services, &service_entry),
	LIST("covering", conf_raw_anycast, covering, &covering_entry),
	GROUP("routing", conf_raw_anycast, routing, routing_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t notify_fields[] = {
	LIST("listen", conf_raw_notify, listen, &text_entry),
	TEXT("tsig-key", conf_raw_notify, tsig_key),
	LIST("allow", conf_raw_notify, allow, &text_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t sync_fields[] = {
	TEXT("url", conf_raw_sync, url),
	LIST("mirrors", conf_raw_sync, mirrors, &text_entry),
	TEXT("root", conf_raw_sync, root),
	TEXT("group", conf_raw_sync, group),
	TEXT("interval", conf_raw_sync, interval),
	TEXT("patience", conf_raw_sync, patience),
	TEXT("deadline", conf_raw_sync, deadline),
	TEXT("max-zone-size", conf_raw_sync, max_zone_size),
	TEXT("when-stale", conf_raw_sync, when_stale),
	TEXT("ca", conf_raw_sync, ca),
	TEXT("client-cert", conf_raw_sync, client_cert),
	TEXT("client-key", conf_raw_sync, client_key),
	TEXT("proxy", conf_raw_sync, proxy),
	TEXT("node-key", conf_raw_sync, node_key),
	TEXT("report-url", conf_raw_sync, report_url),
	LIST("allow-query", conf_raw_sync, allow_query, &text_entry),
	GROUP("notify", conf_raw_sync, notify, notify_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t catchment_fields[] = {
	TEXT("enabled", conf_raw_catchment, enabled),
	TEXT("ipv4-prefix-length", conf_raw_catchment, ipv4_prefix_length),
	TEXT("ipv6-prefix-length", conf_raw_catchment, ipv6_prefix_length),
	TEXT("top", conf_raw_catchment, top),
	TEXT("window", conf_raw_catchment, window),
	TEXT("metrics-top", conf_raw_catchment, metrics_top),
	TEXT("as-table", conf_raw_catchment, as_table),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t admin_fields[] = {
	LIST("listen", conf_raw_admin, listen, &text_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t root_fields[] = {
	GROUP("node", conf_raw, node, node_fields),
	TEXT("state-dir", conf_raw, state_dir),
	TEXT("control-socket", conf_raw, control_socket),
	TEXT("user", conf_raw, user),
	TEXT("workers", conf_raw, workers),
	GROUP("log", conf_raw, log, log_fields),
	GROUP("dns", conf_raw, dns, dns_fields),
	LIST("zones", conf_raw, zones, &zone_entry),
	LIST("tsig-keys", conf_raw, tsig_keys, &tsig_key_entry),
	GROUP("redirect", conf_raw, redirect, redirect_fields),
	LIST("sites", conf_raw, sites, &site_entry),
	LIST("local-names", conf_raw, local_names, &local_name_entry),
	GROUP("anycast", conf_raw, anycast, anycast_fields),
	GROUP("sync", conf_raw, sync, sync_fields),
	GROUP("catchment", conf_raw, catchment, catchment_fields),
	GROUP("admin", conf_raw, admin, admin_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t sites_fields[] = {
	LIST("sites", conf_raw, sites, &site_entry),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t conf_schema_sites = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct conf_raw, sites_fields) };
const cyaml_schema_value_t conf_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct conf_raw, root_fields) };

static void *resize(void *ctx, void *block, size_t size)
{
	(void)ctx;
	if (size != 0)
		return mem_resize(block, size, 1);
	mem_free(block);
	return NULL;
}

/* libcyaml says what is wrong first and then a backtrace of where; the place we know better ourselves. */
static void __attribute__((format(printf, 3, 0)))
keep_first(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	char *fault = ctx;

	if (level != CYAML_LOG_ERROR || fault[0] != '\0')
		return;
	vsnprintf(fault, CONF_SCHEMA_FAULT_MAX, format, args);
	fault[strcspn(fault, "\n")] = '\0';
}

static cyaml_config_t config_with(char *fault)
{
	return (cyaml_config_t){
		.log_fn = keep_first,
		.log_ctx = fault,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = resize,
		/* Unknown keys have been told by now; passing them lets the cross-checks see the rest. */
		.flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_IGNORE_UNKNOWN_KEYS,
	};
}

int conf_schema_load(const char *text, size_t len, struct conf_raw **ret_raw, char fault[CONF_SCHEMA_FAULT_MAX])
{
	char said[CONF_SCHEMA_FAULT_MAX] = "";
	cyaml_config_t config = config_with(said);
	cyaml_data_t *raw = NULL;
	cyaml_err_t err = cyaml_load_data((const uint8_t *)text, len, &config, &conf_schema, &raw, NULL);

	if (err != CYAML_OK) {
		snprintf(fault, CONF_SCHEMA_FAULT_MAX, "%s", said[0] ? said : cyaml_strerror(err));
		return ERR_INVALID;
	}
	*ret_raw = raw;
	return 0;
}

void conf_schema_free(struct conf_raw *raw)
{
	char said[CONF_SCHEMA_FAULT_MAX] = "";
	cyaml_config_t config = config_with(said);

	cyaml_free(&config, &conf_schema, raw, 0);
}
