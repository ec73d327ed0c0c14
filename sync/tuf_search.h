/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which roles are asked for a target: depth first, a role before those that it delegates to, these in
 * their order, each name once (TUF 1.0.34, 5.6.7). Holds views into the delegators' metadata. Thread: one at a time.
 */
#ifndef SYNC_TUF_SEARCH_H
#define SYNC_TUF_SEARCH_H

#include "sync/tuf_match.h"

struct tuf_visit {
	char *role;
	const struct tuf_metadata *delegator;
};

/* Zero-initialised is over. */
struct tuf_search {
	char *path;			/* NULL: only the first role is wanted */
	char digest[TUF_DIGEST_TEXT_MAX];
	struct tuf_visit *waiting;	/* the next is the last */
	size_t waiting_count, waiting_room;
	struct tuf_visit *visited;	/* the last is the one being asked */
	size_t visited_count, visited_room;
	bool cut_short;			/* more roles than may be visited */
};

void tuf_search_init(struct tuf_search *search, const char *path, const struct tuf_metadata *root);
void tuf_search_fini(struct tuf_search *search);
/* The next role to ask, or NULL: nobody is left, or roles_max below the first were asked. */
const struct tuf_visit *tuf_search_next(struct tuf_search *search, unsigned roles_max);
/* The role asked has no such target: whom it delegates to. */
void tuf_search_descend(struct tuf_search *search, const struct tuf_metadata *targets);

#endif
