/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a node: an Ed25519 seed, with which it signs its reports, and the X25519 pair made of it, to which secrets
 * are sealed. A file of 64 hexadecimal digits, for its owner alone. Wiped when freed. Thread: any.
 */
#ifndef SYNC_NODE_KEY_H
#define SYNC_NODE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

struct node_key;

enum { NODE_KEY_BYTES = 32, NODE_KEY_SIGNATURE_BYTES = 64, NODE_KEY_SEAL_BYTES = 48 };

/* Reads path; make: writes a new one there when there is none. */
int node_key_open(const char *path, bool make, struct node_key **ret_key, struct err_note *note);
void node_key_free(struct node_key *key);	/* NULL is allowed */
const uint8_t *node_key_sign_public(const struct node_key *key);	/* NODE_KEY_BYTES, here and below */
const uint8_t *node_key_box_public(const struct node_key *key);
void node_key_sign(const struct node_key *key, struct span message, uint8_t ret_signature[NODE_KEY_SIGNATURE_BYTES]);
/* Standard base64 of what crypto_box_seal made. *ret_bytes is the caller's; its length, or ERR_SYNTAX, ERR_INVALID: not
 * sealed to this key. */
int node_key_unseal(const struct node_key *key, const char *base64, uint8_t **ret_bytes);
uint64_t node_key_hash64(struct span text);	/* BLAKE2b-64, big-endian */

#endif
