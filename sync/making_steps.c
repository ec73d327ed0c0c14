/* SPDX-License-Identifier: Apache-2.0 */
/* Changesets: read, put together, on top of an image or merged into another one. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/follow_inner.h"
#include "sync/making.h"
#include "sync/rrtext.h"
#include "sync/zstd.h"
#include "zone/patch.h"

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
		return making_told(making, making_unpacked(err));
	err = changeset_parse(making->item->path, (struct span){ raw, step->raw }, ret, making->note);
	mem_free(raw);
	if (err != 0)
		return making_told(making, CONTENT_FAULT);
	if (ret->from == step->from && ret->to == step->to && ret->zone.len == making->zone->apex.len
	    && memcmp(ret->zone.wire, making->zone->apex.wire, ret->zone.len) == 0)
		return CONTENT_GOOD;
	changeset_fini(ret);
	return making_fault(making, "the changeset %u to %u is another one", step->from, step->to);
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
			what = making_told(making, CONTENT_FAULT);
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

enum content_fault making_take_image(struct making *making, void *bytes, size_t size)
{
	struct state *state = making->build->wish->state;
	struct zone_image *image;

	state_image_digest(bytes, making->base);
	int err = state_write_image(state, bytes, size, making->note);
	if (err == 0)
		err = state_map_image(state, making->base, &image, making->note);
	mem_free(bytes);
	if (err != 0)
		return making_told(making, CONTENT_DISK);
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
		what = making_fault(making, "%s", errors.kept > 0 ? errors.notes[0].text : "the changes do not fit");
	else
		what = making_take_image(making, bytes, size);
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

	if (making->overlay_count + count > CONTENT_OVERLAY_MAX || zone_patch_count(making->image) + changes->count > CONTENT_CHANGES_MAX)
		return merge(making, changes);
	int err = zone_patch(making->image, changes, &patched, making->note);
	if (err == ERR_INVALID)
		return making_told(making, CONTENT_FAULT);
	if (err != 0)
		return merge(making, changes);
	zone_image_release(making->image);
	making->image = patched;
	add_overlay(making, path, count);
	return CONTENT_GOOD;
}

enum content_fault making_apply(struct making *making, const struct manifest_step *const *path, size_t count, bool counted)
{
	if (count == 0)
		return CONTENT_GOOD;
	enum content_fault what = read_steps(making, path, count, &making->set);
	if (what != CONTENT_GOOD) {
		making->set = (struct changeset){ 0 };
		return what;
	}
	if (making->state == NULL && counted)
		making->state = making_count(making->image);
	if (counted)
		lthash_apply(making->state, &making->set.changes);
	if (making->text_length != 0)
		making->text_length += (uint64_t)rrtext_growth(&making->set.changes);
	return patch(making, &making->set.changes, path, count);
}
