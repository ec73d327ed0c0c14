/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a target has a path, for redirect/presence: a table of what HEAD requests said, of fixed size, that workers
 * read without a lock. Who finds nothing leaves a question in a bounded mailbox; main asks, writes the answer down and
 * pokes the workers. All doubt is in favour of the target: what takes too long, is asked too often or is answered
 * otherwise than with "is here" or "is not here" counts as present, for a short while. What has expired still answers,
 * at most as long again as it was valid, while it is asked anew.
 *
 * Process lifetime, one for all workers. Any thread may call presence_ask(), presence_changes() and presence_count();
 * the rest is main's.
 */
#ifndef SERVER_PRESENCE_H
#define SERVER_PRESENCE_H

#include <stdatomic.h>
#include <stdint.h>

#include "redirect/presence.h"
#include "redirect/sites.h"

struct dataset;
struct node;
struct presence;

enum {
	PRESENCE_ENTRIES = 1 << 16,
	PRESENCE_URL_MAX = 4096,	/* bytes of what is asked for; longer: present */
	PRESENCE_UNSURE_MS = 2000,	/* for so long a doubtful answer counts */
};

/* What became of the HEAD requests. */
enum presence_result {
	PRESENCE_FOUND, PRESENCE_MISSING,	/* 2xx and 3xx; 404 and 410 */
	PRESENCE_UNSURE,			/* another status, or no answer */
	PRESENCE_TIMEOUT,			/* none in time */
	PRESENCE_CROWDED,			/* too many under way: not asked */
	PRESENCE_RESULTS,
};

/* NULL when libcurl does not start. */
struct presence *presence_new(struct node *node);
void presence_close(struct presence *presence);	/* everything is present from now on; NULL is fine, here and below */
/* After presence_close(), when the loop has run out and no worker runs. */
void presence_free(struct presence *presence);

/* From a worker. dataset is the one it uses, target one of it, url as in redirect/presence.h. *ret_full: the mailbox
 * was, so that this is asked later, and the answer may be a guess. */
enum redirect_present presence_ask(struct presence *presence, const struct dataset *dataset,
				   const struct redirect_target *target, struct span url, bool *ret_full);
/* Advances before the workers are poked: who waits needs a look only when it has. 0 for NULL. */
uint64_t presence_changes(const struct presence *presence);
uint64_t presence_count(const struct presence *presence, enum presence_result result);

#endif
