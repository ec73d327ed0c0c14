/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of redirect/http2* share: the session and the calls between the journey of bytes (http2.c), frames
 * that carry no request (http2_control.c), header blocks (http2_head.c), answers (http2_answer.c), what is written
 * (http2_write.c) and streams that outlive a call (http2_streams.c). Wire facts are RFC 9113's. Nobody else includes
 * it.
 */
#ifndef REDIRECT_HTTP2_INNER_H
#define REDIRECT_HTTP2_INNER_H

#include "redirect/http2.h"

enum http2_type {
	HTTP2_DATA, HTTP2_HEADERS, HTTP2_PRIORITY, HTTP2_RST_STREAM, HTTP2_SETTINGS, HTTP2_PUSH_PROMISE, HTTP2_PING,
	HTTP2_GOAWAY, HTTP2_WINDOW_UPDATE, HTTP2_CONTINUATION,
};

enum http2_flag {
	HTTP2_ACK = 0x01, HTTP2_END_STREAM = 0x01, HTTP2_END_HEADERS = 0x04, HTTP2_PADDED = 0x08,
	HTTP2_PRIORITIZED = 0x20,
};

enum http2_error {
	HTTP2_NO_ERROR, HTTP2_PROTOCOL_ERROR, HTTP2_INTERNAL_ERROR, HTTP2_FLOW_CONTROL_ERROR, HTTP2_SETTINGS_TIMEOUT,
	HTTP2_STREAM_CLOSED, HTTP2_FRAME_SIZE_ERROR, HTTP2_REFUSED_STREAM, HTTP2_CANCEL, HTTP2_COMPRESSION_ERROR,
	HTTP2_CONNECT_ERROR, HTTP2_ENHANCE_YOUR_CALM,
};

enum http2_setting {
	HTTP2_HEADER_TABLE_SIZE = 1, HTTP2_ENABLE_PUSH, HTTP2_MAX_CONCURRENT_STREAMS, HTTP2_INITIAL_WINDOW_SIZE,
	HTTP2_MAX_FRAME_SIZE, HTTP2_MAX_HEADER_LIST_SIZE, HTTP2_NO_RFC7540_PRIORITIES = 9,
};

enum {
	HTTP2_FRAME_HEADER = 9,
	HTTP2_FRAME_MAX = 16384,	/* of a payload, both ways: the least that everybody takes */
	HTTP2_WINDOW = 65535,		/* at first, both ways */
	HTTP2_WINDOW_MAX = INT32_MAX,
	HTTP2_TABLE = 4096,		/* HPACK, both ways */
	HTTP2_FIELDS_MAX = 4 * REDIRECT_FIELD_COUNT_MAX,	/* in a header block before it is a bomb */
	HTTP2_FIELDS_BYTES_MAX = 4 * (REDIRECT_LINE_MAX + REDIRECT_FIELDS_MAX),	/* likewise */
	HTTP2_TEXT_MAX = REDIRECT_LINE_MAX + REDIRECT_FIELDS_MAX,
	HTTP2_SMALL = 64,		/* room that any control frame leaves unfilled */
	/* For a request to be taken. */
	HTTP2_ANSWER_ROOM = HTTP2_FRAME_HEADER + HTTP2_FRAME_MAX + 4 * HTTP2_SMALL,
};

/* What a client spends more of than a working one would. */
enum http2_class {
	HTTP2_SPENT_RESETS, HTTP2_SPENT_PINGS, HTTP2_SPENT_SETTINGS, HTTP2_SPENT_WINDOWS, HTTP2_SPENT_OTHER,
	HTTP2_SPENT_EMPTY, HTTP2_SPENT_CLASSES,
};

struct http2_frame {
	uint32_t len, stream;
	uint32_t type, flags;		/* a byte each, on the wire */
};

