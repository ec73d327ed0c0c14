/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ETag of bytes that we send ourselves: made of them alone, so that it is the same on every node and survives a
 * restart (RFC 9110, 8.8.3). Strong. Entered into libsodium here. Thread: any.
 */
#ifndef REDIRECT_ETAG_H
#define REDIRECT_ETAG_H

#include <stdint.h>

#include "conf/base/span.h"

enum { REDIRECT_ETAG_LEN = 2 + 32 };	/* quotes and 128 bits */

/* Writes REDIRECT_ETAG_LEN bytes, without an end; a view of them. */
struct span redirect_etag(struct span content, uint8_t out[REDIRECT_ETAG_LEN]);

#endif
