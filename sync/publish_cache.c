/* SPDX-License-Identifier: Apache-2.0 */
/* What the work folder keeps of released zones, so that the next release looks only at what has changed: an image, and in
 * a journal what was released since, so that little is written for a little change. Whatever is
 * missing, torn or of another release is not used: the repository has it all. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/changeset.h"
#include "sync/publish_release.h"
#include "zone/digest.h"
#include "zone/load.h"
#include "zone/patch.h"

enum { JOURNAL_CHANGES_MAX = 1000, JOURNAL_BYTES_MAX = 64 << 20 };

/* WORK/released/ZONE.state: which image was released, how it is made from the one that lies beside it, and the sums over
 * it. */
struct state_file {
	char magic[8];
	uint8_t image[ZONE_IMAGE_DIGEST_BYTES];
	uint8_t base[ZONE_IMAGE_DIGEST_BYTES];		/* of ZONE.zone-image */
	uint8_t journal[ZONE_IMAGE_DIGEST_BYTES];	/* of ZONE.journal, a changeset/1; zeros: there is none */
	uint8_t sum[LTHASH_SUM_BYTES];
	uint8_t lanes[LTHASH_STATE_BYTES];
};

static const char MAGIC[8] = { 'C', 'A', 'T', 'C', 'H', 'P', '2', '\n' };
static const uint8_t NO_JOURNAL[ZONE_IMAGE_DIGEST_BYTES];

char *publish_images_folder(const struct publish_work *work)
{
	return publish_work_path(work, "images");
}

static char *released_path(const struct publish_work *work, const char *zone, const char *ending)
{
	char *folder = publish_work_path(work, "released"), *image = zone_load_image_path(zone, folder);
	size_t len = image != NULL ? strlen(image) - strlen(".zone-image") : 0;
	char *path = mem_format("%.*s%s", (int)len, image != NULL ? image : "", ending);

	mem_free(image);
	mem_free(folder);
	return path;
}

static bool read_state(const struct publish_work *work, const char *zone, struct json_view *target,
		       struct state_file *ret_state)
{
	char *path = released_path(work, zone, ".state");
	uint8_t sum[LTHASH_SUM_BYTES], *bytes;
	size_t len;
	bool good = file_read(path, sizeof *ret_state, &bytes, &len) == 0;

	mem_free(path);
	if (!good)
		return false;
	good = len == sizeof *ret_state;
	if (good)
		memcpy(ret_state, bytes, len);
	mem_free(bytes);
	return good && memcmp(ret_state->magic, MAGIC, sizeof MAGIC) == 0
		&& publish_zone_sum(json_view_member(target, "custom"), "state", sum)
		&& memcmp(sum, ret_state->sum, sizeof sum) == 0;
}

static void write_state(const struct publish_work *work, const struct publish_kept *kept)
{
	struct state_file file = { 0 };
	char *path = released_path(work, kept->zone, ".state");

	memcpy(file.magic, MAGIC, sizeof MAGIC);
	memcpy(file.image, kept->image, sizeof file.image);
	memcpy(file.base, kept->base, sizeof file.base);
	if (kept->journal_len > 0)
		zone_digest(kept->journal, kept->journal_len, file.journal);
	lthash_sum(&kept->state, file.sum);
	lthash_write(&kept->state, file.lanes);
	file_replace_unsynced(path, &file, sizeof file, 0600);	/* one that is lost or torn is made again */
	mem_free(path);
}

static bool read_journal(const struct publish_work *work, const char *zone, const struct state_file *file,
			 struct changeset *ret_set)
{
	char *path = released_path(work, zone, ".journal");
	uint8_t *bytes, digest[ZONE_DIGEST_BYTES];
	struct err_note note;
	size_t len;
	bool good = file_read(path, JOURNAL_BYTES_MAX, &bytes, &len) == 0;

	if (good) {
		zone_digest(bytes, len, digest);
		good = memcmp(digest, file->journal, sizeof digest) == 0
			&& changeset_parse(path, (struct span){ bytes, len }, ret_set, &note) == 0;
		mem_free(bytes);
	}
	mem_free(path);
	return good;
}

/* The image from its file and the journal. */
static bool map_released(const struct publish_work *work, const char *zone, const struct state_file *file,
			 struct publish_zone *ret_zone)
{
	char *path = released_path(work, zone, ".zone-image");
	struct changeset set;
	struct err_note note;
	bool good = zone_image_map(path, &ret_zone->base, &note) == 0;

