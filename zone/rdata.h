/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside RDATA in wire form, names uncompressed: whether it is well formed for its type, and its canonical
 * form. Types that nobody here knows are opaque bytes (RFC 3597). Pure; thread: any. */
#ifndef ZONE_RDATA_H
#define ZONE_RDATA_H

#include <stddef.h>
#include <stdint.h>

#include "conf/base/span.h"

/* The fields of a type's RDATA, a letter for each, or NULL for an unknown type:
 *     n  name that canonical form lower-cases (RFC 4034, 6.2; RFC 6840, 5.1)     N  any other name
 *     1 2 4 8  unsigned integer of that many bytes     p  4 bytes, a period     e  4 bytes, a time
 *     y  2 bytes, a type     d  1 byte, an algorithm     c  2 bytes, a certificate type     A  IPv4     Q  IPv6     M  6 bytes, EUI-48
 *     s  character-string     S  one or more of them     o  as s, or nothing     i  salt     H  hashed owner
 *     h  hexadecimal, b  base64, r  other bytes to the end: at least one of h
 *     m  type bitmap     v  service parameters     k  address prefixes     l  location     g  gateway     P  HIP */
const char *zone_rdata_fields(uint16_t type);

/* NULL when rdata is well formed, else what is wrong with it: "the address is not 4 bytes long". */
const char *zone_rdata_fault(uint16_t type, struct span rdata);

/* Copies rdata, which is well formed, to out in canonical form. */
void zone_rdata_canonical(uint16_t type, struct span rdata, uint8_t *out);

#endif
