/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a signed zone can be validated and its denials proved: signatures that are there, in time and by keys of
 * the apex (RFC 4035, 2.2; RFC 6840, 5.11), a closed NSEC or NSEC3 chain over the right names with the right type
 * bitmaps (RFC 4035, 2.3; RFC 5155, 7.1). One walk over the image, no cryptography unless asked for: cheap enough for
 * each load. States between the steps of a key roll (RFC 6781, 4) are no faults. Pure; thread: any.
 */
#ifndef ZONE_VERIFY_H
#define ZONE_VERIFY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "zone/image.h"

enum zone_verify_kind {	/* worst first */
	ZONE_VERIFY_BROKEN,	/* validation or a denial fails */
	ZONE_VERIFY_EXPIRED,	/* the same, for the time being: signatures that are no longer or not yet valid */
	ZONE_VERIFY_WARNING,	/* it holds, but for how long, or for whom */
	ZONE_VERIFY_NOTE,	/* worth knowing, no reason to act */
	ZONE_VERIFY_KINDS,
};

enum {
	ZONE_VERIFY_SOON_S = 3 * 24 * 3600,	/* or a third of the signature's life, where that is shorter */
	ZONE_VERIFY_ITERATIONS = 100,		/* more: some validators no longer look (RFC 9276, 3.2) */
};

/* A sentence that begins with what it is about: "RRSIG A of www.example.org. expired at 2026-09-01T00:00:00Z". */
typedef void zone_verify_found_fn(void *ctx, enum zone_verify_kind kind, const char *text);

struct zone_verify {
	int64_t now_s;			/* wall clock */
	bool thorough;			/* every signature by cryptography, every hash of large chains too */
	size_t texts;			/* of each kind at most so many are told; the others are only counted */
	zone_verify_found_fn *found;
	void *ctx;
	const _Atomic bool *stop;	/* may be NULL; true: nobody waits any more, the rest is left out */
};

/* What there is to say goes to found in the order of names, its numbers to ret_counts; nothing of a zone without
 * DNSSEC. */
void zone_verify(const struct zone_image_header *base, const struct zone_verify *how,
		 size_t ret_counts[ZONE_VERIFY_KINDS]);

#endif
