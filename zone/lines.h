/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logical lines of a master file (RFC 1035, 5.1): what stands between two newlines that are not inside parentheses,
 * without comments, cut into words. Escapes are rewritten so that nothing behind this file has to know the rules: \X
 * becomes X, or \DDD where X (or a raw byte) would mean something; only \# stays (RFC 3597). Owned by zone/text; one
 * thread at a time; the words live until the next zone_lines_next().
 */
#ifndef ZONE_LINES_H
#define ZONE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"

enum {
	/* Rewritten text of one logical line: 65535 bytes of RDATA are 131070 in hexadecimal, with more in front. */
	ZONE_LINE_MAX = 256 << 10,
	ZONE_LINE_WORDS = 24,	/* the first ones are indexed: no type has as many fields in front of its tail */
};

struct zone_word {
	uint32_t at;	/* in text */
	uint32_t len;
	bool quoted;	/* text has the quotes too */
};

struct zone_lines {
	const char *path;	/* for messages */
	int fd;			/* -1: all is in memory */
	int err;		/* -errno when reading failed: the file seems to end there */
	const uint8_t *next, *end;
	uint8_t *block;		/* of a file */
	unsigned number;	/* of the line that is read next */
	const char *fault;	/* first fault of the logical line, and where */
	unsigned fault_line;

	unsigned line;		/* number of the line in which the logical line begins */
	bool indented;		/* begins with a blank: the owner is the last one */
	unsigned words;		/* all of them, also those that are not indexed */
	struct zone_word word[ZONE_LINE_WORDS];
	char *text;		/* the words, each with a NUL behind it */
	size_t len, room;
};

/* path is kept; fd is the caller's to close. */
void zone_lines_init_file(struct zone_lines *lines, const char *path, int fd);
void zone_lines_init_memory(struct zone_lines *lines, const char *path, const char *text, size_t len);
void zone_lines_fini(struct zone_lines *lines);

/* The next logical line that has a word: true. False at the end, or where reading failed (err). Lines that cannot be
 * cut are told in errors and passed over. */
bool zone_lines_next(struct zone_lines *lines, struct err_list *errors);

static inline char *zone_lines_word(const struct zone_lines *lines, unsigned index)
{
	return lines->text + lines->word[index].at;
}

/* Joins the words from index on with blanks, in place: for parsers that cut again. */
char *zone_lines_join(struct zone_lines *lines, unsigned index);

/* Puts quotes around the word at index when it is the last one and has none. */
void zone_lines_quote(struct zone_lines *lines, unsigned index);

/* Undoes the escapes and quotes of one word, in place: bytes with a NUL behind. NULL when it has a NUL byte. */
char *zone_lines_plain(char *word);

#endif
