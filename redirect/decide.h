/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is answered with: the rules in their order, apart from bytes and connections, so that the server and
 * `explain http` cannot disagree. Pure; thread: any.
 */
#ifndef REDIRECT_DECIDE_H
#define REDIRECT_DECIDE_H

#include <stdbool.h>

#include "redirect/choose.h"
#include "redirect/files.h"
#include "redirect/location.h"
#include "redirect/mirrors.h"
#include "redirect/presence.h"
#include "redirect/request.h"
#include "redirect/response.h"

struct redirect_client;

/* Every member is needed but for those that may be NULL. */
struct redirect_view {
	const struct redirect_sites *sites;
	const struct redirect_health *health;	/* NULL: all are healthy */
	const struct redirect_client *client;
	redirect_present_fn *present;		/* NULL: nobody asks */
	void *present_ctx;
};

struct redirect_decision {
	enum redirect_outcome outcome;
	unsigned status;
	bool wait;		/* for the answer to a presence question: nothing else here counts */
	bool close;		/* by what the request is: framing, version, expectation */
	bool below_files;	/* the path belongs to the site's static answers */
	bool outside;		/* the path is not below the site's stripped prefix */
	uint32_t drain;		/* bytes of body to discard, when not close */
	const struct redirect_site *site;
	const char *pattern;	/* of the site, that matched */
	struct redirect_wishes wishes;	/* path: behind the site's stripped prefix, when the target mattered */
	const struct redirect_file *file;	/* REDIRECT_FILE */
	struct redirect_file_part part;
	const struct redirect_target *target;
	enum redirect_choice choice;
	size_t location_len;
	uint8_t location[REDIRECT_LOCATION_MAX];
	uint8_t query[REDIRECT_LINE_MAX];	/* what wishes.query may point into */
};

/* The outcome of a head that could not be parsed. */
enum redirect_outcome redirect_decide_fault(enum redirect_parsed parsed);
void redirect_decide(const struct redirect_view *view, const struct redirect_request *request, uint64_t random,
		     struct redirect_decision *ret_decision);

#endif
