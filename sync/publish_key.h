/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files of the publisher, and the ring of those that are at hand. NAME.key is JSON with the public part and the
 * secret one, wrapped with a passphrase or plain; nobody but its owner may be able to read it. NAME.key.pub is the
 * public part alone, as metadata writes it. Thread: one at a time.
 */
#ifndef SYNC_PUBLISH_KEY_H
#define SYNC_PUBLISH_KEY_H

#include "conf/base/err.h"
#include "sync/hash.h"
#include "sync/json_build.h"
#include "sync/key_secret.h"

enum { PUBLISH_KEYID_MAX = 2 * HASH_SHA256_BYTES + 1 };

struct publish_key {
	char *path;
	char keyid[PUBLISH_KEYID_MAX];
	struct json_view *public_part;	/* keytype, scheme, keyval */
	struct key_secret *secret;	/* NULL: wrapped, and not asked for yet */
	struct key_wrapped wrapped;
};

/* SHA-256 of the canonical form (TUF 1.0.34, 4.2). */
void publish_keyid(struct json_view *public_part, char ret_keyid[PUBLISH_KEYID_MAX]);
struct json_view *publish_public_of(const struct key_secret *secret);

/* A new key as path and path.pub; never over a file that is there. passphrase: empty writes it plain. */
int publish_key_write(const char *path, const struct key_secret *secret, struct span passphrase, char *ret_keyid,
		      struct err_note *note);
/* ERR_INVALID: others could read it, or it is no such file. */
int publish_key_read(const char *path, struct publish_key **ret_key, struct err_note *note);
void publish_key_free(struct publish_key *key);		/* NULL is allowed */
/* The public part of a key: from NAME.key.pub, or from the key file itself. The caller's. */
int publish_public_read(const char *path, struct json_view **ret_public, struct err_note *note);

/* A passphrase for the file at path (mem_free, wiped), or NULL: there is none to be had, with the reason. */
typedef char *publish_ask_fn(void *ctx, const char *path, struct err_note *note);

struct publish_ring {
	struct publish_key **list;
	size_t count, room;
	publish_ask_fn *ask;
	void *ctx;
};

/* Every *.key of a folder, or one file. A folder that is not there has none. */
int publish_ring_add(struct publish_ring *ring, const char *path, struct err_note *note);
void publish_ring_fini(struct publish_ring *ring);
const struct publish_key *publish_ring_find(const struct publish_ring *ring, const char *keyid);
/* Ready to sign with. ERR_UNKNOWN without a note: not in the ring. Else the reason. */
int publish_ring_secret(struct publish_ring *ring, const char *keyid, const struct key_secret **ret_secret,
			struct err_note *note);

#endif
