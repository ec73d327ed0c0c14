/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one YAML file, loaded whole and then const. conf_load() reports every fault it finds, not the
 * first, and gives a struct conf only when there is none. Paths in it are absolute or relative to the process
 * (conf_load has already joined those that were relative to the file). main owns it, from load until the next reload
 * has switched; other threads may read what they were given while main holds it.
 * docs/man/catchment.conf.5 states every key.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/base/addr.h"
#include "conf/base/err.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "conf/base/prefix.h"

enum {
	CONF_NSID_MAX = 128,		/* bytes; fits every answer beside its question */
	CONF_SERVICES_MAX = 64,		/* anycast.services: a bit for each */
	CONF_TXT_MAX = 255,		/* bytes of a TXT string: node.name, node.version */
	CONF_FILE_MAX = 16 << 20,	/* bytes of a configuration file */
};

struct conf_addrs {
	struct addr *list;
	size_t count;
};

struct conf_node {
	char *name;	/* never empty; printable ASCII */
	char *region;	/* "" when not given */
	char *version;	/* "" hides it */
};

enum { CONF_COOKIE_SECRETS_MAX = 8, CONF_SLIP_MAX = 10 };

struct conf_rate_limit {
	unsigned responses_per_second;	/* like ones to one prefix, of the whole process; 0: no limit */
	unsigned slip;			/* every how manieth limited one is sent truncated; 0: none */
	uint8_t ipv4_prefix_length, ipv6_prefix_length;	/* what counts as one client, here and among TCP connections */
	struct prefixes whitelist;
	bool dry_run;
};

struct conf_certificate {
	char *cert;	/* joined; the certificate and its chain, PEM */
	char *key;	/* joined; PEM */
	char *ocsp;	/* joined; a response to staple, DER (RFC 6960), or NULL */
	unsigned line;
};

enum { CONF_TICKET_KEYS_MAX = 8 };

struct conf_tls {
	bool present;
	struct conf_addrs listen;
	struct conf_certificate *certificates;	/* at least one; the first is for names that none is for */
	size_t certificate_count;
	char **ticket_keys;		/* files, joined, shared by all nodes; the first seals, all open. None: keys of this
					 * node's own */
	size_t ticket_key_count;
	bool http2;			/* offered in ALPN; redirect.tls only */
};

struct conf_dns {
	bool present;
	char **cookie_secrets;		/* files, joined; the first makes cookies */
	size_t cookie_secret_count;
	uint64_t cookies_require_above;	/* UDP queries a second; 0: never */
	struct conf_addrs listen;	/* UDP and TCP */
	uint8_t nsid[CONF_NSID_MAX];
	size_t nsid_len;		/* 0: disabled */
	uint16_t udp_max_payload;	/* bytes, 512..4096 */
	unsigned tcp_max_clients;	/* of the whole process */
	unsigned tcp_max_per_client;	/* of those, from one prefix; never 0 */
	uint64_t tcp_idle_ms, tcp_io_ms;
	struct conf_tls tls;		/* DNS over TLS (RFC 7858) */
	struct conf_rate_limit rate_limit;
	bool zone_statistics;
};

/* Which networks the clients are in. */
struct conf_catchment {
	bool enabled;
	uint8_t ipv4_prefix_length, ipv6_prefix_length;
	unsigned top, metrics_top;
	uint32_t window_s;
	char *as_table;		/* joined; NULL: none */
};

struct conf_admin {
	struct conf_addrs listen;
};

enum conf_zonemd { CONF_ZONEMD_OFF, CONF_ZONEMD_WARN, CONF_ZONEMD_REQUIRE };

struct conf_zone {
	char *name;	/* as written */
	char *file;	/* joined with the configuration file's folder */
	enum conf_zonemd zonemd;	/* what a digest of the zone (RFC 8976) is for */
	unsigned line;	/* of the entry in the configuration file */
};

