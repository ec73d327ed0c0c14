/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as it stands in the file: every value still text, NULL where the key is not given. libcyaml fills
 * it by the tables of conf/schema.c; conf/build.c turns it into a struct conf. One load owns it; thread: its own.
 */
#ifndef CONF_RAW_H
#define CONF_RAW_H

#include <stddef.h>

#define CONF_RAW_LIST(type, member) \
	type *member; \
	size_t member##_count

struct conf_raw_node {
	char *name, *region, *version;
};

struct conf_raw_log {
	char *level, *target;
};

struct conf_raw_cookies {
	CONF_RAW_LIST(char *, secrets);
	char *require_above;
};

struct conf_raw_rate_limit {
	char *responses_per_second, *slip, *ipv4_prefix_length, *ipv6_prefix_length, *dry_run;
	CONF_RAW_LIST(char *, whitelist);
};

struct conf_raw_certificate {
	char *cert, *key;
};

struct conf_raw_tls {
	CONF_RAW_LIST(char *, listen);
	CONF_RAW_LIST(struct conf_raw_certificate, certificates);
};

struct conf_raw_dns {
	CONF_RAW_LIST(char *, listen);
	char *nsid, *udp_max_payload, *tcp_max_clients, *tcp_idle_timeout, *tcp_io_timeout;
	char *tcp_max_clients_per_client, *zone_statistics;
	struct conf_raw_cookies *cookies;
	struct conf_raw_rate_limit *rate_limit;
	struct conf_raw_tls *tls;
};

struct conf_raw_primary {
	char *address, *tsig_key;
};

struct conf_raw_zone {
	char *name, *file, *zonemd;
	CONF_RAW_LIST(struct conf_raw_primary, primaries);
	CONF_RAW_LIST(char *, allow_notify);
};

struct conf_raw_tsig_key {
	char *name, *algorithm, *secret_file;
};

struct conf_raw_redirect {
	CONF_RAW_LIST(char *, listen);
	struct conf_raw_tls *tls;
};

struct conf_raw_check {
	char *path, *interval, *rise, *fall;
};

struct conf_raw_target {
	char *url, *weight;
	struct conf_raw_check *check;
};

/* An entry of fallback or mirrors, or writes: nothing but where to. */
struct conf_raw_place {
	char *url;
};

struct conf_raw_static_file {
	char *path, *file, *type;
};

struct conf_raw_site {
	CONF_RAW_LIST(char *, hosts);
	char *status;
	CONF_RAW_LIST(struct conf_raw_target, targets);
	CONF_RAW_LIST(struct conf_raw_place, fallback);
	struct conf_raw_place *writes;
	CONF_RAW_LIST(struct conf_raw_place, mirrors);
	CONF_RAW_LIST(struct conf_raw_static_file, files);
};

struct conf_raw_local_name {
	char *name, *from_site;
};

struct conf_raw_service {
	char *name, *rise, *fall, *hold_down, *drain;
	CONF_RAW_LIST(char *, addresses);
	CONF_RAW_LIST(char *, checks);
};

struct conf_raw_anycast {
	char *carrier, *lease;
	CONF_RAW_LIST(struct conf_raw_service, services);
};

struct conf_raw_sync {
	char *url, *root, *interval, *when_stale;
};

struct conf_raw_admin {
	CONF_RAW_LIST(char *, listen);
};

struct conf_raw {
	struct conf_raw_node *node;
	char *state_dir, *control_socket, *user, *workers;
	struct conf_raw_log *log;
	struct conf_raw_dns *dns;
	CONF_RAW_LIST(struct conf_raw_zone, zones);
	CONF_RAW_LIST(struct conf_raw_tsig_key, tsig_keys);
	struct conf_raw_redirect *redirect;
	CONF_RAW_LIST(struct conf_raw_site, sites);
	CONF_RAW_LIST(struct conf_raw_local_name, local_names);
	struct conf_raw_anycast *anycast;
	struct conf_raw_sync *sync;
	struct conf_raw_admin *admin;
};

#endif
