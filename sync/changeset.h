/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changeset/1: the step from one serial of a zone to a later one, as text. First a line "changeset/1 ZONE FROM TO",
 * then "- RECORD" lines, then "+ RECORD" lines (RECORD as in rr-text/1), each in canonical order; the SOA is among
 * them. Heap lifetime; immutable once made. Thread: any.
 */
#ifndef SYNC_CHANGESET_H
#define SYNC_CHANGESET_H

#include "sync/rrtext.h"
#include "zone/changes.h"

struct changeset {
	struct name zone;
	uint32_t from, to;		/* serials */
	struct zone_changes changes;
};

/* ERR_SYNTAX or ERR_INVALID with a note: not of this form; a record outside of the zone; one that is there twice;
 * removals behind additions; not one SOA of each serial. path is for messages. */
int changeset_parse(const char *path, struct span text, struct changeset *ret_set, struct err_note *note);
/* The same bytes for the same step, whatever made it. The caller's (mem_free). */
char *changeset_print(const struct changeset *set, size_t *ret_len);

/* The step between two images of one zone, which may be patched ones. ERR_INVALID when they are of two zones, or differ
 * under one serial. Without any change when they are equal. */
int changeset_diff(const struct zone_image_header *from, const struct zone_image_header *to, struct changeset *ret_set,
		   struct err_note *note);
/* Two steps of one zone, of which the second begins where the first ends, as one. ERR_INVALID when they do not fit. */
int changeset_combine(const struct changeset *first, const struct changeset *second, struct changeset *ret_set,
		      struct err_note *note);

void changeset_fini(struct changeset *set);

#endif