/* A value that our answers repeat, in the dynamic table that we fill (RFC 7541, 2.3.2). */
struct http2_slot {
	uint32_t number;	/* of the insertion, from 1 on; 0: never inserted */
	uint32_t begin;		/* bytes that were inserted before it */
	uint8_t len;
	uint8_t value[51];
};

enum http2_repeated {
	HTTP2_STATUS, HTTP2_DATE, HTTP2_NODE, HTTP2_CACHE_CONTROL, HTTP2_TYPE, HTTP2_HSTS, HTTP2_SLOTS,
};

struct http2_table {
	uint32_t count, total;	/* insertions, and their bytes */
	bool off, resize;	/* the client's table is too small for ours; which is to be said in the next block */
	struct http2_slot slots[HTTP2_SLOTS];
};

/* A request head as it is decoded. text, and the host in request, are never cleared: they are large. */
struct http2_head {
	struct redirect_request request;
	struct span method, scheme, authority, path, host;
	enum redirect_parsed verdict;	/* of the fields so far */
	bool malformed;			/* RFC 9113, 8.1.1: a stream error, no answer */
	bool bomb;			/* so much of it that the connection ends */
	bool trailers, regular;		/* regular: a field that is none of the pseudo-fields was seen */
	bool has_length, has_host;
	uint8_t seen;			/* of the fields that may come once */
	uint32_t bytes, count;
	uint32_t text_len;
	uint8_t text[HTTP2_TEXT_MAX];	/* what the views above point into */
};

/* A stream of which something is left to do when a call ends. */
struct http2_stream {
	struct http2_stream *next;
	uint32_t id;
	int64_t window;			/* what the client lets us send; may be negative (RFC 9113, 6.9.2) */
	uint32_t credit;		/* bytes of body that came and were not given back to its window */
	uint64_t body;			/* bytes of body that came */
	uint64_t length;		/* that Content-Length promised */
	bool has_length;
	bool ended;			/* the client has said all */
	bool answered;			/* our END_STREAM is out */
	bool reset;			/* RST_STREAM goes behind the answer: the rest of the body is not wanted */
	bool discarding;		/* it is over; the client may not have heard yet, what comes is dropped */
	struct http2_head *waiting;	/* for a presence answer, or NULL */
	uint8_t *rest;			/* of the answer, or NULL */
	uint32_t rest_at, rest_len;
};

struct redirect_http2_session {
	struct nghttp2_hd_inflater *inflater;
	struct http2_stream *streams;	/* oldest first */
	unsigned open, discarding;	/* of them */
	unsigned waiting, resting;	/* streams that wait for presence, for windows or room */
	size_t held;			/* bytes in them */
	size_t *held_all;		/* of the environment */
	uint32_t last_id;		/* the highest the client has used */
	uint32_t goaway_id;		/* the last one we answer, when leaving */
	int64_t window;			/* what the client lets us send */
	uint32_t credit;		/* bytes that came and were not given back to the connection's window */
	uint32_t stream_window;		/* of new streams, by the client's SETTINGS */
	uint32_t frame_max;		/* we send */
	uint32_t skip;			/* bytes of the frame that is being taken in pieces */
	uint32_t skip_stream;		/* the stream of it, or 0 */
	bool skip_end;			/* its END_STREAM */
	bool greeted, settled;		/* the preface, the first SETTINGS came */
	bool leaving;			/* GOAWAY is out: streams beyond goaway_id are not for us */
	bool left;			/* the client's GOAWAY came: it ends with what is open */
	uint32_t answered;		/* requests */
	uint32_t spent[HTTP2_SPENT_CLASSES];
	struct http2_table table;
};

/* One call. */
struct http2_turn {
	struct redirect_http2 *http;
	struct redirect_http2_session *session;
	struct redirect_env *env;
	const struct redirect_client *client;
	struct redirect_scratch *scratch;
	struct http2_head *head;	/* for the block that is being taken */
	uint8_t *out, *end;		/* where the next byte goes, and the room's end */
	struct redirect_http2_fed *fed;
};

