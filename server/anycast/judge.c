/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/judge.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "zone/wire.h"

enum { LENGTH_BYTES = 2, OPT_BYTES = 11 + 4, UDP_PAYLOAD = 1232, POINTER = 0xc0 };

/* ---- DNS ---- */

static uint8_t *put_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

size_t judge_dns_ask(const struct judge_dns *question, uint8_t *out, size_t room)
{
	size_t prefix = question->stream ? LENGTH_BYTES : 0;
	size_t len = DNS_HEADER_BYTES + question->name.len + 4u + OPT_BYTES;
	uint8_t *at = out + prefix;

	if (prefix + len > room)
		return 0;
	if (question->stream)
		put_u16(out, (unsigned)len);
	at = put_u16(at, question->id);
	at = put_u16(at, 0);
	at = put_u16(at, 1);
	at = put_u16(at, 0);
	at = put_u16(at, 0);
	at = put_u16(at, 1);
	memcpy(at, question->name.wire, question->name.len);
	at += question->name.len;
	at = put_u16(at, question->type);
	at = put_u16(at, question->class);
	*at++ = 0;
	at = put_u16(at, DNS_OPT);
	at = put_u16(at, UDP_PAYLOAD);
	at = put_u16(at, 0);
	at = put_u16(at, 0);
	at = put_u16(at, 4);	/* an empty NSID asks for it */
	at = put_u16(at, DNS_OPTION_NSID);
	put_u16(at, 0);
	return prefix + len;
}

static void skip_name(struct reader *reader)
{
	for (;;) {
		uint8_t len = reader_u8(reader);

		if ((len & POINTER) == POINTER) {
			reader_u8(reader);
			return;
		}
		if (len == 0 || reader->bad)
			return;
		reader_take(reader, len);
	}
}

/* The NSID of the OPT record and the upper bits of the RCODE; false without an OPT record. */
static bool find_opt(struct reader *reader, unsigned records, struct span *ret_nsid, unsigned *ret_rcode_high)
{
	for (unsigned i = 0; i < records && !reader->bad; i++) {
		skip_name(reader);
		uint16_t type = reader_u16(reader);
		reader_u16(reader);
		uint32_t ttl = reader_u32(reader);
		uint16_t rdlength = reader_u16(reader);
		struct span rdata = reader_take(reader, rdlength);

		if (type != DNS_OPT || reader->bad)
			continue;
		struct reader options = reader_of(rdata.at, rdata.len);
		*ret_rcode_high = ttl >> 24;
		while (reader_left(&options) > 0 && !options.bad) {
			uint16_t code = reader_u16(&options);
			uint16_t len = reader_u16(&options);
			struct span value = reader_take(&options, len);

			if (code == DNS_OPTION_NSID && !options.bad)
				*ret_nsid = value;
		}
		return true;
	}
	return false;
}

static const char *rcode_text(unsigned rcode, char buf[24])
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" };

	if (rcode < sizeof names / sizeof names[0])
		return names[rcode];
	snprintf(buf, 24, "RCODE %u", rcode);
	return buf;
}

static enum probe_verdict bad(char words[PROBE_WORDS_MAX], const struct judge_dns *question, const char *what)
{
	char name[DNS_NAME_TEXT_MAX];

	snprintf(words, PROBE_WORDS_MAX, "%.100s: %.80s", name_print(question->name.wire, name), what);
	return PROBE_BAD;
}

static enum probe_verdict judge_ours(const struct judge_dns *question, unsigned flags, unsigned answers, unsigned rcode,
				     struct span nsid, char words[PROBE_WORDS_MAX])
{
	char buf[24];

	/* First who it is: another node's answer says nothing of us. */
	if (question->nsid.len > 0 && !span_equal(nsid, question->nsid))
		return bad(words, question, nsid.len > 0 ? "answered by another node (its NSID is not ours)"
							 : "answered without NSID");
	if ((flags & DNS_TC) && !question->stream)
		return PROBE_GOOD;
	if (rcode == DNS_BADCOOKIE)
		return PROBE_GOOD;
	if (rcode != DNS_NOERROR)
		return bad(words, question, rcode_text(rcode, buf));
	if (!(flags & DNS_AA))
		return bad(words, question, "the answer is not authoritative");
	return answers > 0 ? PROBE_GOOD : bad(words, question, "the answer is empty");
}

enum probe_verdict judge_dns_answer(const struct judge_dns *question, struct span reply, char words[PROBE_WORDS_MAX])
{
	struct reader reader = reader_of(reply.at, reply.len);
	struct span nsid = { 0 };
	unsigned rcode_high = 0;
	char buf[24];

