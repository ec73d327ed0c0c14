/* SPDX-License-Identifier: Apache-2.0 */
/* Sites and static files of content. A path in a sites.yaml is that of a target beside it, never one of this machine. */
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "conf/text.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"

/* Calls each(ctx, place) for every path in the sites. */
static int for_paths(struct conf *sites, int (*each)(void *ctx, char **place), void *ctx)
{
	for (size_t i = 0; i < sites->site_count; i++) {
		struct conf_site *site = &sites->sites[i];
		int err = site->digests != NULL ? each(ctx, &site->digests) : 0;

		for (size_t j = 0; j < site->file_count && err == 0; j++)
			err = each(ctx, &site->files[j].file);
		for (size_t j = 0; j < site->target_count && err == 0; j++)
			err = site->targets[j].check.ca != NULL ? each(ctx, &site->targets[j].check.ca) : 0;
		for (size_t j = 0; j < site->fallback_count && err == 0; j++)
			err = site->fallback[j].check.ca != NULL ? each(ctx, &site->fallback[j].check.ca) : 0;
		if (err != 0)
			return err;
	}
	return 0;
}

struct names {
	const char *item_path;
	size_t folder;			/* bytes of item_path with its last slash */
	int (*each)(void *ctx, const char *path);
	void *ctx;
	struct err_note *note;
};

static int tell_name(void *ctx, char **place)
{
	struct names *names = ctx;

	if (strncmp(*place, names->item_path, names->folder) != 0 || strstr(*place, "/../") != NULL
	    || strstr(*place, "/./") != NULL) {
		err_note_set(names->note, names->item_path, 0, "\"%.200s\": content names only what is published beside it",
			     *place);
		return ERR_INVALID;
	}
	return names->each(names->ctx, *place);
}

int content_sites_names(const struct conf *sites, const char *item_path, int (*each)(void *ctx, const char *path),
			void *ctx, struct err_note *note)
{
	struct names names = { item_path, (size_t)(strrchr(item_path, '/') - item_path) + 1, each, ctx, note };

	for (size_t i = 0; i < sites->site_count; i++) {
		for (size_t j = 0; j < sites->sites[i].file_count; j++) {
			const char *path = sites->sites[i].files[j].path;

			if (path[0] != '\0' && path[strlen(path) - 1] == '*') {
				err_note_set(note, item_path, sites->sites[i].files[j].line,
					     "sites[%zu].files[%zu]: a whole folder is not published: name each file", i, j);
				return ERR_INVALID;
			}
		}
	}
	return for_paths((struct conf *)(uintptr_t)sites, tell_name, &names);
}

struct leading {
	struct content_build *build;
	enum content_fault what;
};

/* From the path of a target to its blob. */
static int lead(void *ctx, char **place)
{
	struct leading *leading = ctx;
	struct content_build *build = leading->build;
	const struct manifest_item *part = manifest_find(build->content->manifest, *place);
	uint8_t *bytes;

	if (part == NULL) {
		err_note_set(build->note, *place, 0, "is named by a site and not published");
		leading->what = CONTENT_FAULT;
		return ERR_INVALID;
	}
	leading->what = content_blob(build, follow_target_name(part->path, part->blob.sha256), &part->blob, &bytes);
	if (leading->what != CONTENT_GOOD) {
		content_name_item(build->note, part->path);
		return ERR_INVALID;
	}
	mem_free(bytes);
	mem_free(*place);
	*place = state_blob_path(build->wish->state, part->blob.sha256);
	return 0;
}

enum content_fault content_build_sites(struct content_build *build, const struct manifest_item *item)
{
	struct content *content = build->content;
	struct leading leading = { build, CONTENT_GOOD };
	struct err_list errors = { 0 };
	struct conf *sites;
	uint8_t *bytes;
	enum content_fault what = content_blob(build, follow_target_name(item->path, item->blob.sha256), &item->blob, &bytes);

	if (what != CONTENT_GOOD)
		return what;
	if (conf_parse_sites(item->path, (const char *)bytes, item->blob.length, build->wish->conf, &sites, &errors) != 0) {
		*build->note = errors.notes[0];
		what = CONTENT_FAULT;
	} else {
		for_paths(sites, lead, &leading);
		what = leading.what;
		if (what == CONTENT_GOOD) {
			content->sites = mem_resize(content->sites, content->site_count + 1, sizeof(struct conf *));
			content->sites[content->site_count++] = sites;
		} else {
			conf_free(sites);
		}
	}
	err_list_fini(&errors);
	mem_free(bytes);
	return what;
}

/* files/HOST/PATH */
enum content_fault content_build_file(struct content_build *build, const struct manifest_item *item)
{
	struct content *content = build->content;
	const char *host = item->path + sizeof "files/" - 1;
	const char *slash = strncmp(item->path, "files/", 6) == 0 ? strchr(host, '/') : NULL;
	uint8_t *bytes;

	if (slash == NULL || slash == host) {
		err_note_set(build->note, item->path, 0, "expected files/HOST/PATH");
		return CONTENT_FAULT;
	}
	/* Said by an online key, in custom: it must not write other lines into the head of a response. */
	if (item->type != NULL && !conf_text_is_media_type(item->type)) {
		err_note_set(build->note, item->path, 0, "custom: type is no media type such as \"text/plain; charset=utf-8\"");
		return CONTENT_FAULT;
	}
	enum content_fault what = content_blob(build, follow_target_name(item->path, item->blob.sha256), &item->blob, &bytes);
	if (what != CONTENT_GOOD)
		return what;
	mem_free(bytes);
	content->files = mem_resize(content->files, content->file_count + 1, sizeof *content->files);
	content->file_hosts = mem_resize(content->file_hosts, content->file_count + 1, sizeof(char *));
	content->files[content->file_count] = (struct conf_static_file){
		.path = mem_string(slash), .file = state_blob_path(build->wish->state, item->blob.sha256),
		.type = mem_string(item->type), .max_age_s = (uint32_t)item->max_age_s,
	};
	content->file_hosts[content->file_count++] = mem_format("%.*s", (int)(slash - host), host);
	return CONTENT_GOOD;
}
