/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The site table: which host is sent where. Built whole from the configuration, then immutable; dataset lifetime, any
 * thread may read. {node} and {region} are filled in when it is built. {host} stays: it becomes the host of the
 * request, lower-cased and only after it matched one of the site's own patterns, never the bytes of a header. A site
 * that matches every host ("*") may not use {host} in an authority, for the client would then choose where it is
 * sent.
 */
#ifndef REDIRECT_SITES_H
#define REDIRECT_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/addr.h"
#include "conf/base/err.h"
#include "conf/base/span.h"

struct conf;
struct conf_check;
struct redirect_digests;
struct redirect_files;

enum {
	REDIRECT_TARGET_MAX = 1024,	/* bytes of a target URL of the configuration */
	REDIRECT_HOST_USES_MAX = 4,	/* of {host} in one of them */
};

enum redirect_families { REDIRECT_IPV4 = 1, REDIRECT_IPV6 = 2, REDIRECT_ANY_FAMILY = 3 };

/* Where a target is: one of its addresses, or, without any, its name in one family. */
struct redirect_endpoint {
	struct addr address;		/* with the port of the URL; family AF_UNSPEC: by name */
	uint8_t family;			/* REDIRECT_IPV4 or REDIRECT_IPV6 */
	unsigned id;			/* 0 … redirect_sites_endpoint_count() - 1 */
};

/* A URL is parts[0] HOST parts[1] HOST … parts[host_uses]; without {host} it is parts[0]. It never ends in "/". */
struct redirect_target {
	const char *url;		/* with {host} standing, for people */
	unsigned weight;		/* 0 takes it out of rotation */
	unsigned id;			/* 0 … redirect_sites_target_count() - 1: index of health and of counters */
	uint8_t host_uses;
	uint8_t authority_uses;		/* of them in the authority */
	struct span parts[REDIRECT_HOST_USES_MAX + 1];
	bool https;
	uint16_t port;			/* of the URL, or the scheme's */
	const char *host;		/* of the URL, as redirect_host_parse() gives it; NULL: has {host} in it */
	const char *node;		/* the node it belongs to, for ?avoid=: ours for targets; "" when not told */
	uint64_t seed;			/* of its URL, the same on every node: rendezvous hashing */
	uint8_t families;		/* enum redirect_families: over which clients can reach it at all */
	struct redirect_endpoint *endpoints;
	size_t endpoint_count;
	const struct conf_check *check;	/* a copy with the lifetime of the table; NULL: none */
};

/* Another place that has the same files: an alternative in Link fields, Metalink and the list for people. */
struct redirect_mirror {
	struct redirect_target target;	/* its id is of no use */
	const char *geo;		/* "de", or NULL */
};

struct redirect_site {
	unsigned index;			/* in the table */
	unsigned line;			/* in the configuration file */
	unsigned status;		/* 302, 303 or 307 */
	const char **hosts;		/* patterns, lower case */
	size_t host_count;
	struct redirect_target *targets, *fallback;
	size_t target_count, fallback_count;
	struct redirect_target *writes;	/* or NULL */
	uint64_t weight;		/* of all targets */
	struct span strip;		/* taken off the path; empty: nothing */
	bool by_path, fallback_by_path;	/* rendezvous hashing */
	bool presence;			/* asks env.present before the first redirect to a path */
	uint64_t presence_valid_ms, presence_timeout_ms;
	uint32_t max_age_s;
	struct span cache_control;	/* whole value, of its redirects: "private, max-age=60" or "no-store" */
	struct span hsts;		/* value of Strict-Transport-Security; empty: none */
	struct redirect_mirror *mirrors;
	size_t mirror_count;
	unsigned links;			/* most Link fields */
	bool speaks;			/* redirect_mirrors_speaks(), asked once */
	const struct redirect_digests *digests;	/* of its files, or NULL */
	const struct redirect_files *files;	/* static answers, or NULL */
};

struct redirect_sites;

/* Every fault goes to errors with file and line. 0 or ERR_INVALID. */
int redirect_sites_new(const struct conf *conf, struct redirect_sites **ret_sites, struct err_list *errors);
void redirect_sites_free(struct redirect_sites *sites);	/* NULL is fine */

size_t redirect_sites_count(const struct redirect_sites *sites);
const struct redirect_site *redirect_sites_at(const struct redirect_sites *sites, size_t index);
size_t redirect_sites_target_count(const struct redirect_sites *sites); /* targets, fallbacks, writes of all sites */
size_t redirect_sites_endpoint_count(const struct redirect_sites *sites);	/* of all those */
const struct redirect_target *redirect_sites_target(const struct redirect_sites *sites, size_t id);
struct span redirect_sites_node(const struct redirect_sites *sites);		/* for X-Node */

/* host as redirect_host_parse() gives it, len 0 for a request that named none. The exact name, else the longest
 * "*.suffix" (any number of labels in front of the suffix, at least one), else "*", else NULL. *ret_pattern, when
 * asked for, is the pattern that matched. */
const struct redirect_site *redirect_sites_find(const struct redirect_sites *sites, const char *host, size_t len,
						const char **ret_pattern);

#endif
