/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/zone_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "tests/unit/support/zone_build.h"
#include "zone/text.h"

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

struct zone_image *fixture_image(const char *origin, const char *text)
{
	static char said[ZONE_BUILD_SAID_MAX];
	struct zone_image *image = zone_build(origin, text, said);

	if (image == NULL)
		die("zone %s: %s", origin, said);
	return image;
}

struct fixture *fixture_new(const char *const *zones)
{
	struct fixture *fixture = mem_alloc(sizeof *fixture);
	size_t count = 0;

	while (zones[2 * count] != NULL)
		count++;
	fixture->zones = zone_set_new(count);
	for (size_t i = 0; i < count; i++) {
		struct name apex;
		struct zone_image *image = zones[2 * i + 1][0] ? fixture_image(zones[2 * i], zones[2 * i + 1]) : NULL;

		if (name_from_text(zones[2 * i], &apex) != 0 || zone_set_add(fixture->zones, &apex, image) != 0)
			die("zone %s cannot be added", zones[2 * i]);
		zone_image_release(image);
	}
	fixture->identity = (struct zone_identity){
		.nsid = SPAN_TEXT("n1"),
		.node = SPAN_TEXT("node1"),
		.version = SPAN_TEXT("Catchment"),
		.release = SPAN_TEXT("local"),
		.generation = 7,
	};
	fixture->from = (struct respond_from){ .address = { (const uint8_t *)"\300\0\2\1", 4 }, .now_s = 1700000000 };
	fixture->env = (struct respond_env){
		.zones = fixture->zones, .identity = &fixture->identity, .udp_max_payload = 1232,
	};
	return fixture;
}

void fixture_free(struct fixture *fixture)
{
	zone_set_free(fixture->zones);
	mem_free(fixture);
}

size_t fixture_build(const struct fixture_query *query, uint8_t out[DNS_UDP_BYTES])
{
	struct name name;
	uint16_t type;
	size_t len = DNS_HEADER_BYTES;

	if (name_from_text(query->name, &name) != 0 || zone_text_type_parse(query->type, &type) != 0)
		die("no question: %s %s", query->name, query->type);
	memset(out, 0, DNS_UDP_BYTES);
	dns_put_u16(out, 0x1234);
	dns_put_u16(out + 2, query->flags);
	dns_put_u16(out + 4, 1);
	memcpy(out + len, name.wire, name.len);
	/* Case is kept as asked: put it back as the test wrote it (the tests' names have no escapes). */
	for (size_t i = 0, at = len; query->name[i] != '\0' && query->name[0] != '.'; i++, at++) {
		if (query->name[i] != '.' && query->name[i] != '\\')
			out[at + 1] = (uint8_t)query->name[i];
		if (query->name[i] == '\\')
			break;
	}
	len += name.len;
	dns_put_u16(out + len, type);
	dns_put_u16(out + len + 2, query->class ? query->class : DNS_CLASS_IN);
	len += 4;
	if (!query->edns)
		return len;
	out[11] = 1;
	dns_put_u16(out + len + 1, DNS_OPT);
	dns_put_u16(out + len + 3, query->udp_size ? query->udp_size : 1232);
	out[len + 6] = query->version;
	out[len + 7] = query->dnssec_ok ? 0x80 : 0;
	len += 11;
	if (query->nsid) {
		out[len - 1] = 4;
		out[len + 1] = DNS_OPTION_NSID;
		len += 4;
	}
	return len;
}

const char *fixture_send(struct fixture *fixture, enum respond_transport transport, const void *bytes, size_t len)
{
	fixture->from.transport = transport;
	respond(&fixture->env, &fixture->from, (struct span){ bytes, len }, fixture->response, &fixture->result);
	fixture->text[0] = '\0';
	if (fixture->result.len != 0)
		fixture_print(fixture->response, fixture->result.len, fixture->text);
	return fixture->text;
}

const char *fixture_ask(struct fixture *fixture, const struct fixture_query *query)
{
	uint8_t bytes[DNS_UDP_BYTES];
	size_t len = fixture_build(query, bytes);

	return fixture_send(fixture, query->tcp ? RESPOND_TCP : RESPOND_UDP, bytes, len);
}

/* A message being printed. */
struct print {
	const uint8_t *message;
	size_t len, at;
	char *out;
};

static void say(struct print *print, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct print *print, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print->out += vsprintf(print->out, format, args);
	va_end(args);
}

