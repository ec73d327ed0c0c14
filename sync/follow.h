/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a master: one refresh from the root to content that is built, guarded and ready to be switched to. Blocking:
 * server/sync runs it in a thread of its own; tests over a repository in memory. Thread: one at a time.
 *
 *     follow_refresh     sync/follow.c: the story
 *       metadata         sync/follow_metadata.c: TUF, with floors beside it
 *       mirrors          sync/follow_mirrors.c: another one, when what one gave is bad or old
 *       items            sync/follow_items.c: subscribe.json and what it names, into a manifest; sync/follow_memory.c
 *       blobs            sync/follow_blobs.c: what is not on disk yet, many at a time
 *       content          sync/content.c: images, sites, secrets; sync/guards.c
 */
#ifndef SYNC_FOLLOW_H
#define SYNC_FOLLOW_H

#include "sync/content.h"
#include "sync/state.h"
#include "sync/transport.h"

struct tuf_client;
struct web_mirrors;

/* What came of a refresh, or why not. */
enum follow_result {
	FOLLOW_NEW,		/* content that is not served yet */
	FOLLOW_SAME,		/* nothing that this node would serve has changed */
	FOLLOW_NETWORK,		/* a file could not be had */
	FOLLOW_TRUST,		/* metadata refused: signatures, versions, expiry */
	FOLLOW_CONTENT,		/* an item does not hold what was signed, or is none */
	FOLLOW_GUARD,		/* it breaks a guard rail */
	FOLLOW_PROBE,		/* it does not answer as it must */
	FOLLOW_STAGING,		/* it does not go together with the configuration of this node */
	FOLLOW_DISK,		/* the state folder cannot be written, or there is no room in memory */
	FOLLOW_REFUSED,		/* an operator went back from this release */
	FOLLOW_CANCELED,	/* the node stops */
	FOLLOW_RESULTS,
};
const char *follow_result_name(enum follow_result result);	/* "new", "guard" */

/* What the last look found when it was no news, so that the next one looks up only what is in metadata that has changed.
 * Zeroed at first; follow_forget() it at last. */
struct follow_memory {
	struct manifest *last;
};
void follow_forget(struct follow_memory *memory);

struct follow_settings {	/* views, which outlive it */
	const struct conf *conf;
	const struct node_key *key;	/* for secrets; NULL: none can be opened */
	struct state *state;
	struct transport *transport;	/* its get() takes names below the repository */
	const struct content_spare *spare;	/* made; NULL: none */
	struct follow_memory *memory;	/* NULL: all is looked up each time */
	struct web_mirrors *mirrors;	/* the same, many files at a time; NULL: one by one */
	void (*remark)(void *ctx, const char *text);	/* what is no failure; NULL: nobody wants to know */
	void *ctx;
	/* Of the next look alone: */
	bool by_hand;			/* somebody waits: mirrors that failed are asked again, and all for what is newer */
	bool has_hint;			/* somebody says that there is a timestamp of this version, modulo 2^32 */
	uint32_t hint;
};

/* Versions of metadata that were verified. */
struct follow_versions {
	int64_t root, timestamp, snapshot;	/* 0: none yet */
};

struct follow_outcome {
	enum follow_result result;
	struct content *content;	/* FOLLOW_NEW: the caller's */
	char release[64];		/* as far as it is known, else "" */
	int64_t expires_s;		/* of the timestamp, when it was fresh; else 0 */
	struct follow_versions verified;	/* when it was */
	bool again;			/* the next look, over the same metadata, may end otherwise */
	struct err_note note;		/* why not */
};

/* running: what is served now, or NULL. settled_snapshot: the version of which is known what came of it, so that it is
 * not looked at again; 0: none. */
void follow_refresh(const struct follow_settings *settings, const struct content *running, int64_t now_s,
		    int64_t *settled_snapshot, struct follow_outcome *ret);
/* After FOLLOW_NEW, when it was staged: as a generation on disk, in force at the next start; before it is switched to. */
int follow_commit(const struct follow_settings *settings, struct content *content, const struct follow_outcome *outcome,
		  int64_t now_s, struct err_note *note);
/* The newest generation that is whole, without a network; NULL: none. before: only those older than this one
 * that nobody went back from; 0: any.
 * running: what is served, of which zones that are the same are taken over; NULL: nothing. */
struct content *follow_offline(const struct follow_settings *settings, const struct content *running, uint64_t before,
			       struct err_list *warnings);

#endif
