/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to a response, apart from the version of HTTP that carries them: redirect/http and redirect/http2 both come
 * here. The journey: redirect/decide (site, file, target, presence) -> Location, Link, documents -> struct
 * redirect_response. Pure; loop lifetime; one thread an environment.
 */
#ifndef REDIRECT_SERVE_H
#define REDIRECT_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redirect/decide.h"
#include "redirect/health.h"
#include "redirect/mirrors.h"
#include "redirect/presence.h"
#include "redirect/request.h"
#include "redirect/response.h"

/* Who asks, by connection. Zero but for family is a client over plain HTTP. */
struct redirect_client {
	uint8_t family;			/* REDIRECT_IPV4 or REDIRECT_IPV6 of its address; REDIRECT_ANY_FAMILY: unknown */
	bool tls;			/* the scheme is https */
	/* Whether the certificate that was shown is for this host: else 421 (RFC 9110, 7.4; RFC 9113, 9.1.2). NULL: nobody
	 * asks, as without TLS. */
	bool (*covers)(void *tag, struct span host);
	const struct addr *peer;	/* for the log; may be NULL */
	void *tag;			/* the server's own, the same as long as the connection lives; given back in covers() */
};

/* What became of one request; views, valid while the callback runs. site and target may be NULL. */
struct redirect_answer {
	enum redirect_outcome outcome;
	unsigned status;			/* as sent */
	enum redirect_method method;		/* REDIRECT_OTHER when the request never got that far */
	const struct redirect_site *site;
	const struct redirect_target *target;	/* redirects only */
	const struct redirect_client *client;	/* NULL: refused before it said anything */
	const struct redirect_request *request;	/* NULL: nothing readable came */
	size_t bytes;				/* of the whole response; HTTP/2: of the content */
	uint8_t version;			/* 10, 11 or 20 */
};

/* Zero it, then set sites and date; the rest has useful zeros. One per loop. */
struct redirect_env {
	const struct redirect_sites *sites;	/* never NULL; may be empty */
	const struct redirect_health *health;	/* NULL: all are healthy */
	char date[REDIRECT_DATE_SIZE];		/* redirect_date_print(), refreshed by the caller once a second */
	bool closing;				/* the node is going down or draining: connections end, nothing is stored */
	uint64_t random;			/* seeded by the caller, advanced by every choice by weight */
	redirect_present_fn *present;		/* NULL: nobody asks for presence */
	void (*answered)(void *ctx, const struct redirect_answer *);	/* for counters and the log; may be NULL */
	void *ctx;				/* of both */
	size_t http2_held;			/* bytes that redirect/http2 keeps for all its connections; its own */
};

/* Memory that a response points into: one a loop is enough, for a response is written before the next is made. */
struct redirect_scratch {
	struct redirect_decision decision;
	uint8_t links[REDIRECT_LINKS_MAX];
	uint8_t content_range[64];
	uint8_t etag[REDIRECT_ETAG_MAX];
	uint8_t document[REDIRECT_DOCUMENT_MAX];
};

/* Judges request. False: it must wait for env->present, nothing was made; call again with the same request later. True:
 * *ret_response is filled but for persist, which concerns HTTP/1 alone (scratch->decision.close and .drain say what it
 * must do). */
bool redirect_serve(struct redirect_env *env, const struct redirect_client *client,
		    const struct redirect_request *request, struct redirect_scratch *scratch,
		    struct redirect_response *ret_response);
/* A response that no request, or no readable one, stands behind. */
void redirect_serve_fault(struct redirect_env *env, enum redirect_outcome outcome,
			  struct redirect_response *ret_response);
/* Tells env->answered. request and client may be NULL; scratch is that of redirect_serve(), NULL after a fault. */
void redirect_serve_answered(struct redirect_env *env, const struct redirect_client *client,
			     const struct redirect_request *request, const struct redirect_scratch *scratch,
			     const struct redirect_response *response, size_t bytes, uint8_t version);
/* splitmix64 over env->random. */
uint64_t redirect_serve_random(struct redirect_env *env);

#endif
