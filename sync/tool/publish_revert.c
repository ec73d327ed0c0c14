/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revert: what an item was in an earlier release, published again as something newer. Versions only ever rise, so
 * that no protection against rollback is in the way. The old content becomes the item's source until resume.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/rrtext.h"
#include "sync/tool/publish_call.h"

struct text {
	uint8_t *bytes;
	size_t len, room;
	const struct zone_image_header *base;
	uint32_t serial;		/* the new one */
};

static void put(struct text *text, const char *line, size_t len)
{
	if (text->len + len > text->room) {
		text->room = (text->len + len) * 2;
		text->bytes = mem_resize(text->bytes, text->room, 1);
	}
	memcpy(text->bytes + text->len, line, len);
	text->len += len;
}

/* "OWNER TTL SOA MNAME RNAME SERIAL …": the one record that is another. */
static int take_line(void *ctx, const char *line, size_t len)
{
	struct text *text = ctx;
	const char *at = line;

	for (int blank = 0; blank < 2; blank++)
		at = strchr(at, ' ') + 1;
	if (strncmp(at, "SOA ", 4) != 0) {
		put(text, line, len);
		return 0;
	}
	for (int blank = 0; blank < 3; blank++)
		at = strchr(at, ' ') + 1;
	char serial[16];
	put(text, line, (size_t)(at - line));
	put(text, serial, (size_t)snprintf(serial, sizeof serial, "%u", text->serial));
	at = strchr(at, ' ');
	put(text, at, len - (size_t)(at - line));
	return 0;
}

/* The target of a path as of a release: in the newest version of its role that is not younger. */
static struct json_view *target_of(struct publish_call *call, const char *role, const char *path, int64_t release)
{
	struct publish_role *now = publish_repo_role(call->served, role, false, &(struct err_note){ 0 });

	for (int64_t version = now != NULL ? now->version : 0; version > 0; version--) {
		struct json_view *file, *target, *copy = NULL;
		struct err_note note;
		int64_t made = INT64_MAX;

		if (publish_repo_old_role(call->served, role, version, &file, &note) != 0)
			return NULL;	/* gc has been here */
		target = json_view_member(json_view_member(publish_signed(file), "targets"), path);
		json_view_integer(json_view_member(json_view_member(target, "custom"), "release"), &made);
		if (target != NULL && made <= release)
			copy = json_build_copy(target);
		json_view_free(file);
		if (copy != NULL)
			return copy;
	}
	return NULL;
}

/* What has to be made anew with a new serial, and cannot be made here. */
static int check_zone(struct publish_call *call, const char *path, const struct zone_image_header *base)
{
	const struct zone_node *apex = zone_node_at(base, base->apex_node);

	if (base->flags & ZONE_IMAGE_SIGNED)
		return publish_call_say(call,
					"%s is signed with DNSSEC: a new serial takes a new RRSIG of its SOA. --out "
					"FILE writes the old "
					"records with the new serial: sign them where the keys are, and add that "
					"zone", path);
	if (zone_node_find(apex, DNS_ZONEMD) != NULL)
		return publish_call_say(call,
					"%s has a ZONEMD, which a new serial makes wrong. --out FILE writes the old "
					"records with the new "
					"serial: make the digest anew, and add that zone", path);
	return PUBLISH_DONE;
}

static int write_zone(struct publish_call *call, const char *path, struct json_view *old, struct json_view *now,
		      const char *file)
{
	struct publish_zone zone;
	struct err_note note;
	struct text text = { .bytes = NULL };
	int exit = PUBLISH_DONE;

	if (!publish_zone_serial(json_view_member(now, "custom"), "head", &text.serial))
		return publish_call_say(call, "%s is not a released zone", path);
	if (publish_zone_rebuild(call->served, path, old, NULL, &zone, &note) != 0)
		return publish_call_fail(call, &note);
	text.serial++;		/* RFC 1982: one more is newer, also behind 2^32 - 1 */
	text.base = zone_image_header(zone.image);
	if (call->out == NULL)
		exit = check_zone(call, path, text.base);
	if (exit == PUBLISH_DONE) {
		rrtext_write(text.base, take_line, &text);
		int err = file_replace(file, text.bytes, text.len, 0644);

		if (err != 0)
			exit = publish_call_say(call, "%s: cannot be written: %s", file, err_text(err));
	}
	mem_free(text.bytes);
	publish_zone_fini(&zone);
	return exit;
}

