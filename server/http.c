/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: the bytes of a connection go to redirect/http and its answers back, with the dataset of this loop turn.
 */
#include "server/http.h"

#include <sys/random.h>

#include "conf/base/clock.h"
#include "redirect/sites.h"
#include "server/access_log.h"
#include "server/anycast/judge.h"
#include "server/catchment.h"
#include "server/presence.h"
#include "server/tls_stream.h"
#include "server/worker.h"

enum { HTTP_LATENCY_SAMPLE = 16 };

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

/* Asked by a check of this node: by what it calls itself, and from an address of its own services, which no client of any
 * network can have. Both, so that whoever runs here under another name is seen. */
static bool is_own_check(const struct stream_call *call, const struct redirect_answer *answer)
{
	sa_family_t family = call->peer->any.sa_family;

	return answer->request != NULL && span_equal(answer->request->user_agent, span_string(JUDGE_AGENT))
		&& (family == AF_INET || family == AF_INET6) && worker_is_own(call->worker, address_of(addr_bytes(call->peer)));
}

static void answered(void *ctx, const struct redirect_answer *answer)
{
	const struct stream_call *call = ctx;
	struct counters *counters = &call->worker->counters;
	struct http_shared *shared = call->shared;

	shared->answered++;
	/* Its last request, and nothing of it still to come: a body would be cut off by a reset. */
	shared->done = answer->request != NULL && !answer->request->persist && answer->request->content_length == 0
		       && !answer->request->chunked;
	counters_bump(counters, status_counter(answer->status));
	/* Who was one too many has asked nothing yet. */
	if (answer->outcome != REDIRECT_OVERLOAD) {
		counters_bump(counters, COUNTER_HTTP_REQUESTS);
		catchment_add(call->worker->catchment, CATCHMENT_HTTP, call->owner, call->peer, (uint32_t)shared->date_s, 1);
	}
	if (call->tls != NULL)
		counters_bump(counters, tls_is_13(call->tls) ? COUNTER_HTTP_REQUESTS_TLS13 : COUNTER_HTTP_REQUESTS_TLS12);
	if (is_own_check(call, answer))
		return;
	if (answer->site != NULL)
		site_counters_add(call->worker->dataset->site_counters[answer->site->index], call->worker->index, answer);
	access_ring_add(call->worker->access, answer);
}

/* Reading the clock twice costs a fiftieth of a redirect: not for each of them. */
uint64_t http_latency_begin(struct worker *worker)
{
	return worker->http_reads++ % HTTP_LATENCY_SAMPLE == 0 ? clock_monotonic_ns() : 0;
}

void http_latency_end(struct worker *worker, uint64_t began_ns, unsigned answered)
{
	if (began_ns != 0 && answered != 0)
		latency_add(&worker->http_latency, clock_monotonic_ns() - began_ns, answered);
}

/* Only asked when the worker has a presence. */
static enum redirect_present present(void *ctx, const struct redirect_target *target, struct span url)
{
	const struct stream_call *call = ctx;
	struct worker *worker = call->worker;
	bool full;
	enum redirect_present answer = presence_ask(worker->presence, worker->dataset, target, url, &full);

	counters_bump(&worker->counters, answer == REDIRECT_PRESENT ? COUNTER_PRESENCE_PRESENT
		      : answer == REDIRECT_ABSENT ? COUNTER_PRESENCE_ABSENT : COUNTER_PRESENCE_WAITED);
	if (full)
		counters_bump(&worker->counters, COUNTER_PRESENCE_FULL);
	return answer;
}

/* Inside of TLS alone, where state is what server/tls_stream gave. */
static bool covers(void *state, struct span host)
{
	return tls_stream_covers(state, host);
}

