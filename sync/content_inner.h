/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of sync/content share. */
#ifndef SYNC_CONTENT_INNER_H
#define SYNC_CONTENT_INNER_H

#include "sync/content.h"

/* Beyond these a version is merged at once, and in the background from half of them on. */
enum {
	CONTENT_OVERLAY_MAX = 512,	/* changesets that a start reads before an image is written anew */
	CONTENT_CHANGES_MAX = 2500,	/* half of what a patch takes: there is time */
};

struct content_build {
	const struct content_wish *wish;
	struct content *content;
	struct err_note *note;
};

/* Each: CONTENT_GOOD, or a fault with the note. */
enum content_fault content_build_zone(struct content_build *build, struct manifest_item *item, struct content_zone *zone);
enum content_fault content_build_sites(struct content_build *build, const struct manifest_item *item);
enum content_fault content_build_file(struct content_build *build, const struct manifest_item *item);
enum content_fault content_build_secret(struct content_build *build, const struct manifest_item *item);

/* The bytes of a blob; name: below the repository, freed here. The caller's. */
enum content_fault content_blob(struct content_build *build, char *name, const struct manifest_blob *blob,
				uint8_t **ret_bytes);
void content_remark(const struct content_build *build, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts the item in front of a note that does not name it: a blob is called by its SHA-256, which nobody knows. */
void content_name_item(struct err_note *note, const char *path);
void content_forget_past(struct content *content);
/* "zones/example.org/zone" to "example.org", "." for the root. The caller's; NULL: not of that form. */
char *content_zone_name(const char *path);

#endif
