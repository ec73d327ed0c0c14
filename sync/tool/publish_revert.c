/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revert: what an item was in an earlier release, published again as something newer. Versions only ever rise, so
 * that no protection against rollback is in the way. The old content becomes the item's source until resume.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_secret.h"
#include "sync/publish_tree.h"
#include "sync/tool/publish_revert.h"

/* ---- what it was ---- */

static int64_t release_of(struct json_view *target)
{
	int64_t release;

	return json_view_integer(json_view_member(json_view_member(target, "custom"), "release"), &release) ? release
		: INT64_MAX;
}

/* What belongs to an item: itself, and of a site all that is published beside it. */
static bool is_of(const struct reverting *revert, const char *path)
{
	size_t front = strlen(revert->path) - strlen("sites.yaml");

	return strcmp(path, revert->path) == 0
		|| (revert->kind == PUBLISH_SITE && strncmp(path, revert->path, front) == 0);
}

/* Whether these targets are the item as of the release: it is there, and no part of it is younger. */
static bool is_then(const struct reverting *revert, struct json_view *targets)
{
	struct json_member target = { 0 };

	if (json_view_member(targets, revert->path) == NULL)
		return false;
	while (json_view_next(targets, &target)) {
		if (is_of(revert, target.name) && release_of(target.value) > revert->release)
			return false;
	}
	return true;
}

/* The newest version of a role in which the item is as it was in the release. */
static bool find_in(struct reverting *revert, const char *role)
{
	struct publish_role *now = publish_repo_role(revert->call->served, role, false, &(struct err_note){ 0 });

	for (int64_t version = now != NULL ? now->version : 0; version > 0; version--) {
		struct json_view *file, *targets;
		struct err_note note;

		if (publish_repo_old_role(revert->call->served, role, version, &file, &note) != 0)
			return false;	/* gc has been here */
		targets = json_view_member(publish_signed(file), "targets");
		if (is_then(revert, targets)) {
			revert->file = file;
			revert->then = targets;
			return true;
		}
		json_view_free(file);
	}
	return false;
}

static int find_then(struct reverting *revert)
{
	char bin[16];

	if (find_in(revert, publish_item_role(revert->kind, revert->path, true, bin))
	    || find_in(revert, publish_item_role(revert->kind, revert->path, false, bin)))
		return PUBLISH_DONE;
	return publish_call_say(revert->call,
				"nothing is known any more of %s as of release %" PRId64 " (gc --keep is how long); it "
				"is served as of release %" PRId64, revert->path, revert->release,
				release_of(revert->now));
}

/* ---- everything else ---- */

static int write_plain(struct reverting *revert, const char *path, struct json_view *old, const char *file)
{
	const char *sha256 = json_view_text(json_view_member(json_view_member(old, "hashes"), "sha256"));
	struct err_note note;
	int64_t length = 0;
	uint8_t *bytes;

	json_view_integer(json_view_member(old, "length"), &length);
	char *from = publish_target_file(path, sha256 != NULL ? sha256 : "");
	int err = publish_repo_target(revert->call->served, from, length, sha256 != NULL ? sha256 : "", &bytes, &note);
	mem_free(from);
	if (err != 0)
		return publish_call_fail(revert->call, &note);
	char *folder = mem_format("%.*s", (int)(strrchr(file, '/') - file), file);
	err = file_make_folders(folder, 0700);
	if (err == 0)
		err = file_replace(file, bytes, (size_t)length, 0600);
	mem_free(folder);
	mem_free(bytes);
	return err == 0 ? PUBLISH_DONE
		: publish_call_say(revert->call, "%s: cannot be written: %s", file, err_text(err));
}

/* sites.yaml and what it names, beside one another as they were. */
static int write_site(struct reverting *revert, const char *folder)
{
	size_t front = strlen(revert->path) - strlen("sites.yaml");
	struct json_member target = { 0 };
	int exit = PUBLISH_DONE;

	while (exit == PUBLISH_DONE && json_view_next(revert->then, &target)) {
		if (!is_of(revert, target.name))
			continue;
		char *file = mem_format("%s/%s", folder, target.name + front);

		exit = write_plain(revert, target.name, target.value, file);
		mem_free(file);
	}
	return exit;
}

/* What was sealed stays sealed: only who could open it then can open it now. */
static int check_readers(struct reverting *revert, struct json_view *old)
{
	char now[PUBLISH_KEYID_MAX];
	const char *then = json_view_text(json_view_member(json_view_member(old, "custom"), "readers"));

	publish_secret_readers_digest(revert->call->opened, revert->item, now);
	if (revert->call->force || (then != NULL && strcmp(then, now) == 0))
		return PUBLISH_DONE;
	return publish_call_say(revert->call,
				"%s was sealed for other nodes, or for other keys of theirs, in release %" PRId64
				": those that came since could not open it, and those that went could. roll makes a "
				"new one; --force takes the old one all the same", revert->path, revert->release);
}

/* ---- from now on ---- */

static int write_item(struct reverting *revert, const char *to)
{
	struct json_view *old = json_view_member(revert->then, revert->path);

	if (revert->kind == PUBLISH_ZONE)
		return publish_revert_zone(revert, old, to);
	if (revert->kind == PUBLISH_SITE)
		return write_site(revert, to);
	int exit = revert->kind == PUBLISH_SECRET ? check_readers(revert, old) : PUBLISH_DONE;
	return exit == PUBLISH_DONE ? write_plain(revert, revert->path, old, to) : exit;
}

