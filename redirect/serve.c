/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/serve.h"

#include <stdio.h>

#include "redirect/etag.h"
#include "redirect/sites.h"

enum {
	RETRY_AFTER_S = 5,	/* a health check turns within seconds */
	RETRY_SPREAD_S = 6,	/* so that clients turned away together do not come back together */
};

#define NO_STORE SPAN_TEXT("no-store")

uint64_t redirect_serve_random(struct redirect_env *env)
{
	uint64_t mixed = env->random += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

static unsigned retry_after(struct redirect_env *env, enum redirect_outcome outcome)
{
	if (outcome != REDIRECT_NO_TARGET && outcome != REDIRECT_OVERLOAD)
		return 0;
	return RETRY_AFTER_S + (unsigned)(redirect_serve_random(env) % RETRY_SPREAD_S);
}

/* What every response has, and nothing more. Member by member: as one initializer it costs more than all the rest. */
static void begin(struct redirect_env *env, enum redirect_outcome outcome, unsigned status,
		  struct redirect_response *response)
{
	const struct span none = { 0 };

	response->outcome = outcome;
	response->status = status;
	response->persist = REDIRECT_CLOSE;
	response->head = response->writes = response->ranges = false;
	response->retry_after_s = retry_after(env, outcome);
	response->date = env->date;
	response->node = redirect_sites_node(env->sites);
	response->location = none;
	response->cache_control = NO_STORE;
	response->hsts = response->link = none;
	response->type = response->etag = response->content_range = response->body = none;
}

/* A redirect is this node's alone, made for this client and this moment: never for a shared cache, which would hand it to
 * others (so no Vary is needed either), and for none at all while the node empties. */
static struct span redirect_cache_control(const struct redirect_env *env, const struct redirect_site *site)
{
	return env->closing ? NO_STORE : site->cache_control;
}

static void put_file(const struct redirect_file *file, const struct redirect_file_part *part,
		     struct redirect_scratch *scratch, struct redirect_response *response)
{
	char *range = (char *)scratch->content_range;
	int len = 0;

	response->cache_control = file->cache_control;
	response->etag = file->etag;
	if (part->status == 206)
		len = snprintf(range, sizeof scratch->content_range, "bytes %zu-%zu/%zu", part->first,
			       part->first + part->len - 1, file->content.len);
	else if (part->status == 416)
		len = snprintf(range, sizeof scratch->content_range, "bytes */%zu", file->content.len);
	response->content_range = (struct span){ scratch->content_range, (size_t)len };
	if (part->status == 200 || part->status == 206) {
		response->type = file->type;
		response->body = (struct span){ file->content.at + part->first, part->len };
	}
}

static struct redirect_mirrors_of mirrors_of(const struct redirect_env *env, const struct redirect_client *client,
					     const struct redirect_request *request,
					     const struct redirect_decision *decision)
{
	return (struct redirect_mirrors_of){
		.site = decision->site,
		.health = env->health,
		.wishes = &decision->wishes,
		.chosen = decision->target,
		.host = { (const uint8_t *)request->host, request->host_len },
		.family = client->family,
		.tls = client->tls,
	};
}

/* A file made for this request alone, and whole: the next part of it could come from another node. */
static void put_document(struct redirect_env *env, const struct redirect_client *client,
			 const struct redirect_request *request, struct redirect_scratch *scratch,
			 struct redirect_response *response)
{
	const struct redirect_decision *decision = &scratch->decision;
	const struct redirect_mirrors_of of = mirrors_of(env, client, request, decision);
	bool meta4 = decision->wishes.wish == REDIRECT_WISH_META4;
	size_t len = meta4 ? redirect_mirrors_meta4(&of, scratch->document)
			   : redirect_mirrors_list(&of, scratch->document);
	const struct span content = { scratch->document, len };
	const struct redirect_file document = {
		.content = content,
		.type = meta4 ? SPAN_TEXT("application/metalink4+xml") : SPAN_TEXT("text/html; charset=utf-8"),
		.etag = redirect_etag(content, scratch->etag),
		.cache_control = redirect_cache_control(env, decision->site),
	};
	struct redirect_request whole = *request;
	struct redirect_file_part part;

	if (len == 0) {
		response->outcome = REDIRECT_NO_FILE;
		response->status = redirect_outcome_status(REDIRECT_NO_FILE);
		return;
	}
	whole.range.len = 0;
	redirect_file_select(&document, &whole, &part);
	response->status = part.status;
	put_file(&document, &part, scratch, response);
}

bool redirect_serve(struct redirect_env *env, const struct redirect_client *client,
		    const struct redirect_request *request, struct redirect_scratch *scratch,
		    struct redirect_response *ret_response)
{
	struct redirect_decision *decision = &scratch->decision;
	const struct redirect_view view = { env->sites, env->health, client, env->present, env->ctx };

	redirect_decide(&view, request, redirect_serve_random(env), decision);
	if (decision->wait)
		return false;

	const struct redirect_site *site = decision->site;
	begin(env, decision->outcome, decision->status, ret_response);
	ret_response->head = request->method == REDIRECT_HEAD;
	ret_response->writes = site != NULL && site->writes != NULL && !decision->below_files;
	ret_response->location = (struct span){ decision->location, decision->location_len };
	if (client->tls && site != NULL)
		ret_response->hsts = site->hsts;
	if (decision->outcome == REDIRECT_SENT) {
		ret_response->cache_control = redirect_cache_control(env, site);
		if (site->links != 0 && site->speaks) {
			const struct redirect_mirrors_of of = mirrors_of(env, client, request, decision);

			ret_response->link = (struct span){ scratch->links, redirect_mirrors_links(&of, scratch->links) };
		}
	} else if (decision->outcome == REDIRECT_FILE) {
		put_file(decision->file, &decision->part, scratch, ret_response);
		ret_response->ranges = true;
	} else if (decision->outcome == REDIRECT_DOCUMENT) {
		put_document(env, client, request, scratch, ret_response);
	}
	return true;
}

void redirect_serve_fault(struct redirect_env *env, enum redirect_outcome outcome,
			  struct redirect_response *ret_response)
{
	begin(env, outcome, redirect_outcome_status(outcome), ret_response);
}

void redirect_serve_answered(struct redirect_env *env, const struct redirect_client *client,
			     const struct redirect_request *request, const struct redirect_scratch *scratch,
			     const struct redirect_response *response, size_t bytes, uint8_t version)
{
	if (env->answered == NULL)
		return;

	const struct redirect_answer answer = {
		.outcome = response->outcome,
		.status = response->status,
		.method = request != NULL ? request->method : REDIRECT_OTHER,
		.site = scratch != NULL ? scratch->decision.site : NULL,
		.target = scratch != NULL ? scratch->decision.target : NULL,
		.client = client,
		.request = request,
		.bytes = bytes,
		.version = version,
	};
	env->answered(env->ctx, &answer);
}
