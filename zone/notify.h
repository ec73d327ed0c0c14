/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS NOTIFY (RFC 1996): the question "is what you have of NAME still the newest", with a SOA in the answer section
 * as a hint of its serial (3.7). The publisher asks, the node answers; TSIG is zone/tsig_message. Pure; thread: any.
 */
#ifndef ZONE_NOTIFY_H
#define ZONE_NOTIFY_H

#include "zone/name.h"

enum { NOTIFY_BYTES_MAX = 1232 };	/* of a message, signature and all: never in fragments */

struct notify {
	uint16_t id;
	struct name name;
	bool has_serial;
	uint32_t serial;	/* of the hint */
};

/* The question: QTYPE SOA, class IN, AA set (3.7), the SOA with all but its serial empty. Gives the bytes written, 0
 * when there is no room. */
size_t notify_write(const struct notify *notify, uint8_t *out, size_t room);

enum notify_outcome {
	NOTIFY_GOOD,
	NOTIFY_SILENT,	/* an answer, or too short to answer to */
	NOTIFY_OTHER,	/* another opcode, type or class: NOTIMP or REFUSED, as the receiver likes */
	NOTIFY_BAD,	/* FORMERR */
};
/* A message as it came, TSIG or not. A hint that is not a SOA of the name is passed over: it is only a hint. */
enum notify_outcome notify_read(struct span message, struct notify *ret_notify);

/* The answer (4.7): the header of the question with QR set, and the question. 0 when there is no room. */
size_t notify_answer(struct span message, unsigned rcode, uint8_t *out, size_t room);
/* Whether message answers what was asked; then its RCODE. */
bool notify_is_answer(struct span message, const struct notify *asked, unsigned *ret_rcode);

#endif
