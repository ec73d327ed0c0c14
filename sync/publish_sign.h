/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata being made and signed (TUF 1.0.34, 4): bodies, envelopes, signatures by the keys of the ring. A "who" is
 * what roles and delegations say of signers: {"keyids":[…],"threshold":N}; keys are objects by their ids. Thread: one
 * at a time.
 */
#ifndef SYNC_PUBLISH_SIGN_H
#define SYNC_PUBLISH_SIGN_H

#include "sync/publish_key.h"

/* What every body has: _type, spec_version, version, expires. */
struct json_view *publish_body(const char *type, int64_t version, int64_t expires_s);
int64_t publish_version(struct json_view *body);	/* 0 when there is none */
int64_t publish_expires(struct json_view *body);	/* seconds since 1970; 0 when there is none */

/* A file: the body (a copy of it) and signatures (taken over). */
struct json_view *publish_envelope(struct json_view *body, struct json_view *signatures);
/* Its bytes: one line without blanks. The caller's (mem_free). */
uint8_t *publish_bytes(struct json_view *envelope, size_t *ret_len);

/* Adds a signature of the envelope's body, in place of one by the same key. */
void publish_sign(struct json_view *envelope, const char *keyid, const struct key_secret *secret);
/* Signs with the keys of who that the ring has until the threshold is reached, those that have signed counted in.
 * *ret_missing: how many more it takes, 0 when all is well. A key that cannot be opened is a failure. */
int publish_sign_as(struct json_view *envelope, struct json_view *who, struct publish_ring *ring,
		    int64_t *ret_missing,
		    struct err_note *note);
/* How many of who's keys have signed the envelope rightly; it stops at the threshold. */
int64_t publish_signed_by(struct json_view *envelope, struct json_view *who, struct json_view *keys);

/* Adds a key to keys and to the ids of who; false: it was there. */
bool publish_who_add(struct json_view *who, struct json_view *keys, struct json_view *public_part);
bool publish_who_has(struct json_view *who, const char *keyid);
void publish_who_drop(struct json_view *who, const char *keyid);
int64_t publish_threshold(struct json_view *who);

int publish_json_read(const char *path, size_t limit, struct json_view **ret_view, struct err_note *note);

#endif
