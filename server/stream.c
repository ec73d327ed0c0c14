/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/proxy.h"
#include "server/stream_inner.h"
#include "server/worker.h"

enum { HURRY_FROM = 9, HURRY_OF = 10 };	/* nine tenths */

struct stream_call stream_call_of(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);

	return (struct stream_call){
		.worker = server->worker, .shared = server->shared, .state = stream->state, .peer = &stream->peer,
		.owner = stream->owner,
	};
}

bool stream_has_input(const struct stream *stream)
{
	uint8_t byte;

	return recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* Keeps what was not consumed; in is in the shared buffer or in what is held already. */
static void keep(struct stream *stream, struct span in)
{
	if (in.len == 0) {
		mem_free(stream->held);
		stream->held = NULL;
		stream->held_len = stream->held_room = 0;
		return;
	}
	if ((uintptr_t)in.at - (uintptr_t)stream->held < stream->held_room) {
		memmove(stream->held, in.at, in.len);
	} else {
		stream->held = mem_resize(stream->held, in.len, 1);
		stream->held_room = (uint32_t)in.len;
		memcpy(stream->held, in.at, in.len);
	}
	stream->held_len = (uint32_t)in.len;
}

static void digest_held(struct stream *stream);

/* Feeds what is held, then reads on. */
static void resume(struct stream *stream)
{
	digest_held(stream);
	stream_receive(stream);
}

/* Once a turn, before the loop looks at its sockets again. Who yields once more comes behind newest: next turn. */
static void on_next_turn(uv_idle_t *idle)
{
	struct stream_server *server = idle->data;
	struct stream_list *yielded = &server->phases[STREAM_YIELDED];
	const struct stream *newest = yielded->newest;
	struct stream *stream;

	uv_idle_stop(idle);
	do {
		stream = yielded->oldest;
		if (stream == NULL)
			return;
		bool later = stream->later;
		stream->later = false;
		stream_set_phase(stream, stream->after_yield);
		if (later)
			resume(stream);
		else
			stream_receive(stream);
	} while (stream != newest);
}

static void yield(struct stream *stream, enum stream_phase after)
{
	struct stream_server *server = stream_server_of(stream);

	stream->after_yield = after;
	stream_set_phase(stream, STREAM_YIELDED);
	if (!uv_is_active((uv_handle_t *)&server->next_turn))
		uv_idle_start(&server->next_turn, on_next_turn);
}

/* All that came is answered: which time-out counts from now on, and does it read again at once? */
static void settle(struct stream *stream, const struct stream_feed *feed, bool completed, bool full)
{
	enum stream_phase phase = feed->opening ? STREAM_OPENING : feed->busy ? STREAM_BUSY : STREAM_IDLE;

	stream->later = feed->later;
	if (feed->later || (full && completed))
		yield(stream, phase);
	else if (completed || stream->phase != phase)
		stream_set_phase(stream, phase);
}

/* Whether a connection on which something was answered has to end with it, for the sake of the others. */
static bool must_hurry(const struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);
	const struct stream_protocol *protocol = server->protocol;

	if (!protocol->hurry || !stream->answered
	    || (uint64_t)server->open * HURRY_OF < (uint64_t)protocol->max_clients(server->worker) * HURRY_FROM)
		return false;
	counters_bump(&server->worker->counters, protocol->overload);
	return true;
}

/* Input that one message may have before it is whole. */
static size_t pending_max(const struct stream *stream)
{
	return stream->proxied ? PROXY_HEADER_MAX : stream_server_of(stream)->protocol->pending_max;
}

/* All that came is used up: does the connection go on, and how? */
static void conclude(struct stream *stream, const struct stream_feed *feed, struct span left, bool completed,
		     bool full)
{
	struct stream_server *server = stream_server_of(stream);

	if (feed->waiting) {
		keep(stream, left);
		/* Else it waits on, in the time that it has. */
		if (stream->phase != STREAM_WAITING || completed)
			stream_set_phase(stream, STREAM_WAITING);
	} else if (left.len > pending_max(stream) && !feed->later) {
		stream_fail(stream);
	} else if (!feed->later
		   && (stream->eof || must_hurry(stream)
		       || (server->stopping && !feed->busy && !feed->opening && !stream_has_input(stream)))) {
		stream_finish(stream);
	} else {
		keep(stream, left);
		settle(stream, feed, completed, full);
	}
}

