/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a question to the records that answer it, out of one zone: RFC 1034, 4.3.2 with wildcards (RFC 4592), aliases
 * followed inside the zone, DNAME (RFC 6672), delegations with glue (RFC 9471). Transaction lifetime; any thread.
 */
#ifndef ZONE_ANSWER_H
#define ZONE_ANSWER_H

#include "zone/query.h"
#include "zone/respond.h"
#include "zone/set.h"
#include "zone/writer.h"

struct answer {
	enum respond_outcome outcome;	/* of the last name in a chain of aliases */
	enum dns_rcode rcode;		/* likewise (RFC 6604, 3) */
	bool authoritative;		/* AA: of the first owner name (RFC 1035, 4.1.1) */
	bool truncated;			/* what must not be left out did not fit */
	uint32_t like;			/* hash of the name that the first step of the answer stands for: zone/respond.h */
};

/* Writes the records into writer, which stands behind the question at DNS_HEADER_BYTES. query->name is at or below the
 * apex of zone, which is loaded. */
void answer_query(const struct zone_entry *zone, const struct query *query, struct writer *writer,
		  struct answer *ret_answer);

#endif
