/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of which something is left when a call ends: a body that still comes, an answer that the windows hold back,
 * a question about presence, or a reset that the client may not have heard of. All others never have a struct. There
 * are few at a time, so they stand in a list.
 */
#include "conf/base/mem.h"
#include "redirect/http2_inner.h"

enum {
	CREDIT_MIN = HTTP2_WINDOW / 2, /* bytes given back at a time */
	DISCARDING_MAX = REDIRECT_HTTP2_STREAMS_MAX,
	DATA_MIN = 1024,  /* of content in a frame, while more is to come and the window allows it */
	EMPTY_BYTES = 16, /* of a DATA frame: so few are a way to waste our time */
};

struct http2_stream *http2_stream_find(const struct redirect_http2_session *session, uint32_t id)
{
	struct http2_stream *stream = session->streams;

	while (stream != NULL && stream->id != id)
		stream = stream->next;
	return stream;
}

/* Many that each keep what one may would be too much together. */
void http2_stream_hold(struct http2_turn *turn, size_t bytes)
{
	struct redirect_http2_session *session = turn->session;

	session->held += bytes;
	*session->held_all += bytes;
	if (session->held > REDIRECT_HTTP2_HELD_MAX
	    || (*session->held_all > REDIRECT_HTTP2_HELD_ALL && session->held > REDIRECT_HTTP2_HELD_CROWDED))
		http2_fatal(turn, HTTP2_ENHANCE_YOUR_CALM, REDIRECT_HTTP2_UNTAKEN);
}

static void unhold(struct redirect_http2_session *session, size_t bytes)
{
	session->held -= bytes;
	*session->held_all -= bytes;
}

static void release_rest(struct redirect_http2_session *session, struct http2_stream *stream)
{
	if (stream->rest == NULL)
		return;
	unhold(session, stream->rest_len);
	session->resting--;
	mem_free(stream->rest);
	stream->rest = NULL;
}

void http2_stream_release_waiting(struct redirect_http2_session *session, struct http2_stream *stream)
{
	if (stream->waiting == NULL)
		return;
	unhold(session, http2_head_bytes(stream->waiting));
	session->waiting--;
	mem_free(stream->waiting);
	stream->waiting = NULL;
}

static void release(struct redirect_http2_session *session, struct http2_stream *stream)
{
	release_rest(session, stream);
	http2_stream_release_waiting(session, stream);
}

void http2_stream_drop(struct redirect_http2_session *session, struct http2_stream *stream)
{
	struct http2_stream **at = &session->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	if (stream->discarding)
		session->discarding--;
	else
		session->open--;
	release(session, stream);
	mem_free(stream);
}

/* Those whose clients have not ended them are forgotten in the end: their frames are then refused as any stray one.
 */
static void forget_discarding(struct redirect_http2_session *session)
{
	struct http2_stream *stream = session->streams;

	if (session->discarding <= DISCARDING_MAX)
		return;
	while (!stream->discarding)
		stream = stream->next;
	http2_stream_drop(session, stream);
}

struct http2_stream *http2_stream_keep(struct http2_turn *turn, const struct http2_stream *stream)
{
	struct redirect_http2_session *session = turn->session;
	struct http2_stream *kept = mem_copy(stream, sizeof *stream), **at = &session->streams;

	while (*at != NULL)
		at = &(*at)->next;
	*at = kept;
	kept->next = NULL;
	session->open++;
	return kept;
}

void http2_stream_reset(struct http2_turn *turn, struct http2_stream *stream, enum http2_error error)
{
	struct redirect_http2_session *session = turn->session;

	http2_write_reset(turn, stream->id, error);
	if (error != HTTP2_NO_ERROR)
		http2_spend(turn, HTTP2_SPENT_RESETS);
	if (stream->ended) {
		http2_stream_drop(session, stream);
		return;
	}
	release(session, stream);
	if (!stream->discarding) {
		stream->discarding = true;
		session->open--;
		session->discarding++;
	}
	forget_discarding(session);
}

void http2_stream_settle(struct http2_turn *turn, struct http2_stream *stream)
{
	if (!stream->answered)
		return;
	if (stream->ended)
		http2_stream_drop(turn->session, stream);
	else if (stream->reset)
		http2_stream_reset(turn, stream, HTTP2_NO_ERROR);
}

size_t http2_stream_send(struct http2_turn *turn, struct http2_stream *stream, const uint8_t *content, size_t len)
{
	struct redirect_http2_session *session = turn->session;
	size_t sent = 0;

	while (sent < len) {
		size_t part = len - sent, room = http2_room(turn);

		if (room < HTTP2_FRAME_HEADER + HTTP2_SMALL + DATA_MIN || session->window <= 0 || stream->window <= 0)
			break;
		room -= HTTP2_FRAME_HEADER + HTTP2_SMALL;
		part = part < room ? part : room;
		part = part < HTTP2_FRAME_MAX ? part : HTTP2_FRAME_MAX;
		part = (int64_t)part < session->window ? part : (size_t)session->window;
		part = (int64_t)part < stream->window ? part : (size_t)stream->window;
		stream->answered = sent + part == len;
		turn->out = http2_write_frame(turn->out, part, HTTP2_DATA, stream->answered ? HTTP2_END_STREAM : 0,
					      stream->id);
		memcpy(turn->out, content + sent, part);
		turn->out += part;
		session->window -= (int64_t)part;
		stream->window -= (int64_t)part;
		sent += part;
	}
	return sent;
}

