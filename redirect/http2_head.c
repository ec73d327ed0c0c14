/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header block to a request. What is malformed by RFC 9113 8.2 and 8.3 resets the stream; what HTTP/1 refuses with
 * a status gets the same status here. nghttp2 decompresses (its decoder validates nothing but the compression); every
 * rule about fields is applied below.
 */
#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <strings.h>

#include "conf/base/mem.h"
#include "redirect/http2_inner.h"
#include "redirect/request_method.h"
#include "redirect/target.h"

enum {
	FIELD_SEPARATORS = 4, /* ": " and CRLF, which HTTP/1 counts */
	LINE_SEPARATORS = 12, /* two blanks, HTTP/1.1, CRLF */
	METHOD_MAX = 32,      /* redirect/scan.c */
};

_Static_assert(offsetof(struct redirect_request, host) + REDIRECT_HOST_MAX + 1
			       == offsetof(struct redirect_request, host_len)
		       && sizeof(struct redirect_request) - offsetof(struct redirect_request, host_len) <= 8,
	       "the host comes last");

void http2_head_begin(struct http2_head *head, bool trailers)
{
	memset(&head->request, 0, offsetof(struct redirect_request, host));
	memset(&head->method, 0, offsetof(struct http2_head, text) - offsetof(struct http2_head, method));
	head->request.host[0] = '\0';
	head->request.host_len = 0;
	head->request.persist = true;
	head->request.method = REDIRECT_OTHER;
	head->verdict = REDIRECT_PARSED;
	head->trailers = trailers;
}

/* 400 outweighs what else is wrong, as in HTTP/1; otherwise the first fault counts. */
static void judge(struct http2_head *head, enum redirect_parsed verdict)
{
	if (head->verdict == REDIRECT_PARSED || verdict == REDIRECT_PARSED_BAD)
		head->verdict = verdict;
}

/* The limits upon lines and fields leave room for all that is kept. */
static struct span keep(struct http2_head *head, struct span value)
{
	uint8_t *at = head->text + head->text_len;

	if (value.len > HTTP2_TEXT_MAX - head->text_len) {
		judge(head, REDIRECT_PARSED_LARGE_HEAD);
		return (struct span){ at, 0 };
	}
	memcpy(at, value.at, value.len);
	head->text_len += (uint32_t)value.len;
	return (struct span){ at, value.len };
}

static bool same_word(struct span text, const char *word, size_t len)
{
	return text.len == len && strncasecmp((const char *)text.at, word, len) == 0;
}

#define IS(text, literal) ((text).len == sizeof(literal) - 1 && memcmp((text).at, literal, sizeof(literal) - 1) == 0)

static void take_method(struct http2_head *head, struct span value)
{
	head->method = value; /* only its length counts from now on */
	if (value.len > METHOD_MAX || !redirect_is_token_text(value))
		judge(head, REDIRECT_PARSED_BAD);
	else if (!redirect_request_method(value, &head->request))
		judge(head, REDIRECT_PARSED_UNKNOWN);
}

static void take_scheme(struct http2_head *head, struct span value)
{
	head->scheme = value;
	head->request.has_scheme = true;
	head->request.https = same_word(value, "https", 5);
	if (!head->request.https && !same_word(value, "http", 4))
		judge(head, REDIRECT_PARSED_BAD);
}

static void take_path(struct http2_head *head, struct span value)
{
	head->path = value;
	if (value.len > REDIRECT_LINE_MAX)
		judge(head, REDIRECT_PARSED_LONG_TARGET);
	else
		head->path = keep(head, value);
}

/* RFC 9113, 8.3: before all others, each once, none but these, and none in trailers. */
static bool take_pseudo(struct http2_head *head, struct span name, struct span value)
{
	if (head->trailers || head->regular)
		return false;
	if (IS(name, ":path") && head->path.at == NULL)
		take_path(head, value);
	else if (IS(name, ":method") && head->method.at == NULL)
		take_method(head, value);
	else if (IS(name, ":scheme") && head->scheme.at == NULL)
		take_scheme(head, value);
	else if (IS(name, ":authority") && head->authority.at == NULL)
		head->authority = keep(head, value);
	else
		return false;
	return true;
}

