/* SPDX-License-Identifier: Apache-2.0 */
/* The journey of bytes: preface, frames, header blocks to requests, answers, what windows and room hold back. */
#include "redirect/http2.h"

#include <assert.h>
#include <nghttp2/nghttp2.h>

#include "conf/base/mem.h"
#include "redirect/http2_inner.h"

_Static_assert((int)HTTP2_ANSWER_ROOM + (int)HTTP2_SMALL <= (int)REDIRECT_HTTP2_OUT_MIN,
	       "one answer fits an empty buffer");

enum { CONTINUATIONS_MAX = 8 }; /* of one header block: six more than the largest one needs */

static const uint8_t preface[REDIRECT_HTTP2_PREFACE] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* What the bytes at the front are. */
enum found { FOUND_NOTHING, FOUND_PART, FOUND_WHOLE };

static struct redirect_http2_session *session_new(struct redirect_env *env)
{
	struct redirect_http2_session *session = mem_alloc(sizeof *session);

	if (nghttp2_hd_inflate_new(&session->inflater) != 0) {
		mem_free(session);
		return NULL;
	}
	session->held_all = &env->http2_held;
	session->window = HTTP2_WINDOW;
	session->stream_window = HTTP2_WINDOW;
	return session;
}

static inline struct http2_frame frame_at(const uint8_t *at)
{
	return (struct http2_frame){
		.len = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2],
		.type = at[3],
		.flags = at[4],
		.stream = http2_u32(at + 5) & INT32_MAX,
	};
}

/* ---- header blocks ---- */

/* The length of the frames of a block, HEADERS and each CONTINUATION (RFC 9113, 4.3), when they are all there. */
static enum found block_length(struct http2_turn *turn, struct span in, size_t *ret_len)
{
	const struct http2_frame first = frame_at(in.at);
	struct http2_frame frame = first;
	size_t len = 0;
	unsigned count = 0;

	for (;;) {
		len += HTTP2_FRAME_HEADER + frame.len;
		if (frame.len > HTTP2_FRAME_MAX) {
			http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
			return FOUND_NOTHING;
		}
		if (len > REDIRECT_HTTP2_BLOCK_MAX || count > CONTINUATIONS_MAX) {
			http2_fatal(turn, HTTP2_ENHANCE_YOUR_CALM, REDIRECT_HTTP2_HEADERS);
			return FOUND_NOTHING;
		}
		if (frame.flags & HTTP2_END_HEADERS) {
			*ret_len = len;
			return len <= in.len ? FOUND_WHOLE : FOUND_PART;
		}
		if (in.len < len + HTTP2_FRAME_HEADER)
			return FOUND_PART;
		frame = frame_at(in.at + len);
		count++;
		if (frame.type != HTTP2_CONTINUATION || frame.stream != first.stream) {
			http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
			return FOUND_NOTHING;
		}
	}
}

/* Takes padding and priority off a payload. False: there is less than they say. */
static bool strip(const struct http2_frame *frame, struct span *payload)
{
	size_t front = 0, back = 0;

	if (frame->flags & HTTP2_PADDED) {
		if (payload->len == 0)
			return false;
		front = 1;
		back = payload->at[0];
	}
	if (frame->type == HTTP2_HEADERS && frame->flags & HTTP2_PRIORITIZED)
		front += 5;
	if (front + back > payload->len)
		return false;
	*payload = (struct span){ payload->at + front, payload->len - front - back };
	return true;
}

static bool decode_block(struct http2_turn *turn, struct span block, struct http2_head *head)
{
	while (block.len != 0) {
		const struct http2_frame frame = frame_at(block.at);
		struct span payload = { block.at + HTTP2_FRAME_HEADER, frame.len };

		if (frame.type == HTTP2_HEADERS && !strip(&frame, &payload)) {
			http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
			return false;
		}
		if (!http2_head_decode(turn->session->inflater, payload, frame.flags & HTTP2_END_HEADERS, head)) {
			http2_fatal(turn, HTTP2_COMPRESSION_ERROR, REDIRECT_HTTP2_PROTOCOL);
			return false;
		}
		block.at += HTTP2_FRAME_HEADER + frame.len;
		block.len -= HTTP2_FRAME_HEADER + frame.len;
	}
	if (head->bomb)
		http2_fatal(turn, HTTP2_ENHANCE_YOUR_CALM, REDIRECT_HTTP2_HEADERS);
	return !head->bomb;
}

static void refuse(struct http2_turn *turn, uint32_t id, bool ended, enum http2_error error)
{
	const struct http2_stream stream = { .id = id, .ended = ended };

	http2_stream_reset(turn, http2_stream_keep(turn, &stream), error);
}

