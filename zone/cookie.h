/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS cookies (RFC 7873) in the form all servers of an anycast service can check for each other (RFC 9018): a server
 * cookie is version 1, a time stamp and a SipHash over client cookie and address. The first secret makes cookies, all
 * of them verify, so that a secret can be rolled node by node. Dataset lifetime, immutable; any thread reads.
 */
#ifndef ZONE_COOKIE_H
#define ZONE_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

enum {
	COOKIE_SECRET_BYTES = 16,
	COOKIE_SECRETS_MAX = 8,
	COOKIE_CLIENT_BYTES = 8,
	COOKIE_SERVER_BYTES = 16,
	COOKIE_BYTES = COOKIE_CLIENT_BYTES + COOKIE_SERVER_BYTES,	/* of the whole option as we make it */
};

struct cookie_secrets {
	size_t count;	/* at least 1 */
	uint8_t secret[COOKIE_SECRETS_MAX][COOKIE_SECRET_BYTES];
};

/* A secret file: 32 hexadecimal digits, white space around them ignored; or 16 raw bytes. ERR_SYNTAX with a note. */
int cookie_secret_read(const char *path, uint8_t ret_secret[COOKIE_SECRET_BYTES], struct err_note *note);
void cookie_secret_make(uint8_t ret_secret[COOKIE_SECRET_BYTES]);	/* random, for a node that shares none */

/* Whether the option a query sent (8 to 40 bytes) has a server cookie of ours for this address, at most an hour old and at
 * most five minutes of the future (RFC 9018, 4.3). */
bool cookie_verify(const struct cookie_secrets *secrets, struct span option, struct span address, uint32_t now_s);
/* Writes client cookie and a fresh server cookie. */
void cookie_write(const struct cookie_secrets *secrets, const uint8_t *client, struct span address, uint32_t now_s,
		  uint8_t out[COOKIE_BYTES]);

#endif
