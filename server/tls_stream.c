/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls_stream.h"

#include <assert.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/worker.h"

static const struct stream_protocol *inner_of(const struct tls_shared *shared)
{
	return shared->service->inner;
}

/* The inner protocol's out buffer, behind its shared state. */
static uint8_t *inner_out(struct tls_shared *shared)
{
	return shared->more + TLS_STREAM_ALIGNED(inner_of(shared)->shared_bytes);
}

static struct stream_call inner_call(const struct stream_call *call)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;

	return (struct stream_call){ call->worker, shared->more, stream->state, call->peer };
}

void tls_stream_init(struct worker *worker, void *state, const struct tls_service *service)
{
	struct tls_shared *shared = state;

	shared->service = service;
	shared->worker = worker;
	if (service->inner->init != NULL)
		service->inner->init(worker, shared->more);
}

static void hold(struct tls_stream *stream, struct span text)
{
	if (text.len == 0) {
		mem_free(stream->held);
		stream->held = NULL;
		stream->held_len = stream->held_room = 0;
		return;
	}
	if ((uintptr_t)text.at - (uintptr_t)stream->held < stream->held_room) {
		memmove(stream->held, text.at, text.len);
	} else {
		stream->held = mem_resize(stream->held, text.len, 1);
		stream->held_room = (uint32_t)text.len;
		memcpy(stream->held, text.at, text.len);
	}
	stream->held_len = (uint32_t)text.len;
}

/* TLS is over for this connection: what it held is free while the socket still lingers. */
static void end(struct tls_stream *stream)
{
	stream->ended = true;
	tls_close(&stream->tls);
	hold(stream, (struct span){ 0 });
}

static void count_failure(struct tls_stream *stream)
{
	struct tls_shared *shared = stream->shared;

	if (!stream->begun || stream->ready || stream->ended)
		return;
	counters_bump(&shared->worker->counters, shared->service->failed);
	end(stream);
}

void tls_stream_fini(void *state)
{
	struct tls_stream *stream = state;
	struct tls_shared *shared = stream->shared;

	if (shared == NULL)
		return;
	count_failure(stream);
	end(stream);
	if (inner_of(shared)->fini != NULL)
		inner_of(shared)->fini(stream->state);
}

/* Scanners and probes make many of these: a matter for debugging, the counter tells the rest. */
static void log_failure(const struct stream_call *call, const char *why)
{
	struct tls_shared *shared = call->shared;
	char text[ADDR_TEXT_MAX];

	if (log_get_level() >= LOG_LEVEL_DEBUG)
		log_limited(&shared->gate, clock_monotonic_ns(), LOG_LEVEL_DEBUG, "%s: %s: the handshake failed: %s",
			    inner_of(shared)->name, addr_print(call->peer, text, sizeof text), why);
}

static struct stream_feed failed(const struct stream_call *call, const char *why)
{
	struct tls_stream *stream = call->state;
	struct stream_feed feed = { .produced = stream->tls.said, .close = true, .fault = true };

	if (!stream->ready)
		log_failure(call, why);
	count_failure(stream);
	end(stream);
	return feed;
}

/* The inner protocol has said all: our side ends in good order. */
static void finish(struct tls_stream *stream, struct stream_feed *feed)
{
	tls_goodbye(&stream->tls);
	feed->produced = stream->tls.said;
	feed->close = true;
	feed->busy = false;
	end(stream);
}

static bool turn_is_spent(struct tls_shared *shared)
{
	uint64_t turn = atomic_load_explicit(&shared->worker->turns, memory_order_relaxed);

	if (turn != shared->turn) {
		shared->turn = turn;
		shared->spent_ns = 0;
	}
	return shared->spent_ns >= TLS_STREAM_TURN_NS;
}

static enum tls_status shake_hands(struct tls_shared *shared, struct tls_stream *stream, bool first)
{
	uint64_t began = first ? clock_monotonic_ns() : 0;
	enum tls_status status = tls_handshake(&stream->tls);

	if (first)
		shared->spent_ns += clock_monotonic_ns() - began;
	if (status == TLS_GOOD) {
		const struct tls_service *service = shared->service;

		stream->ready = true;
		counters_bump(&shared->worker->counters, service->handshakes);
		counters_bump(&shared->worker->counters, tls_resumed(&stream->tls) ? service->resumed : service->full);
	}
	return status;
}

/* Text of all the records that came, behind what was held. No record has as much text as bytes, so it fits, and one
 * byte of room is left to find the end with. */
static enum tls_status read_text(struct tls_shared *shared, struct tls_stream *stream, struct span *ret_text)
{
	size_t len = stream->held_len, most = len + stream->tls.in.len + 1, got;
	uint8_t *text = shared->text;
	enum tls_status status = TLS_WANT;

