/* SPDX-License-Identifier: Apache-2.0 */
/* Sources to targets. A zone whose source and image are those that were released costs a look at its files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_chain.h"
#include "sync/publish_content.h"
#include "sync/publish_release.h"
#include "sync/publish_secret.h"
#include "zone/load.h"

struct json_view *publish_released(struct publish_repo *repo, const char *path, struct err_note *note)
{
	const char *roles[2] = { NULL, NULL };
	enum publish_kind kind;
	char bin[16];

	if (publish_path_kind(path, &kind) != 0)
		kind = strncmp(path, "sites/", 6) == 0 ? PUBLISH_SITE : PUBLISH_FILE;
	roles[0] = publish_item_role(kind, path, true, bin);
	roles[1] = publish_item_role(kind, path, false, bin);
	for (int i = 0; i < 2; i++) {
		struct publish_role *role;
		struct json_view *target;

		if (i == 0)
			roles[0] = publish_item_role(kind, path, true, bin);
		role = publish_repo_role(repo, roles[i], false, note);
		target = role != NULL ? json_view_member(json_view_member(publish_signed(role->file), "targets"),
							 path) : NULL;
		if (target != NULL)
			return target;
	}
	return NULL;
}

bool publish_is_rolling(struct json_view *target)
{
	return json_view_member(json_view_member(target, "custom"), "rollout") != NULL;
}

static bool is_halted(struct json_view *target)
{
	struct json_view *rollout = json_view_member(json_view_member(target, "custom"), "rollout");
	int64_t permille = 0;

	json_view_integer(json_view_member(rollout, "permille"), &permille);
	return permille == 0 && json_view_count(json_view_member(rollout, "nodes")) == 0;
}

static void want(struct publish_run *run, const char *path, struct json_view *target)
{
	enum publish_kind kind;
	char bin[16];

	if (publish_path_kind(path, &kind) != 0)
		kind = PUBLISH_SITE;	/* a file that a site names */
	json_build_set(json_build_object_in(run->wanted, publish_item_role(kind, path, run->bins, bin)), path,
		       target);
}

/* What those have who are not selected. Of what is still being rolled out it stays what it was. */
static struct json_view *prev_of(const char *path, struct json_view *old)
{
	struct json_view *custom = json_view_member(old, "custom"), *rollout = json_view_member(custom, "rollout");
	/* raw: who begins with it must unpack it */
	static const char *const taken[] = { "head", "serial", "raw", "state", "checkpoint_state", "release" };

	if (json_view_member(rollout, "prev") != NULL)
		return json_build_copy(json_view_member(rollout, "prev"));
	struct json_view *prev = json_build_object();
	json_build_set_text(prev, "path", path);
	json_build_set(prev, "length", json_build_copy(json_view_member(old, "length")));
	json_build_set_text(prev, "sha256", json_view_text(json_view_member(json_view_member(old, "hashes"),
									    "sha256")));
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		struct json_view *value = json_view_member(custom, taken[i]);

		if (value != NULL)
			json_build_set(prev, taken[i], json_build_copy(value));
	}
	return prev;
}

static void stage(struct publish_run *run, const char *path, struct json_view *old, struct json_view *target)
{
	const struct publish_staging *staging = run->wish->staging;
	struct json_view *rollout = json_build_object();
	char salt[32];

	snprintf(salt, sizeof salt, "%" PRId64, run->release);
	json_build_set_text(rollout, "salt", salt);
	json_build_set_integer(rollout, "permille", staging->permille);
	json_build_set(rollout, "nodes", staging->nodes != NULL ? json_build_copy(staging->nodes)
		       : json_build_list());
	json_build_set_integer(rollout, "soak", staging->soak_s);
	json_build_set(rollout, "prev", prev_of(path, old));
	json_build_set(json_view_member(target, "custom"), "rollout", rollout);
}

/* How long nodes serve it without word from here (sync/age), as the item says now. True: that was another. */
static bool set_age(struct publish_run *run, const char *path, struct json_view *target)
{
	static const char *const members[] = { "serve_max", "on_aged" };
	struct json_view *item = json_view_member(publish_work_items(run->work), path);
	struct json_view *custom = json_view_member(target, "custom");
	bool other = false;

	for (size_t i = 0; item != NULL && i < sizeof members / sizeof members[0]; i++) {
		struct json_view *value = json_view_member(item, members[i]), *was = json_view_member(custom, members[i]);

		if (value == NULL ? was == NULL : was != NULL && json_build_equal(value, was))
			continue;
		other = true;
		if (value != NULL)
			json_build_set(custom, members[i], json_build_copy(value));
		else
			json_build_remove(custom, members[i]);
	}
	return other;
}

