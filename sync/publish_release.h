/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A release: every source read anew, what changed made into targets, roles, snapshot and timestamp signed, and all of
 * it
 * visible at once. Either all of it or nothing: a source with a fault stops it. Thread: one at a time.
 *
 *     publish_release        sync/publish_release.c: the story
 *       items                sync/publish_gather.c: sources to targets; sync/publish_zone, sync/publish_content
 *       roles                sync/publish_roles.c: targets to signed files
 *       commit               sync/publish_repo.c
 */
#ifndef SYNC_PUBLISH_RELEASE_H
#define SYNC_PUBLISH_RELEASE_H

#include "sync/publish_repo.h"
#include "sync/publish_work.h"
#include "sync/publish_zone.h"

/* For whom what changes is at first; all others stay with what was before. */
struct publish_staging {
	struct json_view *nodes;	/* names, or NULL */
	int64_t permille;
	int64_t soak_s;
};

enum publish_move { PUBLISH_STAY, PUBLISH_PROMOTE, PUBLISH_HALT };

struct publish_wish {
	int64_t now_s;
	bool dry;			/* only say what would change */
	bool refresh;			/* a new timestamp in any case */
	bool refresh_only;		/* look at no sources */
	bool as_released;		/* nor here; but all that keys of another root must sign is signed anew */
	bool overtake;			/* publish items that are being rolled out all the same */
	const struct publish_staging *staging;	/* NULL: what changes is for everybody at once */
	enum publish_move move;		/* of what is being rolled out */
	const char *move_path;		/* of one item only; NULL: all */
	int64_t move_permille;		/* promote: to so many; 1000 is everybody */
	void (*tell)(void *ctx, const char *line);	/* what happens, for people */
	void *ctx;
};

struct publish_changed {
	char *path;
	const char *what;		/* "new", "changed", "removed", "promoted", "halted" */
	size_t added, removed;		/* records of a zone */
	uint32_t from, to;		/* serials of a zone */
};

struct publish_result {
	bool released;			/* the repository is another one now */
	int64_t release;		/* its number, when items changed; else 0 */
	int64_t timestamp;		/* version that is served now */
	struct publish_changed *changes;
	size_t change_count, change_room;
	uint64_t bytes_written;
	unsigned files_written;
};
void publish_result_fini(struct publish_result *result);

struct publish_kept {
	char *zone;
	uint8_t image[ZONE_IMAGE_DIGEST_BYTES];
	struct lthash state;
	bool linked;			/* its image gets a second name, in the folder of what is released */
	char *journal;			/* else what differs from the image that is there; NULL: nothing */
	size_t journal_len;
	uint8_t base[ZONE_IMAGE_DIGEST_BYTES];	/* of the image that is there then */
};

struct publish_run {
	struct publish_work *work;
	struct publish_repo *repo;
	struct publish_ring *ring;
	const struct publish_wish *wish;
	struct publish_result *result;
	struct json_view *wanted;	/* role to {"path": target} */
	int64_t release;
	bool bins;
	struct err_list *errors;
	struct json_view *marks;	/* of secrets that were sealed: path to text, kept when it is released */
	struct publish_kept *kept;	/* zones whose content in the work folder becomes another one */
	size_t kept_count, kept_room;
};

/* Faults go to errors. ERR_UNAVAILABLE: signatures are missing; what has to be signed is told and lies in the work
 * folder. */
int publish_release(struct publish_work *work, struct publish_repo *repo, struct publish_ring *ring,
		    const struct publish_wish *wish, struct publish_result *ret_result, struct err_list *errors);

/* Inside of a release. */
int publish_gather(struct publish_run *run);
void publish_gather_done(struct publish_run *run);	/* released: what the work folder keeps of it */
int publish_roles(struct publish_run *run, bool *ret_changed);
int publish_finish(struct publish_run *run, bool changed);	/* snapshot, timestamp, commit; as far as needed */
void publish_tell(const struct publish_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct publish_changed *publish_change(struct publish_run *run, const char *path, const char *what);

/* The target that is released for a path, or NULL; a view. */
struct json_view *publish_released(struct publish_repo *repo, const char *path, struct err_note *note);
/* Is it for some nodes only? */
bool publish_is_rolling(struct json_view *target);
/* sync/publish_cache.c: the image and digest of a zone as released, from the work folder, or rebuilt from the
 * repository. */
int publish_released_zone(struct publish_work *work, struct publish_repo *repo, const char *path,
			  struct json_view *target,
			  struct publish_zone *ret_zone, struct err_note *note);

/* Whether the source is what was released: a look at files, nothing is read. target may be NULL. */
bool publish_zone_is_current(const struct publish_work *work, const char *zone, const char *file, const char *images,
			     struct json_view *target);
/* How the work folder will keep image: as what differs from base, when that is little; else it is written to the folder
 * images, unless it was mapped from there or the run is dry. */
void publish_zone_keep(struct publish_run *run, const char *zone, struct zone_image *image, bool mapped, struct zone_image *base,
		       const struct lthash *state);
/* A zone has been released. */
void publish_zone_kept(const struct publish_work *work, const char *images, const struct publish_kept *kept);
char *publish_images_folder(const struct publish_work *work);	/* compiled sources; mem_free */

#endif
