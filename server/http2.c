/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 inside of TLS: the bytes of a connection go to redirect/http2 and its frames back. */
#include "redirect/http2.h"

#include "server/http.h"
#include "server/worker.h"

struct http2_state {
	struct redirect_http2 http;
	bool begun;
};

static const enum counter goaways[REDIRECT_HTTP2_GOAWAYS] = {
	[REDIRECT_HTTP2_GRACEFUL] = COUNTER_HTTP2_GRACEFUL, [REDIRECT_HTTP2_PROTOCOL] = COUNTER_HTTP2_PROTOCOL,
	[REDIRECT_HTTP2_RESETS] = COUNTER_HTTP2_RESETS,     [REDIRECT_HTTP2_CONTROL] = COUNTER_HTTP2_CONTROL,
	[REDIRECT_HTTP2_EMPTY] = COUNTER_HTTP2_EMPTY,       [REDIRECT_HTTP2_HEADERS] = COUNTER_HTTP2_HEADERS,
	[REDIRECT_HTTP2_UNTAKEN] = COUNTER_HTTP2_UNTAKEN,
};

static void count(const struct stream_call *call, const struct redirect_http2_fed *fed)
{
	struct counters *counters = &call->worker->counters;
	struct http2_state *state = call->state;

	if (!state->begun) {
		state->begun = true;
		counters_bump(counters, COUNTER_HTTP2_CONNECTIONS);
	}
	counters_add(counters, COUNTER_HTTP2_STREAMS, fed->opened);
	if (fed->goaway != REDIRECT_HTTP2_NOT_GONE)
		counters_bump(counters, goaways[fed->goaway]);
}

static struct stream_feed http2_feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out,
				     size_t room)
{
	struct redirect_env *env = http_env(call);
	const struct redirect_client client = http_client(call);
	struct http_shared *shared = call->shared;
	struct http2_state *state = call->state;
	struct redirect_http2_fed fed;

	(void)eof; /* part of a frame at the end is nothing to answer */
	if (env == NULL)
		return (struct stream_feed){ .consumed = in.len, .close = true };
	uint64_t began_ns = http_latency_begin(call->worker);
	redirect_http2_feed(&state->http, env, &client, &shared->scratch, in.at, in.len, out, room, &fed);
	http_latency_end(call->worker, began_ns, fed.answered);
	count(call, &fed);
	return (struct stream_feed){
		.consumed = fed.consumed,
		.produced = fed.produced,
		.messages = fed.answered + fed.moved,
		.again = fed.full,
		.close = fed.close,
		.fault = fed.goaway > REDIRECT_HTTP2_GRACEFUL,
		.busy = !redirect_http2_idle(&state->http) || fed.consumed < in.len,
		.waiting = fed.waiting,
	};
}

static size_t goodbye(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct http2_state *state = call->state;
	size_t len = redirect_http2_goodbye(&state->http, out, room);

	if (len > 0)
		counters_bump(&call->worker->counters, COUNTER_HTTP2_GRACEFUL);
	return len;
}

/* What waited for presence is answered without it: better a redirect to a server that may lack the file than none. */
static size_t http2_timed_out(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct redirect_env *env = http_env(call);
	const struct redirect_client client = http_client(call);
	struct http_shared *shared = call->shared;
	struct http2_state *state = call->state;
	struct redirect_http2_fed fed = { 0 };

	if (env != NULL) {
		redirect_present_fn *present = env->present;

		env->present = NULL;
		redirect_http2_resume(&state->http, env, &client, &shared->scratch, out,
				      room - REDIRECT_HTTP2_OUT_MIN, &fed);
		env->present = present;
		count(call, &fed);
	}
	return fed.produced + goodbye(call, out + fed.produced, room - fed.produced);
}

static void http2_fini(void *state)
{
	redirect_http2_fini(&((struct http2_state *)state)->http);
}

const struct stream_protocol http2_text_protocol = {
	.name = "http/2",
	.shared_bytes = sizeof(struct http_shared),
	.state_bytes = sizeof(struct http2_state),
	.out_bytes = HTTP_OUT_BYTES,
	.pending_max = REDIRECT_HTTP2_BLOCK_MAX,
	.init = http_init_tls,
	.fini = http2_fini,
	.feed = http2_feed,
	.timed_out = http2_timed_out,
	.goodbye = goodbye,
};
