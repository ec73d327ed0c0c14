/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone of content: what runs and changesets on top of it, or a checkpoint and those on top of that. Whichever way, the
 * result has the state digest that was signed, counted in the price of the changes; when it has not, the checkpoint
 * decides, and that it was needed is told.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/checkpoint.h"
#include "sync/follow_inner.h"
#include "sync/hash.h"
#include "sync/making.h"
#include "sync/rrtext.h"
#include "sync/zstd.h"
#include "zone/accept.h"
#include "zone/compile.h"
#include "zone/patch.h"

enum { STATE_WRITTEN_MIN = 100000 };	/* from so many records on the state digest is worth a place in the manifest */

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

/* ---- checkpoints ---- */

static enum content_fault finish(struct making *making, struct zone_compile *compile)
{
	const struct zone_accept accept = {
		.zonemd = CONF_ZONEMD_WARN, .dnssec = true, .now_s = making->build->wish->now_s,
	};
	struct err_list errors = { 0 }, warnings = { 0 };
	enum content_fault what = CONTENT_GOOD;
	size_t size = 0;
	void *bytes = NULL;

	if (zone_compile_finish(compile, &bytes, &size, &errors, &warnings) != 0
	    || zone_accept(&accept, making->zone->name, bytes, &errors, &warnings) != 0)
		what = making_fault(making, "%s", errors.kept > 0 ? errors.notes[0].text : "it does not compile");
	for (size_t i = 0; i < warnings.kept && i < 3; i++)
		content_remark(making->build, "zone %s: %s", making->zone->name, warnings.notes[i].text);
	if (what == CONTENT_GOOD)
		what = making_take_image(making, bytes, size);
	else
		mem_free(bytes);
	err_list_fini(&errors);
	err_list_fini(&warnings);
	return what;
}

static enum content_fault read_checkpoint(struct making *making)
{
	struct manifest_item *item = making->item;
	uint8_t *packed;
	enum content_fault what = content_blob(making->build, follow_target_name(item->path, item->blob.sha256),
					       &item->blob, &packed);

