/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/err.h"
#include "sync/key_secret.h"
#include "zone/name.h"

enum { MESSAGE_BYTES = 4096, TRIES = 3 };

static size_t write_query(const char *name, uint16_t type, uint16_t class, uint8_t *out)
{
	struct name wire;

	if (name_from_text(name, &wire) != 0)
		return 0;
	memset(out, 0, DNS_HEADER_BYTES);
	key_random(out, 2);
	dns_put_u16(out + 4, 1);
	memcpy(out + DNS_HEADER_BYTES, wire.wire, wire.len);
	dns_put_u16(out + DNS_HEADER_BYTES + wire.len, type);
	dns_put_u16(out + DNS_HEADER_BYTES + wire.len + 2, class);
	return DNS_HEADER_BYTES + (size_t)wire.len + 4;
}

/* One answer of this very question, within its time. */
static int exchange(const struct addr *node, const uint8_t *query, size_t len, uint64_t timeout_ms,
		    uint8_t *ret_answer,
		    size_t *ret_len)
{
	int fd = socket(node->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = -ETIMEDOUT;

	if (fd < 0 || connect(fd, &node->any, addr_len(node)) != 0) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (int i = 0; err != 0 && i < TRIES; i++) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		if (send(fd, query, len, 0) < 0 || poll(&poll_fd, 1, (int)(timeout_ms / TRIES)) <= 0)
			continue;
		ssize_t got = recv(fd, ret_answer, MESSAGE_BYTES, 0);
		if (got < (ssize_t)len || memcmp(ret_answer, query, 2) != 0 || !(ret_answer[2] & 0x80))
			continue;
		*ret_len = (size_t)got;
		err = 0;
	}
	close(fd);
	return err;
}

static void skip_name(struct reader *reader)
{
	uint8_t len;

	while ((len = reader_u8(reader)) != 0 && len < 0xc0)
		reader_take(reader, len);
	if (len >= 0xc0)
		reader_u8(reader);
}

/* RDATA of the first answer of a type. Empty: there is none. */
static struct span first_rdata(const uint8_t *answer, size_t len, size_t question_end, uint16_t type)
{
	struct reader reader = reader_of(answer, len);
	unsigned answers = dns_get_u16(answer + 6);

	reader_take(&reader, question_end);
	for (; answers > 0 && !reader.bad; answers--) {
		skip_name(&reader);
		uint16_t is = reader_u16(&reader);
		reader_take(&reader, 6);
		struct span rdata = reader_take(&reader, reader_u16(&reader));
		if (!reader.bad && is == type)
			return rdata;
	}
	return (struct span){ 0 };
}

static int ask(const struct addr *node, const char *name, uint16_t type, uint16_t class, uint64_t timeout_ms,
	       uint8_t *answer,
	       struct span *ret_rdata)
{
	uint8_t query[DNS_UDP_BYTES];
	size_t query_len = write_query(name, type, class, query), len = 0;

	if (query_len == 0)
		return ERR_SYNTAX;
	int err = exchange(node, query, query_len, timeout_ms, answer, &len);
	if (err != 0)
		return err;
	*ret_rdata = first_rdata(answer, len, query_len, type);
	return ret_rdata->len > 0 && (answer[3] & 0x0f) == DNS_NOERROR ? 0 : ERR_UNKNOWN;
}

int publish_ask_text(const struct addr *node, const char *name, uint64_t timeout_ms, char *ret_text, size_t size)
{
	uint8_t answer[MESSAGE_BYTES];
	struct span rdata;
	int err = ask(node, name, DNS_TXT, DNS_CLASS_CH, timeout_ms, answer, &rdata);

	if (err != 0)
		return err;
	size_t len = rdata.at[0] < rdata.len ? rdata.at[0] : rdata.len - 1;
	snprintf(ret_text, size, "%.*s", (int)len, (const char *)rdata.at + 1);
	for (char *at = ret_text; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	return 0;
}

int publish_ask_serial(const struct addr *node, const char *zone, uint64_t timeout_ms, uint32_t *ret_serial)
{
	uint8_t answer[MESSAGE_BYTES];
	struct span rdata;
	int err = ask(node, zone, DNS_SOA, DNS_CLASS_IN, timeout_ms, answer, &rdata);

	if (err != 0)
		return err;
	if (rdata.len < 22)
		return ERR_SYNTAX;
	*ret_serial = dns_get_u32(rdata.at + rdata.len - 20);	/* the numbers stand at the end */
	return 0;
}
