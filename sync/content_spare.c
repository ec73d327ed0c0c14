/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changesets pile up on an image: each is applied again for every version that follows, and read again at a start. Before
 * that is felt the image is compiled anew with all of them in it, beside the node's work, and the next release is patched
 * onto the outcome. What was merged is known exactly (the image on disk and each changeset), and the outcome is counted
 * against the signed digest, as nothing else would look at every record of it again.
 */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content_inner.h"
#include "zone/patch.h"

static bool is_worth_it(const struct content_zone *zone, const struct manifest_item *item)
{
	return item->overlay_count > CONTENT_OVERLAY_MAX / 2 || zone_patch_count(zone->image) > CONTENT_CHANGES_MAX / 2;
}

struct content_spare *content_spare_new(const struct content *content)
{
	const struct manifest_item *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < content->manifest->item_count; i++) {
		const struct manifest_item *item = &content->manifest->items[i];

		if (item->kind != MANIFEST_ZONE || !is_worth_it(&content->zones[item->zone], item))
			continue;
		size_t weight = item->overlay_count + zone_patch_count(content->zones[item->zone].image);
		if (weight > most) {
			most = weight;
			best = item;
		}
	}
	if (best == NULL)
		return NULL;
	struct content_spare *spare = mem_alloc(sizeof *spare);
	*spare = (struct content_spare){
		.path = mem_string(best->path), .from = zone_image_retain(content->zones[best->zone].image),
	};
	memcpy(spare->sum, best->sum, sizeof spare->sum);
	memcpy(spare->base, best->image, sizeof spare->base);
	manifest_set_steps(&spare->overlay, &spare->overlay_count, best->overlay, best->overlay_count);
	return spare;
}

/* Every record of it against what was signed. */
static bool is_counted(struct content_spare *spare)
{
	struct lthash *state = mem_alloc(sizeof *state);
	uint8_t sum[LTHASH_SUM_BYTES];
	char digits[MANIFEST_HEX];

	lthash_add_image(state, zone_image_header(spare->image));
	lthash_sum(state, sum);
	mem_free(state);
	hash_put_hex((struct span){ sum, sizeof sum }, digits);
	if (spare->sum[0] == '\0' || strcmp(digits, spare->sum) == 0)
		return true;
	err_note_set(&spare->note, NULL, 0, "%s: merged it has the state digest %.16s..., not %.16s... as was signed", spare->path,
		     digits, spare->sum);
	return false;
}

int content_spare_make(struct content_spare *spare, const struct state *state)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	void *bytes;
	size_t size;
	int err = zone_merge(zone_image_header(spare->from), NULL, &bytes, &size, &errors, &warnings);

	if (err != 0)
		err_note_set(&spare->note, NULL, 0, "%s: %s", spare->path, errors.kept > 0 ? errors.notes[0].text : "does not merge");
	err_list_fini(&errors);
	err_list_fini(&warnings);
	zone_image_release(spare->from);
	spare->from = NULL;
	if (err != 0)
		return err;
	state_image_digest(bytes, spare->digest);
	err = state_write_image_now(state, bytes, size, &spare->note);
	mem_free(bytes);
	if (err == 0)
		err = state_map_image(state, spare->digest, &spare->image, &spare->note);
	if (err == 0 && !is_counted(spare)) {
		zone_image_release(spare->image);
		spare->image = NULL;
		err = ERR_INVALID;
	}
	return err;
}

bool content_spare_fits(const struct content_spare *spare, const struct manifest_item *item)
{
	if (item == NULL || strcmp(spare->path, item->path) != 0 || strcmp(spare->base, item->image) != 0
	    || item->overlay_count < spare->overlay_count)
		return false;
	for (size_t i = 0; i < spare->overlay_count; i++) {
		if (strcmp(spare->overlay[i].blob.sha256, item->overlay[i].blob.sha256) != 0)
			return false;
	}
	return true;
}

void content_spare_free(struct content_spare *spare)
{
	if (spare == NULL)
		return;
	if (spare->from != NULL)
		zone_image_release(spare->from);
	if (spare->image != NULL)
		zone_image_release(spare->image);
	mem_free(spare->overlay);
	mem_free(spare->path);
	mem_free(spare);
}
