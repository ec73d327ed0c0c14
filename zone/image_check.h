/* SPDX-License-Identifier: Apache-2.0 */
/* The one check that a block of bytes is a zone image whose every offset, length and name can be followed without
 * looking: done once when an image is opened, so that answering need not look again. Thread: any. */
#ifndef ZONE_IMAGE_CHECK_H
#define ZONE_IMAGE_CHECK_H

#include "zone/image.h"

/* 0, or ERR_FORMAT with the first fault in note. Linear in size; takes one bit of memory per 4 bytes meanwhile. */
int zone_image_check(const void *bytes, size_t size, bool check_digest, struct err_note *note);

#endif
