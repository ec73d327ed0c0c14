/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/etag.h"

#include <sodium.h>

enum { DIGEST_BYTES = (REDIRECT_ETAG_LEN - 2) / 2 };

struct span redirect_etag(struct span content, uint8_t out[REDIRECT_ETAG_LEN])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[DIGEST_BYTES], *at = out;

	crypto_generichash(digest, sizeof digest, content.at, content.len, NULL, 0);
	*at++ = '"';
	for (size_t i = 0; i < sizeof digest; i++) {
		*at++ = (uint8_t)digits[digest[i] >> 4];
		*at++ = (uint8_t)digits[digest[i] & 15];
	}
	*at++ = '"';
	return (struct span){ out, (size_t)(at - out) };
}
