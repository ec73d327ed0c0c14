/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone on its way from files to an image, for the files that make one: sync/content_zone.c says which way,
 * making_steps.c takes changesets, making_guard.c asks the guard rails. One content_build_zone(); thread: its own.
 */
#ifndef SYNC_MAKING_H
#define SYNC_MAKING_H

#include "sync/changeset.h"
#include "sync/content_inner.h"

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
	uint64_t text_length;		/* of image as rr-text; 0: not known */
	char *content_id;		/* for guards: what it is, or "" when an override for it was used */
	struct manifest_step *overlay;
	size_t overlay_count;
	struct err_note *note;
};

/* Below so many records counting the state digest anew costs less than keeping it. */
enum { MAKING_STATE_MIN = 1000 };

/* Writes the note, with the zone in front. CONTENT_FAULT. */
enum content_fault making_fault(struct making *making, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of a note of someone below; gives what. */
enum content_fault making_told(struct making *making, enum content_fault what);
/* Of unpacking: without room in memory another look may go better. */
enum content_fault making_unpacked(int err);
struct lthash *making_count(const struct zone_image *image);	/* the caller's */

/* An image that stands alone, on disk; bytes are taken. */
enum content_fault making_take_image(struct making *making, void *bytes, size_t size);
/* The steps of path on top of the image. making->set is what they do, the caller's. counted: the state is that of the image
 * and goes on with it. */
enum content_fault making_apply(struct making *making, const struct manifest_step *const *path, size_t count, bool counted);

/* An override is for one switch: content that was served by it does not come back by it. */
void making_take_override(struct making *making);
/* What changesets made of it has no length that was signed: online keys could let it grow without an end. */
enum content_fault making_check_size(struct making *making);
/* All other rails; was: what it takes the place of, or NULL. */
enum content_fault making_guard(struct making *making, const struct content_zone *was);

#endif
