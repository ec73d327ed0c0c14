/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file under an image: a patched version of the zone maps it once more and writes into its own copies of the pages
 * it changes. Counted; immutable, so any thread may hold one.
 */
#ifndef ZONE_BACKING_H
#define ZONE_BACKING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "conf/base/err.h"

struct zone_backing;

/* The file at path as it was when it was mapped. It is opened again when it is wanted again: a node of ten thousand
 * zones keeps no ten thousand files open. */
struct zone_backing *zone_backing_of_file(const char *path, const struct stat *stat);
/* A copy of an image on the heap, in a file without a name. -errno. */
int zone_backing_of_bytes(const void *bytes, size_t size, struct zone_backing **ret_backing, struct err_note *note);
struct zone_backing *zone_backing_retain(struct zone_backing *backing);
void zone_backing_release(struct zone_backing *backing);	/* NULL is allowed */

size_t zone_backing_size(const struct zone_backing *backing);
/* The content and, from the next page on, zeros up to room bytes, all of it private and writable: munmap() it. Room is a
 * multiple of the page size and larger. ERR_LIMIT when the file is another by now, or no longer there. */
int zone_backing_map(const struct zone_backing *backing, size_t room, void **ret_bytes, struct err_note *note);

#endif
