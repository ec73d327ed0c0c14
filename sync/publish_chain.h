/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of changesets of a zone in its target's custom ("cs"): single steps, merged ones of 16 and of 256, and the
 * way along them from one serial to another. "step" counts the single steps ever made; merged ones begin at
 * multiples.
 * Thread: one at a time.
 */
#ifndef SYNC_PUBLISH_CHAIN_H
#define SYNC_PUBLISH_CHAIN_H

#include "sync/changeset.h"
#include "sync/publish_repo.h"

enum { PUBLISH_STEPS_KEPT = 16, PUBLISH_MERGE = 16, PUBLISH_WAY_MAX = 48 };

struct publish_step {
	uint32_t from, to;
	int64_t length, raw;		/* bytes packed and unpacked */
	int64_t steps;			/* single ones in it: 1, 16 or 256 */
	const char *sha256;
};

bool publish_step_read(struct json_view *entry, struct publish_step *ret_step);
/* The shortest way from one serial to another, longest steps first: indexes in cs. Their number; -1: there is
 * none. */
int publish_chain_way(struct json_view *cs, uint32_t from, uint32_t to, size_t ret_way[PUBLISH_WAY_MAX]);
/* The bytes to fetch along that way. */
int64_t publish_chain_bytes(struct json_view *cs, const size_t *way, int count);

/* Where the file of a changeset stands, relative to the repository. The caller's (mem_free). */
char *publish_chain_file(const char *path, const struct publish_step *step);
int publish_chain_read(const struct publish_repo *repo, const char *path, const struct publish_step *step,
		       struct changeset *ret_set, struct err_note *note);
/* What the way does together: publish_chain_read() and changeset_combine(). count is at least 1. */
int publish_chain_combine(const struct publish_repo *repo, const char *path, struct json_view *cs, const size_t *way,
			  int count, struct changeset *ret_set, struct err_note *note);

/* Packs and writes a changeset and adds it to custom's cs as the newest single step; merges what has become complete;
 * drops what no way from checkpoint needs. */
int publish_chain_add(struct publish_repo *repo, const char *path, struct json_view *custom,
		      const struct changeset *set,
		      struct err_note *note);
void publish_chain_prune(struct json_view *custom, uint32_t checkpoint, uint32_t head);

#endif