	if (what != CONTENT_GOOD)
		return what;
	const struct checkpoint checkpoint = {
		.path = item->path, .packed = { packed, item->blob.length }, .raw_length = item->raw_length,
		.raw_sha256 = item->raw_sha256, .zone = &making->zone->apex,
	};
	struct zone_compile *compile = zone_compile_new(&making->zone->apex);
	int err = checkpoint_read(&checkpoint, compile, making->note);
	mem_free(packed);
	what = err == 0 ? finish(making, compile) : making_told(making, making_unpacked(err));
	making->text_length = item->raw_length;
	zone_compile_free(compile);
	if (what == CONTENT_GOOD && zone_image_header(making->image)->serial != item->serial)
		what = making_fault(making, "the checkpoint has serial %u, not %u", zone_image_header(making->image)->serial,
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
		return making_fault(making, "its serial is %u, not %u as was signed", zone_image_header(making->image)->serial,
			     item->head);
	if (item->sum[0] == '\0')
		return CONTENT_GOOD;
	if (making->state == NULL)
		making->state = making_count(making->image);
	lthash_sum(making->state, sum);
	hash_put_hex((struct span){ sum, sizeof sum }, digits);
	return strcmp(digits, item->sum) == 0 ? CONTENT_GOOD
		: making_fault(making, "serial %u: its state digest is %.16s..., not %.16s... as was signed", item->head, digits,
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

/* What runs, merged meanwhile: the changesets that came since are applied to it once more. */
static enum content_fault take_spare(struct making *making, const struct content_spare *spare, const struct manifest_item *item)
{
	const struct manifest_step *path[CONTENT_OVERLAY_MAX];
	size_t count = item->overlay_count - spare->overlay_count;

	making->image = zone_image_retain(spare->image);
	memcpy(making->base, spare->digest, sizeof making->base);
	making->base_serial = zone_image_header(spare->image)->serial;
	making->overlay_count = 0;
	for (size_t i = 0; i < count; i++)
		path[i] = &item->overlay[spare->overlay_count + i];
	enum content_fault what = making_apply(making, path, count, false);
	changeset_fini(&making->set);
	making->set = (struct changeset){ 0 };
	return what;
}

static enum content_fault from_running(struct making *making, const struct content_zone *was,
				       const struct manifest_step *const *path, size_t count)
{
	const struct content_wish *wish = making->build->wish;
	const struct manifest_item *item = manifest_find(wish->running->manifest, making->item->path);
	enum content_fault what = CONTENT_GOOD;

	if (wish->spare != NULL && content_spare_fits(wish->spare, item)) {
		what = take_spare(making, wish->spare, item);
	} else {
		making->image = zone_image_retain(was->image);
		take_base(making, item);
	}
	making->state = was->state != NULL ? mem_copy(was->state, sizeof *was->state) : NULL;
	if (what == CONTENT_GOOD) {
		making->text_length = item->text_length != 0 ? item->text_length : rrtext_length(zone_image_header(was->image));
		what = making_apply(making, path, count, true);
	}
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
		what = making_apply(making, path, count, true);
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
	const struct manifest_step *path[CONTENT_OVERLAY_MAX];

	if (item->image[0] == '\0' || item->overlay_count > CONTENT_OVERLAY_MAX)
		return making_fault(making, "the manifest names no image");
	if (state_map_image(making->build->wish->state, item->image, &making->image, making->note) != 0)
		return making_told(making, CONTENT_FAULT);
	for (size_t i = 0; i < item->overlay_count; i++)
		path[i] = &item->overlay[i];
	if (item->state != NULL) {
		making->state = mem_alloc(sizeof *making->state);
		lthash_read(making->state, item->state);
	}
	/* Nothing needs counting: an image has a digest of its own, and so have the changesets. The state is at head already. */
	enum content_fault what = making_apply(making, path, item->overlay_count, false);
	const struct zone_image_header *header = zone_image_header(making->image);
	if (what == CONTENT_GOOD && (header->serial != item->head || header->apex_len != making->zone->apex.len
				     || memcmp(header->apex, making->zone->apex.wire, header->apex_len) != 0))
		what = making_fault(making, "the image on disk is another one");
	if (what != CONTENT_GOOD)
		drop(making);
	return what;
}

/* Where the image is found again. */
static void note_image(struct making *making)
{
	struct manifest_item *item = making->item;

	memcpy(item->image, making->base, sizeof item->image);
	item->image_serial = making->base_serial;
	manifest_set_steps(&item->overlay, &item->overlay_count, making->overlay, making->overlay_count);
}

/* What runs is what is wanted. */
static enum content_fault keep(struct making *making, const struct content_zone *was)
{
	making->image = zone_image_retain(was->image);
	making->state = was->state != NULL ? mem_copy(was->state, sizeof *was->state) : NULL;
	making->zone->loaded_at = was->loaded_at;
	making->zone->took_ns = was->took_ns;
	take_base(making, manifest_find(making->build->wish->running->manifest, making->item->path));
	note_image(making);
	return CONTENT_GOOD;
}

/* The same image with the same changesets on top. */
static bool is_found_alike(const struct manifest_item *a, const struct manifest_item *b)
{
	if (b == NULL || a->image[0] == '\0' || strcmp(a->image, b->image) != 0 || a->overlay_count != b->overlay_count)
		return false;
	for (size_t i = 0; i < a->overlay_count; i++) {
		if (strcmp(a->overlay[i].blob.sha256, b->overlay[i].blob.sha256) != 0)
			return false;
	}
	return a->head == b->head;
}

static enum content_fault make(struct making *making, const struct content_zone *was)
{
	const struct content_wish *wish = making->build->wish;
	const struct manifest_step *path[MANIFEST_STEPS_MAX];
	size_t count;

	const struct manifest_item *had = was != NULL ? manifest_find(wish->running->manifest, making->item->path) : NULL;
	if (wish->offline)
		return is_found_alike(making->item, had) ? keep(making, was) : from_disk(making);
	enum content_plan plan = content_plan(making->item, was != NULL ? wish->running : NULL, path, &count);
	if (plan == CONTENT_PLAN_KEEP)
		return keep(making, was);
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
		making_take_override(making);
	if (what == CONTENT_GOOD)
		what = making_check_size(making);
	if (what == CONTENT_GOOD)
		what = making_guard(making, was);
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
		mem_free(making.content_id);
		return what;
	}
	changeset_fini(&making.set);
	const struct manifest_item *had = was != NULL && !build->wish->offline ? manifest_find(build->wish->running->manifest, item->path)
		: NULL;
	if (making.content_id == NULL && had != NULL) {
		item->lifted_head = had->lifted_head;
		memcpy(item->lifted_sum, had->lifted_sum, sizeof item->lifted_sum);
	}
	mem_free(making.content_id);
	if (!build->wish->offline)
		item->text_length = making.text_length != 0 || had == NULL ? making.text_length : had->text_length;
	zone->image = making.image;
	zone->state = making.state;
	if (zone_image_header(zone->image)->records < MAKING_STATE_MIN) {
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
