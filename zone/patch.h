/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new version of a zone from an old one and what has changed, at the price of what has changed: the file under the old
 * image is mapped once more, and changes are written into private copies of the pages they touch and into room behind
 * the file's end. What comes out is an image like any other for everyone who looks names up; the old one is as it was
 * and lives until its last holder releases it. Versions share no page that either has written: all that has changed
 * since the file was compiled is applied again for each of them.
 *
 * That goes well while changes are few. zone_merge() compiles zone and changes into an image that stands alone, the same
 * bytes as if the text had been read; the caller does so when zone_patch() says ERR_LIMIT, and in the background before.
 *
 * Of a patched image the digest tells which file was patched with what, rrsig_expires is a lower bound, and the OPT-OUT
 * flag may be that of an NSEC3 that is gone. Thread: any, blocking; images may be read meanwhile.
 */
#ifndef ZONE_PATCH_H
#define ZONE_PATCH_H

#include "zone/changes.h"
#include "zone/image.h"

enum {
	ZONE_PATCH_CHANGES_MAX = 5000,		/* since the file was compiled, of all patches */
	ZONE_PATCH_FLAGS_MAX = 100000,		/* names whose authority a cut or a DNAME above them may change */
	ZONE_PATCH_HASHES_MAX = 50000,		/* NSEC3 hashes, iterations counted */
};

/* Changes are in order, against what from serves. *ret_image is the caller's to release; from stays so.
 *     ERR_INVALID  they do not fit from (a record is there already, or is not there), or would break a load rule
 *     ERR_LIMIT    they are more than is worth a patch, or change what a patch cannot (the kind of denial); zone_merge()
 *     ERR_FORMAT   the outcome is not what was meant, which a look at every changed name shows; zone_merge()
 *     -errno       no memory to map */
int zone_patch(struct zone_image *from, const struct zone_changes *changes, struct zone_image **ret_image,
	       struct err_note *note);
/* How many changes an image has that is patched; 0: none, it stands alone. */
size_t zone_patch_count(const struct zone_image *image);

/* The zone with the changes (NULL: none; it may be patched already) as one compiled image of *ret_size bytes (mem_free).
 * Faults and oddities as from zone_compile_finish(); ERR_INVALID when the changes do not fit. Takes a second and three
 * times the image's memory for a million records. */
int zone_merge(const struct zone_image_header *base, const struct zone_changes *changes, void **ret_bytes,
	       size_t *ret_size, struct err_list *errors, struct err_list *warnings);

#endif
