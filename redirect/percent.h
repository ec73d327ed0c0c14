/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding (RFC 3986, 2.1), for comparing and showing only: what a client is sent keeps its bytes. Pure. */
#ifndef REDIRECT_PERCENT_H
#define REDIRECT_PERCENT_H

#include <stdint.h>

static inline int redirect_hex(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The byte at *at, before end, which moves behind it; an escape is the byte it stands for, a broken one stays a
 * "%". */
static inline uint8_t redirect_percent_next(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = (*at)++;

	if (*from != '%' || end - from < 3 || redirect_hex(from[1]) < 0 || redirect_hex(from[2]) < 0)
		return *from;
	*at += 2;
	return (uint8_t)(redirect_hex(from[1]) << 4 | redirect_hex(from[2]));
}

#endif