/* The journey of input: feed, write, and again until it is used up. full: a whole buffer came, more is likely. */
static void digest(struct stream *stream, struct span in, bool full)
{
	struct stream_server *server = stream_server_of(stream);
	const struct stream_protocol *protocol = server->protocol;
	struct stream_call call = stream_call_of(stream);
	struct stream_feed feed = { .busy = true };
	bool completed = false;

	if (stream->proxied && !stream_introduced(stream, &in)) {
		if (stream->phase != STREAM_CLOSING)
			conclude(stream, &feed, in, false, false);
		return;
	}
	do {
		feed = protocol->feed(&call, in, stream->eof, server->out, protocol->out_bytes);
		assert(feed.consumed <= in.len && feed.produced <= protocol->out_bytes);
		assert(!feed.again || feed.produced > 0);
		in.at += feed.consumed;
		in.len -= feed.consumed;
		completed |= feed.messages > 0;
		stream->answered |= completed;
		if (feed.fault)
			counters_bump(&server->worker->counters, protocol->errors);

		int left = feed.produced > 0 ? stream_write(stream, server->out, feed.produced, feed.close) : 0;
		if (left < 0)
			return;
		if (left > 0) {
			stream->close_after = feed.close || (!feed.again && must_hurry(stream));
			keep(stream, in);
			return;
		}
		if (feed.close) {
			/* A buffer that was filled may have left bytes in the kernel. */
			if (feed.done && !full)
				stream_close(stream);
			else
				stream_finish(stream);
			return;
		}
	} while (feed.again);
	conclude(stream, &feed, in, completed, full);
}

/* What was left over, alone. A pointer in any case: protocols may add 0 to it. */
static void digest_held(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);

	digest(stream, (struct span){ stream->held ? stream->held : server->in, stream->held_len }, false);
}

void stream_written(struct stream *stream)
{
	resume(stream);
}

void stream_server_wake(struct stream_server *server)
{
	struct stream *next;

	for (struct stream *stream = server->phases[STREAM_WAITING].oldest; stream != NULL; stream = next) {
		next = stream->newer;
		stream->answered = false;
		resume(stream);
	}
}

/* Little that is held goes in front of the shared buffer; much stays, grows at most to what a message may have, and
 * is read into, so that a long message in small pieces is not copied for each of them. */
static uint8_t *room_of(struct stream *stream, size_t *ret_room)
{
	struct stream_server *server = stream_server_of(stream);
	uint32_t len = stream->held_len;

	if (len <= STREAM_COPY_MAX) {
		if (len > 0)
			memcpy(server->in, stream->held, len);
		*ret_room = STREAM_IN_BYTES - len;
		return server->in + len;
	}
	if (stream->held_room - len < len / 2) {
		size_t most = pending_max(stream) + 1, room = 2 * (size_t)len;

		stream->held_room = (uint32_t)(room < most ? room : most);
		stream->held = mem_resize(stream->held, stream->held_room, 1);
	}
	*ret_room = stream->held_room - len;
	return stream->held + len;
}

static void digest_more(struct stream *stream, size_t len, bool full)
{
	stream->answered = false;
	if (stream->held_len > STREAM_COPY_MAX) {
		stream->held_len += (uint32_t)len;
		digest(stream, (struct span){ stream->held, stream->held_len }, full);
		return;
	}
	digest(stream, (struct span){ stream_server_of(stream)->in, stream->held_len + len }, full);
}

static void read_once(struct stream *stream)
{
	size_t room;
	uint8_t *at = room_of(stream, &room);
	ssize_t len = recv(stream->fd, at, room, 0);

	if (len < 0 && errno == EINTR)
		return;
	if (len < 0 && errno != EAGAIN) {
		stream_fail(stream);
		return;
	}
	/* A short read has found the bottom, unless the peer's end lies there (epoll(7)). */
	if (len <= 0 || ((size_t)len < room && !stream->ending))
		stream->readable = false;
	if (len < 0)
		return;
	if (stream->phase == STREAM_LINGERING) {
		stream_discard(stream, len);
	} else if (len == 0) {
		stream->eof = true;
		digest_held(stream);
	} else {
		digest_more(stream, (size_t)len, (size_t)len == room);
	}
}

void stream_receive(struct stream *stream)
{
	for (int reads = 0; stream->readable; reads++) {
		if (!stream_is_reading(stream) && stream->phase != STREAM_LINGERING)
			return;
		if (reads == STREAM_READS_MAX) {
			yield(stream, stream->phase);
			return;
		}
		read_once(stream);
	}
}

