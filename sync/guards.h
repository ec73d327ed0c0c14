/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard rails: what a change of a zone may do at most, signed by offline keys, so that the online keys that sign zones
 * cannot lift them (policy/guards.json). Every glob that matches a zone's name holds for it. Immutable; thread: any.
 *
 * Records removed are counted by RRset, without RRSIG, NSEC and NSEC3, which every re-signing replaces: what goes and is
 * replaced by another of its name and type is changed, not removed.
 */
#ifndef SYNC_GUARDS_H
#define SYNC_GUARDS_H

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "zone/changes.h"
#include "zone/image.h"

struct guards;

int guards_parse(struct span json, struct guards **ret, struct err_note *note);	/* ERR_INVALID, ERR_SYNTAX */
void guards_free(struct guards *guards);	/* NULL is allowed */
/* Bytes that a zone may have unpacked, UINT64_MAX without a limit; before anything of it is fetched. */
uint64_t guards_max_raw(const struct guards *guards, const char *zone);
/* before, changes: NULL for a zone that is new. release: one that is overridden passes. ERR_INVALID with the guard that
 * is broken. */
int guards_check(const struct guards *guards, const char *release, const char *zone,
		 const struct zone_image_header *before, const struct zone_image_header *after,
		 const struct zone_changes *changes, struct err_note *note);

#endif
