/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/decide.h"

#include <string.h>

#include "redirect/serve.h"

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

/* The path and the query of a target that is nothing but that. */
static void split_target(struct span target, struct redirect_wishes *wishes)
{
	const uint8_t *mark = target.len != 0 ? memchr(target.at, '?', target.len) : NULL;
	size_t len = mark != NULL ? (size_t)(mark - target.at) : target.len;

	wishes->wish = REDIRECT_WISH_FILE;
	wishes->avoid_count = 0;
	wishes->path = (struct span){ target.at, len };
	wishes->query = (struct span){ target.at + len, target.len - len };
}

/* Behind the prefix: "/pub" leaves "" and "/pub/x" leaves "/x"; "/public" is another folder. Leading slashes count once,
 * as in a Location. */
static bool strip_prefix(struct redirect_decision *decision)
{
	struct span prefix = decision->site->strip, at = decision->wishes.path;

	if (prefix.len == 0)
		return true;
	while (at.len > 1 && at.at[0] == '/' && at.at[1] == '/')
		at = (struct span){ at.at + 1, at.len - 1 };
	decision->outside = at.len < prefix.len || memcmp(at.at, prefix.at, prefix.len) != 0
			    || (at.len > prefix.len && at.at[prefix.len] != '/');
	if (!decision->outside)
		decision->wishes.path = (struct span){ at.at + prefix.len, at.len - prefix.len };
	return !decision->outside;
}

static size_t write_location(const struct redirect_target *target, const struct redirect_request *request,
			     struct redirect_decision *decision, size_t *ret_path_end)
{
	const struct span host = { (const uint8_t *)request->host, request->host_len };
	size_t len = redirect_location_write(target, host, decision->wishes.path, decision->location);

	*ret_path_end = len;
	if (len == 0 || decision->wishes.query.len == 0)
		return len;
	memcpy(decision->location + len, decision->wishes.query.at, decision->wishes.query.len);
	return len + decision->wishes.query.len;
}

/* What the path is hashed by: as the content server will see it, so that neither slashes nor queries divide a cache. */
static uint64_t path_hash(struct span path)
{
	while (path.len != 0 && path.at[0] == '/')
		path = (struct span){ path.at + 1, path.len - 1 };
	return redirect_choose_hash(path);
}

/* The first choice that has the file, or may have it. */
static enum redirect_outcome decide_target(const struct redirect_view *view, const struct redirect_request *request,
					   uint64_t random, struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;
	bool ask = site->presence && view->present != NULL;
	struct redirect_choosing choosing = {
		.site = site, .health = view->health, .wishes = &decision->wishes, .family = view->client->family,
		.random = random,
	};
	struct redirect_choices choices;

	if (site->by_path || site->fallback_by_path || ask)
		choosing.path_hash = path_hash(decision->wishes.path);
	/* Who is served again after waiting should meet the same order of targets, or would wait for the next one. */
	if (ask)
		choosing.random = choosing.path_hash * 0x9e3779b97f4a7c15 + (uintptr_t)view->client->tag;
	redirect_choices_begin(&choices, &choosing);
	for (unsigned i = 0;; i++) {
		const struct redirect_target *target = redirect_choices_next(&choices, &decision->choice);
		size_t path_end;

		if (target == NULL)	/* a site of files alone has nobody who could be down */
			return i == 0 && site->target_count + site->fallback_count != 0 ? REDIRECT_NO_TARGET
											: REDIRECT_NO_FILE;
		decision->location_len = write_location(target, request, decision, &path_end);
		if (decision->location_len == 0)
			return REDIRECT_BAD_REQUEST;
		enum redirect_present present =
			ask ? view->present(view->present_ctx, target, (struct span){ decision->location, path_end })
			    : REDIRECT_PRESENT;
		decision->wait = present == REDIRECT_PRESENT_SOON;
		if (present != REDIRECT_ABSENT) {
			decision->target = target;
			return REDIRECT_SENT;
		}
	}
}

/* Where a write goes. CONNECT has no path to send anywhere, and TRACE writes nothing. */
static enum redirect_outcome decide_write(const struct redirect_request *request, struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;
	size_t path_end;

	if (request->method != REDIRECT_OTHER || site->writes == NULL)
		return REDIRECT_METHOD;
	if (!strip_prefix(decision))
		return REDIRECT_NO_FILE;
	decision->location_len = write_location(site->writes, request, decision, &path_end);
	if (decision->location_len == 0)
		return REDIRECT_BAD_REQUEST;
	decision->target = site->writes;
	return REDIRECT_WRITE_SENT;
}