static void take_request(struct http2_turn *turn, uint32_t id, struct http2_head *head, bool ended)
{
	turn->fed->opened++;
	if (turn->session->open >= REDIRECT_HTTP2_STREAMS_MAX)
		refuse(turn, id, ended, HTTP2_REFUSED_STREAM);
	else if (head->malformed || (ended && head->request.content_length != 0))
		refuse(turn, id, ended, HTTP2_PROTOCOL_ERROR);
	else
		http2_answer(turn, id, head, ended);
}

/* Nothing in them concerns us, but they must be well-formed and end the stream (RFC 9113, 8.1). */
static void take_trailers(struct http2_turn *turn, uint32_t id, const struct http2_head *head, bool ended)
{
	struct http2_stream *stream = http2_stream_find(turn->session, id);

	if (!stream->discarding && (head->malformed || !ended))
		http2_stream_reset(turn, stream, HTTP2_PROTOCOL_ERROR);
	else
		http2_data_end(turn, id, ended);
}

static bool is_beyond(const struct redirect_http2_session *session, uint32_t id)
{
	return session->leaving && id > session->goaway_id;
}

static void take_block(struct http2_turn *turn, struct span block)
{
	struct redirect_http2_session *session = turn->session;
	const struct http2_frame frame = frame_at(block.at);
	const bool ended = frame.flags & HTTP2_END_STREAM, opens = frame.stream > session->last_id;
	struct http2_head *head = turn->head;

	if (frame.stream % 2 == 0) {
		http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return;
	}
	if (!opens && !is_beyond(session, frame.stream)) {
		const struct http2_stream *stream = http2_stream_find(session, frame.stream);

		if (stream == NULL || stream->ended) {
			http2_fatal(turn, HTTP2_STREAM_CLOSED, REDIRECT_HTTP2_PROTOCOL);
			return;
		}
	}
	http2_head_begin(head, !opens);
	if (!decode_block(turn, block, head))
		return;
	if (opens)
		session->last_id = frame.stream;
	if (is_beyond(session, frame.stream))
		return; /* decoded for the sake of the table; the client knows that nobody will answer */
	if (opens)
		take_request(turn, frame.stream, head, ended);
	else
		take_trailers(turn, frame.stream, head, ended);
}

/* ---- frames ---- */

/* DATA, and frames of types that nobody knows, are taken in pieces: their payload is dropped as it comes. */
static enum found begin_skipping(struct http2_turn *turn, const struct http2_frame *frame, struct span in)
{
	struct redirect_http2_session *session = turn->session;
	uint32_t padding = 0;

	if (frame->type == HTTP2_DATA) {
		if (frame->flags & HTTP2_PADDED) {
			if (frame->len != 0 && in.len == HTTP2_FRAME_HEADER)
				return FOUND_PART;
			padding = frame->len == 0 ? 1 : in.at[HTTP2_FRAME_HEADER] + 1u;
		}
		if (padding > frame->len) {
			http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
			return FOUND_NOTHING;
		}
		if (!http2_data_begin(turn, frame, padding))
			return FOUND_NOTHING;
		session->skip_stream = frame->stream;
		session->skip_end = frame->flags & HTTP2_END_STREAM;
	} else if (!http2_spend(turn, HTTP2_SPENT_OTHER)) {
		return FOUND_NOTHING;
	}
	session->skip = frame->len;
	if (frame->len == 0 && session->skip_stream != 0) {
		http2_data_end(turn, session->skip_stream, session->skip_end);
		session->skip_stream = 0;
	}
	return FOUND_WHOLE;
}

static size_t skip(struct http2_turn *turn, size_t len)
{
	struct redirect_http2_session *session = turn->session;
	const uint32_t taken = len < session->skip ? (uint32_t)len : session->skip;

	session->skip -= taken;
	if (session->skip == 0 && session->skip_stream != 0) {
		http2_data_end(turn, session->skip_stream, session->skip_end);
		session->skip_stream = 0;
	}
	return taken;
}

/* The frame at the front. Returns how much was taken: 0 when it is not all there. */
static size_t take_frame(struct http2_turn *turn, struct span in)
{
	const struct http2_frame frame = frame_at(in.at);
	size_t len = HTTP2_FRAME_HEADER + frame.len;

	if (frame.len > HTTP2_FRAME_MAX) {
		http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return 0;
	}
	if (!turn->session->settled && (frame.type != HTTP2_SETTINGS || frame.flags & HTTP2_ACK)) {
		http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return 0;
	}
	if (frame.type == HTTP2_HEADERS) {
		if (block_length(turn, in, &len) != FOUND_WHOLE)
			return 0;
		take_block(turn, (struct span){ in.at, len });
		return len;
	}
	if (frame.type == HTTP2_DATA || frame.type > HTTP2_CONTINUATION)
		return begin_skipping(turn, &frame, in) == FOUND_WHOLE ? HTTP2_FRAME_HEADER : 0;
	if (in.len < len)
		return 0;
	http2_take_control(turn, &frame, in.at + HTTP2_FRAME_HEADER);
	return len;
}

