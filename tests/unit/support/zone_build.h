/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the building side: master-file text to an image and all that was said about it, and an image to text. */
#ifndef TESTS_UNIT_SUPPORT_ZONE_BUILD_H
#define TESTS_UNIT_SUPPORT_ZONE_BUILD_H

#include "zone/image.h"

enum { ZONE_BUILD_SAID_MAX = 1 << 16 };

/* Compiles text. Every fault is printed to said as "E LINE TEXT", every warning as "W LINE TEXT", a newline behind each.
 * NULL when there was a fault; else the image, which has passed zone_image_open(). */
struct zone_image *zone_build(const char *origin, const char *text, char said[ZONE_BUILD_SAID_MAX]);
/* The whole dump, lines ended by newlines. The caller's (mem_free). */
char *zone_build_dump(const struct zone_image *image);
/* Every record of text as the reader gives it, "LINE OWNER TTL CLASS TYPE RDATA", then faults as above. */
void zone_build_read(const char *origin, const char *text, size_t len, char said[ZONE_BUILD_SAID_MAX]);

#endif
