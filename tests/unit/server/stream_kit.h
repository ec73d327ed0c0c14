/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's loop with one stream server on loopback, a protocol of lines, and clients, all in one thread: a step
 * lets the loop turn, and tests wait for facts. What must not depend on the clock makes a connection older by hand.
 *
 * The protocol: each line is answered by itself. "big N" is answered by N bytes 'x' and a line end, "close" by "bye"
 * and the end, "final" by the same without lingering, "fault" by the end, "peer" by who it is. "wait" is answered when
 * kit_there is set, and stays unread until then; "sleep" is read, and answered then; "gone" unsets kit_there.
 */
#ifndef TESTS_UNIT_SERVER_STREAM_KIT_H
#define TESTS_UNIT_SERVER_STREAM_KIT_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf/base/clock.h"
#include "server/listen.h"
#include "server/stream_inner.h"
#include "server/worker.h"

enum { KIT_OUT = 4096, KIT_PENDING = 3000, KIT_PATIENCE_MS = 20000 };

static uint64_t kit_idle_ms, kit_io_ms;
static unsigned kit_max_clients, kit_client_most;
static int kit_states;	/* connections whose state lives */
static bool kit_there;	/* what "wait" and "sleep" wait for */
static struct prefixes kit_proxies;

struct kit {
	struct worker worker;
	struct stream_server *server;
	struct addr addr;
	const char *failed;
};

struct kit_state {
	size_t big;	/* bytes still to say */
	bool owes;	/* sleeps */
	bool opened;
};

static size_t kit_line(struct kit_state *state, const char *line, size_t len, char *out, bool *ret_close,
		       bool *ret_fault)
{
	char text[KIT_PENDING + 1];

	memcpy(text, line, len);
	text[len] = '\0';
	*ret_fault = strcmp(text, "fault") == 0;
	kit_there &= strcmp(text, "gone") != 0;
	*ret_close = *ret_fault || strcmp(text, "close") == 0 || strcmp(text, "final") == 0;
	if (sscanf(text, "big %zu", &state->big) == 1 || *ret_fault)
		return 0;
	return (size_t)sprintf(out, "%s\n", *ret_close ? "bye" : text);
}

static struct stream_feed kit_feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out,
				   size_t room)
{
	struct kit_state *state = call->state;
	struct stream_feed feed = { 0 };

	(void)eof;
	kit_states += !state->opened;
	state->opened = true;
	while (!feed.close) {
		if (state->big > 0) {
			size_t n = state->big < room - feed.produced ? state->big : room - feed.produced;

			memset(out + feed.produced, 'x', n);
			feed.produced += n;
			state->big -= n;
			feed.again = state->big > 0;
			if (feed.again)
				return feed;
			out[feed.produced - 1] = '\n';
		}
		feed.waiting = state->owes && !kit_there;
		if (feed.waiting)
			return feed;
		if (state->owes) {
			feed.produced += (size_t)sprintf((char *)out + feed.produced, "slept\n");
			feed.messages++;
			state->owes = false;
		}
		const uint8_t *line = in.at + feed.consumed, *end = memchr(line, '\n', in.len - feed.consumed);
		if (end == NULL || end - line > KIT_PENDING)
			break;
		size_t len = (size_t)(end - line);
		feed.again = room - feed.produced < len + ADDR_TEXT_MAX;
		if (feed.again)
			return feed;
		feed.waiting = len == 4 && memcmp(line, "wait", 4) == 0 && !kit_there;
		if (feed.waiting)
			return feed;
		state->owes = len == 5 && memcmp(line, "sleep", 5) == 0;
		if (state->owes) {
			feed.consumed += len + 1;
			continue;
		}
		if (len == 4 && memcmp(line, "peer", 4) == 0) {
			addr_print(call->peer, (char *)out + feed.produced, ADDR_TEXT_MAX);
			strcat((char *)out + feed.produced, "\n");
			feed.produced += strlen((char *)out + feed.produced);
			feed.consumed += len + 1;
			feed.messages++;
			continue;
		}
		feed.done = len == 5 && memcmp(line, "final", 5) == 0;
		feed.produced += kit_line(state, (const char *)line, len, (char *)out + feed.produced, &feed.close,
					  &feed.fault);
		feed.consumed += len + 1;
		feed.messages++;
	}
	feed.busy = in.len > feed.consumed;
	return feed;
}

