/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/decide.h"

enum redirect_outcome redirect_decide_fault(enum redirect_parsed parsed)
{
	switch (parsed) {
	case REDIRECT_PARSED_LONG_TARGET: return REDIRECT_TARGET_TOO_LONG;
	case REDIRECT_PARSED_LARGE_HEAD: return REDIRECT_HEAD_TOO_LARGE;
	case REDIRECT_PARSED_UNKNOWN: return REDIRECT_NOT_IMPLEMENTED;
	case REDIRECT_PARSED_EXPECTATION: return REDIRECT_EXPECTATION;
	case REDIRECT_PARSED_VERSION: return REDIRECT_VERSION;
	case REDIRECT_PARSED:
	case REDIRECT_PARSED_MORE:
	case REDIRECT_PARSED_BAD: break;
	}
	return REDIRECT_BAD_REQUEST;
}

/* A body that we do not read would be taken for the next request. Its length decides from the head alone: what is
 * short is discarded; what is long, chunked, or may never come because its sender waits for a 100, ends the
 * connection. */
static void decide_body(const struct redirect_request *request, struct redirect_decision *decision)
{
	bool drained = request->content_length <= REDIRECT_BODY_MAX;

	decision->close = !request->persist || request->chunked || !drained
			  || (request->expect_continue && request->content_length != 0);
	decision->drain = decision->close ? 0 : (uint32_t)request->content_length;
}

static bool is_read(enum redirect_method method)
{
	return method == REDIRECT_GET || method == REDIRECT_HEAD;
}

/* Which target, once the site is known; NULL sets the outcome. */
static const struct redirect_target *decide_target(const struct redirect_view *view,
						   const struct redirect_request *request, uint64_t random,
						   struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;

	if (!is_read(request->method)) {
		/* CONNECT has no path to send anywhere, and TRACE writes nothing. */
		bool write = request->method == REDIRECT_OTHER && site->writes != NULL;

		decision->outcome = write ? REDIRECT_WRITE_SENT : REDIRECT_METHOD;
		return write ? site->writes : NULL;
	}
	/* A long body makes sense with a write, which is passed on; here it does not. */
	if (request->content_length > REDIRECT_BODY_MAX) {
		decision->outcome = REDIRECT_BODY_TOO_LARGE;
		return NULL;
	}
	decision->outcome = REDIRECT_SENT;
	const struct redirect_target *target = redirect_choose(site, view->health, random, &decision->choice);
	if (target == NULL)
		decision->outcome = REDIRECT_NO_TARGET;
	return target;
}

static void decide_site(const struct redirect_view *view, const struct redirect_request *request, uint64_t random,
			struct redirect_decision *decision)
{
	if (request->method == REDIRECT_CONNECT) {
		decision->outcome = REDIRECT_METHOD;
		decision->close = true;	/* what follows is meant for a tunnel */
		return;
	}
	if (request->asterisk) {
		decision->outcome = REDIRECT_OPTIONS;
		return;
	}
	/* The authority may be ours, but not over this scheme (RFC 9110, 7.4). */
	if (request->has_scheme && request->https != view->tls) {
		decision->outcome = REDIRECT_MISDIRECTED;
		return;
	}
	decision->site = redirect_sites_find(view->sites, request->host, request->host_len, &decision->pattern);
	if (decision->site == NULL) {
		decision->outcome = view->tls ? REDIRECT_MISDIRECTED : REDIRECT_NO_SITE;
		return;
	}
	if (request->method == REDIRECT_OPTIONS_METHOD) {
		decision->outcome = REDIRECT_OPTIONS;
		return;
	}

	decision->target = decide_target(view, request, random, decision);
	if (decision->target == NULL)
		return;
	const struct span host = { (const uint8_t *)request->host, request->host_len };
	decision->location_len = redirect_location_write(decision->target, host, request->target, decision->location);
	if (decision->location_len == 0) {
		decision->outcome = REDIRECT_BAD_REQUEST;
		decision->target = NULL;
	}
}

void redirect_decide(const struct redirect_view *view, const struct redirect_request *request, uint64_t random,
		     struct redirect_decision *decision)
{
	decision->site = NULL;
	decision->pattern = NULL;
	decision->target = NULL;
	decision->choice = REDIRECT_CHOICE_NONE;
	decision->location_len = 0;
	decide_body(request, decision);
	decide_site(view, request, random, decision);
	decision->status = decision->outcome == REDIRECT_SENT ? decision->site->status
							      : redirect_outcome_status(decision->outcome);
}
