/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DNS message in, a DNS message out: the pure middle of the datagram and stream journeys. respond() is its table of
 * contents: parse (zone/query), decide (zone/answer over zone/image, zone/chaos), write (zone/writer), EDNS (zone/edns).
 * Transaction lifetime; works in memory it is given; any thread.
 */
#ifndef ZONE_RESPOND_H
#define ZONE_RESPOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/cookie.h"
#include "zone/identity.h"
#include "zone/set.h"

struct respond_env {
	const struct zone_set *zones;
	const struct zone_identity *identity;
	const struct cookie_secrets *cookies;	/* NULL: no cookies are given (RFC 7873) */
	uint16_t udp_max_payload;	/* ours, 512..4096 */
	uint16_t tcp_idle_ds;		/* told in the tcp-keepalive option (RFC 7828), in 100 ms */
};

enum respond_transport { RESPOND_UDP, RESPOND_TCP, RESPOND_TLS };

/* Where a query came from. */
struct respond_from {
	enum respond_transport transport;
	struct span address;		/* of the client, network order: 4 or 16 bytes */
	uint32_t now_s;			/* wall clock, seconds since 1970 */
	bool require_cookie;		/* over UDP: clients without a valid one are told to come back with it, or by TCP */
};

/* What the answer was, for counters and explain; the RCODE alone does not tell a referral from an answer. */
enum respond_outcome {
	RESPOND_SILENT,		/* send nothing: a reply could loop, or there is nobody to tell (RFC 1035, 7.3) */
	RESPOND_ANSWER,
	RESPOND_NODATA,
	RESPOND_NXDOMAIN,
	RESPOND_REFERRAL,
	RESPOND_CHAOS,
	RESPOND_REFUSED,	/* not our zone */
	RESPOND_SERVFAIL,	/* our zone, but nothing is loaded */
	RESPOND_FORMERR,
	RESPOND_NOTIMP,
	RESPOND_BADVERS,
	RESPOND_YXDOMAIN,	/* DNAME made too long a name (RFC 6672, 2.2) */
	RESPOND_COOKIE,		/* no question, only a cookie asked for (RFC 7873, 5.4) */
	RESPOND_BADCOOKIE,
	RESPOND_NOTAUTH,	/* signed with a key we do not have (RFC 8945, 5.2.1) */
};

struct respond_result {
	size_t len;		/* bytes of the response; 0: silence */
	enum respond_outcome outcome;
	uint16_t rcode;		/* extended */
	uint16_t type;		/* QTYPE, 0 when there was no question */
	bool edns, dnssec_ok, nsid, truncated;
	bool cookie;		/* the query had a client cookie */
	bool cookie_valid;	/* and a server cookie of ours: its address is not forged */
	const struct zone_entry *zone;	/* that answered, or NULL */
	/* The same for responses of one outcome that stand for one name, whatever the question: for rate limiting. The name
	 * is the question's; the zone's for NXDOMAIN; the cut's for a referral; the parent's of a wildcard, a DNAME's. */
	uint32_t like;
	uint16_t records_at, records_end; /* what respond_truncate() takes out */
};

/* Answers query into out. Room: UDP at least udp_max_payload, else DNS_MESSAGE_MAX bytes. */
void respond(const struct respond_env *env, const struct respond_from *from, struct span query, uint8_t *out,
	     struct respond_result *ret_result);

/* Makes the response that respond() wrote to out a truncated one: header, question and EDNS, TC set. Gives its length. */
size_t respond_truncate(uint8_t *out, const struct respond_result *result);

#endif
