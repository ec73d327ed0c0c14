/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that carry no request, and what a client may spend on them. A class has an allowance from the start and so
 * many frames more for each request that was answered: a client that works stays far below, one that only makes us
 * work is told to calm down and disconnected.
 */
#include "redirect/http2_inner.h"

struct allowance {
	unsigned base;
	unsigned sixteenths; /* frames for 16 answered requests */
	enum redirect_http2_goaway why;
};

static const struct allowance allowances[HTTP2_SPENT_CLASSES] = {
	/* A person leaves a page while it loads; who drops every second request does it on purpose. */
	[HTTP2_SPENT_RESETS] = { 100, 8, REDIRECT_HTTP2_RESETS },
	[HTTP2_SPENT_PINGS] = { 50, 16, REDIRECT_HTTP2_CONTROL },
	[HTTP2_SPENT_SETTINGS] = { 20, 1, REDIRECT_HTTP2_CONTROL },
	/* Some clients give back every frame, to the stream and to the connection. */
	[HTTP2_SPENT_WINDOWS] = { 400, 128, REDIRECT_HTTP2_CONTROL },
	[HTTP2_SPENT_OTHER] = { 200, 64, REDIRECT_HTTP2_CONTROL },
	[HTTP2_SPENT_EMPTY] = { 100, 64, REDIRECT_HTTP2_EMPTY },
};

enum { SETTINGS_ENTRIES_MAX = 32 };

void http2_fatal(struct http2_turn *turn, enum http2_error error, enum redirect_http2_goaway why)
{
	const struct redirect_http2_session *session = turn->session;

	if (turn->http->closed)
		return;
	/* A second one may not promise more than the first (RFC 9113, 6.8). */
	turn->out = http2_write_goaway(turn->out, session->leaving ? session->goaway_id : session->last_id, error);
	turn->fed->goaway = why;
	turn->http->closed = true;
}

static void protocol_error(struct http2_turn *turn)
{
	http2_fatal(turn, HTTP2_PROTOCOL_ERROR, REDIRECT_HTTP2_PROTOCOL);
}

bool http2_spend(struct http2_turn *turn, enum http2_class class)
{
	struct redirect_http2_session *session = turn->session;
	const struct allowance *allowance = &allowances[class];

	if (++session->spent[class] > allowance->base + (uint64_t)session->answered * allowance->sixteenths / 16)
		http2_fatal(turn, HTTP2_ENHANCE_YOUR_CALM, allowance->why);
	return !turn->http->closed;
}

/* The windows of streams that are open move with it, even below zero (RFC 9113, 6.9.2). */
static bool set_stream_window(struct redirect_http2_session *session, uint32_t value)
{
	int64_t change = (int64_t)value - session->stream_window;

	for (struct http2_stream *stream = session->streams; stream != NULL; stream = stream->next) {
		if (stream->window + change > HTTP2_WINDOW_MAX)
			return false;
		stream->window += change;
	}
	session->stream_window = value;
	return true;
}

static enum http2_error take_setting(struct redirect_http2_session *session, unsigned setting, uint32_t value)
{
	switch (setting) {
	case HTTP2_HEADER_TABLE_SIZE:
		/* Smaller than ours: we do without one for good. It was filled only if something was sent already. */
		if (value < HTTP2_TABLE && !session->table.off)
			session->table.off = session->table.resize = true;
		return HTTP2_NO_ERROR;
	case HTTP2_INITIAL_WINDOW_SIZE:
		if (value > HTTP2_WINDOW_MAX || !set_stream_window(session, value))
			return HTTP2_FLOW_CONTROL_ERROR;
		return HTTP2_NO_ERROR;
	case HTTP2_MAX_FRAME_SIZE:
		return value < HTTP2_FRAME_MAX || value >= 1 << 24 ? HTTP2_PROTOCOL_ERROR : HTTP2_NO_ERROR;
	case HTTP2_ENABLE_PUSH:
	case HTTP2_NO_RFC7540_PRIORITIES: return value > 1 ? HTTP2_PROTOCOL_ERROR : HTTP2_NO_ERROR;
	default: return HTTP2_NO_ERROR;
	}
}