/* Who asks. An IPv4 client of a socket for both families is one of IPv4. */
struct redirect_client http_client(const struct stream_call *call)
{
	const struct http_shared *shared = call->shared;
	const struct addr *peer = call->peer;
	bool ipv4 = peer->any.sa_family == AF_INET
		    || (peer->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr));

	return (struct redirect_client){
		.family = ipv4 ? REDIRECT_IPV4 : peer->any.sa_family == AF_INET6 ? REDIRECT_IPV6 : REDIRECT_ANY_FAMILY,
		.tls = shared->tls,
		.covers = call->tls != NULL ? covers : NULL,
		.peer = peer,
		.tag = call->state,
	};
}

/* The environment as it is at this moment. The pointers in it stand until the caller returns. NULL: no site table,
 * after a reload that took the section out while the listener waits for a restart. */
struct redirect_env *http_env(const struct stream_call *call)
{
	struct http_shared *shared = call->shared;
	struct redirect_env *env = &shared->env;
	int64_t now = clock_wall_s();

	if (now != shared->date_s) {
		redirect_date_print(now, env->date);
		shared->date_s = now;
	}
	env->sites = call->worker->dataset->sites;
	env->health = call->worker->dataset->health;
	env->present = call->worker->presence != NULL ? present : NULL;
	env->closing = call->worker->stopping || atomic_load(&call->worker->draining);
	env->ctx = (void *)(uintptr_t)call;
	shared->answered = 0;
	shared->done = false;
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
	struct redirect_env *env = http_env(call);
	const struct redirect_client client = http_client(call);
	struct http_shared *shared = call->shared;
	struct redirect_fed fed;

	(void)eof;	/* part of a request at the end is nothing to answer */
	if (env == NULL)
		return (struct stream_feed){ .consumed = in.len, .close = true };
	uint64_t began_ns = http_latency_begin(call->worker);
	redirect_http_feed(call->state, env, &client, &shared->scratch, in.at, in.len, out, room, &fed);
	http_latency_end(call->worker, began_ns, shared->answered);
	return (struct stream_feed){
		.consumed = fed.consumed, .produced = fed.produced, .messages = shared->answered,
		.again = fed.full, .close = fed.close, .busy = !redirect_http_idle(call->state),
		.waiting = fed.waiting, .done = fed.close && shared->done && !fed.behind,
	};
}

static size_t http_timed_out(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct redirect_env *env = http_env(call);
	const struct redirect_client client = http_client(call);
	struct http_shared *shared = call->shared;

	return env != NULL ? redirect_http_timeout(call->state, env, &client, &shared->scratch, out, room) : 0;
}

static size_t http_refused(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct redirect_env *env = http_env(call);

	return env != NULL ? redirect_http_overload(env, out, room) : 0;
}

uint64_t http_idle_ms(const struct worker *worker)
{
	return worker->dataset->http.idle_ms;
}

uint64_t http_io_ms(const struct worker *worker)
{
	return worker->dataset->http.request_ms;
}

unsigned http_max_clients(const struct worker *worker)
{
	return stream_share(worker->dataset->http.max_clients, worker->of);
}

struct stream_client_limit http_client_limit(const struct worker *worker, const struct addr *peer)
{
	const struct dataset_http *http = &worker->dataset->http;

	return (struct stream_client_limit){
		.most = stream_share(http->max_per_client, worker->of),
		.bits = peer->any.sa_family == AF_INET6 ? http->ipv6_prefix_length
							: PREFIX_IPV4_BITS + http->ipv4_prefix_length,
	};
}

const struct prefixes *http_proxies(const struct worker *worker)
{
	return &worker->dataset->http.proxies;
}

void http_init_tls(struct worker *worker, void *state)
{
	struct http_shared *shared = state;

	http_init(worker, state);
	shared->tls = true;
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
	.client_limited = COUNTER_HTTP_CLIENT_LIMIT,
	.proxy_faults = COUNTER_HTTP_PROXY_FAULTS,
	.init = http_init,
	.fini = http_fini,
	.feed = http_feed,
	.timed_out = http_timed_out,
	.refused = http_refused,
	.idle_ms = http_idle_ms,
	.io_ms = http_io_ms,
	.max_clients = http_max_clients,
	.client_limit = http_client_limit,
	.proxies = http_proxies,
};