/* Held, and released; when that fails for a fault, and not for want of a signature, all is as it was. */
static int hold(struct reverting *revert, const char *to)
{
	static const char *const taken[] = { "type", "max_age", "readers" };
	struct publish_call *call = revert->call;
	struct json_view *custom = json_view_member(json_view_member(revert->then, revert->path), "custom");
	struct json_view *before = json_view_member(revert->item, "held"), *held = json_build_object();
	struct publish_wish wish = { .now_s = call->now_s, .overtake = true };
	struct err_note note;

	before = before != NULL ? json_build_copy(before) : NULL;
	char *file = mem_format("%s%s", to, revert->kind == PUBLISH_SITE ? "/sites.yaml" : "");
	json_build_set_text(held, "file", file);
	mem_free(file);
	json_build_set_integer(held, "release", revert->release);
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		struct json_view *value = json_view_member(custom, taken[i]);

		if (value != NULL)
			json_build_set(held, taken[i], json_build_copy(value));
	}
	json_build_set(revert->item, "held", held);
	int exit = publish_work_save(call->opened, &note) == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
	if (exit == PUBLISH_DONE)
		exit = publish_run_release(call, &wish);
	if (call->release_err == 0 || call->release_err == ERR_UNAVAILABLE) {
		printf("%s is held at release %" PRId64 " until resume\n", revert->path, revert->release);
		json_view_free(before);
		return exit;
	}
	if (before != NULL)
		json_build_set(revert->item, "held", before);
	else
		json_build_remove(revert->item, "held");
	if (publish_work_save(call->opened, &note) != 0)
		publish_call_fail(call, &note);
	return PUBLISH_FAILED;
}

static int run(struct reverting *revert)
{
	struct publish_call *call = revert->call;
	int exit = find_then(revert);

	if (exit != PUBLISH_DONE)
		return exit;
	char *to = call->out != NULL ? mem_string(call->out) : publish_work_held(call->opened, revert->kind, revert->path);
	char *fresh = mem_format("%s.new", to);
	/* What is held already stays until the other is whole. */
	if (call->out == NULL)
		publish_tree_remove(fresh);
	exit = write_item(revert, call->out != NULL ? to : fresh);
	if (exit == PUBLISH_DONE && call->out == NULL) {
		publish_tree_remove(to);
		if (rename(fresh, to) != 0)
			exit = publish_call_say(call, "%s: cannot be written: %s", to, err_text(-errno));
	} else if (call->out == NULL) {
		publish_tree_remove(fresh);
	}
	if (exit == PUBLISH_DONE && call->out == NULL)
		exit = hold(revert, to);
	mem_free(fresh);
	mem_free(to);
	json_view_free(revert->file);
	return exit;
}

static int revert(struct publish_call *call, enum publish_kind kind, const char *path)
{
	struct err_note note;
	char *end;
	struct reverting reverting = {
		.call = call, .kind = kind, .path = path, .release = strtoll(call->to.list[0], &end, 10),
		.now = publish_released(call->served, path, &note),
		.item = json_view_member(publish_work_items(call->opened), path),
	};

	if (*end != '\0' || end == call->to.list[0] || reverting.release < 1)
		return publish_call_wrong(call, "--to %s: expected the number of a release, as status shows",
					  call->to.list[0]);
	/* What was released last would be published again, under a name that it never had. */
	if (reverting.release > publish_version(publish_signed(call->served->snapshot)))
		return publish_call_say(call, "--to %" PRId64 ": there is no such release yet: the newest one is %" PRId64,
					reverting.release, publish_version(publish_signed(call->served->snapshot)));
	if (kind == PUBLISH_GROUP)
		return publish_call_wrong(call, "what a group gets is made from its items: revert those, or subscribe");
	if (reverting.now == NULL || reverting.item == NULL)
		return publish_call_say(call, "%s is not published now: add it, and release", path);
	if (call->signer != NULL && kind != PUBLISH_ZONE)
		return publish_call_wrong(call, "--signer is for zones");
	return run(&reverting);
}

int publish_revert_command(struct publish_call *call)
{
	char path[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;

	if (call->word_count != 1 || call->to.count != 1)
		return publish_call_wrong(call, "revert takes one item and --to RELEASE");
	if (publish_item_parse(call->words[0], &kind, path, &note) != 0)
		return publish_call_fail(call, &note);
	int exit = publish_call_open(call);
	return exit == PUBLISH_DONE ? revert(call, kind, path) : exit;
}

int publish_resume_command(struct publish_call *call)
{
	char path[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;

	if (call->word_count != 1)
		return publish_call_wrong(call, "resume takes one item");
	if (publish_item_parse(call->words[0], &kind, path, &note) != 0)
		return publish_call_fail(call, &note);
	int exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	struct json_view *item = json_view_member(publish_work_items(call->opened), path);
	if (json_view_member(item, "held") == NULL)
		return publish_call_say(call, "%s is not held", path);
	json_build_remove(item, "held");
	if (publish_work_save(call->opened, &note) != 0)
		return publish_call_fail(call, &note);
	char *held = publish_work_held(call->opened, kind, path);
	publish_tree_remove(held);
	mem_free(held);
	return PUBLISH_DONE;
}
