/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone of content: what runs and changesets on top of it, or a checkpoint and those on top of that. Whichever way, the
 * result has the state digest that was signed, counted in the price of the changes; when it has not, the checkpoint
 * decides, and that it was needed is told.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"
#include "sync/guards.h"
#include "sync/hash.h"
#include "sync/rrtext.h"
#include "sync/zstd.h"
#include "zone/accept.h"
#include "zone/compile.h"
#include "zone/patch.h"

enum {
	STATE_RECORDS_MIN = 1000,	/* below, counting anew costs less than keeping */
	STATE_WRITTEN_MIN = 100000,	/* and from here on it is worth a place in the manifest */
	OVERLAY_MAX = 512,		/* changesets that a start reads before an image is written anew */
	CHANGES_MAX = ZONE_PATCH_CHANGES_MAX / 2,
};

char *content_zone_name(const char *path)
{
	size_t len = strlen(path), used = 0;

	if (len < sizeof "zones//zone" || strncmp(path, "zones/", 6) != 0 || strcmp(path + len - 5, "/zone") != 0)
		return NULL;
	char *name = mem_alloc(len);
	for (const char *at = path + 6, *end = path + len - 5; at < end; at++) {
		unsigned byte;

		if (*at == '%' && end - at > 2 && sscanf(at + 1, "%2x", &byte) == 1 && byte != 0) {
			name[used++] = (char)byte;
			at += 2;
		} else {
			name[used++] = *at;
		}
	}
	if (strcmp(name, "@") == 0)
		name[0] = '.';
	return name;
}

/* What a zone is on the way. */
struct making {
	struct content_build *build;
	struct manifest_item *item;
	struct content_zone *zone;
	struct zone_image *image;	/* retained */
	struct lthash *state;		/* of it */
	struct changeset set;		/* from what runs; without a zone: not known */
	/* How the image is found again: the one on disk, and what is on top of it. */
	char base[MANIFEST_HEX];
	uint32_t base_serial;
	struct manifest_step *overlay;
	size_t overlay_count;
	struct err_note *note;
};

