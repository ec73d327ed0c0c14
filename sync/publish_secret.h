/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that nodes share, of DNS cookies and of TLS session tickets: sealed to the key of each node that may
 * have them (crypto_box_seal), so that who serves the repository learns nothing. A secret is a file: one in bytes,
 * or lines of hexadecimal digits of which the first makes cookies or tickets and all are taken. Those that are
 * made here have three lines: the one in use, the next one, the one before; whoever is a roll behind or ahead is
 * understood by all. Thread: one at a time.
 */
#ifndef SYNC_PUBLISH_SECRET_H
#define SYNC_PUBLISH_SECRET_H

#include "sync/publish_content.h"

enum { PUBLISH_SECRET_MAX = 4096 };	/* bytes of a source */

/* Who reads an item: item->to, where "*" is every node whose key is known. The caller's. */
struct json_view *publish_secret_readers(struct publish_work *work, struct json_view *item);
/* The same with their keys, as a digest: custom's "readers". */
void publish_secret_readers_digest(struct publish_work *work, struct json_view *item,
				   char ret_digest[PUBLISH_KEYID_MAX]);
/* {"v":1,"sealed":{...}} for the readers of item. plain is the source's. */
int publish_secret_seal(struct publish_work *work, struct json_view *item, const char *path, struct span plain,
			struct publish_bytes *ret_content, struct err_list *errors);
/* Who was sealed to, and what: the same when nothing has to be sealed anew. The caller's (mem_free). */
char *publish_secret_mark(struct publish_work *work, struct json_view *item, struct span plain);
/* Whether a source is one that nodes take. ERR_INVALID: what was expected. */
int publish_secret_check(const char *path, struct span plain, struct err_note *note);

/* A secret of its own for the item at path (secrets/cookies/NAME), in the work folder; item->file and item->made are
 * set. Nothing of one before is left. */
int publish_secret_new(struct publish_work *work, struct json_view *item, const char *path, struct err_note *note);
/* The next one comes into use, the one in use is the one before. ERR_INVALID: not made here, or the last roll was
 * never released. */
int publish_secret_roll(struct publish_work *work, struct json_view *item, const char *path, struct err_note *note);

#endif
