/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fingerprint beside a compiled image: which image it is for (its digest) and which files it was made from, each
 * with size, time, inode and device. A text file, so that an operator can read it: catchment image source 1 image
 * DIGEST file SIZE MTIME_NS INODE DEVICE PATH Heap lifetime; one thread.
 */
#ifndef ZONE_SOURCE_H
#define ZONE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "conf/base/err.h"
#include "zone/image.h"

struct zone_source {
	char *text;	/* of the "file" lines */
	size_t len, room;
};

/* Fits zone_text_file_fn: notes one file that is about to be read. */
void zone_source_note(void *source, const char *path, const struct stat *stat);
void zone_source_fini(struct zone_source *source);

/* Writes the fingerprint for an image. -errno. */
int zone_source_write(const struct zone_source *source, const char *path, const uint8_t *image_digest);
/* Whether path is a fingerprint whose first file is file and all of whose files are still what they were; then also
 * the digest of the image it belongs to. */
bool zone_source_is_current(const char *path, const char *file, uint8_t *ret_image_digest);

#endif
