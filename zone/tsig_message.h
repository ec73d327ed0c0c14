/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole messages signed and checked with TSIG (RFC 8945): what the publisher's NOTIFY and the node's answer to it
 * carry. One message, one signature: no transfers of many messages. Pure: the time is told. Thread: any.
 */
#ifndef ZONE_TSIG_MESSAGE_H
#define ZONE_TSIG_MESSAGE_H

#include "zone/tsig_key.h"

enum { TSIG_FUDGE_S = 300 };	/* by which clocks may differ (10) */

/* What the answer's signature is made over besides the answer: the MAC of the question (4.3.1). */
struct tsig_mac {
	uint8_t bytes[TSIG_MAC_MAX];
	size_t len;	/* 0: there is none */
};

enum tsig_outcome {
	TSIG_GOOD,
	TSIG_NONE,	/* not signed */
	/* not a message, or TSIG is not its last record, or its MAC has a length that none may have */
	TSIG_FORMERR,
	TSIG_BADKEY,	/* no key of that name and algorithm */
	TSIG_BADSIG,	/* the MAC is another */
	TSIG_BADTIME,	/* good, but signed too long ago or in the future */
	TSIG_BADTRUNC,	/* the MAC was cut (5.2.2.1): that is not taken here */
	TSIG_REFUSED,	/* an answer with a good signature that says that ours was not (its error is told) */
};
const char *tsig_outcome_text(enum tsig_outcome outcome);	/* "BADSIG", for people */

struct tsig_checked {
	const struct tsig_key *key;	/* one of keys; NULL without a good MAC */
	struct tsig_mac mac;
	size_t len;			/* of the message without its TSIG */
	uint64_t time_s;		/* of signing */
	uint16_t error;			/* as the TSIG says: 0, or BADSIG 16, BADKEY 17, BADTIME 18 */
	uint64_t other_s;		/* of BADTIME: the clock of who says so (5.2.3); 0: not told */
};

/* Looks for the TSIG of a whole message and checks it against the keys. question: the MAC of the question when the
 * message is an answer, else NULL. Members of *ret_checked are set as far as they are known. */
enum tsig_outcome tsig_check(struct span message, const struct tsig_key *keys, size_t count, uint64_t now_s,
			     const struct tsig_mac *question, struct tsig_checked *ret_checked);

/* Appends a TSIG to the message of len bytes, which has room for room in all, and counts it in the header. Gives the
 * new length; 0 when there is no room. *ret_mac may be NULL. The second one says BADTIME: time_s is that of the
 * question's signature (5.2.3). */
size_t tsig_sign(uint8_t *message, size_t len, size_t room, const struct tsig_key *key, uint64_t now_s,
		 const struct tsig_mac *question, struct tsig_mac *ret_mac);
size_t tsig_sign_badtime(uint8_t *message, size_t len, size_t room, const struct tsig_key *key, uint64_t time_s,
			 uint64_t now_s, const struct tsig_mac *question);
/* What answers BADSIG and BADKEY: a TSIG without a MAC that names key and algorithm as the question did (5.2.1,
 * 5.2.2). message is the answer so far. */
size_t tsig_append_refusal(uint8_t *message, size_t len, size_t room, struct span question_message,
			   enum tsig_outcome outcome);

#endif
