/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames and header blocks that we send. What every answer repeats is put once into the client's dynamic table and
 * then takes one byte each (RFC 7541, 6.1); the rest goes as plain literals, for Huffman's third of a Location is not
 * worth its cycles. The table is never filled beyond what both sides have from the start, so no size update is ever
 * needed, unless the client has less.
 */
#include "redirect/http2_inner.h"

/* Indices of the static table (RFC 7541, appendix A). */
enum {
	STATIC_STATUS = 8,
	STATIC_ACCEPT_RANGES = 18,
	STATIC_ALLOW = 22,
	STATIC_CACHE_CONTROL = 24,
	STATIC_CONTENT_LENGTH = 28,
	STATIC_CONTENT_RANGE = 30,
	STATIC_CONTENT_TYPE = 31,
	STATIC_DATE = 33,
	STATIC_ETAG = 34,
	STATIC_LINK = 45,
	STATIC_LOCATION = 46,
	STATIC_RETRY_AFTER = 53,
	STATIC_HSTS = 56,
	STATIC_COUNT = 61,
	ENTRY_OVERHEAD = 32, /* RFC 7541, 4.1 */
	INTEGER_MAX = 6,
};

_Static_assert(REDIRECT_LOCATION_MAX + REDIRECT_LINKS_MAX + 2048 <= HTTP2_FRAME_MAX, "a head fits one frame");

struct block {
	uint8_t *at, *end;
	struct http2_table *table;
};

/* RFC 7541, 5.1. */
static uint8_t *put_integer(uint8_t *at, uint8_t pattern, unsigned bits, uint32_t value)
{
	const uint32_t most = (1u << bits) - 1;

	if (value < most) {
		*at = (uint8_t)(pattern | value);
		return at + 1;
	}
	*at++ = (uint8_t)(pattern | most);
	for (value -= most; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at = (uint8_t)value;
	return at + 1;
}

static uint8_t *put_string(uint8_t *at, struct span text)
{
	at = put_integer(at, 0, 7, (uint32_t)text.len);
	memcpy(at, text.at, text.len);
	return at + text.len;
}

/* A name of the static table, or, with index 0, one spelt out. A field that does not fit is left out: only a
 * configuration with absurd texts gets there. */
static void put_literal(struct block *block, uint8_t pattern, unsigned bits, unsigned index, struct span name,
			struct span value)
{
	if ((size_t)(block->end - block->at) < name.len + value.len + 3 * INTEGER_MAX)
		return;
	block->at = put_integer(block->at, pattern, bits, index);
	if (index == 0)
		block->at = put_string(block->at, name);
	block->at = put_string(block->at, value);
}

static void put_plain(struct block *block, unsigned index, struct span value)
{
	if (value.len != 0)
		put_literal(block, 0x00, 4, index, (struct span){ 0 }, value);
}

static void put_number(struct block *block, unsigned index, size_t number)
{
	uint8_t digits[20];
	size_t count = 0;

	do
		digits[sizeof digits - ++count] = (uint8_t)('0' + number % 10);
	while ((number /= 10) != 0);
	put_plain(block, index, (struct span){ digits + sizeof digits - count, count });
}

/* From the dynamic table if it is there with this value, else into it. What was inserted longest ago is evicted
 * first, so an entry is still there when all that came after it, and itself, fit the table. */
static void put_repeated(struct block *block, enum http2_repeated which, unsigned index, struct span name,
			 struct span value)
{
	struct http2_table *table = block->table;
	struct http2_slot *slot = &table->slots[which];

	if (value.len == 0)
		return;
	if (table->off || value.len > sizeof slot->value) {
		put_literal(block, 0x00, 4, index, name, value);
		return;
	}
	if (slot->number != 0 && table->total - slot->begin <= HTTP2_TABLE
	    && span_equal(value, (struct span){ slot->value, slot->len })) {
		block->at = put_integer(block->at, 0x80, 7, STATIC_COUNT + 1 + table->count - slot->number);
		return;
	}
	slot->number = ++table->count;
	slot->begin = table->total;
	slot->len = (uint8_t)value.len;
	memcpy(slot->value, value.at, value.len);
	table->total += (uint32_t)(ENTRY_OVERHEAD + name.len + value.len);
	put_literal(block, 0x40, 6, index, name, value);
}

static void put_status(struct block *block, unsigned status)
{
	static const unsigned known[] = { 200, 204, 206, 304, 400, 404, 500 };
	const uint8_t text[] = { (uint8_t)('0' + status / 100 % 10), (uint8_t)('0' + status / 10 % 10),
				 (uint8_t)('0' + status % 10) };

	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == status) {
			block->at = put_integer(block->at, 0x80, 7, STATIC_STATUS + i);
			return;
		}
	put_repeated(block, HTTP2_STATUS, STATIC_STATUS, SPAN_TEXT(":status"), (struct span){ text, sizeof text });
}

