/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: the bytes of a connection go to redirect/http and its answers back, with the dataset of this loop turn.
 * Anycast connections should be short, so both time-outs are fixed and tight.
 */
#include "server/http.h"

#include <sys/random.h>

#include "conf/base/clock.h"
#include "redirect/sites.h"
#include "server/worker.h"

enum {
	HTTP_CLIENTS_MAX = 10000,	/* of the whole process; an idle one costs less than 400 bytes */
	HTTP_IDLE_MS = 5 * 1000,	/* a browser follows the redirect at once; the next page may come soon */
	HTTP_IO_MS = 10 * 1000,		/* from the first byte of a request to the end of its header */
};

static enum counter status_counter(unsigned status)
{
	switch (status) {
	case 204: return COUNTER_HTTP_204;
	case 302: return COUNTER_HTTP_302;
	case 303: return COUNTER_HTTP_303;
	case 307: return COUNTER_HTTP_307;
	case 400: return COUNTER_HTTP_400;
	case 404: return COUNTER_HTTP_404;
	case 405: return COUNTER_HTTP_405;
	case 408: return COUNTER_HTTP_408;
	case 413: return COUNTER_HTTP_413;
	case 414: return COUNTER_HTTP_414;
	case 421: return COUNTER_HTTP_421;
	case 431: return COUNTER_HTTP_431;
	case 503: return COUNTER_HTTP_503;
	default: return COUNTER_HTTP_OTHER_STATUS;
	}
}

static void answered(void *ctx, const struct redirect_answer *answer)
{
	const struct stream_call *call = ctx;
	struct counters *counters = &call->worker->counters;
	struct http_shared *shared = call->shared;

	shared->answered++;
	counters_bump(counters, status_counter(answer->status));
	/* Who was one too many has asked nothing yet. */
	if (answer->outcome != REDIRECT_OVERLOAD)
		counters_bump(counters, COUNTER_HTTP_REQUESTS);
}

/* The environment as it is at this moment. The pointers in it stand until the caller returns. NULL: no site table,
 * after a reload that took the section out while the listener waits for a restart. */
static struct redirect_env *env_now(const struct stream_call *call)
{
	struct http_shared *shared = call->shared;
	struct redirect_env *env = &shared->env;
	int64_t now = clock_wall_s();

	if (now != shared->date_s) {
		redirect_date_print(now, env->date);
		shared->date_s = now;
	}
	env->sites = call->worker->dataset->sites;
	env->closing = call->worker->stopping;
	env->ctx = (void *)(uintptr_t)call;
	shared->answered = 0;
	return env->sites != NULL ? env : NULL;
}

static void http_init(struct worker *worker, void *state)
{
	struct http_shared *shared = state;

	(void)worker;
	shared->env.answered = answered;
	shared->date_s = -1;
	/* Only spreads clients over targets; a seed of 0 would do as well. */
	(void)!getrandom(&shared->env.random, sizeof shared->env.random, GRND_NONBLOCK);
}

static void http_fini(void *state)
{
	redirect_http_fini(state);
}

static struct stream_feed http_feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out,
				    size_t room)
{
	struct redirect_env *env = env_now(call);
	const struct http_shared *shared = call->shared;
	struct redirect_fed fed;

	(void)eof;	/* part of a request at the end is nothing to answer */
	if (env == NULL)
		return (struct stream_feed){ .consumed = in.len, .close = true };
	redirect_http_feed(call->state, env, in.at, in.len, out, room, &fed);
	return (struct stream_feed){
		.consumed = fed.consumed, .produced = fed.produced, .messages = shared->answered,
		.again = fed.full, .close = fed.close, .busy = !redirect_http_idle(call->state),
	};
}

static size_t http_timed_out(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct redirect_env *env = env_now(call);

	return env != NULL ? redirect_http_timeout(call->state, env, out, room) : 0;
}

static size_t http_refused(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct redirect_env *env = env_now(call);

	return env != NULL ? redirect_http_overload(env, out, room) : 0;
}

uint64_t http_idle_ms(const struct worker *worker)
{
	(void)worker;
	return HTTP_IDLE_MS;
}

uint64_t http_io_ms(const struct worker *worker)
{
	(void)worker;
	return HTTP_IO_MS;
}

unsigned http_max_clients(const struct worker *worker)
{
	return stream_share(HTTP_CLIENTS_MAX, worker->of);
}

static void http_init_tls(struct worker *worker, void *state)
{
	struct http_shared *shared = state;

	http_init(worker, state);
	shared->env.tls = true;
}

const struct stream_protocol http_text_protocol = {
	.name = "https",
	.shared_bytes = sizeof(struct http_shared),
	.state_bytes = sizeof(struct redirect_http),
	.out_bytes = HTTP_OUT_BYTES,
	.init = http_init_tls,
	.fini = http_fini,
	.feed = http_feed,
	.timed_out = http_timed_out,
};

const struct stream_protocol http_protocol = {
	.name = "http",
	.shared_bytes = sizeof(struct http_shared),
	.state_bytes = sizeof(struct redirect_http),
	.out_bytes = HTTP_OUT_BYTES,
	.pending_max = 0,	/* redirect/http keeps what is incomplete itself */
	.accepted = COUNTER_HTTP_ACCEPTED,
	.rejected = COUNTER_HTTP_REJECTED,
	.evicted = COUNTER_HTTP_EVICTED,
	.timeouts = COUNTER_HTTP_TIMEOUTS,
	.errors = COUNTER_HTTP_ERRORS,
	.init = http_init,
	.fini = http_fini,
	.feed = http_feed,
	.timed_out = http_timed_out,
	.refused = http_refused,
	.idle_ms = http_idle_ms,
	.io_ms = http_io_ms,
	.max_clients = http_max_clients,
};