static int write_plain(struct publish_call *call, const char *path, struct json_view *old, const char *file)
{
	const char *sha256 = json_view_text(json_view_member(json_view_member(old, "hashes"), "sha256"));
	struct err_note note;
	int64_t length = 0;
	uint8_t *bytes;

	json_view_integer(json_view_member(old, "length"), &length);
	char *from = publish_target_file(path, sha256 != NULL ? sha256 : "");
	int err = publish_repo_target(call->served, from, length, sha256 != NULL ? sha256 : "", &bytes, &note);
	mem_free(from);
	if (err != 0)
		return publish_call_fail(call, &note);
	err = file_replace(file, bytes, (size_t)length, 0600);
	mem_free(bytes);
	return err == 0 ? PUBLISH_DONE : publish_call_say(call, "%s: cannot be written: %s", file, err_text(err));
}

/* WORK/held/: the item's source from now on, with the files of a site beside it out of reach. */
static char *held_file(struct publish_call *call, const char *path)
{
	char *folder = publish_work_path(call->opened, "held"), *name = mem_string(path), *file;

	for (char *at = name; *at != '\0'; at++) {
		if (*at == '/')
			*at = '+';
	}
	file_make_folders(folder, 0700);
	file = mem_format("%s/%s", folder, name);
	mem_free(folder);
	mem_free(name);
	return file;
}

static int hold(struct publish_call *call, const char *path, const char *file, int64_t release)
{
	struct json_view *item = json_view_member(publish_work_items(call->opened), path);
	struct json_view *held = json_build_object_in(item, "held");
	struct publish_wish wish = { .now_s = call->now_s, .overtake = true };
	struct err_note note;

	json_build_set_text(held, "file", file);
	json_build_set_integer(held, "release", release);
	if (publish_work_save(call->opened, &note) != 0)
		return publish_call_fail(call, &note);
	printf("%s is held at release %" PRId64 " until resume\n", path, release);
	return publish_run_release(call, &wish);
}

static int revert(struct publish_call *call, enum publish_kind kind, const char *path)
{
	int64_t release = strtoll(call->to.list[0], NULL, 10);
	struct err_note note;
	struct json_view *now = publish_released(call->served, path, &note), *old = NULL;
	char bin[16], *file;

	if (now == NULL || json_view_member(publish_work_items(call->opened), path) == NULL)
		return publish_call_say(call, "%s is not published", path);
	if (kind == PUBLISH_SITE || kind == PUBLISH_SECRET)
		return publish_call_say(call, "a %s is made of several files or keys: change its source, and release",
					publish_kind_text(kind));
	old = target_of(call, publish_item_role(kind, path, true, bin), path, release);
	if (old == NULL)
		old = target_of(call, publish_item_role(kind, path, false, bin), path, release);
	if (old == NULL)
		return publish_call_say(call, "nothing is known any more of %s as of release %"
					PRId64 " (gc --keep is how long)", path, release);
	file = call->out != NULL ? mem_string(call->out) : held_file(call, path);
	int exit = kind == PUBLISH_ZONE ? write_zone(call, path, old, now, file) : write_plain(call, path, old, file);
	json_view_free(old);
	if (exit == PUBLISH_DONE && call->out == NULL)
		exit = hold(call, path, file, release);
	mem_free(file);
	return exit;
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
	return publish_work_save(call->opened, &note) == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}
