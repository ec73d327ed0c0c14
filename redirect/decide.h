/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is answered with: the rules in their order, apart from bytes and connections, so that the server and
 * `explain http` cannot disagree. Pure; thread: any.
 */
#ifndef REDIRECT_DECIDE_H
#define REDIRECT_DECIDE_H

#include <stdbool.h>

#include "redirect/choose.h"
#include "redirect/location.h"
#include "redirect/request.h"
#include "redirect/response.h"

struct redirect_view {
	const struct redirect_sites *sites;
	const _Atomic uint8_t *health;	/* see redirect_choose() */
	bool tls;			/* the listener's scheme */
};

struct redirect_decision {
	enum redirect_outcome outcome;
	unsigned status;
	bool close;		/* by what the request is: framing, version, expectation */
	uint32_t drain;		/* bytes of body to discard, when not close */
	const struct redirect_site *site;
	const char *pattern;	/* of the site, that matched */
	const struct redirect_target *target;
	enum redirect_choice choice;
	size_t location_len;
	uint8_t location[REDIRECT_LOCATION_MAX];
};

/* The outcome of a head that could not be parsed. */
enum redirect_outcome redirect_decide_fault(enum redirect_parsed parsed);
void redirect_decide(const struct redirect_view *view, const struct redirect_request *request, uint64_t random,
		     struct redirect_decision *ret_decision);

#endif
