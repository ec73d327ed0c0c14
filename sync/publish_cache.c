/* SPDX-License-Identifier: Apache-2.0 */
/* What the work folder keeps of released zones, so that the next release looks only at what has changed. Whatever is
 * missing, torn or of another release is not used: the repository has it all. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_release.h"
#include "zone/load.h"

/* WORK/released/ZONE.state: which image was released, and the sums over it. The image lies beside it. */
struct state_file {
	char magic[8];
	uint8_t image[ZONE_IMAGE_DIGEST_BYTES];
	uint8_t sum[LTHASH_SUM_BYTES];
	uint8_t lanes[LTHASH_STATE_BYTES];
};

static const char MAGIC[8] = { 'C', 'A', 'T', 'C', 'H', 'P', 'S', '\n' };

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
	struct state_file file;
	char *path = released_path(work, kept->zone, ".state");

	memcpy(file.magic, MAGIC, sizeof MAGIC);
	memcpy(file.image, kept->image, sizeof file.image);
	lthash_sum(&kept->state, file.sum);
	lthash_write(&kept->state, file.lanes);
	file_replace_unsynced(path, &file, sizeof file, 0600);	/* one that is lost or torn is made again */
	mem_free(path);
}

static bool cached_zone(struct publish_work *work, const char *zone, struct json_view *target,
			struct publish_zone *ret_zone)
{
	struct state_file file;
	struct err_note note;

	if (!read_state(work, zone, target, &file))
		return false;
	lthash_read(&ret_zone->state, file.lanes);
	uint8_t sum[LTHASH_SUM_BYTES];
	lthash_sum(&ret_zone->state, sum);
	if (memcmp(sum, file.sum, sizeof sum) != 0)
		return false;
	char *path = released_path(work, zone, ".zone-image");
	bool good = zone_image_map(path, &ret_zone->image, &note) == 0;
	mem_free(path);
	if (good && memcmp(zone_image_header(ret_zone->image)->digest, file.image, sizeof file.image) == 0)
		return true;
	if (good)
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

void publish_zone_kept(const struct publish_work *work, const char *images, const struct publish_kept *kept)
{
	keep_image(work, kept->zone, images);
	write_state(work, kept);
}
