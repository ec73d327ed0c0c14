/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard rails: what a change of a zone may do at most, signed by offline keys, so that the online keys that sign zones
 * cannot lift them (policy/guards.json). Every glob that matches a zone's name holds for it. Immutable; thread: any.
 *
 * Records removed are counted over an hour, by RRset, without RRSIG, NSEC and NSEC3, which every re-signing replaces: what goes and is
 * replaced by another of its name and type is changed, not removed.
 */
#ifndef SYNC_GUARDS_H
#define SYNC_GUARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "zone/changes.h"
#include "zone/image.h"

struct guards;

int guards_parse(struct span json, struct guards **ret, struct err_note *note);	/* ERR_INVALID, ERR_SYNTAX */
void guards_free(struct guards *guards);	/* NULL is allowed */
/* Bytes that a zone may have unpacked, UINT64_MAX without a limit; before anything of it is fetched. */
uint64_t guards_max_raw(const struct guards *guards, const char *zone);
/* What an override is bound to: the zone, its serial and the sum of its records (LtHash), so that nothing else passes by
 * it. The caller's. */
char *guards_content_id(const char *zone, uint32_t head, const char *sum);
bool guards_lift(const struct guards *guards, const char *content_id);	/* there is an override for it; guards may be NULL */
/* Overrides by the number of a release, as they once were: whoever signs zones could use them, so they lift nothing. */
size_t guards_unbound(const struct guards *guards);
bool guards_are_for(const struct guards *guards, const char *zone);	/* any of them */
uint64_t guards_removed(const struct zone_changes *changes);	/* records, as counted here */

/* What is known of a zone before the change (sync/ledger). */
struct guards_past {
	uint64_t removed;	/* records within the last hour */
	uint64_t had;		/* at its beginning; 0: nothing has changed in it */
	bool served;		/* what it becomes, but for its serial, was served by this node within 7 days */
	bool held_back;		/* it is the version before, of one that is rolled out: its serial may fall back to it */
};

/* before, changes: NULL for a zone that is new. content_id: what is overridden passes; "": nothing is. What was
 * served passes too, but for its serial, or else the rails would be in the way of the way back. ERR_INVALID with the guard
 * that is broken. */
int guards_check(const struct guards *guards, const char *content_id, const char *zone,
		 const struct zone_image_header *before, const struct zone_image_header *after,
		 const struct zone_changes *changes, const struct guards_past *past, struct err_note *note);

#endif
