/* SPDX-License-Identifier: Apache-2.0 */
#include "server/textbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"

enum { ROOM_FIRST = 16 << 10 };

static void make_room(struct textbuf *text, size_t len)
{
	size_t room = text->room > 0 ? text->room : ROOM_FIRST;

	if (text->room - text->len >= len)
		return;
	while (room - text->len < len)
		room *= 2;
	text->at = mem_resize(text->at, room, 1);
	text->room = room;
}

void textbuf_append(struct textbuf *text, const char *bytes, size_t len)
{
	make_room(text, len);
	if (len > 0)
		memcpy(text->at + text->len, bytes, len);
	text->len += len;
}

void textbuf_add(struct textbuf *text, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len > 0) {
		make_room(text, (size_t)len + 1);
		vsnprintf(text->at + text->len, (size_t)len + 1, format, again);
		text->len += (size_t)len;
	}
	va_end(again);
}

void textbuf_label(struct textbuf *text, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\n') {
			textbuf_append(text, "\\n", 2);
			continue;
		}
		if (*value == '\\' || *value == '"')
			textbuf_append(text, "\\", 1);
		textbuf_append(text, value, 1);
	}
}

void textbuf_html(struct textbuf *text, const char *value)
{
	for (; *value != '\0'; value++) {
		switch (*value) {
		case '&': textbuf_append(text, "&amp;", 5); break;
		case '<': textbuf_append(text, "&lt;", 4); break;
		case '>': textbuf_append(text, "&gt;", 4); break;
		case '"': textbuf_append(text, "&quot;", 6); break;
		case '\'': textbuf_append(text, "&#39;", 5); break;
		default: textbuf_append(text, (unsigned char)*value < ' ' || *value == 0x7f ? " " : value, 1);
		}
	}
}

void textbuf_fini(struct textbuf *text)
{
	mem_free(text->at);
	*text = (struct textbuf){ 0 };
}
