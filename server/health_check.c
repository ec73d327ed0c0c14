/* SPDX-License-Identifier: Apache-2.0 */
/* One check of one endpoint, its verdict, and when the next one is due. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "server/health_inner.h"

enum {
	BODY_MAX = 1 << 20,	/* bytes; what has a digest is read so far */
	MS = 1000000,
};

static bool status_good(const struct conf_check *check, unsigned status)
{
	for (size_t i = 0; i < check->status_count; i++) {
		if (check->statuses[i] == status)
			return true;
	}
	return check->status_count == 0 && status >= 200 && status <= 399;
}

static bool digest_good(struct health_probe *probe, char hex[2 * SHA256_DIGEST_SIZE + 1])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(&probe->digest, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return strcmp(hex, probe->check->digest) == 0;
}

/* Good or not, and the words for it. */
static bool judge(struct health_probe *probe, const struct web_response *response, char *text)
{
	const struct conf_check *check = probe->check;
	char hex[2 * SHA256_DIGEST_SIZE + 1];

	snprintf(text, HEALTH_TEXT_MAX, "%s", response->text);
	if (response->outcome != WEB_DONE || check->tcp)
		return response->outcome == WEB_DONE;
	if (!status_good(check, response->status)) {
		if (response->status < 400)
			snprintf(text, HEALTH_TEXT_MAX, "%s, which is not a status expected", response->text);
		return false;
	}
	if (check->digest != NULL && !digest_good(probe, hex)) {
		snprintf(text, HEALTH_TEXT_MAX, "%s, but the content is another: SHA-256 %.16s...", response->text, hex);
		return false;
	}
	return true;
}

/* One verdict more: rise and fall count, but for the first. True: the state is another one now. */
static bool count(struct health_probe *probe, bool good)
{
	struct health_state *state = &probe->state;
	enum health_is says = good ? HEALTH_UP : HEALTH_DOWN;
	unsigned needed = state->is == HEALTH_UNKNOWN ? 1 : good ? probe->check->rise : probe->check->fall;

	state->checks++;
	state->failures += !good;
	state->streak = state->is == says ? 0 : state->streak + 1;
	if (state->is == says || state->streak < needed)
		return false;
	state->transitions += state->is != HEALTH_UNKNOWN;
	state->is = says;
	state->streak = 0;
	return true;
}

static void on_due(uv_timer_t *timer)
{
	health_check_begin(timer->data);
}

/* At most an interval after the last one began, up to a tenth less so that nodes do not ask in step; the first time
 * anywhere in the interval, so that what began together is spread. */
static void plan_next(struct health_probe *probe, bool first)
{
	struct health *health = probe->health;
	uint64_t interval_ns = probe->check->interval_ms * MS, now = clock_monotonic_ns();
	uint64_t random = siphash(health->key, ++health->randoms, 0, 0) % 1024;
	uint64_t due = probe->began_ns + interval_ns - interval_ns / (first ? 1 : 10) * random / 1024;

	uv_timer_start(&probe->timer, on_due, due > now ? (due - now) / MS : 0, 0);
}

static int on_body(void *ctx, const struct web_response *response, struct span piece)
{
	struct health_probe *probe = ctx;

	(void)response;
	sha256_update(&probe->digest, piece.len, piece.at);
	return 0;
}

static void on_done(void *ctx, const struct web_response *response)
{
	struct health_probe *probe = ctx;
	struct health_state *state = &probe->state;
	int64_t now = clock_wall_s(), since = state->since;
	bool first = state->is == HEALTH_UNKNOWN;
	bool good = judge(probe, response, state->text);

	probe->asking = NULL;
	state->took_us = response->took_us;
	state->checked_at = now;
	if (count(probe, good)) {
		state->since = now;
		health_tell(probe, good, now > since ? (uint64_t)(now - since) : 0);
	}
	plan_next(probe, first);
	if (first) {
		probe->health->unknown--;
		if (probe->health->looking && probe->health->unknown == 0)
			uv_stop(probe->health->look.loop);
	}
}

void health_check_begin(struct health_probe *probe)
{
	const struct conf_check *check = probe->check;
	const struct redirect_endpoint *endpoint = &probe->endpoint;
	const struct web_request request = {
		.method = check->tcp ? WEB_CONNECT : WEB_GET,
		.url = probe->url,
		.address = endpoint->address.any.sa_family != AF_UNSPEC ? &endpoint->address : NULL,
		.family = endpoint->family == REDIRECT_IPV6 ? AF_INET6 : AF_INET,
		.ca = check->ca,
		.connect_ms = check->timeout_ms,
		.total_ms = check->timeout_ms,
		.fresh = true,
		.head_only = check->digest == NULL,
		.max_bytes = check->digest != NULL ? BODY_MAX : 0,
		.all_bodies = true,
		.body = check->digest != NULL ? on_body : NULL,
		.done = on_done,
		.ctx = probe,
	};

	probe->began_ns = clock_monotonic_ns();
	sha256_init(&probe->digest);
	probe->asking = web_start(probe->health->web, &request);
}
