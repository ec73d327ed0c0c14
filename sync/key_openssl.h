/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of key that libcrypto verifies, for sync/key.c. Immutable. Thread: any. */
#ifndef SYNC_KEY_OPENSSL_H
#define SYNC_KEY_OPENSSL_H

#include <stdbool.h>

#include "conf/base/span.h"

struct key_openssl;

enum key_openssl_kind { KEY_ECDSA_P256_SHA256, KEY_RSA_PSS_SHA256 };

/* NULL when pem is not a public key of this kind; RSA is taken from 2048 to 8192 bits. */
struct key_openssl *key_openssl_new(enum key_openssl_kind kind, const char *pem);
void key_openssl_free(struct key_openssl *key);
bool key_openssl_verify(const struct key_openssl *key, struct span message, struct span signature);
bool key_openssl_same(const struct key_openssl *a, const struct key_openssl *b);

#endif
