/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines. A phase has one time-out for all that are in it, and its list is in order of entry, so only the first
 * of each list is ever looked at and one timer is enough. It is armed for the nearest deadline known when it is
 * armed; what has moved on meanwhile costs one look when it fires. Without connections it is off: an idle process
 * does not wake.
 *
 * A message must be whole io_ms after its first byte, however regularly the others drip in: stricter than a wait for
 * each read, and the end of slow senders ("slowloris"). Writing is judged by progress, for how fast the peer can
 * take a large answer is not its choice; idle_ms bounds it in the end.
 */
#include "server/stream_inner.h"
#include "server/worker.h"

static void on_timer(uv_timer_t *timer);

static uint64_t limit_ms(const struct stream_server *server, enum stream_phase phase)
{
	uint64_t limit = STREAM_LINGER_MS;

	if (phase == STREAM_IDLE)
		limit = server->protocol->idle_ms(server->worker);
	else if (phase == STREAM_OPENING)
		limit = server->protocol->opening_ms != NULL ? server->protocol->opening_ms(server->worker) : 1;
	else if (phase == STREAM_BUSY || phase == STREAM_WRITING || phase == STREAM_WAITING)
		limit = server->protocol->io_ms(server->worker);
	else if (phase == STREAM_YIELDED)
		return INT64_MAX;	/* until the next turn */
	return limit > 0 ? limit : 1;	/* never due in the moment it begins */
}

void stream_arm(struct stream_server *server, uint64_t due)
{
	uint64_t now = uv_now(server->loop);

	if (server->ended || (server->timer_due != 0 && server->timer_due <= due))
		return;
	server->timer_due = due;
	uv_timer_start(&server->timer, on_timer, due > now ? due - now : 0, 0);
}

void stream_leave_phase(struct stream *stream)
{
	if (stream->phase != STREAM_CLOSING)
		stream_list_remove(&stream_server_of(stream)->phases[stream->phase], stream);
	stream->phase = STREAM_CLOSING;
}

void stream_set_phase(struct stream *stream, enum stream_phase phase)
{
	struct stream_server *server = stream_server_of(stream);

	stream_leave_phase(stream);
	stream->phase = phase;
	stream->since = uv_now(server->loop);
	stream_list_append(&server->phases[phase], stream);
	if (phase != STREAM_YIELDED)
		stream_arm(server, stream->since + limit_ms(server, phase));
}

static void message_late(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);
	const struct stream_protocol *protocol = server->protocol;
	struct stream_call call = stream_call_of(stream);
	/* A load balancer that has not said for whom it comes hears nothing. */
	bool has_words = protocol->timed_out != NULL && !stream->proxied;
	size_t len = has_words ? protocol->timed_out(&call, server->out, protocol->out_bytes) : 0;

	counters_bump(&server->worker->counters, protocol->timeouts);
	if (len == 0) {
		stream_close(stream);
		return;
	}
	int left = stream_write(stream, server->out, len, true);
	if (left == 0)
		stream_finish(stream);
	else if (left > 0)
		stream->close_after = true;
}

static void write_late(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);
	uint64_t idle = limit_ms(server, STREAM_IDLE), io = limit_ms(server, STREAM_WRITING);
	uint64_t took = uv_now(server->loop) - stream->out->began;

	if (stream_write_moved(stream) && took < (idle > io ? idle : io)) {
		stream_set_phase(stream, STREAM_WRITING);
		return;
	}
	counters_bump(&server->worker->counters, server->protocol->timeouts);
	stream_reset(stream);
}

/* Each of the three takes the stream out of the front of its list. */
static void expire(struct stream *stream)
{
	if (stream->phase == STREAM_BUSY || stream->phase == STREAM_OPENING || stream->phase == STREAM_WAITING)
		message_late(stream);
	else if (stream->phase == STREAM_WRITING)
		write_late(stream);
	else
		stream_close(stream);
}

static void close_all(struct stream_server *server)
{
	for (size_t phase = 0; phase < STREAM_PHASES; phase++) {
		while (server->phases[phase].oldest != NULL)
			stream_close(server->phases[phase].oldest);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct stream_server *server = timer->data;
	uint64_t now = uv_now(server->loop), due = INT64_MAX;

	server->timer_due = 0;
	if (server->stopping && now >= server->grace_due)
		close_all(server);
	if (server->accept_again != 0 && now >= server->accept_again)
		stream_accept_resume(server);
	for (size_t phase = 0; phase < STREAM_PHASES; phase++) {
		struct stream_list *list = &server->phases[phase];
		uint64_t limit = limit_ms(server, (enum stream_phase)phase);

		while (list->oldest != NULL && list->oldest->since + limit <= now)
			expire(list->oldest);
		if (list->oldest != NULL && list->oldest->since + limit < due)
			due = list->oldest->since + limit;
	}
	if (server->accept_again != 0 && server->accept_again < due)
		due = server->accept_again;
	if (server->stopping && server->open > 0 && server->grace_due < due)
		due = server->grace_due;
	if (due < INT64_MAX)
		stream_arm(server, due);
}

void stream_rest(struct stream_server *server)
{
	if (server->open > 0 || server->accept_again != 0 || server->ended)
		return;
	uv_timer_stop(&server->timer);
	server->timer_due = 0;
}

void stream_time_start(struct stream_server *server)
{
	uv_timer_init(server->loop, &server->timer);
	server->timer.data = server;
	server->handles++;
}