/* True: a static answer, or its absence, or a method that it does not take. */
static bool decide_file(const struct redirect_request *request, struct redirect_decision *decision)
{
	const struct span path = decision->wishes.path;
	const struct redirect_file *file;

	if (decision->site->files == NULL)
		return false;
	file = redirect_files_find(decision->site->files, path.len != 0 ? path : SPAN_TEXT("/"),
				   &decision->below_files);
	if (file == NULL && !decision->below_files)
		return false;
	decision->below_files = true;
	if (request->method == REDIRECT_OPTIONS_METHOD) {
		decision->outcome = REDIRECT_OPTIONS;
	} else if (!is_read(request->method)) {
		decision->outcome = REDIRECT_METHOD;
	} else if (file == NULL) {
		decision->outcome = REDIRECT_NO_FILE;
	} else {
		decision->outcome = REDIRECT_FILE;
		decision->file = file;
		redirect_file_select(file, request, &decision->part);
	}
	return true;
}

/* The rules of a site, in their order: its files, methods, the wishes of a query, its targets. */
static enum redirect_outcome decide_within(const struct redirect_view *view, const struct redirect_request *request,
					   uint64_t random, struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;

	split_target(request->target, &decision->wishes);
	/* A long body makes sense with a write, which is passed on; with a read it does not. */
	if (is_read(request->method) && request->content_length > REDIRECT_BODY_MAX)
		return REDIRECT_BODY_TOO_LARGE;
	if (decide_file(request, decision))
		return decision->outcome;
	if (request->method == REDIRECT_OPTIONS_METHOD)
		return REDIRECT_OPTIONS;
	if (!is_read(request->method))
		return decide_write(request, decision);
	if (site->speaks)
		redirect_mirrors_wishes(site, request->target, decision->query, &decision->wishes);
	if (!strip_prefix(decision))
		return REDIRECT_NO_FILE;
	if (decision->wishes.wish != REDIRECT_WISH_FILE)
		return REDIRECT_DOCUMENT;
	return decide_target(view, request, random, decision);
}

static enum redirect_outcome decide_site(const struct redirect_view *view, const struct redirect_request *request,
					 uint64_t random, struct redirect_decision *decision)
{
	const struct redirect_client *client = view->client;

	if (request->method == REDIRECT_CONNECT) {
		decision->close = true;	/* what follows is meant for a tunnel */
		return REDIRECT_METHOD;
	}
	if (request->asterisk)
		return REDIRECT_OPTIONS;
	/* The authority may be ours, but not over this scheme or this connection (RFC 9110, 7.4). */
	if (request->has_scheme && request->https != client->tls)
		return REDIRECT_MISDIRECTED;
	if (client->covers != NULL
	    && !client->covers(client->tag, (struct span){ (const uint8_t *)request->host, request->host_len }))
		return REDIRECT_MISDIRECTED;
	decision->site = redirect_sites_find(view->sites, request->host, request->host_len, &decision->pattern);
	if (decision->site == NULL)
		return client->tls ? REDIRECT_MISDIRECTED : REDIRECT_NO_SITE;
	return decide_within(view, request, random, decision);
}

static unsigned status_of(const struct redirect_decision *decision)
{
	switch (decision->outcome) {
	case REDIRECT_SENT: return decision->site->status;
	case REDIRECT_FILE: return decision->part.status;
	default: return redirect_outcome_status(decision->outcome);
	}
}

/* Most of a decision is room for text: only what is read before it is written is cleared. */
void redirect_decide(const struct redirect_view *view, const struct redirect_request *request, uint64_t random,
		     struct redirect_decision *decision)
{
	decision->wait = false;
	decision->below_files = decision->outside = false;
	decision->site = NULL;
	decision->pattern = NULL;
	decision->wishes.wish = REDIRECT_WISH_FILE;
	decision->wishes.avoid_count = 0;
	decision->file = NULL;
	decision->target = NULL;
	decision->choice = REDIRECT_CHOICE_NONE;
	decision->location_len = 0;
	decide_body(request, decision);
	decision->outcome = decide_site(view, request, random, decision);
	if (decision->target == NULL)
		decision->location_len = 0;
	decision->status = status_of(decision);
}
