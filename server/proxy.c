/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy.h"

#include <arpa/inet.h>
#include <string.h>

/* Wire facts of version 2 (2.2). */
enum {
	V2_VERSION = 0x20, V2_VERSION_MASK = 0xf0, V2_LOCAL = 0, V2_PROXY = 1,
	V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21,
	V2_TCP4_BYTES = 2 * 4 + 2 * 2, V2_TCP6_BYTES = 2 * 16 + 2 * 2,
	V2_TLV_CRC32C = 0x03, V2_CRC32C_BYTES = 4,
};

static const char v1_begin[] = "PROXY ";
static const uint8_t v2_begin[12] = "\r\n\r\n\0\r\nQUIT\n";

/* How much of what every header of a version begins with is there: all of it, none that fits, or part. */
static enum proxy_read begins(struct span in, const void *mark, size_t mark_len)
{
	if (memcmp(in.at, mark, in.len < mark_len ? in.len : mark_len) != 0)
		return PROXY_FAULT;
	return in.len < mark_len ? PROXY_PART : PROXY_WHOLE;
}

/* IPv4 clients of a balancer that has one IPv6 socket for both are still IPv4 clients. */
static void set_source(struct proxy_header *header, int family, const void *address, uint16_t port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };	/* RFC 4291, 2.5.5.2 */
	struct addr *source = &header->source;

	header->has_source = true;
	*source = (struct addr){ 0 };
	if (family == AF_INET6 && memcmp(address, mapped, sizeof mapped) == 0) {
		family = AF_INET;
		address = (const uint8_t *)address + sizeof mapped;
	}
	if (family == AF_INET) {
		source->v4.sin_family = AF_INET;
		source->v4.sin_port = htons(port);
		memcpy(&source->v4.sin_addr, address, sizeof source->v4.sin_addr);
	} else {
		source->v6.sin6_family = AF_INET6;
		source->v6.sin6_port = htons(port);
		memcpy(&source->v6.sin6_addr, address, sizeof source->v6.sin6_addr);
	}
}

/* The next word of a line: up to one space, or to the end for the last. NULL: there is none. */
static char *next_word(char **line, bool last)
{
	char *word = *line, *space = strchr(word, ' ');

	if (*word == '\0' || space == word || (space == NULL) != last)
		return NULL;
	if (space != NULL)
		*space++ = '\0';
	*line = space;
	return word;
}

/* Decimal, without leading zeros (2.1). */
static bool read_port(const char *word, uint16_t *ret)
{
	unsigned long port = 0;
	size_t len = strspn(word, "0123456789");

	if (len == 0 || len > 5 || word[len] != '\0' || (word[0] == '0' && len > 1))
		return false;
	for (; *word != '\0'; word++)
		port = port * 10 + (unsigned)(*word - '0');
	*ret = (uint16_t)port;
	return port <= UINT16_MAX;
}

/* What stands behind "PROXY ", without its CRLF. */
static bool read_v1_words(char *line, struct proxy_header *ret)
{
	uint8_t source[16], destination[16];
	uint16_t source_port, destination_port;
	int family;

	/* UNKNOWN: the rest of the line means nothing. */
	if (strncmp(line, "UNKNOWN", 7) == 0 && (line[7] == '\0' || line[7] == ' '))
		return true;
	const char *protocol = next_word(&line, false);
	if (protocol == NULL || (strcmp(protocol, "TCP4") != 0 && strcmp(protocol, "TCP6") != 0))
		return false;
	family = protocol[3] == '4' ? AF_INET : AF_INET6;

	const char *from = next_word(&line, false);
	const char *to = from != NULL ? next_word(&line, false) : NULL;
	const char *from_port = to != NULL ? next_word(&line, false) : NULL;
	const char *to_port = from_port != NULL ? next_word(&line, true) : NULL;
	if (to_port == NULL || inet_pton(family, from, source) != 1 || inet_pton(family, to, destination) != 1
	    || !read_port(from_port, &source_port) || !read_port(to_port, &destination_port))
		return false;
	set_source(ret, family, source, source_port);
	return true;
}

static enum proxy_read read_v1(struct span in, struct proxy_header *ret)
{
	char line[PROXY_V1_MAX + 1];
	size_t most = in.len < PROXY_V1_MAX ? in.len : PROXY_V1_MAX;
	const uint8_t *end = memchr(in.at, '\r', most);

	if (memchr(in.at, '\0', end != NULL ? (size_t)(end - in.at) : most) != NULL)
		return PROXY_FAULT;
	if (end == NULL)
		return in.len < PROXY_V1_MAX - 1 ? PROXY_PART : PROXY_FAULT;	/* LF has to fit, too */
	size_t len = (size_t)(end - in.at);
	if (len + 1 == in.len && len + 1 < PROXY_V1_MAX)
		return PROXY_PART;
	if (len + 1 >= PROXY_V1_MAX || end[1] != '\n')
		return PROXY_FAULT;

