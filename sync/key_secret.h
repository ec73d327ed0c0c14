/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret keys: Ed25519 to sign metadata with, in memory that is locked and wiped; wrapped with a passphrase for the
 * disk (Argon2id, XSalsa20-Poly1305); and sealing to the box key of a node. Through libsodium. Thread: any.
 */
#ifndef SYNC_KEY_SECRET_H
#define SYNC_KEY_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"

struct key_secret;

enum {
	KEY_SEED_BYTES = 32, KEY_PUBLIC_BYTES = 32, KEY_ED25519_BYTES = 64,
	KEY_SALT_BYTES = 16, KEY_NONCE_BYTES = 24, KEY_WRAPPED_BYTES = KEY_SEED_BYTES + 16,
	KEY_BOX_BYTES = 32, KEY_SEAL_BYTES = 48,	/* what sealing adds */
};

struct key_secret *key_secret_new(void);					/* at random */
struct key_secret *key_secret_of(const uint8_t seed[KEY_SEED_BYTES]);
void key_secret_free(struct key_secret *secret);				/* NULL is allowed */
void key_secret_public(const struct key_secret *secret, uint8_t ret_public[KEY_PUBLIC_BYTES]);
void key_secret_seed(const struct key_secret *secret, uint8_t ret_seed[KEY_SEED_BYTES]);
void key_secret_sign(const struct key_secret *secret, struct span message, uint8_t ret_signature[KEY_ED25519_BYTES]);

/* As it lies on a disk. */
struct key_wrapped {
	uint64_t ops, memory;		/* of Argon2id 1.3: passes, bytes */
	uint8_t salt[KEY_SALT_BYTES], nonce[KEY_NONCE_BYTES], box[KEY_WRAPPED_BYTES];
};
enum { KEY_WRAP_MEMORY_MAX = 1 << 30 };	/* bytes: what a file may demand */

void key_secret_wrap(const struct key_secret *secret, struct span passphrase, struct key_wrapped *ret_wrapped);
/* NULL: another passphrase, or damaged, or more work than is done for a file. */
struct key_secret *key_secret_unwrap(const struct key_wrapped *wrapped, struct span passphrase);

/* Sealed to the X25519 key of a node: len + KEY_SEAL_BYTES bytes. False: not a public key. */
bool key_box_seal(const uint8_t public_part[KEY_BOX_BYTES], struct span plain, uint8_t *ret_sealed);
/* The node's side; ret_plain has len - KEY_SEAL_BYTES bytes. False: not sealed to this key. */
bool key_box_open(const uint8_t public_part[KEY_BOX_BYTES], const uint8_t secret[KEY_BOX_BYTES], struct span sealed,
		  uint8_t *ret_plain);
void key_box_new(uint8_t ret_public[KEY_BOX_BYTES], uint8_t ret_secret[KEY_BOX_BYTES]);

void key_random(void *out, size_t len);
void key_wipe(void *bytes, size_t len);

#endif
