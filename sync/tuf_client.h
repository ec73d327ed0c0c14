/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of The Update Framework (specification 1.0.34, section 5) as a state machine without I/O: it says what it
 * wants, is told what came of it, and says next what to keep. catchment-fetch, the node, the publisher's check and
 * the fuzzer all drive this one object. Thread: one at a time.
 *
 *     struct tuf_client *client = tuf_client_new(&settings);
 *     for (;;)
 *         switch (tuf_client_step(client, &step)) {
 *         case TUF_STEP_LOAD:    tuf_client_feed() with the stored file of step.role, or tuf_client_absent()
 *         case TUF_STEP_FETCH:   tuf_client_feed() with step.name of the repository, or tuf_client_absent()
 *         case TUF_STEP_PERSIST: step.bytes are safe on disk as the file of step.role: tuf_client_stored()
 *         case TUF_STEP_FORGET:  the stored file of step.role is gone: tuf_client_stored()
 *         case TUF_STEP_DONE:    fresh; tuf_client_target() after a search; tuf_client_find() begins one
 *         case TUF_STEP_REFUSED: tuf_client_reason(); nothing more will come
 *         }
 *
 * A driver that cannot do as told frees the client: what was persisted until then is valid, and the next refresh goes
 * on from there.
 */
#ifndef SYNC_TUF_CLIENT_H
#define SYNC_TUF_CLIENT_H

#include "sync/tuf_trust.h"

struct tuf_client;

enum tuf_step_kind {
	TUF_STEP_LOAD,
	TUF_STEP_FETCH,
	TUF_STEP_PERSIST,
	TUF_STEP_FORGET,
	TUF_STEP_DONE,
	TUF_STEP_REFUSED,
};

/* Views live until the next call. */
struct tuf_step {
	const char *role;	/* as the repository names it: not fit for a file name */
	const char *name;	/* FETCH: "3.root.json", fit for a URL */
	uint64_t max_bytes;	/* LOAD, FETCH: stop there, more is never taken */
	struct tuf_file listed;	/* FETCH: what is known of it, to recognise it with; the driver checks nothing */
	struct span bytes;	/* PERSIST */
};

struct tuf_client *tuf_client_new(const struct tuf_settings *settings);
void tuf_client_free(struct tuf_client *client);	/* NULL is allowed */
/* Before the first step: versions of roles below which nothing is taken. */
void tuf_client_set_floor(struct tuf_client *client, const char *role, int64_t version);

/* What to do now; the same again until it is done. */
enum tuf_step_kind tuf_client_step(struct tuf_client *client, struct tuf_step *ret_step);
void tuf_client_feed(struct tuf_client *client, struct span bytes);	/* LOAD, FETCH */
void tuf_client_absent(struct tuf_client *client);			/* LOAD; FETCH: answered with 404 or 403 */
void tuf_client_stored(struct tuf_client *client);			/* PERSIST, FORGET */

/* After DONE: looks for the target; path is tuf_path_is_good(). Then steps again until DONE or REFUSED. */
void tuf_client_find(struct tuf_client *client, const char *path);
/* ERR_UNKNOWN: no role that may has it; the reason says so. */
int tuf_client_target(const struct tuf_client *client, struct tuf_file *ret_file, struct json_view **ret_custom);
/* Below the URL of the targets, percent-encoded: with its first hash in consistent snapshots (5.7.2). mem_free. */
char *tuf_client_target_name(const struct tuf_client *client, const char *path, const struct tuf_file *file);

const struct err_note *tuf_client_reason(const struct tuf_client *client);
/* Why the stored file that was fed last is not used, or NULL. It is fetched anew, which is no failure. */
const struct err_note *tuf_client_passed_over(const struct tuf_client *client);
/* Of what is trusted now; 0: nothing yet. */
int64_t tuf_client_version(const struct tuf_client *client, enum tuf_kind kind);
int64_t tuf_client_expires(const struct tuf_client *client);	/* of the timestamp; 0: none */
/* Below which a role is refused: as it was set, or 0 since a root has rotated keys (5.3.11). */
int64_t tuf_client_floor(const struct tuf_client *client, const char *role);
/* Targets roles trusted by now, targets itself first; a view. NULL: there is none of that index. */
const char *tuf_client_role(const struct tuf_client *client, size_t index, int64_t *ret_version);
/* Roles that the last search has asked, in its order; a view. NULL: there is none of that index. */
const char *tuf_client_asked(const struct tuf_client *client, size_t index, int64_t *ret_version, int64_t *ret_expires_s);
/* The version of a targets role that the trusted snapshot lists; 0: none. */
int64_t tuf_client_listed(const struct tuf_client *client, const char *role);

#endif
