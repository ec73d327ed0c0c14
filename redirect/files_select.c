/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions and ranges in the order of RFC 9110, 13.2.2. There is no Last-Modified, which would differ from node
 * to node, so dates are never compared: If-Modified-Since and If-Unmodified-Since are ignored (13.1.3, 13.1.4), a
 * date in If-Range does not match (13.1.5).
 */
#include "redirect/files.h"

#include "redirect/request.h"

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static struct span trimmed(struct span text)
{
	while (text.len != 0 && is_blank(text.at[0]))
		text = (struct span){ text.at + 1, text.len - 1 };
	while (text.len != 0 && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* An entity-tag off the front of *text: the opaque part with its quotes, empty when there is none (8.8.3). */
static struct span take_tag(struct span *text, bool *ret_weak)
{
	const uint8_t *at = text->at, *end = at + text->len;

	*ret_weak = end - at >= 2 && at[0] == 'W' && at[1] == '/';
	at += *ret_weak ? 2 : 0;
	const uint8_t *from = at;
	if (at == end || *at++ != '"')
		return (struct span){ 0 };
	while (at < end && *at > 0x20 && *at != '"' && *at != 0x7f)
		at++;
	if (at == end || *at++ != '"')
		return (struct span){ 0 };
	*text = (struct span){ at, (size_t)(end - at) };
	return (struct span){ from, (size_t)(at - from) };
}

/* A list is read up to the first byte that is no part of one. */
static bool list_has(struct span list, struct span etag, bool strong)
{
	list = trimmed(list);
	if (list.len == 1 && list.at[0] == '*')
		return true;
	while (list.len != 0) {
		bool weak;

		if (is_blank(list.at[0]) || list.at[0] == ',') {
			list = (struct span){ list.at + 1, list.len - 1 };
			continue;
		}
		struct span tag = take_tag(&list, &weak);
		if (tag.len == 0)
			return false;
		if (span_equal(tag, etag) && !(strong && weak))
			return true;
		list = trimmed(list);
		if (list.len != 0 && list.at[0] != ',')
			return false;
	}
	return false;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* 1*DIGIT; false without one. Any number above what a file can have is as good as another. */
static bool take_number(struct span *text, uint64_t *ret)
{
	uint64_t number = 0;

	if (text->len == 0 || !is_digit(text->at[0]))
		return false;
	for (; text->len != 0 && is_digit(text->at[0]); text->at++, text->len--)
		if (number < UINT32_MAX)
			number = number * 10 + (uint64_t)(text->at[0] - '0');
	*ret = number;
	return true;
}

enum range { RANGE_NONE, RANGE_ONE, RANGE_UNSATISFIABLE };

/* One range of bytes; more of them, another unit or what is no range at all is RANGE_NONE, the whole file (14.2). */
static enum range read_range(struct span text, uint64_t len, uint64_t *ret_first, uint64_t *ret_len)
{
	static const char unit[] = "bytes=";
	uint64_t first = 0, last = UINT64_MAX;

	text = trimmed(text);
	if (text.len < sizeof unit - 1)
		return RANGE_NONE;
	for (size_t i = 0; i < sizeof unit - 1; i++, text.at++, text.len--)	/* units know no case (14.1) */
		if (text.at[0] != unit[i] && (text.at[0] | 0x20) != unit[i])
			return RANGE_NONE;
	text = trimmed(text);
	bool suffix = !take_number(&text, &first);
	if (text.len == 0 || text.at[0] != '-')
		return RANGE_NONE;
	text = (struct span){ text.at + 1, text.len - 1 };
	bool open = !take_number(&text, &last);
	if (text.len != 0 || (suffix && open) || (!suffix && last < first))
		return RANGE_NONE;
	if (suffix) {
		if (last == 0)
			return RANGE_UNSATISFIABLE;
		if (len == 0)	/* satisfiable, but no Content-Range can say it */
			return RANGE_NONE;
		first = last < len ? len - last : 0;
		last = len - 1;
	}
	if (first >= len)
		return RANGE_UNSATISFIABLE;
	*ret_first = first;
	*ret_len = (last < len ? last + 1 : len) - first;
	return RANGE_ONE;
}

/* Only a strong tag that is ours: a part of another version would be glued to what the client has (13.1.5). */
static bool range_is_wanted(const struct redirect_file *file, const struct redirect_request *request)
{
	struct span tag = trimmed(request->if_range);

	/* GET is the one method that ranges are defined for (14.2). */
	return request->method == REDIRECT_GET && request->range.len != 0
	       && (request->if_range.len == 0 || span_equal(tag, file->etag));
}

void redirect_file_select(const struct redirect_file *file, const struct redirect_request *request,
			  struct redirect_file_part *ret)
{
	uint64_t first = 0, len = file->content.len;

	*ret = (struct redirect_file_part){ .status = 200 };
	if (request->if_match.len != 0 && !list_has(request->if_match, file->etag, true)) {
		ret->status = 412;
		return;
	}
	if (request->if_none_match.len != 0 && list_has(request->if_none_match, file->etag, false)) {
		ret->status = 304;
		return;
	}
	if (range_is_wanted(file, request))
		switch (read_range(request->range, file->content.len, &first, &len)) {
		case RANGE_NONE: break;
		case RANGE_ONE: ret->status = 206; break;
		case RANGE_UNSATISFIABLE: ret->status = 416; return;
		}
	ret->first = (size_t)first;
	ret->len = (size_t)len;
}
