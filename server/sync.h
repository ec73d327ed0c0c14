/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node follows its master: a thread of its own runs sync/follow (network, signatures, disk), main switches. What is
 * new is offered to main as content; it is staged in the thread pool like any reload (all of a release or none), probed
 * there, committed to disk, and then switched to. All calls are for the main thread.
 */
#ifndef SERVER_SYNC_H
#define SERVER_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "sync/follow.h"

struct node;
struct sync;
struct textbuf;
struct worker_sockets;

/* FRESH: the master was asked with success of late. STALE: not for a while. EXPIRED: what it signed last is no longer
 * good; sync.when-stale says what follows. EMPTY: nothing ever came. */
enum sync_state { SYNC_FRESH, SYNC_STALE, SYNC_EXPIRED, SYNC_EMPTY };
const char *sync_state_name(enum sync_state state);

enum { SYNC_HISTORY = 32, SYNC_RELEASE_MAX = 64, SYNC_TEXT_MAX = 512 };

/* One look at the master, or a rollback. */
struct sync_entry {
	int64_t at;
	enum follow_result result;
	bool rollback;
	char release[SYNC_RELEASE_MAX];
	char text[SYNC_TEXT_MAX];	/* why not; "" when all is well */
	uint64_t took_us, bytes;
};

struct sync_status {
	enum sync_state state;
	char release[SYNC_RELEASE_MAX];	/* served; "" without any */
	uint64_t generation;		/* on disk; 0: none */
	int64_t timestamp, snapshot;	/* versions of metadata of what is served */
	int64_t fetched_at;		/* last success; 0: never */
	int64_t expires_at;		/* 0: not known */
	int64_t next_at;		/* next look */
	bool running;			/* a look is under way */
	char refused[SYNC_RELEASE_MAX];	/* release that is not taken again */
	int64_t soak_until;		/* 0: not soaking */
	struct sync_entry last;		/* at 0: none yet */
	uint64_t looks[FOLLOW_RESULTS];
	uint64_t bytes;			/* of content that came */
	uint64_t notifies, notifies_refused;
	char from[256];			/* URL that answered last, "" before */
};

/* For --check: the root and the files that sync names. Faults go to errors. */
int sync_check(const struct conf *conf, struct err_list *errors);
/* Opens the state folder and loads the newest good generation, without a network: *ret_content, NULL without any. After
 * privileges are dropped, before the loops start. Faults go to errors. */
int sync_open(const struct conf *conf, struct sync **ret_sync, struct content **ret_content, struct err_list *errors);
/* Begins to follow. sockets: of the NOTIFY listener; taken over. */
int sync_start(struct sync *sync, struct node *node, const struct worker_sockets *sockets);
void sync_close(struct sync *sync);	/* NULL is fine, here and below */
void sync_free(struct sync *sync);	/* after the loop has ended; joins the thread */

void sync_status(struct sync *sync, struct sync_status *ret);
size_t sync_history(struct sync *sync, struct sync_entry *ret, size_t room);	/* newest first */

typedef void sync_done_fn(void *ctx, const struct sync_entry *entry);
/* A look now. retry: this release may be taken though it was refused; NULL: none. done may be NULL. */
void sync_now(struct sync *sync, const char *retry, sync_done_fn *done, void *ctx);
/* To the generation before, which is in force at once; its successor is not taken again. */
void sync_rollback(struct sync *sync, sync_done_fn *done, void *ctx);
/* A NOTIFY with a good signature: has_version, version: the hint. */
void sync_notified(struct sync *sync, bool has_version, uint32_t version);

/* What this node serves, signed with its key; JSON. */
void sync_report(struct sync *sync, struct textbuf *out);
const struct node_key *sync_key(const struct sync *sync);

#endif