/* Follows pointers, which must point backwards. */
static size_t expand_name(const struct print *print, size_t *at, uint8_t *wire)
{
	size_t from = *at, len = 0;
	bool jumped = false;

	for (;;) {
		if (from >= print->len)
			die("name runs out of the message");
		unsigned label = print->message[from];
		if ((label & 0xc0) == 0xc0) {
			size_t to = (size_t)(dns_get_u16(print->message + from) & 0x3fff);

			if (to >= from)
				die("pointer to %zu does not point back from %zu", to, from);
			if (!jumped)
				*at = from + 2;
			jumped = true;
			from = to;
			continue;
		}
		if (label > 63 || len + label + 1 > DNS_NAME_MAX)
			die("bad label");
		memcpy(wire + len, print->message + from, label + 1);
		len += label + 1;
		from += label + 1;
		if (label == 0)
			break;
	}
	if (!jumped)
		*at = from;
	return len;
}

static void print_opt(struct print *print, uint16_t size, uint32_t ttl, size_t end)
{
	say(print, "OPT %u", size);
	if (ttl >> 24)
		say(print, " ext=%u", ttl >> 24);
	if (ttl >> 16 & 0xff)
		say(print, " version=%u", ttl >> 16 & 0xff);
	if (ttl & DNS_EDNS_DO)
		say(print, " do");
	while (print->at < end) {
		unsigned code = dns_get_u16(print->message + print->at);
		unsigned len = dns_get_u16(print->message + print->at + 2);

		if (code == DNS_OPTION_EDE)
			say(print, " ede=%u", dns_get_u16(print->message + print->at + 4));
		else
			say(print, code == DNS_OPTION_NSID ? " nsid=" : " option%u=", code);
		for (unsigned i = 0; code != DNS_OPTION_EDE && i < len; i++)
			say(print, "%02x", print->message[print->at + 4 + i]);
		print->at += 4 + len;
	}
	say(print, "\n");
}

static void print_rdata(struct print *print, uint16_t type, size_t end)
{
	struct zone_layout layout = zone_layout(type);
	uint8_t *rdata = mem_alloc(DNS_MESSAGE_MAX);
	size_t len = layout.prefix;

	memcpy(rdata, print->message + print->at, layout.prefix);
	print->at += layout.prefix;
	for (unsigned i = 0; i < layout.names; i++)
		len += expand_name(print, &print->at, rdata + len);
	if (print->at > end)
		die("RDATA of type %u overruns", type);
	memcpy(rdata + len, print->message + print->at, end - print->at);
	len += end - print->at;
	print->at = end;
	char *text = zone_text_rdata(type, rdata, len);
	say(print, "%s\n", text);
	mem_free(text);
	mem_free(rdata);
}

static void print_record(struct print *print, const char *section)
{
	uint8_t owner[DNS_NAME_MAX];
	char name[DNS_NAME_TEXT_MAX], type_text[ZONE_TEXT_TYPE_MAX];

	expand_name(print, &print->at, owner);
	if (print->at + DNS_RR_FIXED_BYTES > print->len)
		die("record cut off");
	const uint8_t *fixed = print->message + print->at;
	uint16_t type = dns_get_u16(fixed);
	print->at += DNS_RR_FIXED_BYTES;
	size_t end = print->at + dns_get_u16(fixed + 8);
	if (end > print->len)
		die("RDATA cut off");
	say(print, "%s %s ", section, name_print(owner, name));
	if (type == DNS_OPT) {
		print_opt(print, dns_get_u16(fixed + 2), dns_get_u32(fixed + 4), end);
		return;
	}
	say(print, "%u %s%s ", dns_get_u32(fixed + 4), dns_get_u16(fixed + 2) == DNS_CLASS_CH ? "CH " : "",
	    zone_text_type(type, type_text));
	print_rdata(print, type, end);
}

void fixture_print(const uint8_t *message, size_t len, char *out)
{
	static const char *const rcodes[16] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "7", "8", "NOTAUTH",
	};
	static const char *const sections[] = { "an", "ns", "ar" };
	struct print print = { .message = message, .len = len, .at = DNS_HEADER_BYTES, .out = out };
	uint8_t wire[DNS_NAME_MAX];
	unsigned flags = dns_get_u16(message + 2);

	if (len < DNS_HEADER_BYTES || !(flags & DNS_QR))
		die("no response");
	say(&print, "%s%s%s%s%s%s\n", rcodes[flags & DNS_RCODE], flags & DNS_AA ? " aa" : "", flags & DNS_TC ? " tc" : "",
	    flags & DNS_RD ? " rd" : "", flags & DNS_RA ? " ra" : "", flags & (DNS_AD | DNS_CD | DNS_Z) ? " ad/cd/z" : "");
	for (unsigned i = 0; i < dns_get_u16(message + 4); i++) {
		expand_name(&print, &print.at, wire);
		print.at += 4;
	}
	for (unsigned s = 0; s < 3; s++) {
		for (unsigned i = 0; i < dns_get_u16(message + 6 + 2 * s); i++)
			print_record(&print, sections[s]);
	}
	if (print.at != len)
		die("%zu bytes behind the last record", len - print.at);
}
