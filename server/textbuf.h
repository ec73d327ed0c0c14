/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, for pages and metrics. Zero-initialised is empty. One owner. */
#ifndef SERVER_TEXTBUF_H
#define SERVER_TEXTBUF_H

#include <stddef.h>

struct textbuf {
	char *at;	/* not terminated */
	size_t len, room;
};

void textbuf_add(struct textbuf *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void textbuf_append(struct textbuf *text, const char *bytes, size_t len);
/* value as the value of a label: backslash, quote and newline escaped (Prometheus text format 0.0.4). */
void textbuf_label(struct textbuf *text, const char *value);
/* value as HTML text or attribute value; control characters become blanks. */
void textbuf_html(struct textbuf *text, const char *value);
void textbuf_fini(struct textbuf *text);

#endif
