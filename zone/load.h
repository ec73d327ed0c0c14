/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One zone from its source to an image: maps the compiled image from the folder images when it was made from exactly
 * this source (path, size, mtime, inode of the master file and of everything it includes) in this format; else reads
 * the text, compiles, writes the image there and maps it. Blocking: runs in a worker of the thread pool or in main
 * before the loops start. What it wrote is safe from a power cut once the caller has called file_sync_all(images).
 * Thread: any, one at a time for one zone.
 */
#ifndef ZONE_LOAD_H
#define ZONE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "zone/accept.h"
#include "zone/image.h"

struct zone_loaded {
	struct zone_image *image;	/* the caller's to release */
	bool mapped;			/* from images, without reading the text */
	uint64_t took_ns;
};

/* images NULL: nothing is mapped or written (catchmentd --check). Faults of the zone go to errors, oddities to warnings. A
 * damaged image in the folder is not a fault: it is told as a warning and made again. */
int zone_load(const char *name, const char *file, const char *images, struct zone_loaded *ret_loaded,
	      struct err_list *errors, struct err_list *warnings);
/* The same for a zone that must also pass zone_accept(): one that does not is not written to images, where the last
 * good version stays. accept may be NULL. */
int zone_load_accepted(const char *name, const char *file, const char *images, const struct zone_accept *accept,
		       struct zone_loaded *ret_loaded, struct err_list *errors, struct err_list *warnings);
/* The same, but an image that is made anew stays on the heap and only its fingerprint is written, as zone_load_is_current()
 * wants it: for whoever keeps what has changed, not the whole. images is not NULL. */
int zone_load_draft(const char *name, const char *file, const char *images, const struct zone_accept *accept,
		    struct zone_loaded *ret_loaded, struct err_list *errors, struct err_list *warnings);
/* Writes the image of a draft to images after all. -errno. */
int zone_load_keep(const char *name, const char *images, const struct zone_image *image);
/* Whether a load would give the version with this digest again: a look at the source's fingerprint, nothing is read. */
bool zone_load_is_current(const char *name, const char *file, const char *images, const uint8_t *digest);
/* Where the compiled image of a zone stands in the folder images. The caller's (mem_free); NULL: not a zone name. */
char *zone_load_image_path(const char *name, const char *images);
/* The last good image of a zone, whatever its source is now: for a start while the master file is broken. */
int zone_load_last_good(const char *name, const char *images, struct zone_image **ret_image, struct err_note *note);

#endif