void http2_streams_send(struct http2_turn *turn)
{
	struct redirect_http2_session *session = turn->session;
	struct http2_stream *next;

	if (session->resting == 0 || turn->http->closed)
		return;
	for (struct http2_stream *stream = session->streams; stream != NULL; stream = next) {
		next = stream->next;
		if (stream->rest == NULL)
			continue;
		size_t sent = http2_stream_send(turn, stream, stream->rest + stream->rest_at,
						stream->rest_len - stream->rest_at);

		stream->rest_at += (uint32_t)sent;
		turn->fed->moved |= stream->answered || sent >= DATA_MIN;
		if (http2_room(turn) < HTTP2_FRAME_HEADER + 2 * HTTP2_SMALL + DATA_MIN)
			turn->fed->full |= session->window > 0;
		if (stream->answered) {
			release_rest(session, stream);
			http2_stream_settle(turn, stream);
		}
		if (turn->fed->full)
			return;
	}
}

/* ---- bodies: nobody reads them, they are counted and given back to the windows ---- */

static void give_back(struct http2_turn *turn, struct http2_stream *stream, uint32_t bytes)
{
	struct redirect_http2_session *session = turn->session;

	session->credit += bytes;
	if (session->credit >= CREDIT_MIN) {
		http2_write_window(turn, 0, session->credit);
		session->credit = 0;
	}
	if (stream != NULL && stream->credit >= CREDIT_MIN && !stream->discarding) {
		http2_write_window(turn, stream->id, stream->credit);
		stream->credit = 0;
	}
}

/* Content-Length and the bytes that came must agree (RFC 9113, 8.1.1). */
static bool length_broken(const struct http2_stream *stream, bool end)
{
	return stream->has_length && (end ? stream->body != stream->length : stream->body > stream->length);
}

static void take_body(struct http2_turn *turn, struct http2_stream *stream, uint32_t bytes, uint32_t padded)
{
	stream->body += bytes;
	stream->credit += padded;
	if (stream->credit > HTTP2_WINDOW)
		http2_stream_reset(turn, stream, HTTP2_FLOW_CONTROL_ERROR);
	else if (length_broken(stream, false))
		http2_stream_reset(turn, stream, HTTP2_PROTOCOL_ERROR);
	else if (stream->body > REDIRECT_BODY_MAX && !stream->reset) {
		stream->reset = true;
		http2_stream_settle(turn, stream);
	}
}

bool http2_data_begin(struct http2_turn *turn, const struct http2_frame *frame, uint32_t padding)
{
	struct redirect_http2_session *session = turn->session;
	struct http2_stream *stream = http2_stream_find(session, frame->stream);

	if (frame->stream == 0 || frame->stream > session->last_id || frame->stream % 2 == 0) {
		http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return false;
	}
	/* What was not given back is what the client may not use again; we are never further behind than CREDIT_MIN.
	 */
	if (session->credit + frame->len > HTTP2_WINDOW) {
		http2_fatal(turn, HTTP2_FLOW_CONTROL_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return false;
	}
	if (frame->len - padding < EMPTY_BYTES && !(frame->flags & HTTP2_END_STREAM)
	    && !http2_spend(turn, HTTP2_SPENT_EMPTY))
		return false;
	if (stream == NULL || (stream->ended && !stream->discarding)) {
		/* RFC 9113, 5.1: behind the client's own end. Beyond goaway_id it is not known to us at all. */
		if (!session->leaving || frame->stream <= session->goaway_id) {
			http2_write_reset(turn, frame->stream, HTTP2_STREAM_CLOSED);
			if (!http2_spend(turn, HTTP2_SPENT_RESETS))
				return false;
			if (stream != NULL)
				http2_stream_drop(session, stream);
		}
		stream = NULL;
	} else if (!stream->discarding) {
		take_body(turn, stream, frame->len - padding, frame->len);
		stream = http2_stream_find(session, frame->stream);
	}
	give_back(turn, frame->flags & HTTP2_END_STREAM ? NULL : stream, frame->len);
	return !turn->http->closed;
}

void http2_data_end(struct http2_turn *turn, uint32_t id, bool end_stream)
{
	struct http2_stream *stream = end_stream ? http2_stream_find(turn->session, id) : NULL;

	if (stream == NULL)
		return;
	if (stream->discarding) {
		http2_stream_drop(turn->session, stream);
		return;
	}
	stream->ended = true;
	if (length_broken(stream, true))
		http2_stream_reset(turn, stream, HTTP2_PROTOCOL_ERROR);
	else
		http2_stream_settle(turn, stream);
}

void http2_streams_free(struct redirect_http2_session *session)
{
	while (session->streams != NULL)
		http2_stream_drop(session, session->streams);
}
