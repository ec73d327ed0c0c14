/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rr-text/1: the content of a zone as lines, the same bytes everywhere. A record a line, "OWNER TTL TYPE RDATA" with
 * single blanks, the owner absolute in lower case, class IN understood, in canonical order, each ended by a newline.
 * It is a master file as well, without directives, comments, parentheses or anything left out. Thread: any.
 */
#ifndef SYNC_RRTEXT_H
#define SYNC_RRTEXT_H

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "zone/changes.h"
#include "zone/image.h"
#include "zone/name.h"
#include "zone/text.h"

#define RRTEXT_NAME "rr-text/1"

/* Takes one line with its newline; a non-zero return stops the writing and is returned. */
typedef int rrtext_line_fn(void *ctx, const char *line, size_t len);

/* Every record of an image, which may be a patched one. */
int rrtext_write(const struct zone_image_header *base, rrtext_line_fn *on_line, void *ctx);
/* One record, without the newline. The caller's (mem_free). */
char *rrtext_line(struct span owner, uint16_t type, uint32_t ttl, struct span rdata);

/* Bytes of all its lines, and what changes add to them. */
uint64_t rrtext_length(const struct zone_image_header *base);
int64_t rrtext_growth(const struct zone_changes *changes);

/* The same as rrtext_read() below, of text that comes in pieces, however cut. Fed until one of them fails, and ended when
 * none did. The note, path and zone outlive it. */
enum { RRTEXT_LINE_MAX = 1 << 20 };	/* bytes: RDATA of 65535 bytes takes 4 times as many at most */
struct rrtext_reader;
struct rrtext_reader *rrtext_reader_new(const char *path, const struct name *zone, zone_text_record_fn *on_record,
					void *ctx, struct err_note *note);
int rrtext_reader_take(struct rrtext_reader *reader, struct span piece);
int rrtext_reader_end(struct rrtext_reader *reader);	/* what is left is the last line */
void rrtext_reader_free(struct rrtext_reader *reader);

/* Every record of text, in its order, which is not checked; record->line is the line it stands in, counted from 1. path
 * is for messages. ERR_SYNTAX with the first fault in note: what is no record of this form, an owner outside of zone,
 * an end without a newline. A non-zero return of on_record stops the reading and is returned. */
int rrtext_read(const char *path, struct span text, const struct name *zone, zone_text_record_fn *on_record, void *ctx,
		struct err_note *note);

#endif
