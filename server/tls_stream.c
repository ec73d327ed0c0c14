/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls_stream.h"

#include <assert.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/worker.h"

static struct stream_call inner_call(const struct stream_call *call)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;

	return (struct stream_call){
		.worker = call->worker,
		.shared = shared->inner[stream->inner - shared->service->inner],
		.state = stream->state,
		.peer = call->peer,
		.owner = call->owner,
		.tls = &stream->tls,
	};
}

static size_t count_inner(const struct tls_service *service)
{
	size_t count = 0;

	while (count < TLS_STREAM_INNER_MAX && service->inner[count].alpn != NULL)
		count++;
	return count;
}

/* The shared state of the same protocol under another name, or NULL. */
static void *same_protocol(const struct tls_shared *shared, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (shared->service->inner[k].protocol == shared->service->inner[i].protocol)
			return shared->inner[k];
	}
	return NULL;
}

void tls_stream_init(struct worker *worker, void *state, const struct tls_service *service)
{
	struct tls_shared *shared = state;
	uint8_t *next = shared->more;

	shared->service = service;
	shared->worker = worker;
	for (size_t i = 0; i < count_inner(service); i++) {
		const struct stream_protocol *protocol = service->inner[i].protocol;

		assert(protocol->state_bytes <= service->state_bytes && protocol->out_bytes <= service->out_bytes);
		shared->inner[i] = same_protocol(shared, i);
		if (shared->inner[i] != NULL)
			continue;
		shared->inner[i] = next;
		next += TLS_STREAM_ALIGNED(protocol->shared_bytes);
		if (protocol->init != NULL)
			protocol->init(worker, shared->inner[i]);
	}
	assert((size_t)(next - shared->more) <= TLS_STREAM_ALIGNED(service->shared_bytes));
	shared->out = next;
}