/* The target of a changed item is complete: who has it, and that it is told. */
static void changed(struct publish_run *run, const char *path, struct json_view *old, struct json_view *target)
{
	struct json_view *custom = json_view_member(target, "custom");

	json_build_set_integer(custom, "release", run->release);
	json_build_remove(custom, "rollout");
	set_age(run, path, target);
	if (old != NULL && run->wish->staging != NULL)
		stage(run, path, old, target);
	want(run, path, target);
}

/* Being rolled out and not halted: the next version would take the canaries away from under it. */
static bool must_wait(struct publish_run *run, const char *path, struct json_view *old)
{
	if (old == NULL || run->wish->overtake || !publish_is_rolling(old) || is_halted(old))
		return false;
	err_list_add(run->errors, NULL, 0, "%s is being rolled out: promote or halt it first, or release --overtake",
		     path);
	return true;
}

static struct json_view *move(struct publish_run *run, const char *path, struct json_view *old)
{
	const struct publish_wish *wish = run->wish;
	struct json_view *target = json_build_copy(old), *custom = json_view_member(target, "custom");
	struct json_view *rollout = json_view_member(custom, "rollout");

	if (wish->move == PUBLISH_STAY || rollout == NULL || (wish->move_path != NULL && strcmp(wish->move_path,
												path) != 0))
		return target;
	if (wish->move == PUBLISH_PROMOTE && wish->move_permille >= 1000) {
		json_build_remove(custom, "rollout");
	} else {
		json_build_set_integer(rollout, "permille", wish->move == PUBLISH_PROMOTE ? wish->move_permille : 0);
		if (wish->move == PUBLISH_HALT)
			json_build_set(rollout, "nodes", json_build_list());
	}
	publish_change(run, path, wish->move == PUBLISH_PROMOTE ? "promoted" : "halted");
	return target;
}

static void unchanged(struct publish_run *run, const char *path, struct json_view *old)
{
	struct json_view *target = move(run, path, old);

	/* The same records for another time are news too. */
	if (run->wish->move == PUBLISH_STAY && set_age(run, path, target)) {
		publish_change(run, path, "changed");
		json_build_set_integer(json_view_member(target, "custom"), "release", run->release);
	}
	want(run, path, target);
}

static const char *source_of(struct json_view *item)
{
	const char *held = json_view_text(json_view_member(json_view_member(item, "held"), "file"));

	return held != NULL ? held : json_view_text(json_view_member(item, "file"));
}

/* What its custom takes over: of an item that is held, as it was. */
static struct json_view *settings_of(struct json_view *item)
{
	struct json_view *held = json_view_member(item, "held");

	return held != NULL ? held : item;
}

static int make_zone(struct publish_run *run, const char *path, const char *zone, const struct zone_loaded *loaded,
		     struct json_view *old, struct err_note *note)
{
	struct publish_zone before = { .image = NULL };
	struct publish_zone_made made;
	int err = old != NULL ? publish_released_zone(run->work, run->repo, path, old, &before, note) : 0;

	if (err != 0)
		return err;
	bool staged = run->wish->staging != NULL || (old != NULL && publish_is_rolling(old));
	err = publish_zone_make(run->repo, path, loaded->image, old, old != NULL ? &before : NULL, staged, &made,
				note);
	if (err != 0) {
		publish_zone_fini(&before);
		return err;
	}
	if (made.outcome == PUBLISH_ZONE_SAME) {
		unchanged(run, path, old);
	} else if (must_wait(run, path, old)) {
		json_view_free(made.target);
		publish_zone_fini(&before);
		return 0;
	} else {
		struct publish_changed *change = publish_change(run, path, old != NULL ? "changed" : "new");

		change->added = made.added;
		change->removed = made.removed;
		change->from = made.from;
		change->to = made.to;
		changed(run, path, old, made.target);
	}
	publish_zone_keep(run, zone, loaded->image, loaded->mapped, before.base, &made.state);
	publish_zone_fini(&before);
	return 0;
}

static enum conf_zonemd zonemd_of(struct json_view *item)
{
	const char *text = json_view_text(json_view_member(item, "zonemd"));

	if (text != NULL && strcmp(text, "require") == 0)
		return CONF_ZONEMD_REQUIRE;
	return text != NULL && strcmp(text, "off") == 0 ? CONF_ZONEMD_OFF : CONF_ZONEMD_WARN;
}

static void tell_warnings(struct publish_run *run, struct err_list *warnings)
{
	char text[sizeof(struct err_note)];

	for (size_t i = 0; i < warnings->kept; i++)
		publish_tell(run, "warning: %s", err_note_print(&warnings->notes[i], text, sizeof text));
	err_list_fini(warnings);
}

/* Faults of a whole zone have no line of their own, but they have a file. */
static void name_source(struct err_list *notes, size_t from, const char *file)
{
	for (size_t i = from; i < notes->kept; i++) {
		if (notes->notes[i].file[0] == '\0')
			snprintf(notes->notes[i].file, sizeof notes->notes[i].file, "%s", file);
	}
}

