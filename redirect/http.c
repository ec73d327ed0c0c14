/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/http.h"

#include <assert.h>

#include "conf/conf.h"
#include "redirect/decide.h"
#include "redirect/sites.h"

enum {
	RETRY_AFTER_S = 5,	/* a health check turns within seconds */
	RETRY_SPREAD_S = 6,	/* so that clients turned away together do not come back together */
	ANSWER_MAX = 16 << 10,	/* of any response */
};

_Static_assert(REDIRECT_LOCATION_MAX + REDIRECT_LINK_MAX * 4 + CONF_TXT_MAX + 1024 <= ANSWER_MAX,
	       "a response fits an empty buffer");
_Static_assert(sizeof(struct redirect_http) <= 48, "an idle connection is small");

/* splitmix64: a step a request, and nothing a client could gain by guessing it. */
static uint64_t next_random(struct redirect_env *env)
{
	uint64_t mixed = env->random += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

static struct redirect_response response_of(struct redirect_env *env, enum redirect_outcome outcome)
{
	return (struct redirect_response){
		.outcome = outcome, .persist = REDIRECT_CLOSE, .date = env->date,
		.node = redirect_sites_node(env->sites),
	};
}

static size_t send_response(struct redirect_env *env, struct redirect_response *response,
			    const struct redirect_answer *said, uint8_t *out)
{
	if (response->outcome == REDIRECT_NO_TARGET || response->outcome == REDIRECT_OVERLOAD)
		response->retry_after_s = RETRY_AFTER_S + (unsigned)(next_random(env) % RETRY_SPREAD_S);

	size_t len = redirect_response_write(response, out);
	if (env->answered != NULL) {
		struct redirect_answer answer = *said;

		answer.outcome = response->outcome;
		answer.bytes = len;
		if (answer.status == 0)
			answer.status = redirect_outcome_status(response->outcome);
		env->answered(env->ctx, &answer);
	}
	return len;
}

/* A response that no request, or no readable one, stands behind. */
static size_t send_fault(struct redirect_env *env, enum redirect_outcome outcome, uint8_t *out)
{
	struct redirect_response response = response_of(env, outcome);

	return send_response(env, &response, &(struct redirect_answer){ .method = REDIRECT_OTHER }, out);
}

/* last: nothing stands behind it yet. A node that goes down closes then, and not in the middle of what has arrived. */
static size_t answer_request(struct redirect_http *http, struct redirect_env *env,
			     const struct redirect_request *request, bool last, uint8_t *out)
{
	const struct redirect_view view = { env->sites, env->health, env->tls };
	struct redirect_decision decision;

	redirect_decide(&view, request, next_random(env), &decision);

	struct redirect_response response = response_of(env, decision.outcome);
	http->closed = decision.close || (env->closing && last);
	http->drain = http->closed ? 0 : decision.drain;
	if (!http->closed)
		response.persist = request->version_1_0 ? REDIRECT_KEEP_ALIVE : REDIRECT_PERSIST;
	response.status = decision.status;
	response.head = request->method == REDIRECT_HEAD;
	response.location = (struct span){ decision.location, decision.location_len };
	return send_response(env, &response,
			     &(struct redirect_answer){
				     .status = decision.status,
				     .method = request->method,
				     .site = decision.site,
				     .target = decision.target,
			     },
			     out);
}

/* The next request, if its head completes with these bytes: taken, judged, answered. */
static size_t answer_next(struct redirect_http *http, struct redirect_env *env, const uint8_t *in, size_t in_len,
			  size_t *ret_consumed, uint8_t *out)
{
	struct redirect_request request;
	enum redirect_parsed parsed = redirect_request_next(&http->parser, in, in_len, ret_consumed, &request);
	size_t produced;

	if (parsed == REDIRECT_PARSED_MORE)
		return 0;
	if (parsed == REDIRECT_PARSED) {
		produced = answer_request(http, env, &request, *ret_consumed == in_len, out);
	} else {
		produced = send_fault(env, redirect_decide_fault(parsed), out);
		http->closed = true;
	}
	redirect_request_release(&http->parser);
	return produced;
}

void redirect_http_feed(struct redirect_http *http, struct redirect_env *env, const uint8_t *in, size_t in_len,
			uint8_t *out, size_t out_size, struct redirect_fed *ret)
{
	size_t at = 0, produced = 0, taken;
	bool full = false;

	assert(out_size >= REDIRECT_HTTP_OUT_MIN);
	while (at < in_len && !http->closed) {
		if (http->drain != 0) {
			taken = in_len - at < http->drain ? in_len - at : http->drain;
			http->drain -= (uint32_t)taken;
			at += taken;
			continue;
		}
		full = out_size - produced < ANSWER_MAX;
		if (full)
			break;
		produced += answer_next(http, env, in + at, in_len - at, &taken, out + produced);
		at += taken;
	}
	*ret = (struct redirect_fed){
		.consumed = http->closed ? in_len : at, .produced = produced, .close = http->closed, .full = full,
	};
}

bool redirect_http_idle(const struct redirect_http *http)
{
	return http->closed || (http->drain == 0 && redirect_request_idle(&http->parser));
}

size_t redirect_http_timeout(struct redirect_http *http, struct redirect_env *env, uint8_t *out, size_t out_size)
{
	/* While a body is drained its answer has been sent: a 408 would look like the answer to the next request. */
	bool silent = redirect_http_idle(http) || http->drain != 0;

	assert(out_size >= REDIRECT_HTTP_OUT_MIN);
	(void)out_size;
	redirect_http_fini(http);
	return silent ? 0 : send_fault(env, REDIRECT_TIMEOUT, out);
}

size_t redirect_http_overload(struct redirect_env *env, uint8_t *out, size_t out_size)
{
	assert(out_size >= REDIRECT_HTTP_OUT_MIN);
	(void)out_size;
	return send_fault(env, REDIRECT_OVERLOAD, out);
}

void redirect_http_fini(struct redirect_http *http)
{
	redirect_request_release(&http->parser);
	http->drain = 0;
	http->closed = true;
}
