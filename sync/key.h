/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of signed metadata: Ed25519 through libsodium; ECDSA on P-256 and RSA-PSS, both with SHA-256, through
 * libcrypto. Immutable. Thread: any.
 */
#ifndef SYNC_KEY_H
#define SYNC_KEY_H

#include <stdbool.h>

#include "conf/base/span.h"

struct key;

enum { KEY_SIGNATURE_MAX = 1024 };	/* bytes: RSA of 8192 bits */

/* A key as metadata writes it: keytype, scheme and the public part, 64 digits or PEM (TUF 1.0.34, 4.2). NULL when the
 * kind is not known here or the public part is not one of that kind: such a key never counts. */
struct key *key_new(const char *keytype, const char *scheme, const char *public_part);
void key_free(struct key *key);		/* NULL is allowed */
bool key_verify(const struct key *key, struct span message, struct span signature);
/* The same key, however it was written down. */
bool key_same(const struct key *a, const struct key *b);

#endif
