/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address prefixes: what counts as one client, and sets of them (whitelists). Both families are one kind of number:
 * an IPv4 address is its IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). Plain data; thread: any.
 */
#ifndef CONF_BASE_PREFIX_H
#define CONF_BASE_PREFIX_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "conf/base/span.h"

struct address {
	uint64_t high, low;
};

enum { PREFIX_BITS = 128, PREFIX_IPV4_BITS = 96 };	/* in all; in front of an IPv4 address */

struct prefix {
	struct address first;
	uint8_t bits;		/* of 128; an IPv4 prefix has PREFIX_IPV4_BITS more than it is written with */
};

/* bytes: 4 or 16 in network order, as of addr_bytes(). */
static inline struct address address_of(struct span bytes)
{
	struct address address;
	uint32_t ipv4;

	if (bytes.len == 4) {
		memcpy(&ipv4, bytes.at, sizeof ipv4);
		return (struct address){ 0, UINT64_C(0xffff) << 32 | be32toh(ipv4) };
	}
	memcpy(&address, bytes.at, sizeof address);
	return (struct address){ be64toh(address.high), be64toh(address.low) };
}

static inline bool address_is_ipv4(struct address address)
{
	return address.high == 0 && address.low >> 32 == 0xffff;
}

/* The bits that stay when all behind the first so many of 128 become 0. */
static inline struct address address_mask(unsigned bits)
{
	return (struct address){
		bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits),
		bits <= 64 ? 0 : UINT64_MAX << (128 - bits),
	};
}

/* "192.0.2.0/24", "2001:db8::/32" or an address alone; bits behind the length are cleared. ERR_SYNTAX. */
int prefix_parse(const char *text, struct prefix *ret);
enum { PREFIX_TEXT_MAX = 56 };
const char *prefix_print(const struct prefix *prefix, char buf[PREFIX_TEXT_MAX]); /* always with a length; buf */

/* Zero-initialised is empty. Found by bisection, so a long list costs little. */
struct prefixes {
	struct address_range *ranges;	/* sorted, apart from each other */
	size_t count;
};

void prefixes_init(struct prefixes *set, const struct prefix *list, size_t count);
void prefixes_copy(struct prefixes *set, const struct prefixes *from);
void prefixes_fini(struct prefixes *set);
bool prefixes_have(const struct prefixes *set, struct address address);

#endif
