/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone for release: its checkpoint, its changesets, its digests, all of it said in "custom" of its target; and back
 * again from these to records. Thread: one at a time.
 */
#ifndef SYNC_PUBLISH_ZONE_H
#define SYNC_PUBLISH_ZONE_H

#include "sync/lthash.h"
#include "sync/publish_repo.h"

/* A version of a zone that is or was released. */
struct publish_zone {
	struct zone_image *image;
	struct zone_image *base;	/* the file that the image is, or that it differs from in a journal; NULL: none */
	struct lthash state;
};
void publish_zone_fini(struct publish_zone *zone);

/* Where the sums of custom are: "state" or "checkpoint_state"; false: there is none. */
bool publish_zone_sum(struct json_view *custom, const char *which, uint8_t ret_sum[LTHASH_SUM_BYTES]);
bool publish_zone_serial(struct json_view *custom, const char *which, uint32_t *ret_serial);	/* "serial", "head" */

enum publish_zone_outcome { PUBLISH_ZONE_SAME, PUBLISH_ZONE_CHANGED };
struct publish_zone_made {
	enum publish_zone_outcome outcome;
	struct json_view *target;	/* length, hashes, custom; NULL when it is the same */
	struct lthash state;
	uint32_t from, to;		/* serials; from is that of to for a first release */
	size_t added, removed;		/* records */
	bool checkpoint;		/* a new one */
};

/* The target for image, after the version that is released (old target and its content; NULL: a first release).
 * Writes its files. keep_checkpoint: the old one has to stay, whatever the chain. ERR_INVALID: the records changed
 * and the serial did not rise. */
int publish_zone_make(struct publish_repo *repo, const char *path, struct zone_image *image,
		      struct json_view *old_target,
		      const struct publish_zone *old, bool keep_checkpoint, struct publish_zone_made *ret_made,
		      struct err_note *note);

/* The content of a target from the repository's files, every hash and sum checked. upto: a serial on the way, NULL:
 * the head. */
int publish_zone_rebuild(const struct publish_repo *repo, const char *path, struct json_view *target,
			 const uint32_t *upto,
			 struct publish_zone *ret_zone, struct err_note *note);

#endif
