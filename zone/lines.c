/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/mem.h"

enum { BLOCK_BYTES = 64 << 10, END_OF_FILE = -1 };

enum kind { PLAIN, BLANK, NEWLINE, COMMENT, OPEN, CLOSE, QUOTE, ESCAPE, ODD };

static const uint8_t kinds[256] = {
	[0 ... 8] = ODD, ['\t'] = BLANK, ['\n'] = NEWLINE, [11 ... 12] = ODD, ['\r'] = BLANK, [14 ... 31] = ODD,
	[' '] = BLANK, ['"'] = QUOTE, ['('] = OPEN, [')'] = CLOSE, [';'] = COMMENT, ['\\'] = ESCAPE,
	[127 ... 255] = ODD,
};

static void init(struct zone_lines *lines, const char *path, size_t room)
{
	*lines = (struct zone_lines){ .path = path, .fd = -1, .number = 1 };
	lines->room = room < ZONE_LINE_MAX ? room : ZONE_LINE_MAX;
	lines->text = mem_array(lines->room + 8, 1);
}

/* Some editors put a byte order mark in front of UTF-8. It is not part of the first owner. */
static void skip_mark(struct zone_lines *lines)
{
	if (lines->end - lines->next >= 3 && memcmp(lines->next, "\xef\xbb\xbf", 3) == 0)
		lines->next += 3;
}

