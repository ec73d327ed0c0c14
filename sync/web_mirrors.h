/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport over the master and its mirrors, asked in order: where one does not answer, breaks off or is too slow, the
 * next one goes on from the byte that was reached. Has a loop of its own, which turns while somebody waits. Thread: that of the caller; web_mirrors_stop()
 * from any.
 */
#ifndef SYNC_WEB_MIRRORS_H
#define SYNC_WEB_MIRRORS_H

#include <stdbool.h>

#include "sync/transport.h"

struct web_mirrors;

struct web_mirrors_settings {	/* views, which outlive it */
	const char *const *urls;	/* of repositories: at least one */
	size_t url_count;
	const char *ca, *cert, *key, *proxy;
};

/* One of many files that are had side by side. */
struct web_mirrors_file {
	const char *name;		/* below the repository's URL */
	uint64_t max_bytes;
	transport_take *take;
	void *ctx;
	int err;			/* as of transport.get() */
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
void web_mirrors_get_all(struct web_mirrors *mirrors, struct web_mirrors_file *files, size_t count);
/* Ends what is under way, for good. */
void web_mirrors_stop(struct web_mirrors *mirrors);

uint64_t web_mirrors_received(const struct web_mirrors *mirrors);	/* bytes of content in all */
const char *web_mirrors_last(const struct web_mirrors *mirrors);	/* URL that answered last, or "" */

#endif