void stream_open(struct stream_server *server, int fd, uint8_t owner, const struct addr *peer, unsigned client_bits, bool proxied)
{
	struct stream *stream = stream_pool_take(&server->pool);

	server->open++;
	stream->server = server;
	stream->fd = fd;
	stream->owner = owner;
	stream->peer = *peer;
	stream->client_bits = (uint8_t)client_bits;
	stream->proxied = proxied;
	stream->readable = true;	/* a client that has connected asks at once */
	stream->phase = STREAM_CLOSING;	/* in no list yet */
	counters_bump(&server->worker->counters, server->protocol->accepted);
	stream_set_phase(stream, STREAM_IDLE);
	stream_receive(stream);
	if (stream->phase != STREAM_CLOSING && stream_watch(stream) != 0)
		stream_fail(stream);
}

static void server_free(struct stream_server *server)
{
	stream_pool_fini(&server->pool);
	clients_fini(&server->clients);
	mem_free(server->listeners);
	mem_free(server->shared);
	mem_free(server->in);
	mem_free(server->out);
	mem_free(server);
}

void stream_handle_closed(struct stream_server *server)
{
	if (--server->handles == 0 && server->orphan)
		server_free(server);
}

static void on_own_closed(uv_handle_t *handle)
{
	stream_handle_closed(handle->data);
}

void stream_end(struct stream_server *server)
{
	if (!server->stopping || server->ended || server->open > 0)
		return;
	server->ended = true;
	uv_close((uv_handle_t *)&server->timer, on_own_closed);
	uv_close((uv_handle_t *)&server->next_turn, on_own_closed);
	stream_poll_stop(server);
}

struct stream_server *stream_server_new(struct worker *worker, const struct stream_protocol *protocol, const int *fds,
					size_t fd_count)
{
	struct stream_server *server = mem_alloc(sizeof *server);

	server->worker = worker;
	server->loop = &worker->loop;
	server->protocol = protocol;
	server->pool.state_bytes = protocol->state_bytes;
	server->clients.key = siphash_key_new();
	server->in = mem_alloc(STREAM_IN_BYTES);
	server->out = mem_alloc(protocol->out_bytes);
	server->shared = mem_alloc(protocol->shared_bytes > 0 ? protocol->shared_bytes : 1);
	if (protocol->init != NULL)
		protocol->init(worker, server->shared);
	stream_time_start(server);
	uv_idle_init(server->loop, &server->next_turn);
	server->next_turn.data = server;
	server->handles++;
	int err = stream_poll_start(server);
	int accepting = stream_accept_start(server, fds, fd_count);
	if (err == 0)
		err = accepting;
	if (err == 0)
		return server;
	log_error("worker %u: %s: cannot watch its sockets: %s", worker->index, protocol->name, uv_strerror(err));
	server->orphan = true;
	stream_server_stop(server, 0);
	return NULL;
}

void stream_server_stop(struct stream_server *server, uint64_t grace_ms)
{
	struct stream *next;

	if (server->stopping)
		return;
	stream_accept_stop(server);
	server->stopping = true;
	server->grace_due = uv_now(server->loop) + grace_ms;
	/* A query that has arrived and is not yet read is in flight, too. */
	for (struct stream *stream = server->phases[STREAM_IDLE].oldest; stream != NULL; stream = next) {
		next = stream->newer;
		if (!stream_has_input(stream))
			stream_close(stream);
	}
	if (server->open > 0)
		stream_arm(server, server->grace_due);
	stream_end(server);
}

void stream_server_dismiss(struct stream_server *server, bool (*leaves)(void *ctx, struct address local), void *ctx)
{
	struct stream *next;

	for (struct stream *stream = server->phases[STREAM_IDLE].oldest; stream != NULL; stream = next) {
		struct addr local = { 0 };
		socklen_t len = sizeof local;

		next = stream->newer;
		/* What has arrived is answered; what it says of the next time is the protocol's. */
		if (stream_has_input(stream) || getsockname(stream->fd, &local.any, &len) != 0)
			continue;
		if (leaves(ctx, address_of(addr_bytes(&local))))
			stream_finish(stream);
	}
}

void stream_server_free(struct stream_server *server)
{
	if (server == NULL)
		return;
	assert(server->handles == 0);
	server_free(server);
}

unsigned stream_server_count(const struct stream_server *server)
{
	return atomic_load_explicit(&server->open, memory_order_relaxed);
}
