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
	char *cert, *key, *ocsp;
};

struct conf_raw_tls {
	CONF_RAW_LIST(char *, listen);
	CONF_RAW_LIST(struct conf_raw_certificate, certificates);
	CONF_RAW_LIST(char *, ticket_keys);
	char *http2;
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

struct conf_raw_access_log {
	char *file, *format, *sample;
};

struct conf_raw_redirect {
	CONF_RAW_LIST(char *, listen);
	struct conf_raw_tls *tls;
	char *max_clients, *max_clients_per_client, *ipv4_prefix_length, *ipv6_prefix_length;
	char *idle_timeout, *request_timeout;
	CONF_RAW_LIST(char *, proxy_protocol_from);
	struct conf_raw_access_log *access_log;
};

struct conf_raw_check {
	char *type, *path, *digest, *ca, *interval, *timeout, *rise, *fall;
	CONF_RAW_LIST(char *, status);
};

/* An entry of targets or of fallback; each has keys that the other has not. */
struct conf_raw_target {
	char *url, *weight, *node, *family;
	CONF_RAW_LIST(char *, addresses);
	struct conf_raw_check *check;
};

struct conf_raw_writes {
	char *url;
};

struct conf_raw_mirror {
	char *url, *node, *geo;
};

struct conf_raw_static_file {
	char *path, *file, *type, *max_age;
};

struct conf_raw_hsts {
	char *max_age, *include_subdomains;
};

struct conf_raw_presence {
	char *valid, *timeout;
};

struct conf_raw_site {
	CONF_RAW_LIST(char *, hosts);
	char *status, *strip_prefix, *balance, *fallback_balance, *max_age, *links, *digests;
	struct conf_raw_hsts *hsts;
	struct conf_raw_presence *presence;
	CONF_RAW_LIST(struct conf_raw_target, targets);
	CONF_RAW_LIST(struct conf_raw_target, fallback);
	struct conf_raw_writes *writes;
	CONF_RAW_LIST(struct conf_raw_mirror, mirrors);
	CONF_RAW_LIST(struct conf_raw_static_file, files);
};

struct conf_raw_local_name {
	char *name, *from_site, *ttl;
};

struct conf_raw_service {
	char *name, *interval, *timeout, *rise, *fall, *hold_down, *hold_down_max, *minimum_up, *keep_up, *max_flaps;
	char *start_jitter, *deprefer, *drain, *ebb, *last_resort, *scope;
	CONF_RAW_LIST(char *, addresses);
	CONF_RAW_LIST(char *, checks);
	CONF_RAW_LIST(char *, zones);
};

struct conf_raw_covering {
	char *prefix, *scope;
	CONF_RAW_LIST(char *, all_of);
	CONF_RAW_LIST(char *, any_of);
};

struct conf_raw_neighbor {
	char *address, *as, *source;
};

struct conf_raw_routing {
	char *router_id, *local_as, *prepend, *hold_time, *bfd, *ospf_cost;
	CONF_RAW_LIST(struct conf_raw_neighbor, neighbors);
	CONF_RAW_LIST(char *, communities);
	CONF_RAW_LIST(char *, ospf_interfaces);
};

struct conf_raw_anycast {
	char *backend, *carrier, *low_carrier, *lease, *loopback, *stop_file, *hook, *hook_timeout, *exabgp_pipe;
	char *bird_file, *bird_socket, *loopback_interface;
	CONF_RAW_LIST(struct conf_raw_service, services);
	CONF_RAW_LIST(struct conf_raw_covering, covering);
	struct conf_raw_routing *routing;
};

struct conf_raw_notify {
	CONF_RAW_LIST(char *, listen);
	char *tsig_key;
	CONF_RAW_LIST(char *, allow);
};

struct conf_raw_sync {
	char *url, *root, *interval, *patience, *deadline, *max_zone_size, *when_stale;
	char *group, *ca, *client_cert, *client_key, *proxy, *node_key, *report_url;
	CONF_RAW_LIST(char *, mirrors);
	CONF_RAW_LIST(char *, allow_query);
	struct conf_raw_notify *notify;
};

struct conf_raw_catchment {
	char *enabled, *ipv4_prefix_length, *ipv6_prefix_length, *top, *window, *metrics_top, *as_table;
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
	struct conf_raw_catchment *catchment;
	struct conf_raw_admin *admin;
};

#endif
