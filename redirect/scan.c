/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/scan.h"

#include <endian.h>

#include "redirect/syntax.h"

enum {
	METHOD_MAX = 32,	/* the longest llhttp knows has 13 */
	VERSION_LEN = 8,	/* "HTTP/1.1" */
	LINE_LEAST = 4 + VERSION_LEN,	/* "G / " and that */
};

_Static_assert(REDIRECT_FIELD_COUNT_MAX < UINT8_MAX, "field_count is a byte");

/* 0x80 in the lowest byte of the eight that is a control character, and perhaps in some above it. HT is one here. */
static uint64_t controls(const uint8_t *at)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
	uint64_t word, del;

	memcpy(&word, at, sizeof word);
	word = le64toh(word);
	del = word ^ ones * 0x7f;
	return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & high;
}

/* To the first byte that cannot stand inside a line: controls but HT, and DEL. Eight at a time: heads of browsers are
 * long. */
static const uint8_t *plain_run(const uint8_t *at, const uint8_t *end)
{
	for (;; at++) {
		while (end - at >= 8) {
			uint64_t found = controls(at);

			if (found != 0) {
				at += __builtin_ctzll(found) / 8;
				break;
			}
			at += 8;
		}
		while (at < end && *at >= 0x20 && *at != 0x7f)
			at++;
		if (at == end || *at != '\t')
			return at;
	}
}

/* METHOD SP TARGET SP HTTP/d.d and nothing else (RFC 9112, 3): llhttp alone would let several blanks pass. */
static enum redirect_parsed check_request_line(const uint8_t *line, size_t len)
{
	const uint8_t *space = memchr(line, ' ', len < METHOD_MAX + 1 ? len : METHOD_MAX + 1);

	if (len < LINE_LEAST || space == NULL
	    || !redirect_is_token_text((struct span){ line, (size_t)(space - line) }))
		return REDIRECT_PARSED_BAD;

	const uint8_t *target = space + 1, *version = line + len - VERSION_LEN;
	if (version <= target + 1 || version[-1] != ' ' || memcmp(version, "HTTP/", 5) != 0)
		return REDIRECT_PARSED_BAD;
	if (memchr(target, ' ', (size_t)(version - 1 - target)) != NULL
	    || memchr(target, '\t', (size_t)(version - 1 - target)) != NULL)
		return REDIRECT_PARSED_BAD;
	if (version[5] < '0' || version[5] > '9' || version[6] != '.' || version[7] < '0' || version[7] > '9')
		return REDIRECT_PARSED_BAD;
	if (version[5] != '1' || version[7] > '1')
		return version[5] == '0' ? REDIRECT_PARSED_BAD : REDIRECT_PARSED_VERSION;
	return REDIRECT_PARSED;
}

static enum redirect_parsed end_of_line(struct redirect_request_parser *parser, const uint8_t *line, size_t len,
					size_t next)
{
	enum redirect_parsed verdict = REDIRECT_PARSED_MORE;

	if (parser->fields_start != 0) {
		if (len == 0)
			return REDIRECT_PARSED;
		/* Folded lines, and a blank before the first field, are where parsers disagree (RFC 9112, 5.2). */
		if (line[0] == ' ' || line[0] == '\t')
			return REDIRECT_PARSED_BAD;
		if (parser->field_count++ == REDIRECT_FIELD_COUNT_MAX)
			return REDIRECT_PARSED_LARGE_HEAD;
	} else if (len == 0) {
		/* One empty line before a request is forgiven (RFC 9112, 2.2). */
		if (parser->skipped != 0)
			return REDIRECT_PARSED_BAD;
		parser->skipped = 2;
	} else {
		verdict = check_request_line(line, len);
		if (verdict != REDIRECT_PARSED)
			return verdict;
		verdict = REDIRECT_PARSED_MORE;
		parser->fields_start = (uint32_t)next;
	}
	parser->line_start = (uint32_t)next;
	return verdict;
}

/* A limit is judged at the byte that crosses it, so that what follows cannot change the verdict. */
enum redirect_parsed redirect_scan(struct redirect_request_parser *parser, const uint8_t *bytes, size_t len)
{
	size_t at = parser->scanned;

	for (;;) {
		size_t limit = parser->fields_start != 0 ? parser->fields_start + (size_t)REDIRECT_FIELDS_MAX
							 : parser->line_start + (size_t)REDIRECT_LINE_MAX;
		size_t end = len < limit ? len : limit;

		at = (size_t)(plain_run(bytes + at, bytes + end) - bytes);
		if (at < end && bytes[at] != '\r')
			return REDIRECT_PARSED_BAD;
		if (at + 1 >= end) {
			parser->scanned = (uint32_t)at;
			if (end < limit)
				return REDIRECT_PARSED_MORE;
			return parser->fields_start ? REDIRECT_PARSED_LARGE_HEAD : REDIRECT_PARSED_LONG_TARGET;
		}
		if (bytes[at + 1] != '\n')
			return REDIRECT_PARSED_BAD;

		enum redirect_parsed verdict =
			end_of_line(parser, bytes + parser->line_start, at - parser->line_start, at + 2);
		at += 2;
		if (verdict != REDIRECT_PARSED_MORE) {
			parser->scanned = (uint32_t)at;
			return verdict;
		}
	}
}
