/* SPDX-License-Identifier: Apache-2.0 */
/* Files by their content: those that are missing are had from the repository, into the state folder. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/follow_inner.h"
#include "sync/tuf_match.h"
#include "sync/tuf_target.h"
#include "sync/web_mirrors.h"

char *follow_target_name(const char *path, const char *sha256)
{
	const char *slash = strrchr(path, '/');
	int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
	char *plain = mem_format("targets/%.*s%s.%s", folder, path, sha256, path + folder);
	char *quoted = tuf_path_quote(plain);

	mem_free(plain);
	return quoted;
}

char *follow_step_name(const char *zone_path, const struct manifest_step *step)
{
	int folder = (int)(strrchr(zone_path, '/') - zone_path);
	char *plain = mem_format("targets/%.*s/cs/%s.%u-%u", folder, zone_path, step->blob.sha256, step->from, step->to);
	char *quoted = tuf_path_quote(plain);

	mem_free(plain);
	return quoted;
}

static int take(void *ctx, struct span piece)
{
	return tuf_target_take(ctx, piece);
}

static int begin(const struct state *state, const struct manifest_blob *blob, struct tuf_target **ret_target,
		 struct err_note *note)
{
	char *path = state_blob_path(state, blob->sha256);
	struct tuf_file file = { .length = (int64_t)blob->length };

	hash_list_add(&file.hashes, "sha256", blob->sha256);
	int err = tuf_target_begin(path, &file, ret_target, note);
	mem_free(path);
	return err;
}

/* The end of one transfer: what the disk said goes before what the network said. */
static int end(struct tuf_target *target, int err, struct err_note *note)
{
	if (err == 0 || tuf_target_fault(target) != 0)
		return tuf_target_end(target, note);
	tuf_target_abandon(target);
	return err;
}

int follow_need(void *ctx, const char *name, const struct manifest_blob *blob, struct err_note *note)
{
	struct follow *follow = ctx;
	const struct follow_settings *settings = follow->settings;
	struct tuf_target *target;

	if (state_has_blob(settings->state, blob))
		return 0;
	if (settings->transport == NULL) {
		err_note_set(note, name, 0, "is not on disk, and there is no network yet");
		return ERR_UNKNOWN;
	}
	int err = begin(settings->state, blob, &target, note);
	if (err != 0)
		return err;
	err = settings->transport->get(settings->transport, name, blob->length, take, target, note);
	return end(target, err, note);
}

/* What is fetched side by side. */
struct batch {
	struct web_mirrors_file *files;
	const struct manifest_blob **blobs;
	size_t count, room, blob_room;
};

static bool is_waiting(const struct batch *batch, const char *sha256)
{
	for (size_t i = batch->count; i > 0 && batch->count - i < 64; i--) {
		if (strcmp(batch->blobs[i - 1]->sha256, sha256) == 0)
			return true;
	}
	return false;
}

/* Takes name over. */
static void add(struct follow *follow, struct batch *batch, char *name, const struct manifest_blob *blob)
{
	void *files = batch->files, *blobs = batch->blobs;

	if (is_waiting(batch, blob->sha256) || state_has_blob(follow->settings->state, blob)) {
		mem_free(name);
		return;
	}
	mem_grow(&files, &batch->room, batch->count, sizeof *batch->files);
	mem_grow(&blobs, &batch->blob_room, batch->count, sizeof *batch->blobs);
	batch->files = files;
	batch->blobs = blobs;
	batch->blobs[batch->count] = blob;
	batch->files[batch->count++] = (struct web_mirrors_file){
		.name = name, .max_bytes = blob->length, .take = take,
	};
}

/* A zone: the changesets that lead from what runs, else the checkpoint and those behind it. */
static void add_zone(struct follow *follow, struct batch *batch, const struct manifest_item *item)
{
	const struct manifest_step *path[MANIFEST_STEPS_MAX];
	size_t count;

	if (content_plan(item, follow->running, path, &count) == CONTENT_PLAN_KEEP)
		return;
	if (content_plan(item, follow->running, path, &count) == CONTENT_PLAN_CHECKPOINT)
		add(follow, batch, follow_target_name(item->path, item->blob.sha256), &item->blob);
	for (size_t i = 0; i < count; i++)
		add(follow, batch, follow_step_name(item->path, path[i]), &path[i]->blob);
}

/* A file that fails here is told again, with its reason, when it is needed; only the end of all is told at once. */
static void fetch_round(struct follow *follow, struct batch *batch, size_t from, size_t count)
{
	struct err_note note;

	for (size_t i = from; i < from + count; i++) {
		struct tuf_target *target;

		if (begin(follow->settings->state, batch->blobs[i], &target, &note) != 0) {
			count = i - from;
			break;
		}
		batch->files[i].ctx = target;
	}
	web_mirrors_get_all(follow->settings->mirrors, batch->files + from, count);
	for (size_t i = from; i < from + count; i++) {
		int err = end(batch->files[i].ctx, batch->files[i].err, &note);

		if (err != 0 && err != -ECANCELED)
			follow_remark(follow, "%s: %s", batch->files[i].name,
				      batch->files[i].err != 0 ? batch->files[i].note.text : note.text);
	}
}

enum follow_result follow_blobs(struct follow *follow)
{
	struct batch batch = { 0 };

	if (follow->settings->mirrors == NULL)
		return FOLLOW_NEW;
	for (size_t i = 0; i < follow->manifest->item_count; i++) {
		const struct manifest_item *item = &follow->manifest->items[i];

		if (item->kind == MANIFEST_ZONE)
			add_zone(follow, &batch, item);
		else
			add(follow, &batch, follow_target_name(item->path, item->blob.sha256), &item->blob);
	}
	for (size_t at = 0; at < batch.count; at += WEB_MIRRORS_AT_ONCE)
		fetch_round(follow, &batch, at, batch.count - at < WEB_MIRRORS_AT_ONCE ? batch.count - at : WEB_MIRRORS_AT_ONCE);
	for (size_t i = 0; i < batch.count; i++)
		mem_free((char *)(uintptr_t)batch.files[i].name);
	mem_free(batch.files);
	mem_free(batch.blobs);
	return FOLLOW_NEW;
}
