/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message digest of a whole zone (RFC 8976), scheme SIMPLE with SHA-384 or SHA-512: every record in canonical
 * form and order, the apex's ZONEMD and its RRSIGs left out. The door to nettle's SHA-2. Pure; thread: any.
 */
#ifndef ZONE_ZONEMD_H
#define ZONE_ZONEMD_H

#include "zone/image.h"

enum { ZONEMD_SIMPLE = 1 };
enum zonemd_algorithm { ZONEMD_SHA384 = 1, ZONEMD_SHA512 = 2 };
enum { ZONEMD_SHA384_BYTES = 48, ZONEMD_SHA512_BYTES = 64, ZONEMD_DIGEST_MAX = 64, ZONEMD_HEAD_BYTES = 6 };

/* Gives the bytes of the digest. */
size_t zonemd_digest(const struct zone_image_header *base, enum zonemd_algorithm algorithm,
		     uint8_t ret_digest[ZONEMD_DIGEST_MAX]);

enum zonemd_outcome {
	ZONEMD_GOOD,		/* one of the apex's ZONEMDs is the zone's digest */
	ZONEMD_NONE,		/* there are none */
	ZONEMD_UNKNOWN,		/* all are of schemes or algorithms that are not known here */
	ZONEMD_TWICE,		/* those that are stand there more than once for one scheme and algorithm */
	ZONEMD_MALFORMED,	/* the digest is not as long as its algorithm makes it */
	ZONEMD_SERIAL,		/* made for another serial than the SOA's */
	ZONEMD_WRONG,		/* the digest is another: the zone was changed on its way, or after it was made */
};
/* RFC 8976, 4, without what a validator of signatures would do: zone/verify looks at those. Of several failures the
 * one that is last above. A zone without ZONEMD costs nothing, others one or two passes over all records. */
enum zonemd_outcome zonemd_verify(const struct zone_image_header *base);
/* A sentence for each but ZONEMD_GOOD. */
const char *zonemd_text(enum zonemd_outcome outcome);

#endif