static void take_settings(struct http2_turn *turn, const struct http2_frame *frame, const uint8_t *payload)
{
	if (frame->stream != 0) {
		protocol_error(turn);
	} else if (frame->len % 6 != 0 || (frame->flags & HTTP2_ACK && frame->len != 0)) {
		http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
	} else if (frame->len > SETTINGS_ENTRIES_MAX * 6) {
		http2_fatal(turn, HTTP2_ENHANCE_YOUR_CALM, REDIRECT_HTTP2_CONTROL);
	} else if (!(frame->flags & HTTP2_ACK)) {
		for (uint32_t at = 0; at < frame->len; at += 6) {
			unsigned setting = (unsigned)payload[at] << 8 | payload[at + 1];
			enum http2_error error = take_setting(turn->session, setting, http2_u32(payload + at + 2));

			if (error != HTTP2_NO_ERROR) {
				http2_fatal(turn, error, REDIRECT_HTTP2_PROTOCOL);
				return;
			}
		}
		turn->session->settled = true;
		http2_write_settings_ack(turn);
	}
}

static void take_ping(struct http2_turn *turn, const struct http2_frame *frame, const uint8_t *payload)
{
	if (frame->stream != 0)
		protocol_error(turn);
	else if (frame->len != 8)
		http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
	else if (!(frame->flags & HTTP2_ACK))
		http2_write_ping_ack(turn, payload);
}

/* Streams are opened in order, so one beyond the last was never opened (RFC 9113, 5.1.1). */
static bool is_idle(const struct http2_turn *turn, uint32_t id)
{
	return id > turn->session->last_id || id % 2 == 0;
}

static void take_window_update(struct http2_turn *turn, const struct http2_frame *frame, const uint8_t *payload)
{
	struct redirect_http2_session *session = turn->session;

	if (frame->len != 4) {
		http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return;
	}
	const uint32_t more = http2_u32(payload) & INT32_MAX;
	if (frame->stream == 0) {
		session->window += more;
		if (more == 0)
			protocol_error(turn);
		else if (session->window > HTTP2_WINDOW_MAX)
			http2_fatal(turn, HTTP2_FLOW_CONTROL_ERROR, REDIRECT_HTTP2_PROTOCOL);
		return;
	}
	if (is_idle(turn, frame->stream)) {
		protocol_error(turn);
		return;
	}
	struct http2_stream *stream = http2_stream_find(session, frame->stream);
	if (stream == NULL || stream->discarding)
		return; /* it may have been closed while this was on its way */
	stream->window += more;
	if (more == 0 || stream->window > HTTP2_WINDOW_MAX)
		http2_stream_reset(turn, stream, more == 0 ? HTTP2_PROTOCOL_ERROR : HTTP2_FLOW_CONTROL_ERROR);
}

static void take_reset(struct http2_turn *turn, const struct http2_frame *frame)
{
	if (frame->len != 4) {
		http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
	} else if (frame->stream == 0 || is_idle(turn, frame->stream)) {
		protocol_error(turn);
	} else if (http2_spend(turn, HTTP2_SPENT_RESETS)) {
		struct http2_stream *stream = http2_stream_find(turn->session, frame->stream);

		if (stream != NULL)
			http2_stream_drop(turn->session, stream);
	}
}

static void take_priority(struct http2_turn *turn, const struct http2_frame *frame)
{
	if (frame->stream == 0)
		protocol_error(turn);
	else if (frame->len != 5) /* of the stream by RFC 9113, 6.3; but there may be none */
		http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
}

void http2_take_control(struct http2_turn *turn, const struct http2_frame *frame, const uint8_t *payload)
{
	switch (frame->type) {
	case HTTP2_SETTINGS:
		if (http2_spend(turn, HTTP2_SPENT_SETTINGS))
			take_settings(turn, frame, payload);
		break;
	case HTTP2_PING:
		if (http2_spend(turn, HTTP2_SPENT_PINGS))
			take_ping(turn, frame, payload);
		break;
	case HTTP2_WINDOW_UPDATE:
		if (http2_spend(turn, HTTP2_SPENT_WINDOWS))
			take_window_update(turn, frame, payload);
		break;
	case HTTP2_PRIORITY:
		if (http2_spend(turn, HTTP2_SPENT_OTHER))
			take_priority(turn, frame);
		break;
	case HTTP2_RST_STREAM: take_reset(turn, frame); break;
	case HTTP2_GOAWAY:
		if (frame->stream != 0)
			protocol_error(turn);
		else if (frame->len < 8)
			http2_fatal(turn, HTTP2_FRAME_SIZE_ERROR, REDIRECT_HTTP2_PROTOCOL);
		else if (http2_spend(turn, HTTP2_SPENT_OTHER))
			turn->session->left = true;
		break;
	default: /* PUSH_PROMISE, and CONTINUATION without its beginning */ protocol_error(turn); break;
	}
}