/* How a target is asked whether it works. */
struct conf_check {
	bool present;
	bool tcp;		/* a connection is enough; else HTTP or HTTPS, by the scheme of the URL */
	char *path;		/* behind the URL's authority */
	uint16_t *statuses;	/* that are good; none: 200 to 399 */
	size_t status_count;
	char *digest;		/* SHA-256 of the body, 64 lower case hex digits, or NULL */
	char *ca;		/* joined; certificates to trust, PEM; NULL: the system's */
	uint64_t interval_ms, timeout_ms;
	unsigned rise, fall;
};

enum conf_family { CONF_FAMILY_ANY, CONF_FAMILY_IPV4, CONF_FAMILY_IPV6 };

struct conf_target {
	char *url;	/* as written: scheme://authority[/prefix], with {node} {region} {host} unexpanded */
	unsigned weight;	/* 1 for a fallback */
	char *node;		/* a fallback's: the node it belongs to, for ?avoid= and rendezvous hashing; or NULL */
	struct conf_addrs addresses;	/* where it is, without ports; none: as its name resolves, looked up for checks
					 * only */
	enum conf_family family;	/* over which clients reach it, when no address says so */
	struct conf_check check;
	unsigned line;
};

struct conf_mirror {
	char *url;	/* as in targets; with {host} it is no mirror of a site for "*" */
	char *node;	/* the node it belongs to, or NULL */
	char *geo;	/* ISO 3166-1 alpha-2, lower case, or NULL (RFC 6249, 3.3) */
	unsigned line;
};

struct conf_static_file {
	char *path;	/* exact, or a prefix that ends in "*" */
	char *file;	/* joined; a folder for a prefix */
	char *type;	/* media type; NULL: by the file's ending */
	uint32_t max_age_s;	/* 0: no-cache, asked again each time with its ETag */
	unsigned line;
};

enum conf_balance {
	CONF_BALANCE_WEIGHT,	/* targets: by weight; fallback: the first healthy one in order */
	CONF_BALANCE_PATH,	/* rendezvous hashing by path, with weights */
};

struct conf_presence {
	bool present;		/* a path is asked for with HEAD before the first redirect to it */
	uint64_t valid_ms;	/* how long an answer counts */
	uint64_t timeout_ms;	/* a client waits no longer; it is redirected then */
};

struct conf_site {
	char **hosts;	/* "dl.example.org", "*.mirror.example.org" or "*"; at least one */
	size_t host_count;
	unsigned status;	/* 302, 303 or 307 */
	char *strip;		/* a prefix "/pub" taken off the path before it goes into a Location, or NULL */
	enum conf_balance balance, fallback_balance;
	uint32_t max_age_s;	/* of a redirect, in the client's own cache; 0: no-store */
	uint32_t hsts_max_age_s;	/* RFC 6797, over HTTPS; 0: none */
	bool hsts_subdomains;
	struct conf_presence presence;
	struct conf_target *targets;	/* may be none beside files */
	size_t target_count;
	struct conf_target *fallback;
	size_t fallback_count;
	char *writes;	/* url, or NULL: 405 */
	struct conf_mirror *mirrors;
	size_t mirror_count;
	unsigned links;		/* most alternatives told in Link fields; 0: none */
	char *digests;		/* joined; SHA256SUMS of the content, or NULL */
	struct conf_static_file *files;
	size_t file_count;
	const char *source;	/* the file that it stands in; NULL: the configuration's. Lives as long as the site */
	unsigned line;		/* there */
};

struct conf_local_name {
	char *name;
	char *from_site;	/* one of the hosts of a site */
	uint32_t ttl_s;
	unsigned line;
};

enum conf_log_format { CONF_LOG_COMBINED, CONF_LOG_JSON };

struct conf_access_log {
	char *file;		/* joined; NULL: none */
	enum conf_log_format format;
	unsigned sample;	/* every how manieth request, at least 1 */
};