static enum content_fault fault(struct making *making, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum content_fault fault(struct making *making, const char *format, ...)
{
	char text[sizeof making->note->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_note_set(making->note, NULL, 0, "zone %.200s: %s", making->zone->name, text);
	return CONTENT_FAULT;
}

/* A note of someone below, with the zone in front. */
static enum content_fault told(struct making *making, enum content_fault what)
{
	char *text = mem_string(making->note->text);

	fault(making, "%s", text);
	mem_free(text);
	return what;
}

static struct lthash *count_state(const struct zone_image *image)
{
	struct lthash *state = mem_alloc(sizeof *state);

	lthash_add_image(state, zone_image_header(image));
	return state;
}

/* ---- changesets ---- */

static enum content_fault read_step(struct making *making, const struct manifest_step *step, struct changeset *ret)
{
	struct content_build *build = making->build;
	uint8_t *packed, *raw;
	enum content_fault what =
		content_blob(build, follow_step_name(making->item->path, step), &step->blob, &packed);

	if (what != CONTENT_GOOD)
		return what;
	int err = zstd_unpack((struct span){ packed, step->blob.length }, step->raw, &raw, making->note);
	mem_free(packed);
	if (err != 0)
		return told(making, CONTENT_FAULT);
	err = changeset_parse(making->item->path, (struct span){ raw, step->raw }, ret, making->note);
	mem_free(raw);
	if (err != 0)
		return told(making, CONTENT_FAULT);
	if (ret->from == step->from && ret->to == step->to && ret->zone.len == making->zone->apex.len
	    && memcmp(ret->zone.wire, making->zone->apex.wire, ret->zone.len) == 0)
		return CONTENT_GOOD;
	changeset_fini(ret);
	return fault(making, "the changeset %u to %u is another one", step->from, step->to);
}

/* All steps as one set of changes. */
static enum content_fault read_steps(struct making *making, const struct manifest_step *const *path, size_t count,
				     struct changeset *ret)
{
	enum content_fault what = read_step(making, path[0], ret);

	for (size_t i = 1; i < count && what == CONTENT_GOOD; i++) {
		struct changeset next, both;

		what = read_step(making, path[i], &next);
		if (what == CONTENT_GOOD && changeset_combine(ret, &next, &both, making->note) != 0)
			what = told(making, CONTENT_FAULT);
		else if (what == CONTENT_GOOD) {
			changeset_fini(ret);
			*ret = both;
			both = (struct changeset){ 0 };
		}
		if (what == CONTENT_GOOD || what == CONTENT_FAULT)
			changeset_fini(&next);
		if (what != CONTENT_GOOD)
			changeset_fini(ret);
	}
	return what;
}

/* An image that stands alone, on disk. */
static enum content_fault take_image(struct making *making, void *bytes, size_t size)
{
	struct state *state = making->build->wish->state;
	struct zone_image *image;

	state_image_digest(bytes, making->base);
	int err = state_write_image(state, bytes, size, making->note);
	if (err == 0)
		err = state_map_image(state, making->base, &image, making->note);
	mem_free(bytes);
	if (err != 0)
		return told(making, CONTENT_DISK);
	if (making->image != NULL)
		zone_image_release(making->image);
	making->image = image;
	making->base_serial = zone_image_header(image)->serial;
	making->overlay_count = 0;
	return CONTENT_GOOD;
}

static enum content_fault merge(struct making *making, const struct zone_changes *changes)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	enum content_fault what = CONTENT_GOOD;
	void *bytes;
	size_t size;

	if (zone_merge(zone_image_header(making->image), changes, &bytes, &size, &errors, &warnings) != 0)
		what = fault(making, "%s", errors.kept > 0 ? errors.notes[0].text : "the changes do not fit");
	else
		what = take_image(making, bytes, size);
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return what;
}

static void add_overlay(struct making *making, const struct manifest_step *const *path, size_t count)
{
	making->overlay = mem_resize(making->overlay, making->overlay_count + count, sizeof *making->overlay);
	for (size_t i = 0; i < count; i++)
		making->overlay[making->overlay_count++] = *path[i];
}

static enum content_fault patch(struct making *making, const struct zone_changes *changes,
				const struct manifest_step *const *path, size_t count)
{
	struct zone_image *patched;

	if (making->overlay_count + count > OVERLAY_MAX || zone_patch_count(making->image) + changes->count > CHANGES_MAX)
		return merge(making, changes);
	int err = zone_patch(making->image, changes, &patched, making->note);
	if (err == ERR_INVALID)
		return told(making, CONTENT_FAULT);
	if (err != 0)
		return merge(making, changes);
	zone_image_release(making->image);
	making->image = patched;
	add_overlay(making, path, count);
	return CONTENT_GOOD;
}

/* The steps of path on top of the image. making->set is what they do, the caller's. */
static enum content_fault apply(struct making *making, const struct manifest_step *const *path, size_t count)
{
	if (count == 0)
		return CONTENT_GOOD;
	enum content_fault what = read_steps(making, path, count, &making->set);
	if (what != CONTENT_GOOD) {
		making->set = (struct changeset){ 0 };
		return what;
	}
	/* From disk nothing needs counting: an image has a digest of its own, and so have the changesets. */
	if (making->state == NULL && !making->build->wish->offline)
		making->state = count_state(making->image);
	if (making->state != NULL)
		lthash_apply(making->state, &making->set.changes);
	return patch(making, &making->set.changes, path, count);
}

/* ---- checkpoints ---- */

static enum content_fault compile(struct making *making, struct span text)
{
	struct zone_compile *compile = zone_compile_new(&making->zone->apex);
	const struct zone_accept accept = {
		.zonemd = CONF_ZONEMD_WARN, .dnssec = true, .now_s = making->build->wish->now_s,
	};
	struct err_list errors = { 0 }, warnings = { 0 };
	enum content_fault what = CONTENT_GOOD;
	size_t size = 0;
	void *bytes = NULL;

	int err = rrtext_read(making->item->path, text, &making->zone->apex, zone_compile_add, compile, making->note);
	if (err != 0)
		what = told(making, CONTENT_FAULT);
	else if (zone_compile_finish(compile, &bytes, &size, &errors, &warnings) != 0
		 || zone_accept(&accept, making->zone->name, bytes, &errors, &warnings) != 0)
		what = fault(making, "%s", errors.kept > 0 ? errors.notes[0].text : "it does not compile");
	zone_compile_free(compile);
	for (size_t i = 0; i < warnings.kept && i < 3; i++)
		content_remark(making->build, "zone %s: %s", making->zone->name, warnings.notes[i].text);
	if (what == CONTENT_GOOD)
		what = take_image(making, bytes, size);
	else
		mem_free(bytes);
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return what;
}

static enum content_fault read_checkpoint(struct making *making)
{
	struct manifest_item *item = making->item;
	char digits[MANIFEST_HEX];
	uint8_t *packed, *raw, digest[HASH_SHA256_BYTES];
	enum content_fault what = content_blob(making->build, follow_target_name(item->path, item->blob.sha256),
					       &item->blob, &packed);

	if (what != CONTENT_GOOD)
		return what;
	int err = zstd_unpack((struct span){ packed, item->blob.length }, item->raw_length, &raw, making->note);
	mem_free(packed);
	if (err != 0)
		return told(making, CONTENT_FAULT);
	hash_sha256((struct span){ raw, item->raw_length }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	what = item->raw_sha256[0] != '\0' && strcmp(digits, item->raw_sha256) != 0
		? fault(making, "the unpacked checkpoint has another SHA-256 than was signed")
		: compile(making, (struct span){ raw, item->raw_length });
	mem_free(raw);
	if (what == CONTENT_GOOD && zone_image_header(making->image)->serial != item->serial)
		what = fault(making, "the checkpoint has serial %u, not %u", zone_image_header(making->image)->serial,
			     item->serial);
	return what;
}

/* ---- the ways ---- */

static enum content_fault check_result(struct making *making)
{
	const struct manifest_item *item = making->item;
	uint8_t sum[LTHASH_SUM_BYTES];
	char digits[MANIFEST_HEX];

	if (zone_image_header(making->image)->serial != item->head)
		return fault(making, "its serial is %u, not %u as was signed", zone_image_header(making->image)->serial,
			     item->head);
	if (item->sum[0] == '\0')
		return CONTENT_GOOD;
	if (making->state == NULL)
		making->state = count_state(making->image);
	lthash_sum(making->state, sum);
	hash_put_hex((struct span){ sum, sizeof sum }, digits);
	return strcmp(digits, item->sum) == 0 ? CONTENT_GOOD
		: fault(making, "serial %u: its state digest is %.16s..., not %.16s... as was signed", item->head, digits,
			item->sum);
}

static void drop(struct making *making)
{
	if (making->image != NULL)
		zone_image_release(making->image);
	mem_free(making->state);
	changeset_fini(&making->set);
	making->image = NULL;
	making->state = NULL;
	making->set = (struct changeset){ 0 };
	making->overlay_count = 0;
}

/* As the manifest says that it is found. */
static void take_base(struct making *making, const struct manifest_item *item)
{
	memcpy(making->base, item->image, sizeof making->base);
	making->base_serial = item->image_serial;
	manifest_set_steps(&making->overlay, &making->overlay_count, item->overlay, item->overlay_count);
}

static enum content_fault from_running(struct making *making, const struct content_zone *was,
				       const struct manifest_step *const *path, size_t count)
{
	making->image = zone_image_retain(was->image);
	making->state = was->state != NULL ? mem_copy(was->state, sizeof *was->state) : NULL;
	take_base(making, manifest_find(making->build->wish->running->manifest, making->item->path));
	enum content_fault what = apply(making, path, count);
	if (what == CONTENT_GOOD)
		what = check_result(making);
	if (what != CONTENT_GOOD)
		drop(making);
	return what;
}

static enum content_fault from_checkpoint(struct making *making)
{
	const struct manifest_step *path[MANIFEST_STEPS_MAX];
	size_t count;
	enum content_fault what = read_checkpoint(making);

	content_plan(making->item, NULL, path, &count);
	if (what == CONTENT_GOOD)
		what = apply(making, path, count);
	if (what == CONTENT_GOOD)
		what = check_result(making);
	/* These changes are from the checkpoint, not from what runs. */
	changeset_fini(&making->set);
	making->set = (struct changeset){ 0 };
	if (what != CONTENT_GOOD)
		drop(making);
	return what;
}

/* As the manifest says that it was: its image and the changesets on top. */
static enum content_fault from_disk(struct making *making)
{
	const struct manifest_item *item = making->item;
	const struct manifest_step *path[OVERLAY_MAX];

	if (item->image[0] == '\0' || item->overlay_count > OVERLAY_MAX)
		return fault(making, "the manifest names no image");
	if (state_map_image(making->build->wish->state, item->image, &making->image, making->note) != 0)
		return told(making, CONTENT_FAULT);
	for (size_t i = 0; i < item->overlay_count; i++)
		path[i] = &item->overlay[i];
	if (item->state != NULL) {
		making->state = mem_alloc(sizeof *making->state);
		lthash_read(making->state, item->state);
	}
	struct lthash *state = making->state;
	making->state = NULL;
	enum content_fault what = apply(making, path, item->overlay_count);
	making->state = state;	/* at head already */
	const struct zone_image_header *header = zone_image_header(making->image);
	if (what == CONTENT_GOOD && (header->serial != item->head || header->apex_len != making->zone->apex.len
				     || memcmp(header->apex, making->zone->apex.wire, header->apex_len) != 0))
		what = fault(making, "the image on disk is another one");
	if (what != CONTENT_GOOD)
		drop(making);
	return what;
}

/* ---- guards ---- */

static enum content_fault guard(struct making *making, const struct content_zone *was)
{
	const struct content_wish *wish = making->build->wish;
	struct changeset diff = { 0 };
	const struct zone_changes *changes = making->set.zone.len != 0 ? &making->set.changes : NULL;

	if (wish->offline || making->build->content->guards == NULL)
		return CONTENT_GOOD;
	if (was != NULL && changes == NULL) {
		if (changeset_diff(zone_image_header(was->image), zone_image_header(making->image), &diff, making->note) != 0)
			return told(making, CONTENT_GUARD);
		changes = &diff.changes;
	}
	int err = guards_check(making->build->content->guards, wish->manifest->release, making->zone->name,
			       was != NULL ? zone_image_header(was->image) : NULL, zone_image_header(making->image), changes,
			       making->note);
	changeset_fini(&diff);
	return err == 0 ? CONTENT_GOOD : told(making, CONTENT_GUARD);
}

/* Where the image is found again. */
static void note_image(struct making *making)
{
	struct manifest_item *item = making->item;

	memcpy(item->image, making->base, sizeof item->image);
	item->image_serial = making->base_serial;
	manifest_set_steps(&item->overlay, &item->overlay_count, making->overlay, making->overlay_count);
}

static enum content_fault make(struct making *making, const struct content_zone *was)
{
	const struct content_wish *wish = making->build->wish;
	const struct manifest_step *path[MANIFEST_STEPS_MAX];
	size_t count;

	if (wish->offline)
		return from_disk(making);
	enum content_plan plan = content_plan(making->item, was != NULL ? wish->running : NULL, path, &count);
	if (plan == CONTENT_PLAN_KEEP) {
		const struct manifest_item *had = manifest_find(wish->running->manifest, making->item->path);

		making->image = zone_image_retain(was->image);
		making->state = was->state != NULL ? mem_copy(was->state, sizeof *was->state) : NULL;
		making->zone->loaded_at = was->loaded_at;
		making->zone->took_ns = was->took_ns;
		take_base(making, had);
		note_image(making);
		return CONTENT_GOOD;
	}
	enum content_fault what = CONTENT_FAULT;
	if (plan == CONTENT_PLAN_STEPS) {
		what = from_running(making, was, path, count);
		if (what == CONTENT_FAULT)
			content_remark(making->build, "%s; its checkpoint is taken", making->note->text);
	}
	if (what == CONTENT_FAULT)
		what = from_checkpoint(making);
	if (what == CONTENT_GOOD)
		note_image(making);
	if (what == CONTENT_GOOD)
		what = guard(making, was);
	return what;
}

enum content_fault content_build_zone(struct content_build *build, struct manifest_item *item, struct content_zone *zone)
{
	struct making making = { .build = build, .item = item, .zone = zone, .note = build->note };
	uint64_t began = clock_monotonic_ns();

	zone->name = content_zone_name(item->path);
	if (zone->name == NULL || name_from_text(zone->name, &zone->apex) != 0) {
		err_note_set(build->note, item->path, 0, "is not the path of a zone");
		return CONTENT_FAULT;
	}
	const struct content_zone *was = content_zone(build->wish->running, item->path);
	enum content_fault what = make(&making, was);
	mem_free(making.overlay);
	if (what != CONTENT_GOOD) {
		drop(&making);
		return what;
	}
	changeset_fini(&making.set);
	zone->image = making.image;
	zone->state = making.state;
	if (zone_image_header(zone->image)->records < STATE_RECORDS_MIN) {
		mem_free(zone->state);
		zone->state = NULL;
	}
	mem_free(item->state);
	item->state = NULL;
	if (zone->state != NULL && zone_image_header(zone->image)->records >= STATE_WRITTEN_MIN) {
		item->state = mem_alloc(LTHASH_STATE_BYTES);
		lthash_write(zone->state, item->state);
	}
	if (zone->loaded_at == 0) {
		zone->loaded_at = build->wish->now_s;
		zone->took_ns = clock_monotonic_ns() - began;
	}
	return CONTENT_GOOD;
}
