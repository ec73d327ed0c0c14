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
#include "sync/age.h"
#include "sync/board.h"
#include "sync/follow.h"
#include "sync/wallclock.h"

struct node;
struct sync;
struct textbuf;
struct worker_sockets;

/* FRESH: the master was asked with success of late. STALE: not for a while. EXPIRED: what it signed last is no longer
 * good; sync.when-stale says what follows. EMPTY: nothing ever came. */
enum sync_state { SYNC_FRESH, SYNC_STALE, SYNC_EXPIRED, SYNC_EMPTY };
const char *sync_state_name(enum sync_state state);
const char *sync_gate_name(enum gate_verdict verdict);	/* "unjudged", "good", "bad" */

enum { SYNC_HISTORY = 32, SYNC_RELEASE_MAX = 64, SYNC_TEXT_MAX = 512 };

/* One look at the master, or a rollback. */
struct sync_entry {
	int64_t at;
	enum follow_result result;
	bool rollback;
	char release[SYNC_RELEASE_MAX];
	char text[SYNC_TEXT_MAX];	/* why not; "" when all is well */
	uint64_t took_us, bytes;
	bool in_vain;		/* a retry of a release that was not refused */
};

struct sync_status {
	enum sync_state state;
	char release[SYNC_RELEASE_MAX];	/* served; "" without any */
	uint64_t generation;		/* on disk; 0: none */
	int64_t timestamp, snapshot;	/* versions of metadata of what is served */
	struct follow_versions verified;	/* the newest that were, whatever came of the look */
	int64_t fetched_at;		/* last look that was verified, news or none; 0: never */
	int64_t age_s;			/* since then, by the steady clock where that is known; -1: never */
	int64_t floor_s;		/* by which expiry is judged when the clock says less */
	enum wallclock clock;
	char clock_text[WALLCLOCK_TEXT_MAX];	/* "" when it is good */
	bool has_offset;
	int64_t offset_s;		/* clock less the master's, at the last look that told it */
	int64_t expires_at;		/* 0: not known */
	int64_t next_at;		/* next look */
	bool running;			/* a look is under way */
	char refused[SYNC_RELEASE_MAX];	/* release gone back from, which is newer than what is served; "": none */
	char refused_why[SYNC_TEXT_MAX];	/* "": an operator did */
	int64_t soak_until;		/* 0: nothing staged is served; else it soaks until then */
	enum gate_verdict gate;		/* so far */
	struct sync_entry last;		/* at 0: none yet */
	struct age_count aged;		/* first: a view into the content of the node's dataset; main's */
	uint64_t looks[FOLLOW_RESULTS];
	uint64_t bytes;			/* of content that came */
	uint64_t notifies, notifies_refused;	/* with a good signature; without */
	uint64_t notifies_known;	/* of those with a good one: of a timestamp that had been looked at */
	char from[256];			/* URL of the repository that answered last, "" before */
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

/* The master, index 0, and its mirrors in the order in which they are asked. */
struct sync_mirror {
	const char *url;		/* of the repository */
	bool used;			/* it was followed last */
	unsigned failures;		/* in a row */
	unsigned rests_s;		/* for so long it is not asked, while there is another; 0: it is */
	uint64_t files, bytes;		/* that it gave */
	uint64_t same;			/* times that it had nothing newer (304) */
	char text[SYNC_TEXT_MAX];	/* of the failure */
};
size_t sync_mirror_count(const struct sync *sync);
void sync_mirror(struct sync *sync, size_t index, struct sync_mirror *ret);

void sync_status(struct sync *sync, struct sync_status *ret);
/* Of content, since the last verified look; 0 without one. Any thread. NULL is fine, for both. */
int64_t sync_age(struct sync *sync);
const struct sync_board *sync_board(const struct sync *sync);
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
