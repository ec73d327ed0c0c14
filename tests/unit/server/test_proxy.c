/* SPDX-License-Identifier: Apache-2.0 */
/* PROXY headers: a table of what comes and what is made of it; each is also read in every part of it. */
#include "server/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define A4 "\xc6\x33\x64\x07\xc0\x00\x02\x01\x04\x57\x00\x50"	/* 198.51.100.7@1111 to 192.0.2.1@80 */
#define N6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"		/* 2001:db8:: without its last byte */
#define A6 N6 "\7" N6 "\1\x04\x57\x00\x50"
#define CRC_GOOD "\x50\x5c\xd5\x45"	/* by another implementation, checked against the one of RFC 3720, B.4 */
#define CRC_BEFORE "\x70\xd1\xb5\xc7"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x07"

/* The words of a row: what a whole header says, or */
#define OWN "own"	/* has no source */
#define PART "part"
#define FAULT "fault"

#define ROW(bytes, rest, said) { bytes, sizeof(bytes) - 1, rest, said }

static const struct row {
	const char *bytes;
	size_t len, rest;	/* of which so many are behind the header */
	const char *said;
} rows[] = {
	/* Version 1: a line. */
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\r\n", 0, "198.51.100.7@1111"),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\r\nGET / HTTP/1.1\r\n", 16, "198.51.100.7@1111"),
	ROW("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", 0, "255.255.255.255@65535"),
	ROW("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", 0, "0.0.0.0@0"),
	ROW("PROXY TCP6 2001:db8::7 2001:db8::1 1111 80\r\n", 0, "2001:db8::7@1111"),
	ROW("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", 0,
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@65535"),
	ROW("PROXY TCP6 ::ffff:198.51.100.7 ::1 1111 80\r\n", 0, "198.51.100.7@1111"),
	ROW("PROXY TCP6 ::FFFF:c633:6407 ::1 1111 80\r\n", 0, "198.51.100.7@1111"),
	ROW("PROXY TCP6 :: :: 1 2\r\n", 0, "::@1"),
	ROW("PROXY UNKNOWN\r\n", 0, OWN),
	ROW("PROXY UNKNOWN\r\n\r\n", 2, OWN),
	ROW("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	    0, OWN),
	ROW("PROXY UNKNOWN whatever  it \t says\r\n", 0, OWN),
	ROW("PROXY UNKNOWNS\r\n", 0, FAULT),
	ROW("PROXY unknown\r\n", 0, FAULT),
	ROW("", 0, PART),
	ROW("P", 0, PART),
	ROW("PROXY", 0, PART),
	ROW("PROXY ", 0, PART),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80", 0, PART),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\r", 0, PART),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\n", 0, PART),	/* LF alone ends nothing */
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\r\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80 \r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 80 1\r\n", 0, FAULT),
	ROW("PROXY TCP4  198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7\t192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7\r\n", 0, FAULT),
	ROW("PROXY TCP4\r\n", 0, FAULT),
	ROW("PROXY TCP4 \r\n", 0, FAULT),
	ROW("PROXY \r\n", 0, FAULT),
	ROW("PROXY\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 1111 65536\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 65536 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 01111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 -1 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 +1 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 0x1 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 192.0.2.1 999999999999999999999 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.256 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.07 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7 example.org 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 2001:db8::7 2001:db8::1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP6 198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP6 fe80::1%eth0 ::1 1111 80\r\n", 0, FAULT),
	ROW("PROXY UDP4 198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP5 198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY tcp4 198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY TCP4 198.51.100.7\0 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("PROXY UNKNOWN \0\r\n", 0, FAULT),
	ROW(" PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("proxy TCP4 198.51.100.7 192.0.2.1 1111 80\r\n", 0, FAULT),
	ROW("GET / HTTP/1.1\r\n", 0, FAULT),
	ROW("\x16\x03\x01\x02\x00\x01", 0, FAULT),
	/* 107 bytes are the longest line; 108 are none, nor are 106 without an end in sight. */
	ROW("PROXY UNKNOWN 3456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123\r\n",
	    0, OWN),
	ROW("PROXY UNKNOWN 3456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.1234\r\n",
	    0, FAULT),
	ROW("PROXY UNKNOWN 3456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.1234", 0,
	    FAULT),
	ROW("PROXY UNKNOWN 3456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789.123\r", 0,
	    PART),

	/* Version 2: LOCAL and what has no address. */
	ROW(V2 "\x20\x00\x00\x00", 0, OWN),
	ROW(V2 "\x20\x00\x00\x00GET", 3, OWN),
	ROW(V2 "\x20\x11\x00\x0c" A4, 0, OWN),
	ROW(V2 "\x20\x11\x00\x03\1\2\3", 0, OWN),
	ROW(V2 "\x20\xff\x00\x02\1\2", 0, OWN),		/* the family of LOCAL is ignored */
	ROW(V2 "\x21\x00\x00\x00", 0, OWN),
	ROW(V2 "\x21\x00\x00\x05\1\2\3\4\5x", 1, OWN),
	/* PROXY. */
	ROW(V2 "\x21\x11\x00\x0c" A4, 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x0c" A4 "GET /", 5, "198.51.100.7@1111"),
	ROW(V2 "\x21\x21\x00\x24" A6, 0, "2001:db8::7@1111"),
	ROW(V2 "\x21\x21\x00\x24" MAPPED MAPPED "\x04\x57\x00\x50", 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x0b" A4, 0, FAULT),
	ROW(V2 "\x21\x21\x00\x23" A6, 0, FAULT),
	ROW(V2 "\x21\x21\x00\x0c" A4, 0, FAULT),
	ROW(V2 "\x21\x31\x00\xd8", 0, FAULT),			/* AF_UNIX */
	ROW(V2 "\x21\x32\x00\xd8", 0, FAULT),
	ROW(V2 "\x21\x12\x00\x0c" A4, 0, FAULT),		/* UDP */
	ROW(V2 "\x21\x22\x00\x24" A6, 0, FAULT),
	ROW(V2 "\x21\x10\x00\x0c" A4, 0, FAULT),
	ROW(V2 "\x21\x41\x00\x0c" A4, 0, FAULT),
	ROW(V2 "\x11\x11\x00\x0c" A4, 0, FAULT),		/* versions 1 and 3 */
	ROW(V2 "\x31\x11\x00\x0c" A4, 0, FAULT),
	ROW(V2 "\x22\x11\x00\x0c" A4, 0, FAULT),		/* a command nobody knows */
	ROW(V2 "\x2f\x11\x00\x0c" A4, 0, FAULT),
	/* Cut off, and wrong before it is whole. */
	ROW(V2, 0, PART),
	ROW(V2 "\x21\x11\x00", 0, PART),
	ROW(V2 "\x21\x11\x00\x0c\xc6\x33", 0, PART),
	ROW(V2 "\x22", 0, FAULT),
	ROW(V2 "\x21\x31", 0, FAULT),
	ROW("\r\n\r\n\0\r\nQUIT\r", 0, FAULT),
	ROW("\r\n\r\n\1", 0, FAULT),
	ROW("\r\n\r\n", 0, PART),
	/* 4096 bytes in all are the most. */
	ROW(V2 "\x21\x11\x0f\xf0" A4, 0, PART),
	ROW(V2 "\x21\x11\x0f\xf1" A4, 0, FAULT),
	ROW(V2 "\x20\x00\xff\xff", 0, FAULT),
	/* TLVs: passed over, but whole; ALPN, AUTHORITY, NOOP, an empty one, one of Amazon's, one of nobody's. */
	ROW(V2 "\x21\x11\x00\x11" A4 "\x01\x00\x02h2", 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x1a" A4 "\x02\x00\x0b" "example.org", 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x15" A4 "\x04\x00\x00\x04\x00\x00\x04\x00\x00", 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x12" A4 "\xea\x00\x03\1ab", 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x21\x00\x28" A6 "\xf0\x00\x01x", 0, "2001:db8::7@1111"),
	ROW(V2 "\x21\x11\x00\x0d" A4 "\x04", 0, FAULT),
	ROW(V2 "\x21\x11\x00\x0e" A4 "\x04\x00", 0, FAULT),
	ROW(V2 "\x21\x11\x00\x0f" A4 "\x04\x00\x01", 0, FAULT),
	ROW(V2 "\x21\x11\x00\x10" A4 "\x04\xff\xff\x00", 0, FAULT),
	/* CRC32c of the whole header, its own bytes as zeros. */
	ROW(V2 "\x21\x11\x00\x13" A4 "\x03\x00\x04" CRC_GOOD, 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x18" A4 "\x03\x00\x04" CRC_BEFORE "\x01\x00\x02h2", 0, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x13" A4 "\x03\x00\x04" CRC_GOOD "tail", 4, "198.51.100.7@1111"),
	ROW(V2 "\x21\x11\x00\x13" A4 "\x03\x00\x04\0\0\0\0", 0, FAULT),
	ROW(V2 "\x21\x11\x00\x12" A4 "\x03\x00\x03\0\0\0", 0, FAULT),
	ROW(V2 "\x21\x11\x00\x14" A4 "\x03\x00\x05\0\0\0\0\0", 0, FAULT),
	ROW(V2 "\x21\x11\x00\x1a" A4 "\x03\x00\x04" CRC_GOOD "\x03\x00\x04" CRC_GOOD, 0, FAULT),
	ROW(V2 "\x20\x11\x00\x13" A4 "\x03\x00\x04\0\0\0\0", 0, OWN),	/* LOCAL: nothing of it is looked at */
};

/* An exact copy, for the address sanitizer. */
static enum proxy_read read_copy(const char *bytes, size_t len, struct proxy_header *ret)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	memcpy(copy, bytes, len);
	enum proxy_read read = proxy_read((struct span){ copy, len }, ret);
	free(copy);
	return read;
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct proxy_header header = { 0 };
		enum proxy_read read = read_copy(row->bytes, row->len, &header);
		char text[ADDR_TEXT_MAX] = FAULT;

		if (read == PROXY_WHOLE && header.len != row->len - row->rest)
			fail_msg("row %zu: a header of %zu bytes, not %zu", i, header.len, row->len - row->rest);
		if (read == PROXY_PART)
			strcpy(text, PART);
		else if (read == PROXY_WHOLE && !header.has_source)
			strcpy(text, OWN);
		else if (read == PROXY_WHOLE)
			addr_print(&header.source, text, sizeof text);
		if (strcmp(text, row->said) != 0)
			fail_msg("row %zu: %s, expected %s", i, text, row->said);
	}
}

/* A good header is part of one at every cut; a bad one is so or bad, and once bad it stays bad. */
static void each_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool bad = strcmp(rows[i].said, FAULT) == 0, seen = false;
		struct proxy_header header = { .len = 12345 };

		for (size_t len = 0; len < rows[i].len - rows[i].rest; len++) {
			enum proxy_read read = read_copy(rows[i].bytes, len, &header);

			if (read == PROXY_WHOLE || (read == PROXY_FAULT && !bad) || (seen && read != PROXY_FAULT))
				fail_msg("row %zu, %zu bytes: %d", i, len, read);
			seen = read == PROXY_FAULT;
		}
		assert_int_equal(header.len, 12345);
	}
}

static void a_flipped_bit_breaks_the_checksum(void **state)
{
	static const char good[] = V2 "\x21\x11\x00\x13" A4 "\x03\x00\x04" CRC_GOOD;
	struct proxy_header header;
	char bytes[sizeof good];

	(void)state;
	/* In the addresses and in the checksum itself: nothing else would notice. */
	for (size_t at = 16; at < sizeof good - 1; at++) {
		if (at >= 28 && at < 31)
			continue;
		for (int bit = 0; bit < 8; bit++) {
			memcpy(bytes, good, sizeof good);
			bytes[at] = (char)(bytes[at] ^ 1 << bit);
			assert_int_equal(read_copy(bytes, sizeof good - 1, &header), PROXY_FAULT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(each_cut),
		cmocka_unit_test(a_flipped_bit_breaks_the_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
