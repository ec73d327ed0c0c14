/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/http.h"

#include <assert.h>

#include "conf/conf.h"
#include "redirect/sites.h"

enum {
	FIELDS_MAX = 2 << 10,	/* of a response, but for those below */
	REDIRECT_MOST = REDIRECT_LOCATION_MAX + 2 * REDIRECT_LINKS_MAX + REDIRECT_PAGE_MAX,
};

_Static_assert(REDIRECT_MOST + CONF_TXT_MAX + FIELDS_MAX <= REDIRECT_HTTP_OUT_MIN, "a redirect fits an empty buffer");
_Static_assert(REDIRECT_FILE_MAX + CONF_TXT_MAX + FIELDS_MAX <= REDIRECT_HTTP_OUT_MIN, "so does a file");
_Static_assert((int)REDIRECT_DOCUMENT_MAX <= (int)REDIRECT_FILE_MAX, "and a document");
_Static_assert(sizeof(struct redirect_http) <= 48, "an idle connection is small");

/* A connection and what it is served with, in one call. */
struct serving {
	struct redirect_http *http;
	struct redirect_env *env;
	const struct redirect_client *client;
	struct redirect_scratch *scratch;
};

/* A response that no request, or no readable one, stands behind. The connection ends with it. */
static size_t send_fault(struct redirect_env *env, const struct redirect_client *client,
			 enum redirect_outcome outcome, bool head, uint8_t *out)
{
	struct redirect_response response;

	redirect_serve_fault(env, outcome, &response);
	response.persist = REDIRECT_CLOSE;
	response.head = head;
	size_t len = redirect_response_write(&response, out);
	redirect_serve_answered(env, client, NULL, NULL, &response, len, 11);
	return len;
}

/* last: nothing stands behind it yet. A node that goes down closes then, and not in the middle of what has arrived. 0:
 * the request waits, and its head must be kept. */
static size_t answer_request(const struct serving *serving, const struct redirect_request *request, bool last,
			     uint8_t *out)
{
	struct redirect_http *http = serving->http;
	const struct redirect_decision *decision = &serving->scratch->decision;
	struct redirect_response response;

	http->waiting = !redirect_serve(serving->env, serving->client, request, serving->scratch, &response);
	if (http->waiting)
		return 0;
	http->closed = decision->close || (serving->env->closing && last);
	http->drain = http->closed ? 0 : decision->drain;
	response.persist = http->closed ? REDIRECT_CLOSE : request->version_1_0 ? REDIRECT_KEEP_ALIVE : REDIRECT_PERSIST;
	size_t len = redirect_response_write(&response, out);
	redirect_serve_answered(serving->env, serving->client, request, serving->scratch, &response, len,
				request->version_1_0 ? 10 : 11);
	redirect_request_release(&http->parser);
	return len;
}

/* The next request, if its head completes with these bytes: taken, judged, answered. */
static size_t answer_next(const struct serving *serving, const uint8_t *in, size_t in_len, size_t *ret_consumed,
			  uint8_t *out)
{
	struct redirect_http *http = serving->http;
	struct redirect_request request;
	enum redirect_parsed parsed = redirect_request_next(&http->parser, in, in_len, ret_consumed, &request);
	size_t produced;

	if (parsed == REDIRECT_PARSED_MORE)
		return 0;
	if (parsed == REDIRECT_PARSED) {
		produced = answer_request(serving, &request, *ret_consumed == in_len, out);
		if (http->waiting)
			redirect_request_keep(&http->parser, in);
		return produced;
	}
	produced = send_fault(serving->env, serving->client, redirect_decide_fault(parsed),
			      request.method == REDIRECT_HEAD, out);
	http->closed = true;
	redirect_request_release(&http->parser);
	return produced;
}

/* The request whose head was kept. */
static size_t answer_kept(const struct serving *serving, bool last, uint8_t *out)
{
	struct redirect_request request;

	redirect_request_again(&serving->http->parser, &request);
	return answer_request(serving, &request, last, out);
}

static size_t drain(struct redirect_http *http, size_t len)
{
	size_t taken = len < http->drain ? len : http->drain;

	http->drain -= (uint32_t)taken;
	return taken;
}

void redirect_http_feed(struct redirect_http *http, struct redirect_env *env, const struct redirect_client *client,
			struct redirect_scratch *scratch, const uint8_t *in, size_t in_len, uint8_t *out,
			size_t out_size, struct redirect_fed *ret)
{
	const struct serving serving = { http, env, client, scratch };
	size_t at = 0, produced = 0, taken;
	bool full = false;

	assert(out_size >= REDIRECT_HTTP_OUT_MIN);
	if (http->waiting && !http->closed)
		produced = answer_kept(&serving, in_len == 0, out);
	while (at < in_len && !http->closed && !http->waiting) {
		if (http->drain != 0) {
			at += drain(http, in_len - at);
			continue;
		}
		full = out_size - produced < REDIRECT_HTTP_OUT_MIN;
		if (full)
			break;
		produced += answer_next(&serving, in + at, in_len - at, &taken, out + produced);
		at += taken;
	}
	*ret = (struct redirect_fed){
		.consumed = http->closed ? in_len : at, .produced = produced, .close = http->closed, .full = full,
		.waiting = http->waiting, .behind = http->closed && at < in_len,
	};
}

bool redirect_http_idle(const struct redirect_http *http)
{
	return http->closed || (http->drain == 0 && redirect_request_idle(&http->parser));
}

/* Nobody said in time whether the file is there. */
static size_t answer_unasked(const struct serving *serving, uint8_t *out)
{
	redirect_present_fn *present = serving->env->present;
	bool closing = serving->env->closing;

	serving->env->present = NULL;
	serving->env->closing = true;
	size_t len = answer_kept(serving, true, out);
	serving->env->present = present;
	serving->env->closing = closing;
	return len;
}

size_t redirect_http_timeout(struct redirect_http *http, struct redirect_env *env,
			     const struct redirect_client *client, struct redirect_scratch *scratch, uint8_t *out,
			     size_t out_size)
{
	const struct serving serving = { http, env, client, scratch };
	/* While a body is drained its answer has been sent: a 408 would look like the answer to the next request. */
	bool silent = redirect_http_idle(http) || http->drain != 0;
	size_t len = 0;

	assert(out_size >= REDIRECT_HTTP_OUT_MIN);
	(void)out_size;
	if (http->waiting && !http->closed)
		len = answer_unasked(&serving, out);
	else if (!silent)
		len = send_fault(env, client, REDIRECT_TIMEOUT, false, out);
	redirect_http_fini(http);
	return len;
}

size_t redirect_http_overload(struct redirect_env *env, uint8_t *out, size_t out_size)
{
	assert(out_size >= REDIRECT_HTTP_OUT_MIN);
	(void)out_size;
	return send_fault(env, NULL, REDIRECT_OVERLOAD, false, out);
}

void redirect_http_fini(struct redirect_http *http)
{
	redirect_request_release(&http->parser);
	http->drain = 0;
	http->waiting = false;
	http->closed = true;
}
