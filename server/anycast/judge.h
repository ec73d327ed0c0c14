/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What checks ask and what they take for an answer. Pure: bytes in, a verdict out; the bytes come from the network (or
 * from whoever sits on the port) and are read with bounds. Thread: any.
 */
#ifndef SERVER_ANYCAST_JUDGE_H
#define SERVER_ANYCAST_JUDGE_H

#include "server/anycast/probe.h"
#include "zone/name.h"

/* A DNS question and who must answer it. */
struct judge_dns {
	struct name name;
	uint16_t type, class;
	uint16_t id;
	bool stream;		/* with the length in front (RFC 7766, 8) */
	bool ours;		/* the answer must be authoritative, from this very node */
	struct span nsid;	/* of this node; empty: not told */
};

/* Writes the query with EDNS and NSID (RFC 5001); gives its bytes. */
size_t judge_dns_ask(const struct judge_dns *question, uint8_t *out, size_t room);
/* Of ours: NOERROR, AA, an answer, our NSID. A truncated one or BADCOOKIE is the rate limiter or the cookie rule at work:
 * alive. Of another server: any RCODE but SERVFAIL and REFUSED. */
enum probe_verdict judge_dns_answer(const struct judge_dns *question, struct span reply, char words[PROBE_WORDS_MAX]);

#define JUDGE_AGENT "catchmentd-check"	/* what our checks call themselves */

/* An HTTP request and who must answer it. */
struct judge_http {
	const char *host, *path;
	const char *node;	/* X-Node must say so; NULL: anybody may answer, with 2xx or 3xx */
};

size_t judge_http_ask(const struct judge_http *question, uint8_t *out, size_t room);
enum probe_verdict judge_http_answer(const struct judge_http *question, struct span reply, char words[PROBE_WORDS_MAX]);

#endif