struct conf_redirect {
	bool present;
	struct conf_addrs listen;
	struct conf_tls tls;		/* HTTPS */
	unsigned max_clients;		/* connections of the whole process, each of HTTP and HTTPS */
	unsigned max_per_client;	/* of those, from one prefix; never 0 */
	uint8_t ipv4_prefix_length, ipv6_prefix_length;	/* what counts as one client */
	uint64_t idle_ms;		/* between two requests */
	uint64_t request_ms;		/* for the head of a request, and for reading an answer */
	struct prefixes proxies;	/* load balancers that must send a PROXY header; nobody else may */
	struct conf_access_log access_log;
};

/* How routes are announced: server/anycast/carrier.h says what each does when we die. */
enum conf_backend { CONF_BACKEND_DEVICE, CONF_BACKEND_NONE, CONF_BACKEND_EXEC, CONF_BACKEND_EXABGP, CONF_BACKEND_BIRD };
enum conf_scope { CONF_SCOPE_GLOBAL, CONF_SCOPE_LOCAL };

enum conf_service_check_kind {
	CONF_CHECK_DNS, CONF_CHECK_ZONES, CONF_CHECK_HTTP, CONF_CHECK_REDIRECT, CONF_CHECK_WORKERS,	/* of this node */
	CONF_CHECK_TCP_AT, CONF_CHECK_DNS_AT, CONF_CHECK_HTTP_AT, CONF_CHECK_EXEC,	/* of a foreign service */
};

struct conf_service_check {
	enum conf_service_check_kind kind;
	const char *text;	/* as written */
	struct addr addr;	/* _AT */
	const char *name, *type;	/* CONF_CHECK_DNS_AT */
	const char *path;	/* CONF_CHECK_HTTP_AT: "/health"; CONF_CHECK_EXEC: the program */
};

struct conf_service {
	const char *name;
	struct prefix *addresses;	/* each of one host; apart from those of all other services */
	size_t address_count;
	struct conf_service_check *checks;
	size_t check_count;
	const char **zones;		/* that dns and zones look at; none: all */
	size_t zone_count;
	uint64_t interval_ms, timeout_ms;	/* timeout < interval */
	unsigned rise, fall;
	uint64_t hold_down_ms, hold_down_max_ms, minimum_up_ms, keep_up_ms, start_jitter_ms;
	unsigned max_flaps;		/* 0: never */
	uint64_t deprefer_ms, drain_ms;
	unsigned ebb;			/* requests a second; 0: never */
	bool last_resort;
	enum conf_scope scope;
	unsigned line;
};

struct conf_covering {
	struct prefix prefix;
	bool all;		/* of its services must be announced; else any of them */
	size_t *services;	/* places in conf_anycast.services, at least one */
	size_t service_count;
	enum conf_scope scope;
	unsigned line;
};

struct conf_neighbor {
	struct addr address;
	uint32_t as;
	const char *source;	/* NULL: not given */
};

struct conf_routing {
	bool present;
	const char *router_id;
	uint32_t local_as;
	struct conf_neighbor *neighbors;
	size_t neighbor_count;
	unsigned prepend;
	uint64_t hold_ms;
	bool bfd;
	const char **communities;	/* "65000:100" */
	size_t community_count;
	const char **ospf_interfaces;
	size_t ospf_interface_count;
	unsigned ospf_cost;
};

struct conf_anycast {
	bool present;
	enum conf_backend backend;
	const char *carrier;
	const char *low_carrier;	/* NULL: none */
	uint64_t lease_ms;		/* whole seconds */
	bool manage_loopback;
	const char *loopback;		/* the interface where service addresses stand all the time */
	const char *stop_file;
	const char *hook;		/* joined, like the paths below; NULL: not given */
	uint64_t hook_timeout_ms;
	const char *exabgp_pipe;	/* "-": standard output */
	const char *bird_file, *bird_socket;
	struct conf_service *services;
	size_t service_count;
	struct conf_covering *covering;
	size_t covering_count;
	struct conf_routing routing;
	char *print;		/* all values as text: two that are the same have the same */
	struct arena arena;	/* holds all of the above */
};

