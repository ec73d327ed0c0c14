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

#include "conf/base/err.h"
#include "conf/base/span.h"

struct conf;

enum {
	REDIRECT_TARGET_MAX = 1024,	/* bytes of a target URL of the configuration */
	REDIRECT_HOST_USES_MAX = 4,	/* of {host} in one of them */
};

/* A URL is parts[0] HOST parts[1] HOST … parts[host_uses]; without {host} it is parts[0]. It never ends in "/". */
struct redirect_target {
	const char *url;		/* with {host} standing, for people */
	unsigned weight;		/* 0 takes it out of rotation */
	unsigned id;			/* 0 … redirect_sites_target_count() - 1: index of health and of counters */
	uint8_t host_uses;
	uint8_t authority_uses;		/* of them in the authority */
	struct span parts[REDIRECT_HOST_USES_MAX + 1];
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
};

struct redirect_sites;

/* Every fault goes to errors with file and line. 0 or ERR_INVALID. */
int redirect_sites_new(const struct conf *conf, struct redirect_sites **ret_sites, struct err_list *errors);
void redirect_sites_free(struct redirect_sites *sites);	/* NULL is fine */

size_t redirect_sites_count(const struct redirect_sites *sites);
const struct redirect_site *redirect_sites_at(const struct redirect_sites *sites, size_t index);
size_t redirect_sites_target_count(const struct redirect_sites *sites); /* targets, fallbacks, writes of all sites */
struct span redirect_sites_node(const struct redirect_sites *sites);		/* for X-Node */

/* host as redirect_host_parse() gives it, len 0 for a request that named none. The exact name, else the longest
 * "*.suffix" (any number of labels in front of the suffix, at least one), else "*", else NULL. *ret_pattern, when
 * asked for, is the pattern that matched. */
const struct redirect_site *redirect_sites_find(const struct redirect_sites *sites, const char *host, size_t len,
						const char **ret_pattern);

#endif