	if (question->stream) {
		uint16_t len = reader_u16(&reader);

		if (reader.bad || reader_left(&reader) < len)
			return PROBE_MORE;
		reader = reader_of(reply.at + LENGTH_BYTES, len);
	}
	uint16_t id = reader_u16(&reader), flags = reader_u16(&reader), questions = reader_u16(&reader);
	uint16_t answers = reader_u16(&reader), authority = reader_u16(&reader), additional = reader_u16(&reader);
	/* Over UDP anybody may send us something: what is not the answer is not waited for the less. */
	if (reader.bad || id != question->id || !(flags & DNS_QR))
		return question->stream ? bad(words, question, "not an answer to the question") : PROBE_MORE;
	for (unsigned i = 0; i < questions && !reader.bad; i++) {
		struct reader before = reader;

		skip_name(&reader);
		size_t len = (size_t)(reader.at - before.at);
		struct span type = reader_take(&reader, 4);
		if (reader.bad || len != question->name.len || strncasecmp((const char *)before.at,
									   (const char *)question->name.wire, len) != 0
		    || type.at[0] << 8 != (question->type & 0xff00) || type.at[1] != (question->type & 0xff))
			return question->stream ? bad(words, question, "the answer is to another question") : PROBE_MORE;
	}
	find_opt(&reader, (unsigned)answers + authority + additional, &nsid, &rcode_high);
	if (reader.bad)
		return bad(words, question, "the answer is malformed");
	unsigned rcode = (flags & DNS_RCODE) | rcode_high << 4;
	if (question->ours)
		return judge_ours(question, flags, answers, rcode, nsid, words);
	if (rcode == DNS_SERVFAIL || rcode == DNS_REFUSED)
		return bad(words, question, rcode_text(rcode, buf));
	return PROBE_GOOD;
}

/* ---- HTTP ---- */

size_t judge_http_ask(const struct judge_http *question, uint8_t *out, size_t room)
{
	int len = snprintf((char *)out, room,
			   "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: " JUDGE_AGENT "\r\nAccept: */*\r\n"
			   "Connection: close\r\n\r\n", question->path, question->host);

	return len > 0 && (size_t)len < room ? (size_t)len : 0;
}

/* The value of a field of a whole header, without blanks around it; empty when it is not there. */
static struct span field_of(struct span head, const char *name)
{
	size_t name_len = strlen(name);
	const char *at = (const char *)head.at, *end = at + head.len;

	for (const char *next; at < end; at = next) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		line_end = line_end ? line_end : end;
		next = line_end + 1;
		if ((size_t)(line_end - at) <= name_len || strncasecmp(at, name, name_len) != 0 || at[name_len] != ':')
			continue;
		const char *value = at + name_len + 1, *value_end = line_end;
		while (value < value_end && (*value == ' ' || *value == '\t'))
			value++;
		while (value_end > value && (value_end[-1] == '\r' || value_end[-1] == ' ' || value_end[-1] == '\t'))
			value_end--;
		return (struct span){ (const uint8_t *)value, (size_t)(value_end - value) };
	}
	return (struct span){ 0 };
}

enum probe_verdict judge_http_answer(const struct judge_http *question, struct span reply, char words[PROBE_WORDS_MAX])
{
	const uint8_t *end = memmem(reply.at, reply.len, "\r\n\r\n", 4);
	struct span head = { reply.at, end != NULL ? (size_t)(end - reply.at) + 2 : 0 };
	unsigned status = 0;

	if (end == NULL)
		return PROBE_MORE;
	if (head.len < 12 || memcmp(head.at, "HTTP/1.", 7) != 0 || head.at[8] != ' ') {
		snprintf(words, PROBE_WORDS_MAX, "what answered is not HTTP");
		return PROBE_BAD;
	}
	for (size_t i = 9; i < 12; i++)
		status = status * 10 + (unsigned)(head.at[i] - '0') % 10;
	if (question->node != NULL) {
		struct span node = field_of(head, "X-Node");

		if (!span_equal(node, span_string(question->node))) {
			snprintf(words, PROBE_WORDS_MAX, node.len > 0 ? "answered by another node (X-Node is not ours)"
								      : "answered without X-Node");
			return PROBE_BAD;
		}
	}
	snprintf(words, PROBE_WORDS_MAX, "status %u", status);
	/* That our front end answers is all that is asked of it: 503 is its right answer while no target works, which is for the
	 * check "redirect" to judge. */
	return question->node != NULL || (status >= 200 && status < 400) ? PROBE_GOOD : PROBE_BAD;
}
