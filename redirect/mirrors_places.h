/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What redirect/mirrors tells, apart from the form it is told in: which places have a file, and writing into a buffer
 * that may be too small. Internal to redirect/mirrors*.c. Pure; thread: any.
 */
#ifndef REDIRECT_MIRRORS_PLACES_H
#define REDIRECT_MIRRORS_PLACES_H

#include "redirect/location.h"
#include "redirect/mirrors.h"

struct redirect_digest;

enum { REDIRECT_PLACES_MAX = 64 };

struct redirect_place {
	const struct redirect_target *target;
	const char *geo;	/* or NULL */
};

/* The best first: this node's other targets, then fallbacks, then mirrors; at most half of them ours where there are
 * others, for what takes one server of a node away may take them all. Only those that work, that the client can reach
 * and does not avoid, each URL once. most: up to REDIRECT_PLACES_MAX. */
size_t redirect_places(const struct redirect_mirrors_of *of, size_t most,
		       struct redirect_place places[REDIRECT_PLACES_MAX]);
/* Where it has the file; empty: nowhere, for it needs a host and the request named none. */
struct span redirect_place_url(const struct redirect_mirrors_of *of, const struct redirect_place *place,
			       uint8_t out[REDIRECT_LOCATION_MAX]);
/* Of the file, or NULL. */
const struct redirect_digest *redirect_places_digest(const struct redirect_mirrors_of *of);

/* Text into a buffer. What does not fit is left out and sets full; the caller goes back to a length it knows is
 * good. */
struct redirect_text {
	uint8_t *out;
	size_t len, room;
	bool full;
};

void redirect_text_put(struct redirect_text *text, struct span piece);
void redirect_text_puts(struct redirect_text *text, const char *piece);
void redirect_text_number(struct redirect_text *text, uint64_t number);
void redirect_text_hex(struct redirect_text *text, struct span bytes);
/* For XML and HTML, in attributes too. */
void redirect_text_escape(struct redirect_text *text, struct span piece);

#endif
