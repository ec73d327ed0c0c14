/* SPDX-License-Identifier: Apache-2.0 */
/* Files by their content: those that are missing are had from the repository, into the state folder. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "sync/follow_inner.h"
#include "sync/tuf_match.h"
#include "sync/tuf_target.h"
#include "sync/web_mirrors.h"

enum { UNSYNCED_MIN = 8 };	/* so many files are synced as one, when all are there */

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

/* One blob that is wanted. */
struct want {
	struct web_mirrors_file file;	/* its name is ours when it is of a batch */
	const struct manifest_blob *blob;
	struct tuf_target *target;
	bool unsynced;			/* it is one of many, which are synced as one */
	bool resumed;			/* begins with what an earlier look left */
	bool whole;			/* what was left turned out wrong: it is not used again */
	bool settled;
	unsigned tries;
	int err;
	struct err_note note;
};

static int begin(const struct follow *follow, struct want *want)
{
	const struct state *state = follow->settings->state;
	char *path = state_blob_path(state, want->blob->sha256), *part = state_part_path(state, want->blob->sha256);
	struct tuf_file file = { .length = (int64_t)want->blob->length };
	int err;

	hash_list_add(&file.hashes, "sha256", want->blob->sha256);
	/* Without mirrors the transport cannot go on in the middle. */
	if (follow->settings->mirrors != NULL && !follow->listing) {
		if (want->whole)
			unlink(part);
		err = tuf_target_resume(path, part, &file, &want->target, &want->note);
	} else {
		err = tuf_target_begin(path, &file, &want->target, &want->note);
	}
	if (err == 0) {
		if (want->unsynced)
			tuf_target_unsynced(want->target);
		want->file.had = (uint64_t)tuf_target_have(want->target);
		want->resumed = want->file.had > 0;
		want->file.ctx = want->target;
		want->file.err = 0;
		want->file.from = 0;
	}
	mem_free(path);
	mem_free(part);
	return err;
}

static void settle(struct follow *follow, struct want *want, int err)
{
	/* Nobody gives what was signed: it may come yet. */
	if (err == ERR_INVALID || err == ERR_LIMIT)
		follow->damaged = true;
	want->err = err;
	want->settled = true;
}

/* Bytes came that are not the signed ones. Those that an earlier look left, or that came from several, may be anybody's:
 * then it is fetched whole once, which tells. */
static void take_damage(struct follow *follow, struct want *want, int err)
{
	struct web_mirrors *mirrors = follow->settings->mirrors;
	bool one = (want->file.from & (want->file.from - 1)) == 0;

	if (mirrors == NULL) {
		settle(follow, want, err);
		return;
	}
	if (want->resumed || !one) {
		follow_remark(follow, "%s: what was left of it is wrong, and it is fetched whole", want->file.name);
		if (want->whole)
			settle(follow, want, err);
		want->whole = true;
		return;
	}
	char text[MIRROR_TEXT_MAX];

	snprintf(text, sizeof text, "%.140s: %.100s", want->file.name, want->note.text);
	web_mirrors_blame(mirrors, want->file.from, text);
	want->file.avoid |= want->file.from;
	want->whole = true;
	if (++want->tries >= web_mirrors_count(mirrors))
		settle(follow, want, err);
}

static void note_unsynced(struct state *state, const struct manifest_blob *blob)
{
	char *path = state_blob_path(state, blob->sha256);

	state_note_unsynced(state, path);
	mem_free(path);
}

/* The end of one transfer: what the disk said goes before what the network said. */
static void end(struct follow *follow, struct want *want)
{
	struct tuf_target *target = want->target;
	int err = want->file.err;

	want->target = NULL;
	if (err == 0 || tuf_target_fault(target) != 0) {
		err = tuf_target_end(target, &want->note);
		if (err == 0 && want->unsynced)
			note_unsynced(follow->settings->state, want->blob);
		if (err == ERR_INVALID)
			take_damage(follow, want, err);
		else
			settle(follow, want, err);
		return;
	}
	want->note = want->file.note;
	if (err == -ERANGE && want->resumed) {	/* nobody has so much of it */
		tuf_target_abandon(target);
		want->whole = true;
		want->resumed = false;
		return;
	}
	tuf_target_set_aside(target);
	settle(follow, want, err);
}