static void gather_zone(struct publish_run *run, const char *path, struct json_view *item, struct json_view *old)
{
	char zone[PUBLISH_PATH_MAX], *images = publish_images_folder(run->work);
	const char *file = source_of(item);
	struct zone_accept accept = { .zonemd = zonemd_of(item), .dnssec = true, .now_s = run->wish->now_s };
	struct err_list warnings = { 0 };
	struct zone_loaded loaded;
	struct err_note note = { 0 };

	publish_path_name(path, zone);
	if (publish_zone_is_current(run->work, zone, file, images, old)) {
		unchanged(run, path, old);
		mem_free(images);
		return;
	}
	size_t faults = run->errors->count, kept = run->errors->kept;
	int err = zone_load_draft(zone, file, images, &accept, &loaded, run->errors, &warnings);
	name_source(run->errors, kept, file);
	name_source(&warnings, 0, file);
	mem_free(images);
	tell_warnings(run, &warnings);
	if (err != 0) {
		if (run->errors->count == faults)
			err_list_add(run->errors, file, 0, "zone %s does not load: %s", zone, err_text(err));
		return;
	}
	if (make_zone(run, path, zone, &loaded, old, &note) != 0)
		err_list_add(run->errors, note.file[0] != '\0' ? note.file : file, note.line, "zone %s: %s", zone,
			     note.text);
	zone_image_release(loaded.image);
}

/* Everything but zones: the whole file, when it is another one. */
static void gather_bytes(struct publish_run *run, const char *path, enum publish_kind kind, struct json_view *item,
			 struct json_view *old, struct span bytes)
{
	struct json_view *target = publish_content_target(kind, bytes, item, run->release);
	struct err_note note;

	if (old != NULL && publish_content_same(old, target)) {
		json_view_free(target);
		unchanged(run, path, old);
		return;
	}
	if (must_wait(run, path, old)) {
		json_view_free(target);
		return;
	}
	char *file = publish_target_file(path, json_view_text(json_view_member(json_view_member(target, "hashes"),
									       "sha256")));
	if (publish_repo_put(run->repo, file, bytes, &note) != 0)
		err_list_add(run->errors, note.file, 0, "%s", note.text);
	mem_free(file);
	publish_change(run, path, old != NULL ? "changed" : "new");
	changed(run, path, old, target);
}

struct site_parts {
	struct publish_run *run;
	const char *path, *file;	/* of sites.yaml, and its source */
};

static int gather_part(void *ctx, const char *name)
{
	const struct site_parts *parts = ctx;
	char *file = file_beside(parts->file, name), *path;
	struct publish_bytes content;
	struct err_note note;

	path = mem_format("%.*s/%s", (int)(strrchr(parts->path, '/') - parts->path), parts->path, name);
	if (strstr(name, "..") != NULL || strlen(path) >= PUBLISH_PATH_MAX || !json_build_is_text(name))
		err_list_add(parts->run->errors, parts->file, 0,
			     "\"%.200s\" cannot be published: expected ASCII, and no \"..\"", name);
	else if (publish_content_read(PUBLISH_FILE, file, &content, parts->run->errors) == 0) {
		gather_bytes(parts->run, path, PUBLISH_FILE, NULL, publish_released(parts->run->repo, path, &note),
			     (struct span){ content.bytes, content.len });
		mem_free(content.bytes);
	}
	mem_free(path);
	mem_free(file);
	return 0;
}

static void gather_plain(struct publish_run *run, const char *path, enum publish_kind kind, struct json_view *item,
			 struct json_view *old)
{
	const char *file = source_of(item);
	struct publish_bytes content;

	if (publish_content_read(kind, file, &content, run->errors) != 0)
		return;
	gather_bytes(run, path, kind, settings_of(item), old, (struct span){ content.bytes, content.len });
	if (kind == PUBLISH_SITE) {
		struct site_parts parts = { run, path, file };

		publish_content_site_files(&content, gather_part, &parts);
	}
	mem_free(content.bytes);
}

static void seal(struct publish_run *run, const char *path, struct json_view *item, struct json_view *old,
		 struct span plain, const char *mark)
{
	struct json_view *custom = json_build_object();
	char readers[PUBLISH_KEYID_MAX];
	struct publish_bytes content;

	publish_secret_readers_digest(run->work, item, readers);
	json_build_set_text(custom, "readers", readers);
	if (publish_secret_seal(run->work, item, path, plain, &content, run->errors) == 0) {
		gather_bytes(run, path, PUBLISH_SECRET, custom, old, (struct span){ content.bytes, content.len });
		json_build_set_text(run->marks, path, mark);
		mem_free(content.bytes);
	}
	json_view_free(custom);
}