static bool refill(struct zone_lines *lines)
{
	ssize_t got;

	if (lines->fd < 0 || lines->err != 0)
		return false;
	do {
		got = read(lines->fd, lines->block, BLOCK_BYTES);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		lines->err = -errno;
	if (got <= 0)
		return false;
	lines->next = lines->block;
	lines->end = lines->block + got;
	return true;
}

void zone_lines_init_file(struct zone_lines *lines, const char *path, int fd)
{
	init(lines, path, ZONE_LINE_MAX);
	lines->fd = fd;
	lines->block = mem_array(BLOCK_BYTES, 1);
	refill(lines);
	skip_mark(lines);
}

void zone_lines_init_memory(struct zone_lines *lines, const char *path, const char *text, size_t len)
{
	/* A byte becomes four at most, and a word takes a NUL and maybe quotes. */
	init(lines, path, len < ZONE_LINE_MAX ? len * 5 + 16 : ZONE_LINE_MAX);
	lines->next = (const uint8_t *)text;
	lines->end = lines->next + len;
	skip_mark(lines);
}

void zone_lines_fini(struct zone_lines *lines)
{
	mem_free(lines->text);
	mem_free(lines->block);
}

static inline int peek(struct zone_lines *lines)
{
	if (lines->next == lines->end && !refill(lines))
		return END_OF_FILE;
	return *lines->next;
}

/* Only the first fault of a logical line is told: the others mostly follow from it. */
static void fault(struct zone_lines *lines, const char *text)
{
	if (lines->fault == NULL) {
		lines->fault = text;
		lines->fault_line = lines->number;
	}
}

static inline void put(struct zone_lines *lines, int byte)
{
	/* The end of the buffer is overwritten: a line that long is given up below. */
	lines->text[lines->len] = (char)byte;
	if (lines->len < lines->room)
		lines->len++;
}

static void put_code(struct zone_lines *lines, int byte)
{
	put(lines, '\\');
	put(lines, '0' + byte / 100);
	put(lines, '0' + byte / 10 % 10);
	put(lines, '0' + byte % 10);
}

/* A byte that was escaped, or that is no printable ASCII: in a form that cannot be taken for anything but itself. */
static void put_literal(struct zone_lines *lines, int byte)
{
	if (byte <= ' ' || byte >= 0x7f || strchr(".\\\"();@$,=", byte) != NULL)
		put_code(lines, byte);
	else
		put(lines, byte);
}

/* Behind a backslash: three digits, or any one character. */
static void take_escape(struct zone_lines *lines)
{
	int byte = peek(lines);
	int value = 0;

	if (byte == END_OF_FILE || byte == '\n') {
		fault(lines, "a backslash ends the line");
		return;
	}
	if (byte < '0' || byte > '9') {
		lines->next++;
		if (byte == '#')
			put(lines, '\\');
		put_literal(lines, byte);
		return;
	}
	for (int i = 0; i < 3; i++, lines->next++) {
		byte = peek(lines);
		if (byte < '0' || byte > '9') {
			fault(lines, "a backslash and a digit, but not three digits");
			return;
		}
		value = value * 10 + byte - '0';
	}
	if (value > 255)
		fault(lines, "an escape above \\255");
	else
		put_code(lines, value);
}

/* From behind the opening quote to behind the closing one. A newline inside ends it: RFC 1035 would allow one, but
 * what it mostly means is a forgotten quote, and then the rest of the file would be swallowed. */
static void take_quoted(struct zone_lines *lines)
{
	put(lines, '"');
	for (;;) {
		int byte = peek(lines);

		if (byte == END_OF_FILE || byte == '\n') {
			fault(lines, "a quoted string does not end in its line");
			return;
		}
		lines->next++;
		switch (kinds[byte]) {
		case QUOTE:
			put(lines, '"');
			return;
		case ESCAPE:
			take_escape(lines);
			break;
		case PLAIN:
			put(lines, byte);
			break;
		default:
			if (byte == 0)
				fault(lines, "a NUL byte");
			if (byte == ' ')
				put(lines, byte);
			else
				put_code(lines, byte);
			break;
		}
	}
}

/* A word that does not begin with a quote. key="a b" (RFC 9460) is one word; a quote anywhere else is an accident. */
static void take_plain(struct zone_lines *lines)
{
	for (;;) {
		int byte = peek(lines);

		switch (byte == END_OF_FILE ? NEWLINE : kinds[byte]) {
		case PLAIN:
			put(lines, byte);
			lines->next++;
			break;
		case ESCAPE:
			lines->next++;
			take_escape(lines);
			break;
		case QUOTE:
			lines->next++;
			if (lines->len == 0 || lines->text[lines->len - 1] != '=')
				fault(lines, "a quote in the middle of a word");
			take_quoted(lines);
			break;
		case ODD:
			if (byte == 0)
				fault(lines, "a NUL byte");
			put_code(lines, byte);
			lines->next++;
			break;
		default:
			return;
		}
	}
}

static void take_word(struct zone_lines *lines, bool quoted)
{
	size_t at = lines->len;

	if (lines->words == 0)
		lines->line = lines->number;
	if (quoted) {
		lines->next++;
		take_quoted(lines);
	} else {
		take_plain(lines);
	}
	if (lines->words < ZONE_LINE_WORDS)
		lines->word[lines->words] = (struct zone_word){ (uint32_t)at, (uint32_t)(lines->len - at), quoted };
	lines->words++;
	put(lines, '\0');
}

static void skip_comment(struct zone_lines *lines)
{
	while (peek(lines) != END_OF_FILE) {
		const uint8_t *newline = memchr(lines->next, '\n', (size_t)(lines->end - lines->next));

		if (newline != NULL) {
			lines->next = newline;
			return;
		}
		lines->next = lines->end;
	}
}

/* One logical line; false at the end of the file. */
static bool take_line(struct zone_lines *lines)
{
	unsigned depth = 0;
	int byte = peek(lines);

	lines->indented = byte == ' ' || byte == '\t';
	for (;; byte = peek(lines)) {
		if (lines->len >= lines->room) {
			/* Most likely a parenthesis that nobody closed: begin again at the next newline. */
			fault(lines, "a record is longer than 256 KiB; is a parenthesis not closed?");
			lines->len = 0;
			lines->words = 0;
			depth = 0;
		}
		if (byte == END_OF_FILE) {
			if (depth > 0)
				fault(lines, "the file ends inside parentheses");
			return lines->words > 0;
		}
		switch (kinds[byte]) {
		case NEWLINE:
			lines->next++;
			lines->number++;
			if (depth == 0)
				return true;
			break;
		case BLANK:
			lines->next++;
			break;
		case COMMENT:
			skip_comment(lines);
			break;
		case OPEN:
			lines->next++;
			depth++;
			break;
		case CLOSE:
			lines->next++;
			if (depth == 0)
				fault(lines, "a closing parenthesis without an opening one");
			else
				depth--;
			break;
		default:
			take_word(lines, byte == '"');
			break;
		}
	}
}

/* With the owner where there is one, to find the record by. */
static void tell_fault(const struct zone_lines *lines, struct err_list *errors)
{
	if (lines->words > 0 && !lines->indented && lines->word[0].at == 0 && lines->len > 0)
		err_list_add(errors, lines->path, lines->fault_line, "%.200s: %s", lines->text, lines->fault);
	else
		err_list_add(errors, lines->path, lines->fault_line, "%s", lines->fault);
}

bool zone_lines_next(struct zone_lines *lines, struct err_list *errors)
{
	for (;;) {
		lines->fault = NULL;
		lines->words = 0;
		lines->len = 0;
		bool more = take_line(lines);

		if (lines->fault != NULL)
			tell_fault(lines, errors);
		else if (lines->words > 0)
			return true;
		if (!more)
			return false;
	}
}

char *zone_lines_join(struct zone_lines *lines, unsigned index)
{
	char *from = zone_lines_word(lines, index);
	size_t left = (size_t)(lines->text + lines->len - 1 - from);

	for (char *at = from; (at = memchr(at, '\0', left - (size_t)(at - from))) != NULL;)
		*at = ' ';
	return from;
}

void zone_lines_quote(struct zone_lines *lines, unsigned index)
{
	if (lines->words != index + 1 || lines->word[index].quoted || lines->len + 2 > lines->room)
		return;

	struct zone_word *last = &lines->word[index];
	char *word = zone_lines_word(lines, index);
	memmove(word + 1, word, last->len);
	word[0] = '"';
	word[last->len + 1] = '"';
	word[last->len + 2] = '\0';
	last->len += 2;
	last->quoted = true;
	lines->len += 2;
}

char *zone_lines_plain(char *word)
{
	char *to = word;

	for (const char *from = word; *from != '\0';) {
		if (*from == '"') {
			from++;
		} else if (*from != '\\') {
			*to++ = *from++;
		} else if (from[1] == '#') {
			*to++ = '#';
			from += 2;
		} else {
			int byte = (from[1] - '0') * 100 + (from[2] - '0') * 10 + from[3] - '0';

			if (byte == 0)
				return NULL;
			*to++ = (char)byte;
			from += 4;
		}
	}
	*to = '\0';
	return word;
}