static void get_all(struct follow *follow, struct want *const *wants, size_t count)
{
	struct transport *transport = follow->settings->transport;
	struct web_mirrors_file *files[WEB_MIRRORS_AT_ONCE];

	if (follow->settings->mirrors != NULL) {
		for (size_t i = 0; i < count; i++)
			files[i] = &wants[i]->file;
		web_mirrors_get_all(follow->settings->mirrors, files, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct web_mirrors_file *file = &wants[i]->file;

		file->err = transport->get(transport, file->name, file->max_bytes, file->take, file->ctx, &file->note);
	}
}

/* At most WEB_MIRRORS_AT_ONCE, each until it is there or nobody has it. */
static void fetch(struct follow *follow, struct want *wants, size_t count)
{
	struct want *open[WEB_MIRRORS_AT_ONCE];
	bool again;

	do {
		size_t open_count = 0;

		for (size_t i = 0; i < count; i++) {
			struct want *want = &wants[i];

			if (want->settled)
				continue;
			int err = begin(follow, want);
			if (err != 0)
				settle(follow, want, err);
			else if (want->file.had == want->blob->length)
				end(follow, want);	/* all of it was left, its name alone was missing */
			else
				open[open_count++] = want;
		}
		get_all(follow, open, open_count);
		for (size_t i = 0; i < open_count; i++)
			end(follow, open[i]);
		again = false;
		for (size_t i = 0; i < count; i++)
			again = again || !wants[i].settled;
	} while (again);
}

static struct want want_of(const char *name, const struct manifest_blob *blob)
{
	return (struct want){ .file = { .name = name, .max_bytes = blob->length, .take = take }, .blob = blob };
}

int follow_need(void *ctx, const char *name, const struct manifest_blob *blob, struct err_note *note)
{
	struct follow *follow = ctx;

	if (state_has_blob(follow->settings->state, blob))
		return 0;
	if (follow->settings->transport == NULL) {
		err_note_set(note, name, 0, "is not on disk, and there is no network yet");
		return ERR_UNKNOWN;
	}
	for (size_t i = 0; i < follow->failed_count; i++) {
		if (strcmp(follow->failed[i].sha256, blob->sha256) == 0) {
			*note = follow->failed[i].note;
			return follow->failed[i].err;
		}
	}
	struct want want = want_of(name, blob);
	fetch(follow, &want, 1);
	if (want.err != 0)
		*note = want.note;
	return want.err;
}

/* What is fetched side by side. */
struct batch {
	struct want *wants;
	size_t count, room;
};

static bool is_waiting(const struct batch *batch, const char *sha256)
{
	for (size_t i = batch->count; i > 0 && batch->count - i < 64; i--) {
		if (strcmp(batch->wants[i - 1].blob->sha256, sha256) == 0)
			return true;
	}
	return false;
}

/* Takes name over. */
static void add(struct follow *follow, struct batch *batch, char *name, const struct manifest_blob *blob)
{
	void *wants = batch->wants;

	if (is_waiting(batch, blob->sha256) || state_has_blob(follow->settings->state, blob)) {
		mem_free(name);
		return;
	}
	mem_grow(&wants, &batch->room, batch->count, sizeof *batch->wants);
	batch->wants = wants;
	batch->wants[batch->count++] = want_of(name, blob);
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

/* A file that fails here is told again, with its reason, when it is needed: a changeset may yet be done without. */
static void note_failed(struct follow *follow, const struct want *want)
{
	void *failed = follow->failed;

	if (want->err != -ECANCELED)
		follow_remark(follow, "%s: %s", want->file.name, want->note.text);
	mem_grow(&failed, &follow->failed_room, follow->failed_count, sizeof *follow->failed);
	follow->failed = failed;
	struct follow_failed *entry = &follow->failed[follow->failed_count++];

	memcpy(entry->sha256, want->blob->sha256, sizeof entry->sha256);
	entry->err = want->err;
	entry->note = want->note;
}

static bool is_of_release(void *ctx, const char *sha256)
{
	const struct manifest *manifest = ctx;

	for (size_t i = 0; i < manifest->item_count; i++) {
		const struct manifest_item *item = &manifest->items[i];

		if (strcmp(item->blob.sha256, sha256) == 0)
			return true;
		for (size_t j = 0; j < item->step_count; j++) {
			if (strcmp(item->steps[j].blob.sha256, sha256) == 0)
				return true;
		}
	}
	return false;
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
	/* What was left of a release that is not wanted any more goes: there is never more than of one. */
	state_drop_parts(follow->settings->state, is_of_release, follow->manifest);
	for (size_t i = 0; i < batch.count; i++)
		batch.wants[i].unsynced = batch.count >= UNSYNCED_MIN;
	for (size_t at = 0; at < batch.count; at += WEB_MIRRORS_AT_ONCE) {
		size_t left = batch.count - at;

		fetch(follow, batch.wants + at, left < WEB_MIRRORS_AT_ONCE ? left : WEB_MIRRORS_AT_ONCE);
	}
	for (size_t i = 0; i < batch.count; i++) {
		if (batch.wants[i].err != 0)
			note_failed(follow, &batch.wants[i]);
		mem_free((char *)(uintptr_t)batch.wants[i].file.name);
	}
	mem_free(batch.wants);
	return FOLLOW_NEW;
}