static void kit_fini(void *state)
{
	kit_states -= ((struct kit_state *)state)->opened;
}

static size_t kit_timed_out(const struct stream_call *call, uint8_t *out, size_t room)
{
	(void)call;
	return (size_t)snprintf((char *)out, room, "late\n");
}

static size_t kit_refused(const struct stream_call *call, uint8_t *out, size_t room)
{
	assert_null(call->state);
	return (size_t)snprintf((char *)out, room, "full\n");
}

static uint64_t kit_get_idle_ms(const struct worker *worker)
{
	(void)worker;
	return kit_idle_ms;
}

static uint64_t kit_get_io_ms(const struct worker *worker)
{
	(void)worker;
	return kit_io_ms;
}

static unsigned kit_get_max_clients(const struct worker *worker)
{
	(void)worker;
	return kit_max_clients;
}

static struct stream_client_limit kit_client_limit(const struct worker *worker, const struct addr *peer)
{
	(void)worker;
	assert_true(peer->any.sa_family == AF_INET || peer->any.sa_family == AF_INET6);
	return (struct stream_client_limit){ kit_client_most, 128 };
}

static const struct prefixes *kit_get_proxies(const struct worker *worker)
{
	(void)worker;
	return &kit_proxies;
}

static struct stream_protocol kit_protocol = {
	.name = "lines", .state_bytes = sizeof(struct kit_state), .out_bytes = KIT_OUT, .pending_max = KIT_PENDING,
	.accepted = COUNTER_HTTP_ACCEPTED, .rejected = COUNTER_HTTP_REJECTED, .evicted = COUNTER_HTTP_EVICTED,
	.timeouts = COUNTER_HTTP_TIMEOUTS, .errors = COUNTER_HTTP_ERRORS,
	.client_limited = COUNTER_DNS_TCP_CLIENT_LIMIT, .overload = COUNTER_DNS_TCP_OVERLOAD,
	.fini = kit_fini, .feed = kit_feed, .timed_out = kit_timed_out, .refused = kit_refused,
	.idle_ms = kit_get_idle_ms, .io_ms = kit_get_io_ms, .max_clients = kit_get_max_clients,
	.client_limit = kit_client_limit, .proxies = kit_get_proxies, .proxy_faults = COUNTER_HTTP_PROXY_FAULTS,
};

/* Time-outs are out of the way at first. */
static inline int kit_setup_with(void **ret_state, const struct stream_protocol *protocol)
{
	struct kit *kit = calloc(1, sizeof *kit);
	struct err_note note;
	socklen_t len = sizeof kit->addr;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	kit_idle_ms = kit_io_ms = 1000 * 1000;
	kit_max_clients = kit_client_most = 1000;
	kit_protocol.hurry = false;
	kit_states = 0;
	kit_there = false;
	assert_int_equal(uv_loop_init(&kit->worker.loop), 0);
	kit->worker.of = 1;
	assert_int_equal(addr_parse("127.0.0.1@1", 0, &kit->addr), 0);
	kit->addr.v4.sin_port = 0;
	assert_int_equal(listen_tcp("test", &kit->addr, &fd, &note), 0);
	assert_int_equal(getsockname(fd, &kit->addr.any, &len), 0);
	kit->server = stream_server_new(&kit->worker, protocol, (const int[]){ -1, fd }, 2);
	assert_non_null(kit->server);
	*ret_state = kit;
	return 0;
}

/* cmocka: int main() gives these to cmocka_unit_test_setup_teardown(). */
static inline int kit_setup(void **ret_state)
{
	return kit_setup_with(ret_state, &kit_protocol);
}