static void put_fields(struct block *block, const struct redirect_response *response, size_t content_len)
{
	const enum redirect_content content = redirect_response_content(response);

	put_status(block, response->status);
	put_repeated(block, HTTP2_DATE, STATIC_DATE, SPAN_TEXT("date"),
		     (struct span){ (const uint8_t *)response->date, REDIRECT_DATE_SIZE - 1 });
	put_repeated(block, HTTP2_NODE, 0, SPAN_TEXT("x-node"), response->node);
	put_plain(block, STATIC_LOCATION, response->location);
	put_plain(block, STATIC_ALLOW, redirect_response_allow(response));
	if (response->retry_after_s != 0)
		put_number(block, STATIC_RETRY_AFTER, response->retry_after_s);
	put_plain(block, STATIC_LINK, response->link);
	put_repeated(block, HTTP2_HSTS, STATIC_HSTS, SPAN_TEXT("strict-transport-security"), response->hsts);
	put_plain(block, STATIC_ETAG, response->etag);
	if (response->ranges)
		put_plain(block, STATIC_ACCEPT_RANGES, SPAN_TEXT("bytes"));
	put_plain(block, STATIC_CONTENT_RANGE, response->content_range);
	if (response->outcome != REDIRECT_OPTIONS)
		put_repeated(block, HTTP2_CACHE_CONTROL, STATIC_CACHE_CONTROL, SPAN_TEXT("cache-control"),
			     response->cache_control);
	if (content == REDIRECT_CONTENT_NONE)
		return;
	if (content == REDIRECT_CONTENT_BODY)
		put_literal(block, 0x00, 4, 0, SPAN_TEXT("x-content-type-options"), SPAN_TEXT("nosniff"));
	put_repeated(block, HTTP2_TYPE, STATIC_CONTENT_TYPE, SPAN_TEXT("content-type"),
		     content == REDIRECT_CONTENT_BODY ? response->type : SPAN_TEXT("text/html; charset=utf-8"));
	put_number(block, STATIC_CONTENT_LENGTH, content_len);
}

void http2_write_head(struct http2_turn *turn, uint32_t id, const struct redirect_response *response,
		      size_t content_len, bool end)
{
	struct http2_table *table = &turn->session->table;
	uint8_t *begin = turn->out + HTTP2_FRAME_HEADER;
	struct block block = { begin, begin + HTTP2_FRAME_MAX, table };

	/* To nothing: RFC 7541, 4.2. */
	if (table->resize)
		block.at = put_integer(block.at, 0x20, 5, 0);
	table->resize = false;
	put_fields(&block, response, content_len);
	http2_write_frame(turn->out, (size_t)(block.at - begin), HTTP2_HEADERS,
			  (uint8_t)(HTTP2_END_HEADERS | (end ? HTTP2_END_STREAM : 0)), id);
	turn->out = block.at;
}

uint8_t *http2_write_frame(uint8_t *out, size_t len, enum http2_type type, uint8_t flags, uint32_t id)
{
	const uint8_t header[HTTP2_FRAME_HEADER] = {
		(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       (uint8_t)type, flags,
		(uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id,
	};

	return (uint8_t *)memcpy(out, header, sizeof header) + sizeof header;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
				   (uint8_t)value };

	return (uint8_t *)memcpy(at, bytes, 4) + 4;
}

static uint8_t *put_setting(uint8_t *at, enum http2_setting setting, uint32_t value)
{
	*at++ = 0;
	*at++ = (uint8_t)setting;
	return put_u32(at, value);
}

void http2_write_settings(struct http2_turn *turn)
{
	uint8_t *at = http2_write_frame(turn->out, 3 * 6, HTTP2_SETTINGS, 0, 0);

	at = put_setting(at, HTTP2_MAX_CONCURRENT_STREAMS, REDIRECT_HTTP2_STREAMS_MAX);
	at = put_setting(at, HTTP2_MAX_HEADER_LIST_SIZE, HTTP2_TEXT_MAX);
	/* Answers go out in the order of requests: there is nothing to rank (RFC 9218, 2.1). */
	turn->out = put_setting(at, HTTP2_NO_RFC7540_PRIORITIES, 1);
}

void http2_write_settings_ack(struct http2_turn *turn)
{
	turn->out = http2_write_frame(turn->out, 0, HTTP2_SETTINGS, HTTP2_ACK, 0);
}

void http2_write_ping_ack(struct http2_turn *turn, const uint8_t opaque[8])
{
	uint8_t *at = http2_write_frame(turn->out, 8, HTTP2_PING, HTTP2_ACK, 0);

	turn->out = (uint8_t *)memcpy(at, opaque, 8) + 8;
}

void http2_write_reset(struct http2_turn *turn, uint32_t id, enum http2_error error)
{
	turn->out = put_u32(http2_write_frame(turn->out, 4, HTTP2_RST_STREAM, 0, id), error);
}

void http2_write_window(struct http2_turn *turn, uint32_t id, uint32_t bytes)
{
	turn->out = put_u32(http2_write_frame(turn->out, 4, HTTP2_WINDOW_UPDATE, 0, id), bytes);
}

uint8_t *http2_write_goaway(uint8_t *out, uint32_t last_id, enum http2_error error)
{
	return put_u32(put_u32(http2_write_frame(out, 8, HTTP2_GOAWAY, 0, 0), last_id), error);
}
