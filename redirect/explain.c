/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/explain.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"

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

static const char *choice_text(const struct redirect_decision *decision)
{
	if (decision->outcome == REDIRECT_WRITE_SENT)
		return "where writes go";
	return decision->choice == REDIRECT_CHOICE_OWN ? "of this node"
						       : "fallback: no target of this node is healthy";
}

static void tell_target(const struct teller *teller, const char *key, const struct redirect_view *view,
			const struct redirect_target *target)
{
	bool down = view->health != NULL
		    && atomic_load_explicit(&view->health[target->id], memory_order_relaxed) == 0;

	tell(teller, "%s: %s, weight %u%s%s", key, target->url, target->weight, down ? ", down" : "",
	     target->weight == 0 ? ", out of rotation" : "");
}

static void tell_site(const struct teller *teller, const struct redirect_view *view,
		      const struct redirect_decision *decision)
{
	const struct redirect_site *site = decision->site;

	if (site == NULL) {
		tell(teller, "site: none matches the host");
		return;
	}
	tell(teller, "site: \"%s\" matches (sites entry %u, line %u)", decision->pattern, site->index + 1,
	     site->line);
	for (size_t i = 0; i < site->target_count; i++)
		tell_target(teller, "candidate", view, &site->targets[i]);
	for (size_t i = 0; i < site->fallback_count; i++)
		tell_target(teller, "fallback", view, &site->fallback[i]);
}

static void tell_decision(const struct teller *teller, const struct redirect_view *view, const char *method,
			  const struct redirect_decision *decision)
{
	tell_site(teller, view, decision);
	switch (decision->outcome) {
	case REDIRECT_METHOD:
		tell(teller, "method: %s is neither GET nor HEAD, and %s", method,
		     decision->site != NULL && decision->site->writes != NULL ? "is not a write"
									      : "the site names no place for writes");
		break;
	case REDIRECT_OPTIONS: tell(teller, "method: OPTIONS is answered here"); break;
	case REDIRECT_NO_TARGET: tell(teller, "target: none is healthy"); break;
	default: break;
	}
	if (decision->target != NULL) {
		tell(teller, "target: %s (%s)", decision->target->url, choice_text(decision));
		tell(teller, "location: %.*s", (int)decision->location_len, (const char *)decision->location);
	}
	tell(teller, "answer: %u (%s)", decision->status, redirect_outcome_name(decision->outcome));
}

static int explain_bytes(const struct teller *teller, const struct redirect_view *view, const char *method,
			 const char *bytes, uint64_t random)
{
	struct redirect_request_parser parser = { 0 };
	struct redirect_request request;
	struct redirect_decision decision;
	size_t consumed;
	enum redirect_parsed parsed =
		redirect_request_next(&parser, (const uint8_t *)bytes, strlen(bytes), &consumed, &request);

	if (parsed != REDIRECT_PARSED) {
		enum redirect_outcome outcome = redirect_decide_fault(parsed);

		tell(teller, "request: refused before any site is looked at");
		tell(teller, "answer: %u (%s)", redirect_outcome_status(outcome), redirect_outcome_name(outcome));
		redirect_request_release(&parser);
		return (int)redirect_outcome_status(outcome);
	}
	tell(teller, "request: %s, host %s, target %.*s, over %s", method, request.host, (int)request.target.len,
	     (const char *)request.target.at, view->tls ? "https" : "http");
	redirect_decide(view, &request, random, &decision);
	tell_decision(teller, view, method, &decision);
	redirect_request_release(&parser);
	return (int)decision.status;
}

int redirect_explain(const struct redirect_view *view, const char *method, const char *url, uint64_t random,
		     void (*line)(void *ctx, const char *text), void *ctx)
{
	const struct teller teller = { line, ctx };
	struct redirect_view seen = *view;

	if (method == NULL)
		method = "GET";
	if (!redirect_is_token_text(span_string(method))) {
		tell(&teller, "method: \"%s\" is no method name", method);
		return ERR_SYNTAX;
	}

	char *bytes = request_bytes(&teller, method, url, &seen.tls);
	if (bytes == NULL)
		return ERR_SYNTAX;
	int result = explain_bytes(&teller, &seen, method, bytes, random);
	mem_free(bytes);
	return result;
}
