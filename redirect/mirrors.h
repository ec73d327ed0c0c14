/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other places for the same file, so that a download survives the death of one: Link fields (RFC 6249), Metalink 4
 * (RFC 5854) at ?meta4, a list for people at ?mirrorlist, and ?avoid=NODE. Pure; thread: any; writes into memory it is
 * given.
 */
#ifndef REDIRECT_MIRRORS_H
#define REDIRECT_MIRRORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"

struct redirect_health;
struct redirect_request;
struct redirect_site;
struct redirect_target;

enum {
	REDIRECT_LINKS_MAX = 2048,	/* bytes of the value of the Link field: old clients give up at more */
	REDIRECT_DOCUMENT_MAX = 32 << 10, /* bytes of a Metalink or a list; further mirrors are left out */
};

/* What the query of a request asks of us instead of the content server. Only on sites with mirrors, fallbacks or digests
 * of their own (redirect_mirrors_speaks()); elsewhere the query belongs to the content alone. */
enum redirect_wish { REDIRECT_WISH_FILE, REDIRECT_WISH_META4, REDIRECT_WISH_LIST };
enum { REDIRECT_AVOID_MAX = 8 };
struct redirect_wishes {
	enum redirect_wish wish;
	size_t avoid_count;
	struct span avoid[REDIRECT_AVOID_MAX];	/* names of nodes, as received */
	struct span path;			/* without the query; redirect/decide takes site->strip off it */
	struct span query;			/* with "?" and what is not ours, or empty; a view, or in scratch */
};
bool redirect_mirrors_speaks(const struct redirect_site *site);
/* scratch: REDIRECT_LINE_MAX bytes, for a query that must be rewritten. */
void redirect_mirrors_wishes(const struct redirect_site *site, struct span target, uint8_t *scratch,
			     struct redirect_wishes *ret);
bool redirect_mirrors_avoided(const struct redirect_wishes *wishes, const struct redirect_target *target);

struct redirect_mirrors_of {
	const struct redirect_site *site;
	const struct redirect_health *health;	/* NULL: all work */
	const struct redirect_wishes *wishes;	/* with the prefix of the site taken off the path */
	const struct redirect_target *chosen;	/* is not told again; NULL in documents */
	struct span host;			/* of the request, for {host} */
	uint8_t family;				/* of the client: alternatives it cannot reach are left out */
	bool tls;
};
/* The value of the Link field: "<URL>; rel=duplicate; pri=1; geo=de, …", or rel=describedby for ?meta4 where there is a
 * digest; 0 when there is nothing to tell. */
size_t redirect_mirrors_links(const struct redirect_mirrors_of *of, uint8_t out[REDIRECT_LINKS_MAX]);
/* Takes the first link off such a value; empty when none is left. HTTP/1 sends each as a line of its own: the meaning is
 * the same (RFC 9110, 5.3), but aria2 reads the first link of a line only, and old clients cut long lines. */
struct span redirect_mirrors_next_link(struct span *links);
/* Documents; ?meta4 needs a digest or at least one place: else 0, which is a 404. The same bytes on every node but for
 * the order of places. */
size_t redirect_mirrors_meta4(const struct redirect_mirrors_of *of, uint8_t out[REDIRECT_DOCUMENT_MAX]);
size_t redirect_mirrors_list(const struct redirect_mirrors_of *of, uint8_t out[REDIRECT_DOCUMENT_MAX]);

#endif