/* Sealing is never twice the same: what was sealed stays while the secret and its readers do. What is held is sealed
 * already. */
static void gather_secret(struct publish_run *run, const char *path, struct json_view *item, struct json_view *old)
{
	const char *file = source_of(item), *was = json_view_text(json_view_member(item, "mark"));
	struct err_note note = { 0 };
	uint8_t *plain;
	size_t len;

	if (json_view_member(item, "held") != NULL) {
		gather_plain(run, path, PUBLISH_SECRET, item, old);
		if (was == NULL || was[0] != '\0')
			json_build_set_text(run->marks, path, "");	/* resume seals anew */
		return;
	}
	int err = file_read(file, PUBLISH_SECRET_MAX, &plain, &len);
	if (err != 0) {
		err_list_add(run->errors, file, 0, "the secret cannot be read: %s", err_text(err));
		return;
	}
	char *mark = publish_secret_mark(run->work, item, (struct span){ plain, len });
	if (old != NULL && was != NULL && strcmp(was, mark) == 0)
		unchanged(run, path, old);
	else if (publish_secret_check(path, (struct span){ plain, len }, &note) != 0)
		err_list_add(run->errors, file, 0, "%s", note.text);
	else
		seal(run, path, item, old, (struct span){ plain, len }, mark);
	key_wipe(plain, len);
	mem_free(plain);
	mem_free(mark);
}

static void gather_groups(struct publish_run *run)
{
	struct json_member group = { 0 };

	while (json_view_next(json_build_object_in(run->work->config, "groups"), &group)) {
		char path[PUBLISH_PATH_MAX];
		struct publish_bytes content;
		struct err_note note;

		if (publish_item_path(PUBLISH_GROUP, group.name, path, &note) != 0) {
			err_list_add(run->errors, NULL, 0, "%s", note.text);
			continue;
		}
		publish_content_group(run->work, group.value, &content);
		gather_bytes(run, path, PUBLISH_GROUP, NULL, publish_released(run->repo, path, &note),
			     (struct span){ content.bytes, content.len });
		mem_free(content.bytes);
	}
}

static void gather_item(struct publish_run *run, const char *path, struct json_view *item)
{
	struct err_note note;
	struct json_view *old = publish_released(run->repo, path, &note);
	enum publish_kind kind;

	if (publish_path_kind(path, &kind) != 0 || kind == PUBLISH_GROUP || source_of(item) == NULL)
		err_list_add(run->errors, "publish.json", 0, "\"%.200s\" is no item with a file", path);
	else if (kind == PUBLISH_ZONE)
		gather_zone(run, path, item, old);
	else if (kind == PUBLISH_SECRET)
		gather_secret(run, path, item, old);
	else
		gather_plain(run, path, kind, item, old);
}

/* All that is released, without a look at the sources: what is staged is moved, for they may have gone on since. */
static int gather_released(struct publish_run *run)
{
	struct err_note note;

	for (size_t i = 0; i < run->repo->role_count; i++) {
		struct publish_role *role = publish_repo_role(run->repo, run->repo->roles[i].name, false, &note);
		struct json_member target = { 0 };

		if (role == NULL) {
			err_list_add(run->errors, note.file, 0, "%s", note.text);
			return ERR_FORMAT;
		}
		while (json_view_next(json_view_member(publish_signed(role->file), "targets"), &target))
			unchanged(run, target.name, target.value);
	}
	return 0;
}

static int gather_moved(struct publish_run *run)
{
	int err = gather_released(run);

	if (err == 0 && run->result->change_count == 0) {
		err_list_add(run->errors, NULL, 0, "nothing is being rolled out%s%s", run->wish->move_path != NULL
			     ? " of " : "",
			     run->wish->move_path != NULL ? run->wish->move_path : "");
		return ERR_UNKNOWN;
	}
	return err;
}

int publish_gather(struct publish_run *run)
{
	struct json_member item = { 0 };

	if (run->wish->as_released)
		return gather_released(run);

	if (run->wish->move != PUBLISH_STAY)
		return gather_moved(run);
	char *released = publish_work_path(run->work, "released");

	file_make_folders(released, 0700);
	mem_free(released);
	while (json_view_next(publish_work_items(run->work), &item))
		gather_item(run, item.name, item.value);
	gather_groups(run);
	return run->errors->count > 0 ? ERR_INVALID : 0;
}

void publish_gather_done(struct publish_run *run)
{
	struct json_member mark = { 0 };
	char *images = publish_images_folder(run->work);

	for (size_t i = 0; i < run->kept_count; i++)
		publish_zone_kept(run->work, images, &run->kept[i]);
	mem_free(images);
	while (json_view_next(run->marks, &mark))
		json_build_set_text(json_view_member(publish_work_items(run->work), mark.name), "mark",
				    json_view_text(mark.value));
}