/* The loop must run out by itself after a stop, with nothing left behind. */
static int kit_teardown(void **state)
{
	struct kit *kit = *state;

	stream_server_stop(kit->server, 0);
	assert_int_equal(uv_run(&kit->worker.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(stream_server_count(kit->server), 0);
	stream_server_free(kit->server);
	assert_int_equal(uv_loop_close(&kit->worker.loop), 0);
	assert_int_equal(kit_states, 0);
	prefixes_fini(&kit_proxies);
	free(kit);
	return 0;
}

static inline void kit_turn(struct kit *kit)
{
	atomic_fetch_add(&kit->worker.turns, 1);
	uv_run(&kit->worker.loop, UV_RUN_NOWAIT);
}

/* Turns the loop until the fact holds. */
#define kit_wait(kit, fact) \
	do { \
		uint64_t kit_end = clock_monotonic_ns() + KIT_PATIENCE_MS * UINT64_C(1000000); \
		while (!(fact)) { \
			if (clock_monotonic_ns() > kit_end) \
				fail_msg("never: %s", #fact); \
			kit_turn(kit); \
		} \
	} while (0)

static inline uint64_t kit_counter(struct kit *kit, enum counter counter)
{
	return counters_get(&kit->worker.counters, counter);
}

static inline struct stream *kit_oldest(struct kit *kit, enum stream_phase phase)
{
	return kit->server->phases[phase].oldest;
}

/* As if the phase had begun ms earlier; then the timer strikes. */
static inline void kit_age(struct kit *kit, struct stream *stream, uint64_t ms)
{
	stream->since -= ms;
	kit->server->timer.timer_cb(&kit->server->timer);
}

/* 127.0.0.host: another client to the server. */
static inline int kit_connect_from(struct kit *kit, unsigned host)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 + host) };

	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
	assert_int_equal(connect(fd, &kit->addr.any, addr_len(&kit->addr)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline int kit_connect(struct kit *kit)
{
	return kit_connect_from(kit, 1);
}

/* Connected, and the server knows it. */
static inline int kit_client(struct kit *kit)
{
	uint64_t accepted = kit_counter(kit, COUNTER_HTTP_ACCEPTED);
	int fd = kit_connect(kit);

	kit_wait(kit, kit_counter(kit, COUNTER_HTTP_ACCEPTED) == accepted + 1);
	return fd;
}

static inline void kit_say(struct kit *kit, int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else {
			assert_int_equal(errno, EAGAIN);
		}
		kit_turn(kit);
	}
}

/* Reads len bytes, or fewer when the connection ends: *ret_end is 0 then, or the errno. */
static inline size_t kit_hear(struct kit *kit, int fd, char *buf, size_t len, int *ret_end)
{
	uint64_t end = clock_monotonic_ns() + KIT_PATIENCE_MS * UINT64_C(1000000);
	size_t got = 0;

	*ret_end = -1;
	while (got < len) {
		ssize_t n = recv(fd, buf + got, len - got, 0);

		if (n > 0) {
			got += (size_t)n;
			continue;
		}
		if (n == 0 || errno != EAGAIN) {
			*ret_end = n == 0 ? 0 : errno;
			break;
		}
		if (clock_monotonic_ns() > end)
			fail_msg("heard %zu bytes of %zu and no end", got, len);
		kit_turn(kit);
	}
	return got;
}

/* Exactly this comes next. */
static inline void kit_expect(struct kit *kit, int fd, const char *text)
{
	char buf[8192] = "";
	int end;

	assert_true(strlen(text) < sizeof buf);
	kit_hear(kit, fd, buf, strlen(text), &end);
	assert_string_equal(buf, text);
}

/* Exactly this comes, and then an orderly end. */
static inline void kit_expect_end(struct kit *kit, int fd, const char *text)
{
	char buf[8192] = "";
	int end;

	kit_hear(kit, fd, buf, sizeof buf - 1, &end);
	assert_string_equal(buf, text);
	assert_int_equal(end, 0);
}

#define kit_say_text(kit, fd, text) kit_say(kit, fd, text, strlen(text))
#define kit_test(function) cmocka_unit_test_setup_teardown(function, kit_setup, kit_teardown)

#endif
