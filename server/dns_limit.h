/* SPDX-License-Identifier: Apache-2.0 */
/* Abuse control between a UDP answer and its sending: whom not to answer, and how often. The worker's own thread. */
#ifndef SERVER_DNS_LIMIT_H
#define SERVER_DNS_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/base/addr.h"
#include "zone/respond.h"

struct worker;

/* Ports of services that answer anything, so that two of us would talk for ever: echo, daytime, chargen, time, and 0,
 * which nobody sends from. A bit each: dropped before they cost anything. */
static inline bool dns_limit_reflects(uint16_t port)
{
	return port < 64 && (UINT64_C(1) << 0 | UINT64_C(1) << 7 | UINT64_C(1) << 13 | UINT64_C(1) << 19
			     | UINT64_C(1) << 37) >> port & 1;
}

/* Whether the response in out may be sent; it may have become a truncated one, and result->len says how long it is.
 */
bool dns_limit(struct worker *worker, const struct addr *peer, uint8_t *out, struct respond_result *result,
	       uint64_t now_ns);

#endif
