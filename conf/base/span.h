/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of bytes, and the one bounded reader that everything from the network passes. A reader that was asked for
 * more than it has turns bad and stays bad: every later read gives zeros, so that a parser may read a whole structure
 * and ask once. A view never owns. Thread: any.
 */
#ifndef CONF_BASE_SPAN_H
#define CONF_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *at;
	size_t len;
};

#define SPAN_TEXT(literal) ((struct span){ (const uint8_t *)(literal), sizeof(literal) - 1 })

static inline struct span span_string(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct reader reader_of(const void *bytes, size_t len)
{
	return (struct reader){ bytes, (const uint8_t *)bytes + len, false };
}

static inline size_t reader_left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* The next len bytes, or an empty span and a bad reader. */
static inline struct span reader_take(struct reader *reader, size_t len)
{
	if (reader->bad || len > reader_left(reader)) {
		reader->bad = true;
		reader->at = reader->end;
		return (struct span){ 0 };
	}
	struct span taken = { reader->at, len };
	reader->at += len;
	return taken;
}

static inline uint8_t reader_u8(struct reader *reader)
{
	struct span s = reader_take(reader, 1);

	return s.len ? s.at[0] : 0;
}

static inline uint16_t reader_u16(struct reader *reader)
{
	struct span s = reader_take(reader, 2);

	return s.len ? (uint16_t)(s.at[0] << 8 | s.at[1]) : 0;
}

static inline uint32_t reader_u32(struct reader *reader)
{
	struct span s = reader_take(reader, 4);

	return s.len ? (uint32_t)s.at[0] << 24 | (uint32_t)s.at[1] << 16 | (uint32_t)s.at[2] << 8 | s.at[3] : 0;
}

#endif