static bool take_length(struct http2_head *head, struct span value)
{
	uint64_t length = 0;

	if (head->has_length || value.len == 0)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = (unsigned)value.at[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(length, 10, &length)
		    || __builtin_add_overflow(length, digit, &length))
			return false;
	}
	head->has_length = true;
	head->request.content_length = length;
	return true;
}

/* More than one line of one of these is taken as none would be, see redirect/request.h. */
static void take_view(struct http2_head *head, unsigned bit, struct span *view, struct span value)
{
	*view = head->seen & 1u << bit ? (struct span){ 0 } : keep(head, value);
	head->seen |= (uint8_t)(1u << bit);
}

/* False: malformed. Fields of a connection have no place in HTTP/2 (RFC 9113, 8.2.2). */
static bool take_field(struct http2_head *head, struct span name, struct span value)
{
	struct redirect_request *request = &head->request;

	switch (name.len) {
	case 2: return !IS(name, "te") || same_word(value, "trailers", 8);
	case 4:
		if (!IS(name, "host"))
			return true;
		if (head->has_host)
			return false;
		head->has_host = true;
		head->host = keep(head, value);
		return true;
	case 5:
		if (IS(name, "range"))
			take_view(head, 0, &request->range, value);
		return true;
	case 6:
		if (IS(name, "accept"))
			take_view(head, 1, &request->accept, value);
		else if (IS(name, "expect") && same_word(value, "100-continue", 12))
			request->expect_continue = true;
		else if (IS(name, "expect"))
			judge(head, REDIRECT_PARSED_EXPECTATION);
		return true;
	case 7:
		if (IS(name, "referer"))
			take_view(head, 2, &request->referer, value);
		return !IS(name, "upgrade");
	case 8:
		if (IS(name, "if-match"))
			take_view(head, 3, &request->if_match, value);
		else if (IS(name, "if-range"))
			take_view(head, 4, &request->if_range, value);
		return true;
	case 10:
		if (IS(name, "user-agent"))
			take_view(head, 5, &request->user_agent, value);
		return !IS(name, "connection") && !IS(name, "keep-alive");
	case 13:
		if (IS(name, "if-none-match"))
			take_view(head, 6, &request->if_none_match, value);
		return true;
	case 14: return !IS(name, "content-length") || take_length(head, value);
	case 16: return !IS(name, "proxy-connection");
	case 17: return !IS(name, "transfer-encoding");
	default: return true;
	}
}

