/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6 addresses with a port, as text ADDRESS@PORT (Knot's and NSD's notation). Plain data; thread: any. */
#ifndef CONF_BASE_ADDR_H
#define CONF_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"

struct addr {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

enum { ADDR_TEXT_MAX = 64 };	/* room for any addr_print() and its end */

/* Parses "192.0.2.1@53" or "2001:db8::1@53", also "[2001:db8::1]@53" and "fe80::1%eth0@53". The port may be left out
 * when default_port is not 0. Returns 0, or ERR_SYNTAX with *ret untouched. */
int addr_parse(const char *text, uint16_t default_port, struct addr *ret);
const char *addr_print(const struct addr *addr, char *buf, size_t size);	/* ADDRESS@PORT; returns buf */
const char *addr_print_host(const struct addr *addr, char *buf, size_t size);	/* ADDRESS; returns buf */
uint16_t addr_port(const struct addr *addr);
socklen_t addr_len(const struct addr *addr);
struct span addr_bytes(const struct addr *addr);	/* of the address itself, network order: 4 or 16; a view */
bool addr_equal(const struct addr *a, const struct addr *b);	/* address, port and scope */
bool addr_is_wildcard(const struct addr *addr);			/* 0.0.0.0 or :: */

#endif
