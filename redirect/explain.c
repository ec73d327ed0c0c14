/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "redirect/serve.h"

struct teller {
	void (*line)(void *ctx, const char *text);
	void *ctx;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct teller *teller, const char *format, ...)
{
	char text[REDIRECT_LOCATION_MAX + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	teller->line(teller->ctx, text);
}

/* What a client would send for url. NULL, and said why, when there is no such request. */
static char *request_bytes(const struct teller *teller, const char *method, const char *url, bool *ret_tls)
{
	bool tls = strncasecmp(url, "https://", 8) == 0;
	const char *authority = url + (tls ? 8 : 7);

	if (!tls && strncasecmp(url, "http://", 7) != 0) {
		tell(teller, "url: expected http:// or https://");
		return NULL;
	}
	for (const char *at = url; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f) {
			tell(teller, "url: a blank or control character cannot stand in a URL");
			return NULL;
		}
	size_t len = strcspn(url, "#"), authority_len = strcspn(authority, "/?#");
	const char *path = authority + authority_len;
	if (url[len] != '\0')
		tell(teller, "url: a client keeps \"%s\" to itself", url + len);
	*ret_tls = tls;
	return mem_format("%s %s%.*s HTTP/1.1\r\nHost: %.*s\r\n\r\n", method, *path == '/' ? "" : "/",
			  (int)(url + len - path), path, (int)authority_len, authority);
}

static const char *family_text(uint8_t families)
{
	return families == REDIRECT_IPV4 ? "IPv4" : families == REDIRECT_IPV6 ? "IPv6" : "IPv4 and IPv6";
}

static const char *choice_text(const struct redirect_decision *decision)
{
	if (decision->outcome == REDIRECT_WRITE_SENT)
		return "where writes go";
	return decision->choice == REDIRECT_CHOICE_OWN ? "of this node"
						       : "fallback: no target of this node can be used";
}

static void tell_target(const struct teller *teller, const char *key, const struct redirect_view *view,
			const struct redirect_decision *decision, const struct redirect_target *target)
{
	uint8_t up = redirect_health_target(view->health, target);
	bool avoided = decision->wishes.avoid_count != 0 && redirect_mirrors_avoided(&decision->wishes, target);
	char over[48] = "";

	if (up != 0 && up != REDIRECT_ANY_FAMILY)
		snprintf(over, sizeof over, ", %s over %s only", up == target->families ? "reached" : "up",
			 family_text(up));
	tell(teller, "%s: %s, weight %u%s%s%s%s", key, target->url, target->weight, up == 0 ? ", down" : "", over,
	     target->weight == 0 ? ", out of rotation" : "", avoided ? ", to be avoided" : "");
}

static void tell_targets(const struct teller *teller, const struct redirect_view *view,
			 const struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;

	if (site->by_path && site->target_count > 1)
		tell(teller, "balance: by path, so that one path always meets the same candidate that works");
	for (size_t i = 0; i < site->target_count; i++)
		tell_target(teller, "candidate", view, decision, &site->targets[i]);
	for (size_t i = 0; i < site->fallback_count; i++)
		tell_target(teller, "fallback", view, decision, &site->fallback[i]);
	if (site->presence)
		tell(teller, "presence: a candidate is asked for the file before the first redirect to it%s",
		     view->present == NULL ? "; not asked now" : "");
}

static void tell_file(const struct teller *teller, const struct redirect_decision *decision)
{
	const struct redirect_file *file = decision->file;

	if (file != NULL)
		tell(teller, "file: %s, %zu bytes, %.*s, ETag %.*s", file->source, file->content.len,
		     (int)file->type.len, (const char *)file->type.at, (int)file->etag.len,
		     (const char *)file->etag.at);
	else if (decision->outcome == REDIRECT_NO_FILE)
		tell(teller, "file: the path belongs to the site's files, and none is there");
	else
		tell(teller, "file: the path belongs to the site's files");
}

static void tell_wishes(const struct teller *teller, const struct redirect_decision *decision)
{
	const struct redirect_wishes *wishes = &decision->wishes;

	if (wishes->wish != REDIRECT_WISH_FILE)
		tell(teller, "wish: %s instead of the file",
		     wishes->wish == REDIRECT_WISH_META4 ? "a Metalink (?meta4)" : "the list of mirrors (?mirrorlist)");
	for (size_t i = 0; i < wishes->avoid_count; i++)
		tell(teller, "wish: not to node %.*s (?avoid)", (int)wishes->avoid[i].len,
		     (const char *)wishes->avoid[i].at);
}

static void tell_method(const struct teller *teller, const char *method, const struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;

	if (decision->outcome == REDIRECT_OPTIONS)
		tell(teller, "method: OPTIONS is answered here");
	else if (decision->outcome == REDIRECT_METHOD && decision->below_files)
		tell(teller, "method: %s is neither GET nor HEAD, and the site's files are read-only", method);
	else if (decision->outcome == REDIRECT_METHOD)
		tell(teller, "method: %s is neither GET nor HEAD, and %s", method,
		     site != NULL && site->writes != NULL ? "is not a write" : "the site names no place for writes");
}

static bool is_read(const struct redirect_request *request)
{
	return request->method == REDIRECT_GET || request->method == REDIRECT_HEAD;
}

/* The rules in the order in which redirect/decide goes through them. */
static void tell_site(const struct teller *teller, const struct redirect_view *view, const char *method,
		      const struct redirect_request *request, const struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;

	if (site == NULL) {
		tell(teller, "site: none matches the host");
		return;
	}
	tell(teller, "site: \"%s\" matches (sites entry %u, line %u)", decision->pattern, site->index + 1,
	     site->line);
	tell_method(teller, method, decision);
	if (decision->below_files) {
		tell_file(teller, decision);
		return;
	}
	tell_wishes(teller, decision);
	if (decision->outside)
		tell(teller, "strip-prefix: the path is not below \"%.*s\", and nothing else is served",
		     (int)site->strip.len, (const char *)site->strip.at);
	else if (site->strip.len != 0 && decision->outcome != REDIRECT_OPTIONS
		 && decision->outcome != REDIRECT_METHOD)
		tell(teller, "strip-prefix: \"%.*s\" is taken off", (int)site->strip.len,
		     (const char *)site->strip.at);
	if (is_read(request) && !decision->outside)
		tell_targets(teller, view, decision);
}

/* over: " over IPv6", where the families are told apart. */
static void tell_answer(const struct teller *teller, const char *over, const struct redirect_decision *decision,
			const struct redirect_response *response)
{
	if (decision->target != NULL) {
		tell(teller, "target%s: %s (%s)", over, decision->target->url, choice_text(decision));
		tell(teller, "location%s: %.*s", over, (int)decision->location_len,
		     (const char *)decision->location);
	} else if (decision->outcome == REDIRECT_NO_TARGET) {
		tell(teller, "target%s: none can be used", over);
	} else if (decision->outcome == REDIRECT_NO_FILE && !decision->outside && !decision->below_files) {
		bool none = decision->site->target_count + decision->site->fallback_count == 0;

		tell(teller, none ? "target%s: the site has none, and answers from its files alone"
				  : "presence%s: no candidate has the file", over);
	}
	if (response->link.len != 0)
		tell(teller, "link%s: %.*s", over, (int)response->link.len, (const char *)response->link.at);
	if (response->outcome != REDIRECT_OPTIONS)
		tell(teller, "cache-control%s: %.*s", over, (int)response->cache_control.len,
		     (const char *)response->cache_control.at);
	if (response->hsts.len != 0)
		tell(teller, "strict-transport-security%s: %.*s", over, (int)response->hsts.len,
		     (const char *)response->hsts.at);
	tell(teller, "answer%s: %u (%s)", over, response->status, redirect_outcome_name(response->outcome));
}

struct answered {
	bool wait;
	struct redirect_response response;
	struct redirect_scratch scratch;
};

static void serve(const struct redirect_view *view, const struct redirect_request *request, uint64_t random,
		  uint8_t family, struct answered *answered)
{
	struct redirect_client client = *view->client;
	struct redirect_env env = {
		.sites = view->sites, .health = view->health, .present = view->present, .ctx = view->present_ctx,
		.random = random,
	};

	client.family = family;
	redirect_date_print(0, env.date);
	answered->wait = !redirect_serve(&env, &client, request, &answered->scratch, &answered->response);
}

static bool same_answer(const struct answered *a, const struct answered *b)
{
	return a->wait == b->wait
	       && (a->wait || (a->response.status == b->response.status
			       && span_equal(a->response.location, b->response.location)
			       && span_equal(a->response.link, b->response.link)));
}

static void tell_answered(const struct teller *teller, const char *over, const struct answered *answered)
{
	if (answered->wait)
		tell(teller, "presence%s: %s is being asked; the client waits for it", over,
		     answered->scratch.decision.target->url);
	else
		tell_answer(teller, over, &answered->scratch.decision, &answered->response);
}

/* A client of a family that is not known is told about as one of each, where they are answered differently. */
static int explain_request(const struct teller *teller, const struct redirect_view *view, const char *method,
			   const struct redirect_request *request, uint64_t random)
{
	uint8_t family = view->client->family;
	struct answered *first = mem_alloc(sizeof *first), *second = mem_alloc(sizeof *second);
	bool both = family == REDIRECT_ANY_FAMILY;

	serve(view, request, random, both ? REDIRECT_IPV4 : family, first);
	serve(view, request, random, both ? REDIRECT_IPV6 : family, second);
	tell_site(teller, view, method, request, &first->scratch.decision);
	if (same_answer(first, second)) {
		tell_answered(teller, "", first);
	} else {
		tell_answered(teller, " over IPv4", first);
		tell_answered(teller, " over IPv6", second);
	}
	int status = (int)first->scratch.decision.status;
	mem_free(first);
	mem_free(second);
	return status;
}

static int explain_bytes(const struct teller *teller, const struct redirect_view *view, const char *method,
			 const char *bytes, uint64_t random)
{
	struct redirect_request_parser parser = { 0 };
	struct redirect_request request;
	size_t consumed;
	enum redirect_parsed parsed =
		redirect_request_next(&parser, (const uint8_t *)bytes, strlen(bytes), &consumed, &request);
	int status;

	if (parsed == REDIRECT_PARSED) {
		tell(teller, "request: %s, host %s, target %.*s, over %s", method, request.host,
		     (int)request.target.len, (const char *)request.target.at,
		     view->client->tls ? "https" : "http");
		status = explain_request(teller, view, method, &request, random);
	} else {
		enum redirect_outcome outcome = redirect_decide_fault(parsed);

		status = (int)redirect_outcome_status(outcome);
		tell(teller, "request: refused before any site is looked at");
		tell(teller, "answer: %d (%s)", status, redirect_outcome_name(outcome));
	}
	redirect_request_release(&parser);
	return status;
}

int redirect_explain(const struct redirect_view *view, const char *method, const char *url, uint64_t random,
		     void (*line)(void *ctx, const char *text), void *ctx)
{
	const struct teller teller = { line, ctx };
	struct redirect_client client = *view->client;
	struct redirect_view seen = *view;

	seen.client = &client;
	if (method == NULL)
		method = "GET";
	if (!redirect_is_token_text(span_string(method))) {
		tell(&teller, "method: \"%s\" is no method name", method);
		return ERR_SYNTAX;
	}

	char *bytes = request_bytes(&teller, method, url, &client.tls);
	if (bytes == NULL)
		return ERR_SYNTAX;
	int result = explain_bytes(&teller, &seen, method, bytes, random);
	mem_free(bytes);
	return result;
}