bool tls_stream_covers(const void *state, struct span host)
{
	const struct tls_stream *stream =
		(const void *)((const uint8_t *)state - offsetof(struct tls_stream, state));

	return tls_covers(&stream->tls, host);
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

static void count_failure(struct tls_stream *stream, enum tls_failure failure)
{
	struct tls_shared *shared = stream->shared;

	/* Who has said nothing has no server yet, and has failed at nothing. */
	if (!stream->begun || stream->inner != NULL || stream->ended)
		return;
	counters_bump(&shared->worker->counters, shared->service->failed);
	counters_bump(&shared->worker->counters, shared->service->failures + failure);
	end(stream);
}

void tls_stream_fini(void *state)
{
	struct tls_stream *stream = state;
	struct tls_shared *shared = stream->shared;

	if (shared == NULL)
		return;
	count_failure(stream, TLS_FAILED_LEFT);
	end(stream);
	if (stream->inner != NULL && stream->inner->protocol->fini != NULL)
		stream->inner->protocol->fini(stream->state);
}

/* Scanners and probes make many of these: a matter for debugging, the counter tells the rest. */
static void log_failure(const struct stream_call *call, const char *why)
{
	struct tls_shared *shared = call->shared;
	char text[ADDR_TEXT_MAX];

	if (log_get_level() >= LOG_LEVEL_DEBUG)
		log_limited(&shared->gate, clock_monotonic_ns(), LOG_LEVEL_DEBUG, "%s: %s: the handshake failed: %s",
			    shared->service->inner[0].protocol->name, addr_print(call->peer, text, sizeof text), why);
}

static struct stream_feed failed(const struct stream_call *call, enum tls_failure failure, const char *why)
{
	struct tls_stream *stream = call->state;
	struct stream_feed feed = { .produced = stream->tls.said, .close = true, .fault = true };

	if (stream->inner == NULL)
		log_failure(call, why);
	count_failure(stream, failure);
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

/* What was agreed on in the handshake; the last of the service for who has named nothing. */
static const struct tls_inner *agreed_inner(const struct tls_service *service, struct span name)
{
	size_t last = count_inner(service) - 1;

	for (size_t i = 0; i < last; i++) {
		if (span_equal(span_string(service->inner[i].alpn), name))
			return &service->inner[i];
	}
	return &service->inner[last];
}

static void count_handshake(const struct tls_shared *shared, const struct tls_stream *stream)
{
	const struct tls_service *service = shared->service;
	struct counters *counters = &shared->worker->counters;

	counters_bump(counters, service->handshakes);
	counters_bump(counters, tls_resumed(&stream->tls) ? service->resumed : service->full);
	counters_bump(counters, tls_is_13(&stream->tls) ? service->version13 : service->version12);
	counters_bump(counters, tls_protocol(&stream->tls).len > 0 ? stream->inner->agreed : service->unnamed);
}

static enum tls_status shake_hands(struct tls_shared *shared, struct tls_stream *stream, bool first)
{
	uint64_t began = first ? clock_monotonic_ns() : 0;
	enum tls_status status = tls_handshake(&stream->tls);

	if (first)
		shared->spent_ns += clock_monotonic_ns() - began;
	if (status == TLS_GOOD) {
		stream->inner = agreed_inner(shared->service, tls_protocol(&stream->tls));
		count_handshake(shared, stream);
	}
	return status;
}

/* Text of all the records that came, behind what was held. No record has as much text as bytes, so it fits, and one
 * byte of room is left to find the end with. */
static enum tls_status read_text(struct tls_shared *shared, struct tls_stream *stream, struct span *ret_text)
{
	size_t len = stream->held_len, most = len + stream->tls.in.len + 1, got;
	uint8_t *text = shared->text;
	enum tls_status status = TLS_GOOD;

	if (len > 0) {
		if (stream->held_room < most) {
			stream->held_room = (uint32_t)(most + len / 2);
			stream->held = mem_resize(stream->held, stream->held_room, 1);
		}
		text = stream->held;
	}
	assert(len > 0 || most <= sizeof shared->text);
	/* To ask OpenSSL for what is not there costs a tenth of a redirect. */
	while (len < most && tls_has_more(&stream->tls)
	       && (status = tls_read(&stream->tls, text + len, most - len, &got)) == TLS_GOOD)
		len += got;
	*ret_text = (struct span){ text, len };
	return status;
}

/* Feeds text to the inner protocol and seals what it answers. False: TLS is broken. */
static bool talk(const struct stream_call *call, struct span text, bool eof, struct stream_feed *feed)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;
	const struct stream_protocol *inner = stream->inner->protocol;
	const struct stream_call within = inner_call(call);
	struct stream_feed part;

	do {
		if (stream->tls.room - stream->tls.said < TLS_SEALED_MAX(inner->out_bytes)) {
			feed->again = true;
			break;
		}
		part = inner->feed(&within, text, eof, shared->out, inner->out_bytes);
		assert(part.consumed <= text.len && part.produced <= inner->out_bytes);
		text.at += part.consumed;
		text.len -= part.consumed;
		feed->messages += part.messages;
		feed->fault |= part.fault;
		feed->close = part.close;
		feed->done = part.done;
		feed->busy = part.busy;
		feed->waiting = part.waiting;
		if (tls_write(&stream->tls, shared->out, part.produced) != TLS_GOOD)
			return false;
	} while (part.again && !part.close);
	if (text.len > inner->pending_max && !feed->again && !feed->close && !feed->waiting)
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
	*feed = failed(call, TLS_FAILED_OTHER,
		       certs == NULL ? "the service is no longer configured" : "out of memory");
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
	if (stream->inner == NULL)
		status = shake_hands(shared, stream, first);
	if (status == TLS_GOOD)
		status = read_text(shared, stream, &text);
	if (status == TLS_BAD)
		return failed(call, tls_failure(), tls_fault());
	if (status == TLS_END && stream->inner == NULL)
		return failed(call, TLS_FAILED_LEFT, "the client left");
	feed.opening = stream->inner == NULL;
	if (stream->inner != NULL && !talk(call, text, eof || status == TLS_END, &feed))
		return failed(call, TLS_FAILED_OTHER, tls_fault());
	feed.consumed = given - stream->tls.in.len;
	feed.produced = stream->tls.said;
	feed.again |= status == TLS_FULL;
	if (feed.again && !feed.close)
		return feed;
	if (broken && !feed.close)
		return failed(call, TLS_FAILED_NOT_TLS, "not a record");
	/* Whose side has ended while it waits still gets its answer: TLS tells the end again then. */
	if (feed.close || (status == TLS_END && !feed.waiting))
		finish(stream, &feed);
	feed.busy |= !feed.close && feed.consumed < in.len;
	return feed;
}

/* Last words of the inner protocol, sealed, and the end of our side. */
static size_t last_words(const struct stream_call *call,
			 size_t (*say)(const struct stream_call *within, uint8_t *out, size_t room), uint8_t *out,
			 size_t room)
{
	struct tls_shared *shared = call->shared;
	struct tls_stream *stream = call->state;
	const struct stream_call within = inner_call(call);
	struct stream_feed feed = { 0 };

	tls_turn(&stream->tls, (struct span){ 0 }, out, room);
	size_t len = say != NULL ? say(&within, shared->out, stream->inner->protocol->out_bytes) : 0;
	(void)tls_write(&stream->tls, shared->out, len);
	finish(stream, &feed);
	return feed.produced;
}

size_t tls_stream_timed_out(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct tls_stream *stream = call->state;

	if (stream->inner == NULL) {
		log_failure(call, "too slow");
		count_failure(stream, TLS_FAILED_SLOW);
		return 0;
	}
	return stream->ended ? 0 : last_words(call, stream->inner->protocol->timed_out, out, room);
}

size_t tls_stream_goodbye(const struct stream_call *call, uint8_t *out, size_t room)
{
	struct tls_stream *stream = call->state;

	if (stream->inner == NULL || stream->ended)
		return 0;
	return last_words(call, stream->inner->protocol->goodbye, out, room);
}