struct conf_tsig_key {
	char *name;
	unsigned algorithm;	/* place in "hmac-sha256 hmac-sha384 hmac-sha512" */
	char *secret_file;	/* joined */
	unsigned line;
};

enum conf_when_stale { CONF_STALE_SERVE, CONF_STALE_DEPREFER, CONF_STALE_WITHDRAW };

struct conf_notify {
	bool present;
	struct conf_addrs listen;	/* UDP and TCP */
	size_t tsig_key;		/* place in conf.tsig_keys */
	struct prefixes allow;		/* none: everybody */
};

struct conf_sync {
	bool present;
	char **urls;		/* the repository, then its mirrors; without a last slash */
	size_t url_count;
	char *root;		/* joined, as are the files below */
	char *group;
	uint64_t interval_ms;
	uint64_t patience_ms, deadline_ms;	/* of one server that is slow; of one file in all */
	uint64_t max_zone_bytes;	/* as text */
	enum conf_when_stale when_stale;
	char *ca, *client_cert, *client_key;	/* NULL: not given */
	char *proxy;
	char *node_key;		/* NULL: state-dir/sync/node.key */
	char *report_url;	/* NULL: reports are only shown */
	struct prefixes allow_query;	/* who may ask for CH sync.server.; by default the node itself */
	struct conf_notify notify;
	char *print;		/* all values as text: two that are the same have the same */
};

struct conf {
	char *file;	/* the configuration file itself */
	struct conf_node node;
	char *state_dir;
	char *control_socket;
	char *user;		/* NULL: stay who we are */
	unsigned workers;	/* never 0: "auto" has become the usable cores */
	enum log_level log_level;
	enum log_target log_target;
	struct conf_dns dns;
	struct conf_redirect redirect;
	struct conf_catchment catchment;
	struct conf_admin admin;
	struct conf_zone *zones;
	size_t zone_count;
	struct conf_site *sites;
	size_t site_count;
	struct conf_anycast anycast;
	struct conf_local_name *local_names;
	size_t local_name_count;
	struct conf_tsig_key *tsig_keys;
	size_t tsig_key_count;
	struct conf_sync sync;
};

/* Reads and checks path. On any fault: a negative code, every fault in errors, *ret_conf untouched. Faults name file,
 * line and key ("dns.listen[1]: expected ADDRESS@PORT, got \"foo\""). */
int conf_load(const char *path, struct conf **ret_conf, struct err_list *errors);
/* The same from memory; path is only named in faults and joined with. Never touches the file system; for the fuzzer. */
int conf_parse(const char *path, const char *text, size_t len, struct conf **ret_conf, struct err_list *errors);
void conf_free(struct conf *conf);
/* The key "sites" alone, of content that came from elsewhere, for the node of base. Relative paths in it are joined with
 * path's folder. *ret_sites is a conf of sites only, for conf_free(). */
int conf_parse_sites(const char *path, const char *text, size_t len, const struct conf *base, struct conf **ret_sites,
		     struct err_list *errors);

/* What a reload cannot change in a running node. Calls differs(ctx, "dns.listen") for each such key whose value is not
 * the same in both. */
void conf_restart_keys(const struct conf *running, const struct conf *wanted,
		       void (*differs)(void *ctx, const char *key), void *ctx);
/* What is odd in the section anycast, but no fault; calls say(ctx, sentence) for each. */
void conf_anycast_warn(const struct conf *conf, void (*say)(void *ctx, const char *text), void *ctx);
/* Whether the node listens at address on any of the listening addresses, wildcards counted; *ret_port is that port. */
bool conf_listens(const struct conf_addrs *listen, const struct prefix *address, uint16_t *ret_port);
/* Every key with what it means, takes and is by default: conf/setting.c's table as text. */
void conf_print_keys(FILE *out);

#endif
