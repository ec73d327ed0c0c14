/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol, versions 1 and 2 (HAProxy's specification, 2020-03-05): what a load balancer says in front of a
 * connection that it passes on. Only the stream's side of it: from the first bytes to where the client is. Pure; any
 * thread. Who may say it is the caller's to know: a header proves nothing.
 */
#ifndef SERVER_PROXY_H
#define SERVER_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/base/addr.h"
#include "conf/base/span.h"

enum {
	PROXY_V1_MAX = 107,		/* a line and its CRLF (2.1) */
	PROXY_V2_BYTES = 16,		/* before addresses and TLVs (2.2) */
	PROXY_HEADER_MAX = 4 << 10,	/* of either version; senders stay far below, with all their TLVs */
};

enum proxy_read {
	PROXY_WHOLE,	/* *ret is filled */
	PROXY_PART,	/* a header may become whole with more bytes; then in has less than PROXY_HEADER_MAX */
	PROXY_FAULT,	/* what came cannot become one that we take */
};

struct proxy_header {
	size_t len;		/* of the header: the client's own bytes stand behind it */
	bool has_source;	/* false: LOCAL or UNKNOWN, the connection is the balancer's own */
	struct addr source;	/* an IPv4-mapped one is IPv4; port and all, without a scope */
};

/* Refused beside what is malformed: AF_UNIX and datagrams (they never reach a TCP listener), more than
 * PROXY_HEADER_MAX, and a CRC32c that does not fit. TLVs that have another meaning are passed over. */
enum proxy_read proxy_read(struct span in, struct proxy_header *ret);

#endif
