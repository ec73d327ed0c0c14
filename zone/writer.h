/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a DNS message: sections in order, names compressed against those already written (RFC 1035, 4.1.4), never
 * beyond the limit. A record set is written whole or not at all. Transaction lifetime, caller's storage.
 */
#ifndef ZONE_WRITER_H
#define ZONE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/image.h"

enum { WRITER_NAMES = 48 };	/* names remembered for compression; more are written in full */

enum writer_section { WRITER_ANSWER, WRITER_AUTHORITY, WRITER_ADDITIONAL, WRITER_SECTIONS };

/* Where an owner name comes from: a place in the message where it stands, or else a name of the image. */
struct writer_owner {
	uint16_t offset;	/* not 0: stands there */
	zref ref;
};

struct writer {
	uint8_t *message;
	size_t len, limit;	/* limit: of the message without what is kept free for OPT */
	uint16_t counts[WRITER_SECTIONS];
	const struct zone_image_header *base;	/* whose names ref means; NULL without a zone */
	unsigned names;
	struct {
		zref ref;
		uint16_t offset;
	} name[WRITER_NAMES];
};

/* Begins behind the header, which the caller writes. */
void writer_init(struct writer *writer, uint8_t *message, size_t limit);
/* Appends the question's bytes as they came. False when they do not fit. */
bool writer_question(struct writer *writer, struct span question);
/* Says that the image's name ref stands at offset of the message. */
void writer_know(struct writer *writer, zref ref, size_t offset);

/* Writes an RRset of the image. False: it does not fit, and nothing was written. */
bool writer_rrset(struct writer *writer, enum writer_section section, struct writer_owner owner,
		  const struct zone_rrset *set);
/* The same with another TTL (seconds). */
bool writer_rrset_ttl(struct writer *writer, enum writer_section section, struct writer_owner owner,
		      const struct zone_rrset *set, uint32_t ttl);
/* One record from parts. *ret_rdata_at, when not NULL, is where its RDATA begins. */
bool writer_record(struct writer *writer, enum writer_section section, struct writer_owner owner, uint16_t type,
		   uint16_t class, uint32_t ttl, struct span rdata, size_t *ret_rdata_at);

/* Forgets all records, keeps header and question: for truncation. */
void writer_clear(struct writer *writer, size_t question_end);

#endif