	size_t skip = sizeof v1_begin - 1;
	memcpy(line, in.at + skip, len - skip);
	line[len - skip] = '\0';
	*ret = (struct proxy_header){ .len = len + 2 };
	return read_v1_words(line, ret) ? PROXY_WHOLE : PROXY_FAULT;
}

/* RFC 3720, appendix B.4: Castagnoli's polynomial, reflected. A header a connection: no table is needed. */
static uint32_t crc32c(uint32_t crc, uint8_t byte)
{
	crc ^= byte;
	for (int bit = 0; bit < 8; bit++)
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	return crc;
}

/* Of a whole header, as if the four bytes of the checksum itself were zero (2.2.3). */
static uint32_t checksum(struct span header, const uint8_t *own)
{
	uint32_t crc = UINT32_MAX;

	for (const uint8_t *at = header.at; at < header.at + header.len; at++)
		crc = crc32c(crc, at >= own && at < own + V2_CRC32C_BYTES ? 0 : *at);
	return ~crc;
}

/* Every TLV must be whole; a checksum stands there once at most, and fits. */
static bool check_tlvs(struct span header, struct reader tlvs)
{
	const uint8_t *found = NULL;

	while (reader_left(&tlvs) > 0) {
		uint8_t type = reader_u8(&tlvs);
		struct span value = reader_take(&tlvs, reader_u16(&tlvs));

		if (tlvs.bad)
			return false;
		if (type != V2_TLV_CRC32C)
			continue;
		if (found != NULL || value.len != V2_CRC32C_BYTES)
			return false;
		found = value.at;
	}
	if (found == NULL)
		return true;
	struct reader said = reader_of(found, V2_CRC32C_BYTES);
	return reader_u32(&said) == checksum(header, found);
}

/* Source and destination address, then their ports. */
static bool read_v2_addresses(int family, struct reader *body, struct proxy_header *ret)
{
	size_t bytes = family == AF_INET ? 4 : 16;
	struct span source = reader_take(body, bytes);

	(void)reader_take(body, bytes);
	uint16_t port = reader_u16(body);
	(void)reader_u16(body);
	if (body->bad)
		return false;
	set_source(ret, family, source.at, port);
	return true;
}

static enum proxy_read read_v2(struct span in, struct proxy_header *ret)
{
	struct reader reader = reader_of(in.at + sizeof v2_begin, in.len - sizeof v2_begin);
	uint8_t version = reader_u8(&reader), family = reader_u8(&reader);
	uint16_t len = reader_u16(&reader);

	/* Whatever is wrong already is not waited for. */
	size_t seen = in.len - sizeof v2_begin;
	if (seen >= 1 && ((version & V2_VERSION_MASK) != V2_VERSION || (version & ~V2_VERSION_MASK) > V2_PROXY))
		return PROXY_FAULT;
	bool local = (version & ~V2_VERSION_MASK) == V2_LOCAL;
	if (seen >= 2 && !local && family != V2_UNSPEC && family != V2_TCP4 && family != V2_TCP6)
		return PROXY_FAULT;
	if (reader.bad)
		return PROXY_PART;
	if (len > PROXY_HEADER_MAX - PROXY_V2_BYTES
	    || (!local && family == V2_TCP4 && len < V2_TCP4_BYTES)
	    || (!local && family == V2_TCP6 && len < V2_TCP6_BYTES))
		return PROXY_FAULT;
	struct span rest = reader_take(&reader, len);
	if (reader.bad)
		return PROXY_PART;

	struct reader body = reader_of(rest.at, rest.len);
	*ret = (struct proxy_header){ .len = (size_t)PROXY_V2_BYTES + len };
	if (local || family == V2_UNSPEC)
		return PROXY_WHOLE;	/* what follows is of no known form (2.2) */
	if (!read_v2_addresses(family == V2_TCP4 ? AF_INET : AF_INET6, &body, ret)
	    || !check_tlvs((struct span){ in.at, ret->len }, body))
		return PROXY_FAULT;
	return PROXY_WHOLE;
}

enum proxy_read proxy_read(struct span in, struct proxy_header *ret)
{
	struct proxy_header header;
	enum proxy_read v1 = begins(in, v1_begin, sizeof v1_begin - 1), v2 = begins(in, v2_begin, sizeof v2_begin);
	enum proxy_read read = v1 == PROXY_PART || v2 == PROXY_PART ? PROXY_PART : PROXY_FAULT;

	if (v1 == PROXY_WHOLE)
		read = read_v1(in, &header);
	else if (v2 == PROXY_WHOLE)
		read = read_v2(in, &header);
	if (read == PROXY_WHOLE)
		*ret = header;
	return read;
}
