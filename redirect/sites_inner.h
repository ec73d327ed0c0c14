/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that build a site table share: redirect/sites (look-up), sites_build, sites_targets, sites_loops. */
#ifndef REDIRECT_SITES_INNER_H
#define REDIRECT_SITES_INNER_H

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/digests.h"
#include "redirect/files.h"
#include "redirect/sites.h"

/* One table for both kinds of keys: an exact name, or a suffix with its leading dot. No name begins with a dot. */
struct redirect_slot {
	uint32_t hash;
	uint32_t len;
	const char *key;	/* NULL: empty */
	const char *pattern;
	const struct redirect_site *site;
};

/* What a site points to and the arena does not hold. */
struct redirect_owned {
	struct redirect_digests *digests;
	struct redirect_files *files;
};

struct redirect_sites {
	struct arena arena;
	struct span node;
	struct redirect_site *list;
	struct redirect_owned *owned;	/* by site */
	size_t count;
	const struct redirect_target **targets;	/* by id */
	size_t target_count, target_room;
	size_t endpoint_count;
	struct redirect_slot *slots;
	size_t slot_mask;
	bool has_suffixes;
	const struct redirect_site *any;	/* of "*" */
	const char *any_pattern;
};

uint32_t redirect_sites_hash(const char *key, size_t len);
struct redirect_slot *redirect_sites_slot(const struct redirect_sites *sites, uint32_t hash, const char *key,
					  size_t len);

struct redirect_builder {
	const struct conf *conf;
	struct redirect_sites *sites;
	struct err_list *errors;
	size_t faults;
	const char *file;	/* that the site in hand stands in */
};

/* The faults that follow are of this site. */
static inline void redirect_builder_site(struct redirect_builder *builder, const struct conf_site *site)
{
	builder->file = site->source != NULL ? site->source : builder->conf->file;
}

#define redirect_builder_fault(builder, line, ...) \
	((builder)->faults++, err_list_add((builder)->errors, (builder)->file, (line), __VA_ARGS__))

/* Targets, fallback, writes and mirrors of a site whose hosts are known. */
void redirect_sites_add_targets(struct redirect_builder *builder, const struct conf_site *conf,
				struct redirect_site *site);
/* When all hosts of all sites are known: no target may lead back to us. */
void redirect_sites_check_loops(struct redirect_builder *builder);

#endif