/* No control but HT, no blank at either end (RFC 9113, 8.2.1). */
static bool value_is_legal(struct span value)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
	const uint8_t *at = value.at, *end = at + value.len;

	if (value.len == 0)
		return true;
	if (at[0] == ' ' || at[0] == '\t' || end[-1] == ' ' || end[-1] == '\t')
		return false;
	for (; end - at >= 8; at += 8) {
		uint64_t word, del;

		memcpy(&word, at, sizeof word);
		del = word ^ ones * 0x7f;
		if ((((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & high)
			break;
	}
	while (at < end && ((*at >= 0x20 && *at != 0x7f) || *at == '\t'))
		at++;
	return at == end;
}

static void take(struct http2_head *head, const nghttp2_nv *nv)
{
	const struct span name = { nv->name, nv->namelen }, value = { nv->value, nv->valuelen };
	const bool pseudo = name.len != 0 && name.at[0] == ':';

	head->count++;
	if (!(pseudo && !IS(name, ":authority")))
		head->bytes += (uint32_t)(name.len + value.len + FIELD_SEPARATORS);
	head->bomb |= head->count > HTTP2_FIELDS_MAX || head->bytes + value.len > HTTP2_FIELDS_BYTES_MAX;
	if (head->malformed || head->bomb)
		return;
	if (head->bytes > REDIRECT_FIELDS_MAX || head->count > REDIRECT_FIELD_COUNT_MAX + 3)
		judge(head, REDIRECT_PARSED_LARGE_HEAD);
	if (!value_is_legal(value)) {
		head->malformed = true;
	} else if (pseudo) {
		head->malformed = !take_pseudo(head, name, value);
	} else {
		head->regular = true;
		/* Lower case, and at least a byte. */
		if (!nghttp2_check_header_name(name.at, name.len))
			head->malformed = true;
		else if (!head->trailers && head->verdict != REDIRECT_PARSED_LARGE_HEAD)
			head->malformed = !take_field(head, name, value);
	}
}

static bool is_complete(const struct http2_head *head)
{
	if (head->trailers)
		return true;
	if (head->request.method == REDIRECT_CONNECT)
		return head->authority.at != NULL && head->scheme.at == NULL && head->path.at == NULL;
	return head->method.at != NULL && head->scheme.at != NULL && head->path.at != NULL && head->path.len != 0;
}

bool http2_head_decode(struct nghttp2_hd_inflater *inflater, struct span fragment, bool last, struct http2_head *head)
{
	const uint8_t *at = fragment.at, *end = at + fragment.len;

	while (!head->bomb) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, (size_t)(end - at), last);

		if (used < 0)
			return false;
		at += used;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			take(head, &nv);
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(inflater);
			head->malformed |= !is_complete(head);
			return true;
		}
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && at == end)
			return !last;
	}
	return true;
}

/* Both may be there and must agree then (RFC 9113, 8.3.1): whoever sends two may send them to two readers. */
static enum redirect_parsed finish_host(struct http2_head *head)
{
	struct span authority = head->authority.at != NULL ? head->authority : head->host;
	uint16_t port;

	if (head->authority.at != NULL && head->has_host
	    && (head->authority.len != head->host.len
		|| strncasecmp((const char *)head->authority.at, (const char *)head->host.at, head->host.len) != 0))
		return REDIRECT_PARSED_BAD;
	return redirect_host_parse(authority, head->request.host, &head->request.host_len, &port)
		       ? REDIRECT_PARSED
		       : REDIRECT_PARSED_BAD;
}

enum redirect_parsed http2_head_finish(struct http2_head *head)
{
	struct redirect_request *request = &head->request;
	const struct span path = head->path;

	if (head->verdict != REDIRECT_PARSED)
		return head->verdict;
	if (head->method.len + path.len + LINE_SEPARATORS > REDIRECT_LINE_MAX)
		return REDIRECT_PARSED_LONG_TARGET;
	if (finish_host(head) != REDIRECT_PARSED)
		return REDIRECT_PARSED_BAD;
	if (request->method == REDIRECT_CONNECT)
		return redirect_target_parse(head->authority, request) ? REDIRECT_PARSED : REDIRECT_PARSED_BAD;

	/* An absolute form has no place in :path, though HTTP/1 knows it. */
	if (path.at[0] != '/' && path.at[0] != '*')
		return REDIRECT_PARSED_BAD;
	return redirect_target_parse(path, request) ? REDIRECT_PARSED : REDIRECT_PARSED_BAD;
}

size_t http2_head_bytes(const struct http2_head *head)
{
	return offsetof(struct http2_head, text) + head->text_len;
}

struct http2_head *http2_head_keep(const struct http2_head *head)
{
	struct http2_head *kept = mem_copy(head, http2_head_bytes(head));
	struct redirect_request *request = &kept->request;
	struct span *views[] = {
		&kept->authority,        &kept->path,          &kept->host,        &request->target,
		&request->if_none_match, &request->if_match,   &request->if_range, &request->range,
		&request->accept,        &request->user_agent, &request->referer,
	};

	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
		if (views[i]->at != NULL)
			views[i]->at = kept->text + (views[i]->at - head->text);
	return kept;
}
