/* SPDX-License-Identifier: Apache-2.0 */
/* Content beside the node's own configuration, which wins: an operator at the node must be able to override what comes
 * from afar. What is passed over for that is told. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/base/mem.h"
#include "sync/content.h"

struct merging {
	struct conf *merged;
	size_t room;
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

static void __attribute__((format(printf, 2, 3))) say(const struct merging *merging, const char *format, ...)
{
	char text[512];
	va_list args;

	if (merging->say == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	merging->say(merging->ctx, text);
}

/* Each site of the merged configuration has lists of its own; what they point to is of others. */
static struct conf_site *add_site(struct merging *merging, const struct conf_site *from)
{
	struct conf *merged = merging->merged;
	void *sites = merged->sites;

	mem_grow(&sites, &merging->room, merged->site_count, sizeof *merged->sites);
	merged->sites = sites;
	struct conf_site *site = &merged->sites[merged->site_count++];
	*site = *from;
	site->hosts = mem_array(from->host_count + 1, sizeof(char *));
	site->files = mem_array(from->file_count, sizeof *site->files);
	if (from->host_count > 0)
		memcpy(site->hosts, from->hosts, from->host_count * sizeof(char *));
	if (from->file_count > 0)
		memcpy(site->files, from->files, from->file_count * sizeof *site->files);
	return site;
}

static struct conf_site *site_of(const struct conf *conf, const char *host)
{
	for (size_t i = 0; i < conf->site_count; i++) {
		for (size_t j = 0; j < conf->sites[i].host_count; j++) {
			if (strcasecmp(conf->sites[i].hosts[j], host) == 0)
				return &conf->sites[i];
		}
	}
	return NULL;
}

/* source: whom faults that show only beside other sites are laid to. */
static void add_content_site(struct merging *merging, const struct conf_site *from, const char *source)
{
	struct conf_site site = *from;

	site.source = source;
	site.hosts = mem_array(from->host_count, sizeof(char *));
	site.host_count = 0;
	for (size_t i = 0; i < from->host_count; i++) {
		if (site_of(merging->merged, from->hosts[i]) != NULL)
			say(merging, "site %s: of content, but answered by a site of the configuration or before it",
			    from->hosts[i]);
		else
			site.hosts[site.host_count++] = from->hosts[i];
	}
	if (site.host_count > 0)
		add_site(merging, &site);
	mem_free(site.hosts);
}

/* The site that answers for host without being named for it: the longest *.suffix, else *. */
static const struct conf_site *wild_site(const struct conf *conf, const char *host)
{
	const struct conf_site *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < conf->site_count; i++) {
		for (size_t j = 0; j < conf->sites[i].host_count; j++) {
			const char *pattern = conf->sites[i].hosts[j];
			size_t len = strlen(pattern), host_len = strlen(host);

			if (pattern[0] != '*' || len <= best_len || host_len < len
			    || strcasecmp(host + host_len - (len - 1), pattern + 1) != 0)
				continue;
			best = &conf->sites[i];
			best_len = len;
		}
	}
	return best;
}

static bool has_path(const struct conf_site *site, const char *path)
{
	for (size_t i = 0; i < site->file_count; i++) {
		if (strcmp(site->files[i].path, path) == 0)
			return true;
	}
	return false;
}

static void add_file(struct merging *merging, char *host, const struct conf_static_file *file)
{
	static const struct conf_site files_only = { .status = 302 };
	struct conf_site *site = site_of(merging->merged, host);

	if (site == NULL) {
		/* What answers for it by a pattern goes on to do so, beside the file. */
		const struct conf_site *wild = wild_site(merging->merged, host);
		struct conf_site like = wild != NULL ? *wild : files_only;

		like.hosts = &host;
		like.host_count = 1;
		site = add_site(merging, &like);
	}
	if (has_path(site, file->path)) {
		say(merging, "file %s%s: of content, but answered by the configuration or a site", host, file->path);
		return;
	}
	site->files = mem_resize(site->files, site->file_count + 1, sizeof *site->files);
	site->files[site->file_count++] = *file;
}

void content_merge(const struct content *content, const struct conf *conf, struct conf *ret_merged,
		   void (*say_fn)(void *ctx, const char *text), void *ctx)
{
	struct merging merging = { .merged = ret_merged, .say = say_fn, .ctx = ctx };

	*ret_merged = *conf;
	ret_merged->sites = NULL;
	ret_merged->site_count = 0;
	for (size_t i = 0; i < conf->site_count; i++)
		add_site(&merging, &conf->sites[i]);
	for (size_t i = 0; content != NULL && i < content->site_count; i++) {
		for (size_t j = 0; j < content->sites[i]->site_count; j++)
			add_content_site(&merging, &content->sites[i]->sites[j], content->sites[i]->file);
	}
	for (size_t i = 0; content != NULL && i < content->file_count; i++)
		add_file(&merging, content->file_hosts[i], &content->files[i]);
}

void content_unmerge(struct conf *merged)
{
	for (size_t i = 0; i < merged->site_count; i++) {
		mem_free(merged->sites[i].hosts);
		mem_free(merged->sites[i].files);
	}
	mem_free(merged->sites);
}