/* The client's first bytes (RFC 9113, 3.4). */
static size_t take_preface(struct http2_turn *turn, struct span in)
{
	const size_t len = in.len < sizeof preface ? in.len : sizeof preface;

	if (memcmp(in.at, preface, len) != 0) {
		http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return 0;
	}
	if (len < sizeof preface)
		return 0;
	turn->session->greeted = true;
	http2_write_settings(turn);
	return len;
}

static size_t take_all(struct http2_turn *turn, struct span in)
{
	struct redirect_http2_session *session = turn->session;
	size_t at = 0, taken;

	while (at < in.len && !turn->http->closed) {
		const struct span rest = { in.at + at, in.len - at };

		turn->fed->full |= http2_room(turn) < HTTP2_ANSWER_ROOM;
		if (turn->fed->full)
			break;
		if (session->skip != 0)
			taken = skip(turn, rest.len);
		else if (!session->greeted)
			taken = take_preface(turn, rest);
		else
			taken = rest.len < HTTP2_FRAME_HEADER ? 0 : take_frame(turn, rest);
		if (taken == 0)
			break;
		at += taken;
		/* It may have opened a window; what is said does not depend on how the bytes were split. */
		http2_streams_send(turn);
		turn->http->closed |= session->left && session->open == 0;
	}
	return at;
}

/* GOAWAY, and what was begun is still finished. */
static void say_goodbye(struct http2_turn *turn)
{
	struct redirect_http2_session *session = turn->session;

	session->leaving = true;
	session->goaway_id = session->last_id;
	turn->out = http2_write_goaway(turn->out, session->goaway_id, HTTP2_NO_ERROR);
	turn->fed->goaway = REDIRECT_HTTP2_GRACEFUL;
}

static void run(struct http2_turn *turn, struct span in, size_t *ret_consumed)
{
	struct redirect_http2_session *session = turn->session;

	http2_answer_waiting(turn);
	http2_streams_send(turn);
	*ret_consumed = take_all(turn, in);
	if (turn->http->closed)
		return;
	/* Not before its first request: that would be lost, and on each new connection again while the node drains. */
	if (turn->env->closing && session->last_id != 0 && !session->leaving && !turn->fed->full)
		say_goodbye(turn);
	if ((session->leaving || session->left) && session->open == 0 && !turn->fed->full)
		turn->http->closed = true;
}

static void session_free(struct redirect_http2 *http)
{
	if (http->session == NULL)
		return;
	http2_streams_free(http->session);
	nghttp2_hd_inflate_del(http->session->inflater);
	mem_free(http->session);
	http->session = NULL;
}

void redirect_http2_feed(struct redirect_http2 *http, struct redirect_env *env, const struct redirect_client *client,
			 struct redirect_scratch *scratch, const uint8_t *in, size_t in_len, uint8_t *out,
			 size_t out_size, struct redirect_http2_fed *ret)
{
	struct http2_head head;
	struct http2_turn turn = {
		.http = http,
		.env = env,
		.client = client,
		.scratch = scratch,
		.head = &head,
		.out = out,
		.end = out + out_size,
		.fed = ret,
	};

	assert(out_size >= REDIRECT_HTTP2_OUT_MIN);
	*ret = (struct redirect_http2_fed){ 0 };
	if (http->session == NULL && !http->closed && in_len != 0) {
		http->session = session_new(env);
		http->closed = http->session == NULL;
	}
	turn.session = http->session;
	if (turn.session != NULL)
		run(&turn, (struct span){ in, in_len }, &ret->consumed);
	ret->produced = (size_t)(turn.out - out);
	ret->waiting = !http->closed && turn.session != NULL && turn.session->waiting != 0;
	if (http->closed) {
		ret->consumed = in_len;
		ret->full = false;
		ret->close = true;
		session_free(http);
	}
}

void redirect_http2_resume(struct redirect_http2 *http, struct redirect_env *env,
			   const struct redirect_client *client, struct redirect_scratch *scratch, uint8_t *out,
			   size_t out_size, struct redirect_http2_fed *ret)
{
	redirect_http2_feed(http, env, client, scratch, NULL, 0, out, out_size, ret);
}

bool redirect_http2_idle(const struct redirect_http2 *http)
{
	const struct redirect_http2_session *session = http->session;

	return session == NULL || (session->open == 0 && session->skip == 0 && session->settled);
}

size_t redirect_http2_goodbye(struct redirect_http2 *http, uint8_t *out, size_t out_size)
{
	struct redirect_http2_fed fed;
	struct http2_turn turn = {
		.http = http, .session = http->session, .out = out, .end = out + out_size, .fed = &fed
	};

	assert(out_size >= REDIRECT_HTTP2_OUT_MIN);
	if (http->session == NULL || !http->session->greeted || http->session->leaving)
		return 0;
	say_goodbye(&turn);
	return (size_t)(turn.out - out);
}

void redirect_http2_fini(struct redirect_http2 *http)
{
	session_free(http);
	http->closed = true;
}
