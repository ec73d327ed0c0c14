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
	CYAML_FIELD_END,
};
ENTRY(certificate_entry, conf_raw_certificate, certificate_fields);

static const cyaml_schema_field_t tls_fields[] = {
	LIST("listen", conf_raw_tls, listen, &text_entry),
	LIST("certificates", conf_raw_tls, certificates, &certificate_entry),
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

static const cyaml_schema_field_t redirect_fields[] = {
	LIST("listen", conf_raw_redirect, listen, &text_entry),
	GROUP("tls", conf_raw_redirect, tls, tls_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t check_fields[] = {
	TEXT("path", conf_raw_check, path),
	TEXT("interval", conf_raw_check, interval),
	TEXT("rise", conf_raw_check, rise),
	TEXT("fall", conf_raw_check, fall),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t target_fields[] = {
	TEXT("url", conf_raw_target, url),
	TEXT("weight", conf_raw_target, weight),
	GROUP("check", conf_raw_target, check, check_fields),
	CYAML_FIELD_END,
};
ENTRY(target_entry, conf_raw_target, target_fields);

static const cyaml_schema_field_t place_fields[] = {
	TEXT("url", conf_raw_place, url),
	CYAML_FIELD_END,
};
ENTRY(place_entry, conf_raw_place, place_fields);

static const cyaml_schema_field_t static_file_fields[] = {
	TEXT("path", conf_raw_static_file, path),
	TEXT("file", conf_raw_static_file, file),
	TEXT("type", conf_raw_static_file, type),
	CYAML_FIELD_END,
};
ENTRY(static_file_entry, conf_raw_static_file, static_file_fields);

static const cyaml_schema_field_t site_fields[] = {
	LIST("hosts", conf_raw_site, hosts, &text_entry),
	TEXT("status", conf_raw_site, status),
	LIST("targets", conf_raw_site, targets, &target_entry),
	LIST("fallback", conf_raw_site, fallback, &place_entry),
	GROUP("writes", conf_raw_site, writes, place_fields),
	LIST("mirrors", conf_raw_site, mirrors, &place_entry),
	LIST("files", conf_raw_site, files, &static_file_entry),
	CYAML_FIELD_END,
};
ENTRY(site_entry, conf_raw_site, site_fields);

static const cyaml_schema_field_t local_name_fields[] = {
	TEXT("name", conf_raw_local_name, name),
	TEXT("from-site", conf_raw_local_name, from_site),
	CYAML_FIELD_END,
};
ENTRY(local_name_entry, conf_raw_local_name, local_name_fields);

static const cyaml_schema_field_t service_fields[] = {
	TEXT("name", conf_raw_service, name),
	LIST("addresses", conf_raw_service, addresses, &text_entry),
	LIST("checks", conf_raw_service, checks, &text_entry),
	TEXT("rise", conf_raw_service, rise),
	TEXT("fall", conf_raw_service, fall),
	TEXT("hold-down", conf_raw_service, hold_down),
	TEXT("drain", conf_raw_service, drain),
	CYAML_FIELD_END,
};
ENTRY(service_entry, conf_raw_service, service_fields);

static const cyaml_schema_field_t anycast_fields[] = {
	TEXT("carrier", conf_raw_anycast, carrier),
	TEXT("lease", conf_raw_anycast, lease),
	LIST("services", conf_raw_anycast, services, &service_entry),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t sync_fields[] = {
	TEXT("url", conf_raw_sync, url),
	TEXT("root", conf_raw_sync, root),
	TEXT("interval", conf_raw_sync, interval),
	TEXT("when-stale", conf_raw_sync, when_stale),
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
	GROUP("admin", conf_raw, admin, admin_fields),
	CYAML_FIELD_END,
};

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
