/* SPDX-License-Identifier: Apache-2.0 */
/* What zone/image and zone/patch know of an image beside its bytes. */
#ifndef ZONE_IMAGE_INNER_H
#define ZONE_IMAGE_INNER_H

#include <stdatomic.h>

#include "zone/backing.h"
#include "zone/changes.h"
#include "zone/image.h"

struct zone_image {
	_Atomic unsigned holders;
	bool mapped;			/* else on the heap */
	size_t size;			/* of the mapping */
	const struct zone_image_header *header;
	void *bytes;
	struct zone_backing *backing;	/* NULL: on the heap */
	struct zone_changes changes;	/* patched: all that differs from the backing */
};

/* Takes over bytes and backing. */
struct zone_image *zone_image_new(void *bytes, size_t size, struct zone_backing *backing);

#endif