static inline size_t http2_room(const struct http2_turn *turn)
{
	return (size_t)(turn->end - turn->out);
}

static inline uint32_t http2_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* http2_write.c: all of it needs room, at most HTTP2_SMALL where nothing else is said */
void http2_write_settings(struct http2_turn *turn);
void http2_write_settings_ack(struct http2_turn *turn);
void http2_write_ping_ack(struct http2_turn *turn, const uint8_t opaque[8]);
void http2_write_reset(struct http2_turn *turn, uint32_t id, enum http2_error error);
void http2_write_window(struct http2_turn *turn, uint32_t id, uint32_t bytes);
uint8_t *http2_write_goaway(uint8_t *out, uint32_t last_id, enum http2_error error);
uint8_t *http2_write_frame(uint8_t *out, size_t len, enum http2_type type, uint8_t flags, uint32_t id);
/* HEADERS, of at most HTTP2_FRAME_HEADER + HTTP2_FRAME_MAX bytes. */
void http2_write_head(struct http2_turn *turn, uint32_t id, const struct redirect_response *response,
		      size_t content_len, bool end);

/* http2_head.c */
/* Decodes one fragment of a block into head; last: the block ends with it. False: the compression is broken. */
bool http2_head_decode(struct nghttp2_hd_inflater *inflater, struct span fragment, bool last,
		       struct http2_head *head);
void http2_head_begin(struct http2_head *head, bool trailers);
enum redirect_parsed http2_head_finish(struct http2_head *head);	/* of one that is not malformed */
struct http2_head *http2_head_keep(const struct http2_head *head);	/* a copy, with its views */
size_t http2_head_bytes(const struct http2_head *head);			/* of that copy */

/* http2_control.c */
void http2_fatal(struct http2_turn *turn, enum http2_error error, enum redirect_http2_goaway why);
bool http2_spend(struct http2_turn *turn, enum http2_class class);	/* false: the connection is over */
void http2_take_control(struct http2_turn *turn, const struct http2_frame *frame, const uint8_t *payload);

/* http2_answer.c */
/* The head of a new stream is whole. */
void http2_answer(struct http2_turn *turn, uint32_t id, struct http2_head *head, bool ended);
void http2_answer_waiting(struct http2_turn *turn);	/* tries again */

/* http2_streams.c */
struct http2_stream *http2_stream_find(const struct redirect_http2_session *session, uint32_t id);
/* Bytes are kept for a stream; too many end the connection. */
void http2_stream_hold(struct http2_turn *turn, size_t bytes);
/* The request that waited has its answer. */
void http2_stream_release_waiting(struct redirect_http2_session *session, struct http2_stream *stream);
/* Keeps stream, of which something is left, and reckons with it. */
struct http2_stream *http2_stream_keep(struct http2_turn *turn, const struct http2_stream *stream);
/* The client has reset it, or we have and nothing more will come. */
void http2_stream_drop(struct redirect_http2_session *session, struct http2_stream *stream);
/* Sends RST_STREAM; unless the client has ended its side, what still comes on it is dropped. */
void http2_stream_reset(struct http2_turn *turn, struct http2_stream *stream, enum http2_error error);
/* As much of content as windows and room allow. Returns how much; sets stream->answered behind the last byte. */
size_t http2_stream_send(struct http2_turn *turn, struct http2_stream *stream, const uint8_t *content, size_t len);
void http2_stream_settle(struct http2_turn *turn, struct http2_stream *stream);	/* drops or resets one that is done */
void http2_streams_send(struct http2_turn *turn);	/* what is left of answers, as far as it goes */
/* A DATA frame began: its length is reckoned with. False: the connection is over. */
bool http2_data_begin(struct http2_turn *turn, const struct http2_frame *frame, uint32_t padding);
void http2_data_end(struct http2_turn *turn, uint32_t id, bool end_stream);
void http2_streams_free(struct redirect_http2_session *session);

#endif
