/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b-256, by which two nodes tell whether they serve the same zone. Entered into libsodium here. Thread: any. */
#ifndef ZONE_DIGEST_H
#define ZONE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { ZONE_DIGEST_BYTES = 32 };

void zone_digest(const void *bytes, size_t len, uint8_t ret_digest[ZONE_DIGEST_BYTES]);

#endif
