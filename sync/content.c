/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/content.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "sync/age.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"
#include "sync/guards.h"
#include "sync/ledger.h"
#include "sync/probes.h"

struct content *content_retain(struct content *content)
{
	atomic_fetch_add(&content->count, 1);
	return content;
}

static void wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}

void content_forget_past(struct content *content)
{
	for (size_t i = 0; i < content->past_count; i++)
		mem_free(content->past[i].zone);
	mem_free(content->past);
	content->past = NULL;
	content->past_count = 0;
}

void content_release(struct content *content)
{
	if (content == NULL || atomic_fetch_sub(&content->count, 1) > 1)
		return;
	for (size_t i = 0; i < content->zone_count; i++) {
		if (content->zones[i].image != NULL)
			zone_image_release(content->zones[i].image);
		mem_free(content->zones[i].name);
		mem_free(content->zones[i].state);
	}
	mem_free(content->zones);
	for (size_t i = 0; i < content->site_count; i++)
		conf_free(content->sites[i]);
	mem_free(content->sites);
	for (size_t i = 0; i < content->file_count; i++) {
		mem_free(content->files[i].path);
		mem_free(content->files[i].file);
		mem_free(content->files[i].type);
		mem_free(content->file_hosts[i]);
	}
	mem_free(content->files);
	mem_free(content->file_hosts);
	wipe(&content->cookies, sizeof content->cookies);
	wipe(content->tickets, sizeof content->tickets);
	content_forget_past(content);
	guards_free(content->guards);
	probes_free(content->probes);
	manifest_free(content->manifest);
	mem_free(content);
}

const struct content_zone *content_zone(const struct content *content, const char *path)
{
	const struct manifest_item *item = content != NULL ? manifest_find(content->manifest, path) : NULL;

	return item != NULL && item->kind == MANIFEST_ZONE ? &content->zones[item->zone] : NULL;
}

void content_remark(const struct content_build *build, const char *format, ...)
{
	char text[512];
	va_list args;

	if (build->wish->remark == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	build->wish->remark(build->wish->remark_ctx, text);
}

static enum content_fault fault_of(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
	case -EACCES:
	case -EMFILE:
	case -ENOMEM:
		return CONTENT_DISK;
	case -ECANCELED:
		return CONTENT_CANCELED;
	case ERR_INVALID:
	case ERR_LIMIT:
	case ERR_FORMAT:
		return CONTENT_FAULT;
	default:
		return CONTENT_NETWORK;
	}
}

enum content_fault content_blob(struct content_build *build, char *name, const struct manifest_blob *blob,
				uint8_t **ret_bytes)
{
	const struct content_wish *wish = build->wish;
	int err = wish->need != NULL ? wish->need(wish->need_ctx, name, blob, build->note) : 0;

	mem_free(name);
	if (err != 0)
		return fault_of(err);
	err = state_read_blob(wish->state, blob, ret_bytes, build->note);
	return err == 0 ? CONTENT_GOOD : err == -ENOENT || err == ERR_FORMAT ? CONTENT_FAULT : CONTENT_DISK;
}

void content_name_item(struct err_note *note, const char *path)
{
	char *zone = content_zone_name(path), text[sizeof *note + 16];
	bool part = strncmp(path, "sites/", 6) == 0 && strncmp(note->text, path, strcspn(path + 6, "/") + 7) == 0;

	/* A file of a site's has been named already. */
	if (!part && strstr(note->file, path) == NULL && strstr(note->text, path) == NULL
	    && (zone == NULL || strncmp(note->text, "zone ", 5) != 0)) {
		err_note_print(note, text, sizeof text);
		err_note_set(note, NULL, 0, "%.300s: %.700s", path, text);
	}
	mem_free(zone);
}

/* ---- policy ---- */

static enum content_fault build_policy(struct content_build *build, const struct manifest_item *item)
{
	uint8_t *bytes;
	enum content_fault what = content_blob(build, follow_target_name(item->path, item->blob.sha256), &item->blob, &bytes);
	int err = 0;

