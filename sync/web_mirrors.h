/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport over the master and its mirrors: the first of them that is not known to fail is asked (sync/mirror_choice).
 * Where one does not answer, breaks off or is too slow, the next one goes on from the byte that was reached; who took
 * the files for bad says so, and is not led there again for a while. Has a loop of its own, which turns while somebody
 * waits. Thread: that of the caller; web_mirrors_stop(), _tell() and _received() from any.
 */
#ifndef SYNC_WEB_MIRRORS_H
#define SYNC_WEB_MIRRORS_H

#include <stdbool.h>

#include "sync/mirror_choice.h"
#include "sync/transport.h"

struct web_mirrors;

struct web_mirrors_settings {	/* views, which outlive it */
	const char *const *urls;	/* of repositories: 1 to MIRROR_MAX */
	size_t url_count;
	const char *ca, *cert, *key, *proxy;
	uint64_t patience_ms, deadline_ms;
};

/* One of many files that are had side by side. Zero means none. */
struct web_mirrors_file {
	const char *name;		/* below the repository's URL; what begins with "targets/" names its content */
	uint64_t max_bytes;
	uint64_t had;			/* bytes of it that are there already: take() is given what follows */
	uint32_t avoid;			/* bit i: not from the i-th */
	bool aside;			/* who gives it is not followed for that */
	transport_take *take;
	void (*anew)(void *ctx);	/* what came so far is nothing: it comes from its beginning, from another; for files
					 * whose names do not name their content. NULL: what came is gone on from */
	void *ctx;
	int err;			/* as of transport.get(); -ERANGE: there is no part that follows what was had */
	uint32_t from;			/* bit i: the i-th gave some of it */
	struct err_note note;
};

/* NULL when libcurl or the loop does not start. */
struct web_mirrors *web_mirrors_new(const struct web_mirrors_settings *settings);
void web_mirrors_free(struct web_mirrors *mirrors);	/* NULL is allowed */
/* Its get() takes names below the repository, "metadata/timestamp.json", in place of URLs. After web_mirrors_stop():
 * -ECANCELED. */
struct transport *web_mirrors_transport(struct web_mirrors *mirrors);
/* All of them, WEB_MIRRORS_AT_ONCE at a time; take() of a file that broke off is called again with what follows. */
enum { WEB_MIRRORS_AT_ONCE = 16 };
void web_mirrors_get_all(struct web_mirrors *mirrors, struct web_mirrors_file *const *files, size_t count);
/* Ends what is under way, and all that is asked for until web_mirrors_resume(). */
void web_mirrors_stop(struct web_mirrors *mirrors);
void web_mirrors_resume(struct web_mirrors *mirrors);
bool web_mirrors_stopped(const struct web_mirrors *mirrors);

/* Before a look. by_hand: those that failed are asked at once. whole: no timestamp is taken for the one that was had,
 * though the server says so. */
void web_mirrors_begin(struct web_mirrors *mirrors, bool by_hand, bool whole);
/* What they gave was bad: of the mask, or, with 0, the one that answered last. */
void web_mirrors_blame(struct web_mirrors *mirrors, uint32_t which, const char *why);
/* The one that answered last is right and newest. */
void web_mirrors_praise(struct web_mirrors *mirrors);
size_t web_mirrors_count(const struct web_mirrors *mirrors);
size_t web_mirrors_current(const struct web_mirrors *mirrors);	/* that answered last; count: none did */
/* From now on this one is asked first, until it is blamed or web_mirrors_begin(); count: the order of the list. */
void web_mirrors_prefer(struct web_mirrors *mirrors, size_t index);
/* The next one in turn after the current that does not rest; count: there is none but that. */
size_t web_mirrors_turn(struct web_mirrors *mirrors, uint32_t not_these);

/* How it stands with one of them. */
struct web_mirrors_status {
	struct mirror mirror;
	bool used;			/* it gave the last file */
	uint64_t files, bytes;		/* that it gave */
	uint64_t same;			/* times that it said 304 */
};
void web_mirrors_tell(struct web_mirrors *mirrors, size_t index, struct web_mirrors_status *ret);
uint64_t web_mirrors_received(const struct web_mirrors *mirrors);	/* bytes of content in all */
/* Our clock less that of the server that answered last. False: none told it since this was asked before. */
bool web_mirrors_offset(struct web_mirrors *mirrors, int64_t *ret_offset_s);
const char *web_mirrors_last(const struct web_mirrors *mirrors);	/* URL that answered last, or "" */

#endif
