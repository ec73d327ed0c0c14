/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EDNS(0): the OPT record of a query, and the one of its response (RFC 6891) with the options we know: NSID (RFC 5001),
 * cookies (7873), tcp-keepalive (7828), padding (7830, 8467), extended errors (8914), EXPIRE (7314), ZONEVERSION
 * (9660). Transaction lifetime; views into the packet.
 */
#ifndef ZONE_EDNS_H
#define ZONE_EDNS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/span.h"
#include "zone/cookie.h"

struct edns {
	bool present;
	uint8_t version;
	bool dnssec_ok;
	bool nsid_asked, keepalive_asked, padding_asked, expire_asked, zoneversion_asked;
	struct span cookie;	/* 8, or 16 to 40 bytes; empty without */
	uint16_t udp_size;	/* as received; below 512 it means 512 (6.2.3) */
};

enum { EDNS_OPT_BYTES = 11, EDNS_OPTION_BYTES = 4 };	/* root, fixed part; code and length */

/* Reads an OPT from the fixed part of its record (TYPE CLASS TTL RDLENGTH) and its RDATA. False: malformed; what was
 * read before the fault is given all the same, for the OPT of the FORMERR (7). Unknown options and flags are ignored
 * (6.1.2, 6.1.4). Options of other versions are read as far as they can be, for NSID. */
bool edns_read(const uint8_t *fixed, struct span rdata, struct edns *ret_edns);

/* What the OPT of a response says. Zero-initialised says nothing but that we speak EDNS. */
struct edns_reply {
	bool dnssec_ok;
	uint16_t udp_size;	/* ours */
	uint16_t rcode;		/* extended: all of it */
	struct span nsid;	/* empty: not sent, as are the others */
	bool has_cookie;
	uint8_t cookie[COOKIE_BYTES];
	bool has_keepalive;
	uint16_t keepalive_ds;	/* in 100 ms */
	bool has_expire;
	uint32_t expire_s;
	bool has_zoneversion;
	uint8_t zone_labels;
	uint32_t serial;
	bool has_error;
	uint16_t error;		/* EDE INFO-CODE */
	const char *error_text;
	bool pad;		/* to a multiple of EDNS_PADDING_BLOCK */
};

enum { EDNS_PADDING_BLOCK = 468 };	/* RFC 8467, 4.1 */
enum { EDNS_REPLY_MAX = EDNS_OPT_BYTES + 7 * EDNS_OPTION_BYTES + 128 + COOKIE_BYTES + 2 + 4 + 6 + 2 + 64 };

/* Bytes that edns_write() takes, padding not counted. */
size_t edns_bytes(const struct edns_reply *reply);
/* Appends the OPT at out, which is byte message_len of a message that may grow to limit, with room for it. Padding that
 * does not fit into limit is left out. Gives the bytes written. */
size_t edns_write(const struct edns_reply *reply, uint8_t *out, size_t message_len, size_t limit);

#endif