	if (what != CONTENT_GOOD)
		return what;
	struct span span = { bytes, item->blob.length };
	if (strcmp(item->path, "policy/guards.json") == 0)
		err = guards_parse(span, &build->content->guards, build->note);
	else if (strcmp(item->path, "policy/probes.json") == 0)
		err = probes_parse(span, &build->content->probes, build->note);
	else if (strcmp(item->path, "policy/gate.json") == 0)
		err = gate_parse(span, &build->content->gate, build->note);
	mem_free(bytes);
	return err == 0 ? CONTENT_GOOD : CONTENT_FAULT;
}

static enum content_fault build_kind(struct content_build *build, struct manifest_item *item)
{
	struct content *content = build->content;
	const struct content_wish *wish = build->wish;

	if (wish->canceled != NULL && wish->canceled(wish->canceled_ctx)) {
		err_note_set(build->note, NULL, 0, "it was broken off");
		return CONTENT_CANCELED;
	}
	switch (item->kind) {
	case MANIFEST_ZONE:
		item->zone = content->zone_count;
		content->zones[item->zone].item = item;
		return content_build_zone(build, item, &content->zones[content->zone_count++]);
	case MANIFEST_SITES:
		return content_build_sites(build, item);
	case MANIFEST_FILE:
		return content_build_file(build, item);
	case MANIFEST_SECRET:
		return content_build_secret(build, item);
	default:
		return CONTENT_GOOD;	/* policy was first; parts are read by their sites; the list is done with */
	}
}

static enum content_fault build_item(struct content_build *build, struct manifest_item *item)
{
	enum content_fault what = item->kind == MANIFEST_POLICY ? build_policy(build, item) : build_kind(build, item);

	if (what != CONTENT_GOOD)
		content_name_item(build->note, item->path);
	return what;
}

/* Those with an order in the list of the group, in that order: the first secret is the one that makes cookies. */
static enum content_fault build_in_order(struct content_build *build, enum manifest_kind kind)
{
	struct manifest *manifest = build->content->manifest;
	enum content_fault what = CONTENT_GOOD;
	int64_t last = 0;

	for (;;) {
		struct manifest_item *next = NULL;

		for (size_t i = 0; i < manifest->item_count; i++) {
			struct manifest_item *item = &manifest->items[i];

			if (item->kind == kind && item->order > last && (next == NULL || item->order < next->order))
				next = item;
		}
		if (next == NULL || what != CONTENT_GOOD)
			return what;
		what = build_item(build, next);
		last = next->order;
	}
}

enum content_fault content_build(const struct content_wish *wish, struct content **ret, struct err_note *note)
{
	struct content *content = mem_alloc(sizeof *content);
	struct content_build build = { wish, content, note };
	struct manifest *manifest = wish->manifest;
	enum content_fault what = CONTENT_GOOD;

	atomic_init(&content->count, 1);
	content->manifest = manifest;
	gate_default(&content->gate);
	content->zones = mem_array(manifest->item_count, sizeof *content->zones);
	content->past = mem_array(manifest->item_count, sizeof *content->past);
	for (size_t i = 0; i < manifest->item_count && what == CONTENT_GOOD; i++) {
		if (manifest->items[i].kind == MANIFEST_POLICY)
			what = build_item(&build, &manifest->items[i]);
	}
	for (size_t i = 0; i < manifest->item_count && what == CONTENT_GOOD; i++) {
		if (manifest->items[i].kind != MANIFEST_POLICY && manifest->items[i].kind != MANIFEST_SECRET)
			what = build_item(&build, &manifest->items[i]);
	}
	if (what == CONTENT_GOOD)
		what = build_in_order(&build, MANIFEST_SECRET);
	if (what != CONTENT_GOOD) {
		content_release(content);
		return what;
	}
	content->first_limit_s = age_first_limit(content);
	*ret = content;
	return CONTENT_GOOD;
}