	if (len > 0) {
		if (stream->held_room < most) {
			stream->held_room = (uint32_t)(most + len / 2);
			stream->held = mem_resize(stream->held, stream->held_room, 1);
		}
		text = stream->held;
	}
	assert(len > 0 || most <= sizeof shared->text);
	while (len < most && (status = tls_read(&stream->tls, text + len, most - len, &got)) == TLS_GOOD)
		len += got;
	*ret_text = (struct span){ text, len };
	return status;
}

/* Feeds text to the inner protocol and seals what it answers. False: TLS is broken. */
static bool talk(const struct stream_call *call, struct span text, bool eof, struct stream_feed *feed)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;
	const struct stream_protocol *inner = inner_of(shared);
	const struct stream_call within = inner_call(call);
	struct stream_feed part;

	do {
		if (stream->tls.room - stream->tls.said < TLS_SEALED_MAX(inner->out_bytes)) {
			feed->again = true;
			break;
		}
		part = inner->feed(&within, text, eof, inner_out(shared), inner->out_bytes);
		assert(part.consumed <= text.len && part.produced <= inner->out_bytes);
		text.at += part.consumed;
		text.len -= part.consumed;
		feed->messages += part.messages;
		feed->fault |= part.fault;
		feed->close = part.close;
		feed->busy = part.busy;
		if (tls_write(&stream->tls, inner_out(shared), part.produced) != TLS_GOOD)
			return false;
	} while (part.again && !part.close);
	if (text.len > inner->pending_max && !feed->again && !feed->close)
		return false;
	hold(stream, text);
	return true;
}

/* First bytes of a connection. False: nothing to do with them now; feed says what becomes of it. */
static bool begin(const struct stream_call *call, size_t whole, struct stream_feed *feed)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;

	stream->shared = shared;
	stream->begun = true;
	feed->opening = true;
	if (whole == 0)
		return false;
	feed->later = turn_is_spent(shared);
	if (feed->later)
		return false;
	const struct tls_certs *certs = shared->service->certs(call->worker);
	if (certs != NULL && tls_open(&stream->tls, certs) == 0)
		return true;
	*feed = failed(call, certs == NULL ? "the service is no longer configured" : "out of memory");
	return false;
}

/* The journey of records: shake hands, read, talk, end. */
struct stream_feed tls_stream_feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out, size_t room)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;
	struct stream_feed feed = { 0 };
	enum tls_status status = TLS_GOOD;
	struct span text = { 0 };
	bool broken, first = stream->tls.ssl == NULL;
	size_t given = tls_records(in, &broken);

	if (broken)
		given = in.len;
	if ((first && in.len == 0) || stream->ended)
		return feed;
	if (first && !begin(call, given, &feed))
		return feed;
	tls_turn(&stream->tls, (struct span){ in.at, given }, out, room);
	if (!stream->ready)
		status = shake_hands(shared, stream, first);
	if (status == TLS_GOOD)
		status = read_text(shared, stream, &text);
	if (status == TLS_BAD || (status == TLS_END && !stream->ready))
		return failed(call, status == TLS_BAD ? tls_fault() : "the client left");
	feed.opening = !stream->ready;
	if (stream->ready && !talk(call, text, eof || status == TLS_END, &feed))
		return failed(call, tls_fault());
	feed.consumed = given - stream->tls.in.len;
	feed.produced = stream->tls.said;
	feed.again |= status == TLS_FULL;
	if (feed.again && !feed.close)
		return feed;
	if (broken && !feed.close)
		return failed(call, "not a record");
	if (feed.close || status == TLS_END)
		finish(stream, &feed);
	feed.busy |= !feed.close && feed.consumed < in.len;
	return feed;
}

size_t tls_stream_timed_out(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;
	const struct stream_protocol *inner = inner_of(shared);
	const struct stream_call within = inner_call(call);
	struct stream_feed feed = { 0 };

	if (!stream->ready) {
		log_failure(call, "too slow");
		count_failure(stream);
		return 0;
	}
	if (stream->ended)
		return 0;
	tls_turn(&stream->tls, (struct span){ 0 }, out, room);
	size_t len = inner->timed_out != NULL ? inner->timed_out(&within, inner_out(shared), inner->out_bytes) : 0;
	(void)tls_write(&stream->tls, inner_out(shared), len);
	finish(stream, &feed);
	return feed.produced;
}

size_t tls_stream_goodbye(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct tls_stream *stream = call->state;
	struct stream_feed feed = { 0 };

	if (!stream->ready || stream->ended)
		return 0;
	tls_turn(&stream->tls, (struct span){ 0 }, out, room);
	finish(stream, &feed);
	return feed.produced;
}
