/* SPDX-License-Identifier: Apache-2.0 */
/* Every name of an image in canonical order (RFC 4034, 6.1), empty non-terminals too; also of a patched one, whose
 * names do not all stand in that order. Caller's storage; thread: any. */
#ifndef ZONE_WALK_H
#define ZONE_WALK_H

#include "zone/image.h"

struct zone_walk {
	const struct zone_image_header *base;
	zref next;		/* in the order of places */
	uint32_t added;		/* index in the nodes that a patch has added */
	uint8_t name[DNS_NAME_MAX];	/* of that one */
};

struct zone_walk zone_walk_begin(const struct zone_image_header *base);
/* The apex first; NULL at the end. */
const struct zone_node *zone_walk_next(struct zone_walk *walk);

/* The place behind that of a node which was compiled: what is there may be gone (ZONE_NODE_FOREIGN) or the end. */
zref zone_walk_behind(const struct zone_image_header *base, const struct zone_node *node);

#endif
