/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measured with llhttp 8.1, no lenient flag set, it takes: bare LF behind the request line and the fields, line
 * folding, an empty field name and blanks in one, several blanks in the request line, HTTP/0.9, RTSP and ICE, any
 * byte from 0x80 and most of ASCII in a target, two Host fields, chunked in HTTP/1.0. redirect/scan.c settles what
 * concerns lines, before llhttp sees a byte; what concerns fields is judged here. tests/unit/redirect/test_http.c
 * holds both to it.
 */
#include "redirect/request.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include <llhttp.h>

#include "conf/base/mem.h"
#include "redirect/request_method.h"
#include "redirect/scan.h"
#include "redirect/syntax.h"
#include "redirect/target.h"

enum { HELD_FIRST = 512 };	/* most heads fit, so a slow client costs one small block */

/* From FIELD_FIRST_VIEW on: those that are only looked at, and count when they stand in one line. */
enum field {
	FIELD_NONE, FIELD_HOST, FIELD_EXPECT, FIELD_LENGTH, FIELD_CODING,
	FIELD_FIRST_VIEW, FIELD_IF_NONE_MATCH = FIELD_FIRST_VIEW, FIELD_IF_MATCH, FIELD_IF_RANGE, FIELD_RANGE,
	FIELD_ACCEPT, FIELD_USER_AGENT, FIELD_REFERER,
};

struct head {
	llhttp_t llhttp;
	struct redirect_request *request;
	struct span url, name, value;
	struct span host;
	enum field field;
	enum redirect_parsed verdict;	/* of the fields so far */
	bool has_host, has_length, has_coding;
	uint16_t seen;			/* views, by field */
};

static enum field field_of(struct span name)
{
	const char *text = (const char *)name.at;

#define IS(word, field) \
	if (name.len == sizeof(word) - 1 && strncasecmp(text, (word), sizeof(word) - 1) == 0) \
		return (field)

	switch (name.len) {
	case 4:
		IS("host", FIELD_HOST);
		break;
	case 5:
		IS("range", FIELD_RANGE);
		break;
	case 6:
		IS("accept", FIELD_ACCEPT);
		IS("expect", FIELD_EXPECT);
		break;
	case 7:
		IS("referer", FIELD_REFERER);
		break;
	case 8:
		IS("if-match", FIELD_IF_MATCH);
		IS("if-range", FIELD_IF_RANGE);
		break;
	case 10:
		IS("user-agent", FIELD_USER_AGENT);
		break;
	case 13:
		IS("if-none-match", FIELD_IF_NONE_MATCH);
		break;
	case 14:
		IS("content-length", FIELD_LENGTH);
		break;
	case 17:
		IS("transfer-encoding", FIELD_CODING);
		break;
	default: break;
	}
#undef IS
	return FIELD_NONE;
}