	mem_free(path);
	if (!good)
		ret_zone->base = NULL;
	if (!good || memcmp(zone_image_header(ret_zone->base)->digest, file->base, sizeof file->base) != 0)
		return false;
	if (memcmp(file->journal, NO_JOURNAL, sizeof NO_JOURNAL) == 0) {
		ret_zone->image = zone_image_retain(ret_zone->base);
		return memcmp(file->image, file->base, sizeof file->base) == 0;
	}
	if (!read_journal(work, zone, file, &set))
		return false;
	good = zone_patch(ret_zone->base, &set.changes, &ret_zone->image, &note) == 0;
	if (!good)
		ret_zone->image = NULL;
	changeset_fini(&set);
	return good;
}

static bool cached_zone(struct publish_work *work, const char *zone, struct json_view *target,
			struct publish_zone *ret_zone)
{
	struct state_file file;

	if (!read_state(work, zone, target, &file))
		return false;
	lthash_read(&ret_zone->state, file.lanes);
	uint8_t sum[LTHASH_SUM_BYTES];
	lthash_sum(&ret_zone->state, sum);
	if (memcmp(sum, file.sum, sizeof sum) != 0)
		return false;
	if (map_released(work, zone, &file, ret_zone))
		return true;
	publish_zone_fini(ret_zone);
	return false;
}

int publish_released_zone(struct publish_work *work, struct publish_repo *repo, const char *path,
			  struct json_view *target,
			  struct publish_zone *ret_zone, struct err_note *note)
{
	char zone[PUBLISH_PATH_MAX];

	*ret_zone = (struct publish_zone){ .image = NULL };
	if (cached_zone(work, publish_path_name(path, zone), target, ret_zone))
		return 0;
	return publish_zone_rebuild(repo, path, target, NULL, ret_zone, note);
}

bool publish_zone_is_current(const struct publish_work *work, const char *zone, const char *file, const char *images,
			     struct json_view *target)
{
	struct state_file state;

	return target != NULL && read_state(work, zone, target, &state)
		&& zone_load_is_current(zone, file, images, state.image);
}

/* The image that zone/load has written gets a second name: nothing is copied. */
static void keep_image(const struct publish_work *work, const char *zone, const char *images)
{
	char *from = zone_load_image_path(zone, images), *to = released_path(work, zone, ".zone-image");
	char *fresh = mem_format("%s.new", to);

	unlink(fresh);
	if (link(from, fresh) == 0)	/* else it is rebuilt when it is wanted */
		rename(fresh, to);
	mem_free(fresh);
	mem_free(from);
	mem_free(to);
}

/* What differs from base, when it is little. */
static bool make_journal(struct publish_kept *kept, const struct zone_image_header *base, const struct zone_image_header *header)
{
	struct changeset set = { 0 };
	struct err_note note;

	if (memcmp(base->digest, header->digest, sizeof base->digest) == 0)
		return true;
	bool good = changeset_diff(base, header, &set, &note) == 0 && set.changes.count > 0
		&& set.changes.count <= JOURNAL_CHANGES_MAX;
	if (good)
		kept->journal = changeset_print(&set, &kept->journal_len);
	changeset_fini(&set);
	return good;
}

void publish_zone_keep(struct publish_run *run, const char *zone, struct zone_image *image, bool mapped, struct zone_image *base,
		       const struct lthash *state)
{
	const struct zone_image_header *header = zone_image_header(image), *was = base != NULL ? zone_image_header(base) : NULL;
	char *images = publish_images_folder(run->work);

	mem_grow((void **)&run->kept, &run->kept_room, run->kept_count, sizeof *run->kept);
	struct publish_kept *kept = &run->kept[run->kept_count++];
	*kept = (struct publish_kept){ .zone = mem_string(zone), .state = *state };
	memcpy(kept->image, header->digest, sizeof kept->image);
	kept->linked = mapped || was == NULL || !make_journal(kept, was, header);
	memcpy(kept->base, kept->linked ? header->digest : was->digest, sizeof kept->base);
	if (kept->linked && !mapped && !run->wish->dry)
		zone_load_keep(zone, images, image);	/* else it is rebuilt when it is wanted */
	mem_free(images);
}

void publish_zone_kept(const struct publish_work *work, const char *images, const struct publish_kept *kept)
{
	char *journal = released_path(work, kept->zone, ".journal");

	if (kept->linked)
		keep_image(work, kept->zone, images);
	if (kept->journal_len > 0)
		file_replace_unsynced(journal, kept->journal, kept->journal_len, 0600);
	else
		unlink(journal);
	mem_free(journal);
	write_state(work, kept);
}
