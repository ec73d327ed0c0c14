/* SPDX-License-Identifier: Apache-2.0 */
/* An image as a master file: a record a line, in canonical order, names absolute. Reading it again gives the same
 * image. Pure; thread: any. */
#ifndef ZONE_DUMP_H
#define ZONE_DUMP_H

#include <stddef.h>

#include "zone/image.h"

/* Takes one line, without its newline but with a NUL behind it; a non-zero return stops the dump and is returned. */
typedef int zone_dump_line_fn(void *ctx, const char *line, size_t len);

int zone_dump(const struct zone_image_header *base, zone_dump_line_fn *on_line, void *ctx);
/* One RR of an RRset, "OWNER TTL CLASS TYPE RDATA" with tabs between. The caller's (mem_free). */
char *zone_dump_rr(const struct zone_image_header *base, const uint8_t *owner, const struct zone_rrset *set,
		   const struct zone_rr *rr);

#endif
