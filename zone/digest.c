/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/digest.h"

#include <sodium.h>

void zone_digest(const void *bytes, size_t len, uint8_t ret_digest[ZONE_DIGEST_BYTES])
{
	/* Once: then it uses what the processor has, twice as fast. It works all the same when this fails. */
	(void)!sodium_init();
	crypto_generichash(ret_digest, ZONE_DIGEST_BYTES, bytes, len, NULL, 0);
}
