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
#include "conf/base/prefix.h"

enum {
	CONF_NSID_MAX = 128,		/* bytes; fits every answer beside its question */
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
	unsigned line;
};

struct conf_tls {
	bool present;
	struct conf_addrs listen;
	struct conf_certificate *certificates;	/* at least one; the first is for names that none is for */
	size_t certificate_count;
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

struct conf_target {
	char *url;	/* as written: scheme://authority[/prefix], with {node} {region} {host} unexpanded */
	unsigned weight;
	unsigned line;
};

struct conf_static_file {
	char *path;	/* exact, or a prefix that ends in "*" */
	char *file;	/* joined; a folder for a prefix */
	char *type;	/* media type; NULL: by the file's ending */
	unsigned line;
};

struct conf_site {
	char **hosts;	/* "dl.example.org", "*.mirror.example.org" or "*"; at least one */
	size_t host_count;
	unsigned status;	/* 302, 303 or 307 */
	struct conf_target *targets;	/* at least one */
	size_t target_count;
	struct conf_target *fallback;
	size_t fallback_count;
	char *writes;	/* url, or NULL: 405 */
	unsigned line;
};

struct conf_redirect {
	bool present;
	struct conf_addrs listen;
	struct conf_tls tls;		/* HTTPS */
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
	struct conf_admin admin;
	struct conf_zone *zones;
	size_t zone_count;
	struct conf_site *sites;
	size_t site_count;
};

/* Reads and checks path. On any fault: a negative code, every fault in errors, *ret_conf untouched. Faults name file,
 * line and key ("dns.listen[1]: expected ADDRESS@PORT, got \"foo\""). */
int conf_load(const char *path, struct conf **ret_conf, struct err_list *errors);
/* The same from memory; path is only named in faults and joined with. Never touches the file system; for the fuzzer. */
int conf_parse(const char *path, const char *text, size_t len, struct conf **ret_conf, struct err_list *errors);
void conf_free(struct conf *conf);

/* What a reload cannot change in a running node. Calls differs(ctx, "dns.listen") for each such key whose value is not
 * the same in both. */
void conf_restart_keys(const struct conf *running, const struct conf *wanted,
		       void (*differs)(void *ctx, const char *key), void *ctx);
/* Every key with what it means, takes and is by default: conf/setting.c's table as text. */
void conf_print_keys(FILE *out);

#endif