static struct span trim(struct span text)
{
	while (text.len != 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
		text = (struct span){ text.at + 1, text.len - 1 };
	while (text.len != 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static bool same_word(struct span text, const char *word)
{
	return text.len == strlen(word) && strncasecmp((const char *)text.at, word, text.len) == 0;
}

/* A second Content-Length is refused even when it says the same: whoever sends two may send them to two readers. */
static enum redirect_parsed take_length(struct head *head)
{
	uint64_t length = 0;

	if (head->has_length || head->value.len == 0)
		return REDIRECT_PARSED_BAD;
	head->has_length = true;
	for (size_t i = 0; i < head->value.len; i++) {
		unsigned digit = (unsigned)head->value.at[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(length, 10, &length)
		    || __builtin_add_overflow(length, digit, &length))
			return REDIRECT_PARSED_BAD;
	}
	head->request->content_length = length;
	return REDIRECT_PARSED;
}

/* The list of codings, over all its field lines: chunked once and last, or the length of the body is anyone's guess
 * (RFC 9112, 6.1 and 6.3). Other codings exist, but nobody needs one to ask for a redirect. */
static enum redirect_parsed take_coding(struct head *head)
{
	const uint8_t *at = head->value.at, *end = at + head->value.len;
	enum redirect_parsed verdict = REDIRECT_PARSED;

	head->has_coding = true;
	if (at == end)
		return REDIRECT_PARSED_BAD;
	for (; at <= end; at++) {
		const uint8_t *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		struct span coding = trim((struct span){ at, (size_t)((comma ? comma : end) - at) });

		if (head->request->chunked || coding.len == 0)
			return REDIRECT_PARSED_BAD;
		if (same_word(coding, "chunked"))
			head->request->chunked = true;
		else if (redirect_is_token(coding.at[0]))
			verdict = REDIRECT_PARSED_UNKNOWN;
		else
			return REDIRECT_PARSED_BAD;
		at = comma ? comma : end;
	}
	return verdict;
}

static struct span *view_of(struct redirect_request *request, enum field field)
{
	switch (field) {
	case FIELD_IF_NONE_MATCH: return &request->if_none_match;
	case FIELD_IF_MATCH: return &request->if_match;
	case FIELD_IF_RANGE: return &request->if_range;
	case FIELD_RANGE: return &request->range;
	case FIELD_ACCEPT: return &request->accept;
	case FIELD_USER_AGENT: return &request->user_agent;
	default: return &request->referer;
	}
}

/* A second line takes the first one back: which of them counts would be a guess. */
static void take_view(struct head *head)
{
	bool first = !(head->seen >> head->field & 1);

	head->seen |= (uint16_t)(1u << head->field);
	*view_of(head->request, head->field) = first ? head->value : (struct span){ 0 };
}

static enum redirect_parsed take_field(struct head *head)
{
	if (head->field >= FIELD_FIRST_VIEW) {
		take_view(head);
		return REDIRECT_PARSED;
	}
	switch (head->field) {
	case FIELD_HOST:
		if (head->has_host)
			return REDIRECT_PARSED_BAD;
		head->has_host = true;
		head->host = head->value;
		return REDIRECT_PARSED;
	case FIELD_EXPECT:
		if (!same_word(head->value, "100-continue"))
			return REDIRECT_PARSED_EXPECTATION;
		head->request->expect_continue = true;
		return REDIRECT_PARSED;
	case FIELD_LENGTH: return take_length(head);
	case FIELD_CODING: return take_coding(head);
	default: break;
	}
	return REDIRECT_PARSED;
}

/* llhttp may give a value in several calls; the head is in one piece, so the pieces are neighbours. */
static void extend(struct span *span, const char *at, size_t len)
{
	if (span->at == NULL)
		span->at = (const uint8_t *)at;
	span->len = (size_t)((const uint8_t *)at + len - span->at);
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	extend(&((struct head *)llhttp)->url, at, len);
	return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
	extend(&((struct head *)llhttp)->name, at, len);
	return 0;
}

static int on_header_field_complete(llhttp_t *llhttp)
{
	struct head *head = (struct head *)llhttp;

	/* llhttp takes an empty name and blanks in one (RFC 9112, 5.1). */
	if (!redirect_is_token_text(head->name))
		return -1;
	head->field = field_of(head->name);
	head->name = (struct span){ 0 };
	head->value = (struct span){ 0 };
	return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
	extend(&((struct head *)llhttp)->value, at, len);
	return 0;
}

static int on_header_value_complete(llhttp_t *llhttp)
{
	struct head *head = (struct head *)llhttp;

	if (head->field == FIELD_NONE)
		return 0;
	head->value = trim(head->value);

	enum redirect_parsed verdict = take_field(head);
	/* 400 outweighs what else is wrong: where the next request begins cannot be trusted. */
	if (verdict == REDIRECT_PARSED_BAD)
		return -1;
	if (head->verdict == REDIRECT_PARSED)
		head->verdict = verdict;
	return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	(void)llhttp;
	return HPE_PAUSED;	/* the body is ours to discard; llhttp's part ends here */
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_field_complete = on_header_field_complete,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
};

/* What the body's fields say together. */
static enum redirect_parsed check_framing(const struct head *head)
{
	/* Both lengths, or a coding that HTTP/1.0 never had: the classic shapes of request smuggling (RFC
	 * 9112, 11.2). */
	if (head->has_coding && (head->has_length || head->request->version_1_0))
		return REDIRECT_PARSED_BAD;
	return head->verdict;
}

static enum redirect_parsed check_host(struct head *head)
{
	struct redirect_request *request = head->request;
	uint16_t port;

	if (!head->has_host || (head->host.len == 0 && request->version_1_0)) {
		request->host[0] = '\0';
		request->host_len = 0;
		return request->version_1_0 ? REDIRECT_PARSED : REDIRECT_PARSED_BAD;
	}
	return redirect_host_parse(head->host, request->host, &request->host_len, &port) ? REDIRECT_PARSED
										 : REDIRECT_PARSED_BAD;
}

static enum redirect_parsed parse_head(const uint8_t *bytes, size_t len, struct redirect_request *request)
{
	struct head head;

	llhttp_init(&head.llhttp, HTTP_REQUEST, &settings);
	head.request = request;
	head.url = head.name = head.value = head.host = (struct span){ 0 };
	head.field = FIELD_NONE;
	head.verdict = REDIRECT_PARSED;
	head.has_host = head.has_length = head.has_coding = false;
	head.seen = 0;
	llhttp_errno_t error = llhttp_execute(&head.llhttp, (const char *)bytes, len);
	/* A token it is, the scanner has seen to that; of another protocol in the second case. */
	if (error == HPE_INVALID_METHOD || error == HPE_INVALID_CONSTANT)
		return REDIRECT_PARSED_UNKNOWN;
	if (error != HPE_PAUSED)
		return REDIRECT_PARSED_BAD;

	request->method = redirect_request_method_of(head.llhttp.method);
	request->method_name = span_string(llhttp_method_name(head.llhttp.method));
	request->version_1_0 = head.llhttp.http_minor == 0;
	/* "close" wins over "keep-alive" (RFC 9112, 9.3). */
	request->persist = !(head.llhttp.flags & F_CONNECTION_CLOSE)
			   && (!request->version_1_0 || (head.llhttp.flags & F_CONNECTION_KEEP_ALIVE));
	/* HTTP/1.0 has no 100 (RFC 9110, 10.1.1). */
	if (request->version_1_0)
		request->expect_continue = false;

	enum redirect_parsed verdict = check_framing(&head);
	if (verdict == REDIRECT_PARSED)
		verdict = check_host(&head);
	if (verdict == REDIRECT_PARSED && !redirect_target_parse(head.url, request))
		verdict = REDIRECT_PARSED_BAD;
	return verdict;
}

/* ---- the stream ---- */

static void hold(struct redirect_request_parser *parser, const uint8_t *in, size_t len)
{
	size_t wanted = parser->held_len + len;

	if (wanted > parser->held_room) {
		size_t room = parser->held_room ? parser->held_room : HELD_FIRST;

		while (room < wanted)
			room *= 2;
		room = room < REDIRECT_HELD_MAX ? room : REDIRECT_HELD_MAX;
		parser->held = mem_resize(parser->held, room, 1);
		parser->held_room = (uint32_t)room;
	}
	memcpy(parser->held + parser->held_len, in, len);
	parser->held_len += (uint32_t)len;
}

/* Member by member: the host is long and written before it is read, and one memset() of the rest is slower. */
static void clear(struct redirect_request *request)
{
	const struct span none = { 0 };

	request->method = REDIRECT_OTHER;
	request->version_1_0 = request->persist = request->asterisk = false;
	request->has_scheme = request->https = false;
	request->expect_continue = request->chunked = false;
	request->content_length = 0;
	request->target = none;
	request->if_none_match = request->if_match = request->if_range = none;
	request->range = request->accept = request->user_agent = request->referer = none;
}

/* Of a head that is refused: the answer to HEAD has no content, whatever else was wrong. */
static enum redirect_parsed refuse(enum redirect_parsed verdict, const uint8_t *head, size_t len,
				   struct redirect_request *request)
{
	if (verdict != REDIRECT_PARSED)
		request->method = len >= 5 && memcmp(head, "HEAD ", 5) == 0 ? REDIRECT_HEAD : REDIRECT_OTHER;
	return verdict;
}

/* The fast way: nothing held, and most reads bring whole heads. */
static enum redirect_parsed next_in_place(struct redirect_request_parser *parser, const uint8_t *in, size_t in_len,
					  size_t *ret_consumed, struct redirect_request *ret_request)
{
	enum redirect_parsed verdict = redirect_scan(parser, in, in_len);

	*ret_consumed = in_len;
	if (verdict == REDIRECT_PARSED_MORE) {
		hold(parser, in, in_len);
	} else if (verdict == REDIRECT_PARSED) {
		*ret_consumed = parser->scanned;
		verdict = parse_head(in + parser->skipped, parser->scanned - parser->skipped, ret_request);
	}
	return refuse(verdict, in + parser->skipped, in_len - parser->skipped, ret_request);
}

enum redirect_parsed redirect_request_next(struct redirect_request_parser *parser, const uint8_t *in, size_t in_len,
					   size_t *ret_consumed, struct redirect_request *ret_request)
{
	clear(ret_request);
	if (parser->held == NULL)
		return next_in_place(parser, in, in_len, ret_consumed, ret_request);

	size_t before = parser->held_len, room = REDIRECT_HELD_MAX - before;
	size_t taken = in_len < room ? in_len : room;
	hold(parser, in, taken);
	enum redirect_parsed verdict = redirect_scan(parser, parser->held, parser->held_len);
	*ret_consumed = taken;
	if (verdict == REDIRECT_PARSED) {
		*ret_consumed = parser->scanned - before;
		verdict = parse_head(parser->held + parser->skipped, parser->scanned - parser->skipped, ret_request);
	}
	return refuse(verdict, parser->held + parser->skipped, parser->held_len - parser->skipped, ret_request);
}

void redirect_request_keep(struct redirect_request_parser *parser, const uint8_t *in)
{
	if (parser->held == NULL)
		hold(parser, in, parser->scanned);
}

void redirect_request_again(struct redirect_request_parser *parser, struct redirect_request *ret_request)
{
	clear(ret_request);
	enum redirect_parsed parsed =
		parse_head(parser->held + parser->skipped, parser->scanned - parser->skipped, ret_request);

	assert(parsed == REDIRECT_PARSED);	/* as before */
	(void)parsed;
}

void redirect_request_release(struct redirect_request_parser *parser)
{
	mem_free(parser->held);
	*parser = (struct redirect_request_parser){ 0 };
}

bool redirect_request_idle(const struct redirect_request_parser *parser)
{
	return parser->held_len == parser->skipped;
}
