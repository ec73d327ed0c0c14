/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root metadata for a ceremony: made, compared in words, checked as a client would. A root here is its body; the file
 * is its envelope. Thread: one at a time.
 */
#ifndef SYNC_PUBLISH_ROOT_H
#define SYNC_PUBLISH_ROOT_H

#include "sync/publish_sign.h"

struct json_view *publish_root_new(int64_t expires_s);	/* version 1, nobody signs anything yet */
/* The one after it: the same with the next version. */
struct json_view *publish_root_next(struct json_view *body, int64_t expires_s);
void publish_root_expire(struct json_view *body, int64_t expires_s);
bool publish_root_is_role(const char *role);		/* root, targets, snapshot or timestamp */
struct json_view *publish_root_who(struct json_view *body, const char *role);	/* its keyids and threshold */
void publish_root_add(struct json_view *body, const char *role, struct json_view *public_part);
void publish_root_threshold(struct json_view *body, const char *role, int64_t threshold);
/* Takes a key from all roles. Calls on_role for each that it was in; false: it was in none. */
bool publish_root_drop(struct json_view *body, const char *keyid, void (*on_role)(void *ctx, const char *role),
		       void *ctx);
void publish_root_forget_unused(struct json_view *body);	/* keys that no role has any more */

/* What is to be told to who shall sign: the whole, and what is different from before (NULL: nothing is). Lines. */
void publish_root_show(struct json_view *body, struct json_view *before, void (*on_line)(void *ctx, const char *line),
		       void *ctx);
/* Every role has a threshold that its keys can reach. ERR_INVALID with the reason. */
int publish_root_sane(struct json_view *body, struct err_note *note);
/* As a client would: signed by the thresholds of itself and of before (the file's bytes; empty: a first root), the
 * next version, not expired. */
int publish_root_check(struct span file, struct span before, int64_t now_s, struct err_note *note);
/* The fingerprint to compare by voice: SHA-256 of what is signed, in groups of four. The caller's (mem_free). */
char *publish_root_fingerprint(struct json_view *body);

#endif
