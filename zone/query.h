/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS query taken apart: header, question, EDNS (RFC 1035, 4.1; RFC 6891). Views into the packet; transaction
 * lifetime. What does not parse still leaves what is needed to say so: ID, flags, the question when it was readable.
 */
#ifndef ZONE_QUERY_H
#define ZONE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/edns.h"
#include "zone/name.h"

struct query {
	uint16_t id, flags;	/* as received */
	unsigned opcode;
	bool has_question;	/* exactly one, readable: the members below hold */
	struct span question;	/* its bytes in the packet, for the echo */
	struct name name;
	uint16_t type, class;
	struct edns edns;
	struct span tsig_owner, tsig_rdata;	/* of a TSIG record, not looked into; owner empty without */
};

enum query_status {
	QUERY_GOOD,
	QUERY_SILENT,	/* no query, or too short to answer to */
	QUERY_BAD,	/* FORMERR */
	QUERY_EMPTY,	/* well formed, but without a question */
};

/* Reads packet. Members beyond id, flags, opcode and has_question hold only as far as they could be read. */
enum query_status query_read(struct span packet, struct query *ret_query);

#endif
