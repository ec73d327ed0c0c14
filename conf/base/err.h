/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures. A function that can fail returns 0 or a negative int: -errno (libuv's codes are the same numbers on
 * Linux) or one of ours below. The sentence for people is written where the fact is known, into a struct err_note or
 * an err_list, and logged once by the caller who decides what happens next. Thread: any; nothing is shared.
 */
#ifndef CONF_BASE_ERR_H
#define CONF_BASE_ERR_H

#include <stddef.h>

enum err {
	ERR_SYNTAX = -20000,	/* text or bytes that do not parse */
	ERR_LIMIT = -20001,	/* well formed, but larger than we take */
	ERR_INVALID = -20002,	/* parses, but breaks a rule */
	ERR_FORMAT = -20003,	/* a file of ours that is damaged or of another version */
	ERR_UNKNOWN = -20004,	/* no such thing */
	ERR_UNAVAILABLE = -20005, /* a section or feature this version does not have */
};

/* A short text for any code this project uses; never NULL. */
const char *err_text(int err);

/* One fault: where and what. file "" and line 0 mean "no place". */
struct err_note {
	char file[256];
	unsigned line;
	char text[512];
};

void err_note_set(struct err_note *note, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "FILE:LINE: TEXT", or without what is not known. Writes at most size bytes, always terminated; returns buf. */
const char *err_note_print(const struct err_note *note, char *buf, size_t size);

/* Every fault of one load, in order. Zero-initialised is empty. Beyond ERR_LIST_MAX only the count grows. */
enum { ERR_LIST_MAX = 100 };
struct err_list {
	struct err_note *notes;
	size_t kept;	/* notes held, at most ERR_LIST_MAX */
	size_t count;	/* faults seen */
};

void err_list_add(struct err_list *list, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void err_list_fini(struct err_list *list);

#endif
