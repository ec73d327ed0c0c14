/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that two servers share to sign their messages (RFC 8945): HMAC with SHA-256, SHA-384 or SHA-512. The door to
 * nettle's HMAC is zone/tsig_key.c. Plain data, wiped by tsig_key_fini(). Thread: any.
 */
#ifndef ZONE_TSIG_KEY_H
#define ZONE_TSIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/name.h"

enum tsig_algorithm { TSIG_SHA256, TSIG_SHA384, TSIG_SHA512, TSIG_ALGORITHMS };
enum { TSIG_MAC_MAX = 64, TSIG_SECRET_MAX = 128 };	/* bytes; a longer secret is hashed by HMAC anyway */

struct tsig_key {
	struct name name;
	enum tsig_algorithm algorithm;
	uint8_t secret[TSIG_SECRET_MAX];
	size_t secret_len;
};

/* secret in base64 (RFC 4648, 4), white space around it is fine. ERR_SYNTAX: not a name, not base64, or nothing;
 * ERR_LIMIT: too long. */
int tsig_key_init(struct tsig_key *key, const char *name, enum tsig_algorithm algorithm, const char *secret);
void tsig_key_fini(struct tsig_key *key);

/* "hmac-sha256", as configured and as a name of the DNS; ERR_UNKNOWN. */
const char *tsig_algorithm_text(enum tsig_algorithm algorithm);
int tsig_algorithm_parse(const char *text, enum tsig_algorithm *ret_algorithm);
int tsig_algorithm_of(const struct name *name, enum tsig_algorithm *ret_algorithm);
size_t tsig_mac_bytes(enum tsig_algorithm algorithm);

/* HMAC over the parts one after the other; gives the bytes of the MAC. */
size_t tsig_key_mac(const struct tsig_key *key, const struct span *parts, size_t count,
		    uint8_t ret_mac[TSIG_MAC_MAX]);
/* In a time that does not tell where they differ. */
bool tsig_mac_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif
