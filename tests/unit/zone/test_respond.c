/* SPDX-License-Identifier: Apache-2.0 */
/* Whole messages: header bits, EDNS, the CH names, what is refused, what is malformed, what is met with silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "conf/base/prefix.h"
#include "tests/unit/support/zone_fixture.h"
#include "zone/edns.h"

static const char *const zones[] = {
	"example", "@ 60 SOA n a 1 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.1\nkid 60 NS ns.kid\nns.kid 60 A 192.0.2.2\n"
		   "kid 60 DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n",
	"kid.example", "@ 60 SOA n a 9 2 3 4 5\n@ 60 NS n\nn 60 A 192.0.2.3\n",
	"broken.test", "",
	NULL,
};

static int open_fixture(void **state)
{
	*state = fixture_new(zones);
	return 0;
}

static int close_fixture(void **state)
{
	fixture_free(*state);
	return 0;
}

static void questions(void **state)
{
	static const struct {
		struct fixture_query query;
		const char *expected;
	} rows[] = {
		{ { .name = "n.example", .type = "A" }, "NOERROR aa\nan n.example. 60 A 192.0.2.1\n" },
		/* RD is copied; RA, AD, CD and Z never set; flags of answers in a query mean nothing */
		{ { .name = "n.example", .type = "A", .flags = DNS_RD }, "NOERROR aa rd\nan n.example. 60 A 192.0.2.1\n" },
		{ { .name = "n.example", .type = "A", .flags = DNS_AD | DNS_CD | DNS_Z | DNS_RA | DNS_AA | DNS_TC },
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\n" },
		/* EDNS: ours in return, NSID only when asked, DO copied */
		{ { .name = "n.example", .type = "A", .edns = true },
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232\n" },
		{ { .name = "n.example", .type = "A", .edns = true, .nsid = true },
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232 nsid=6e31\n" },
		{ { .name = "n.example", .type = "A", .edns = true, .dnssec_ok = true },
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232 do\n" },
		{ { .name = "n.example", .type = "A", .edns = true, .version = 1 }, "NOERROR\nar . OPT 1232 ext=1\n" },
		{ { .name = "n.example", .type = "A", .edns = true, .version = 1, .nsid = true },
		  "NOERROR\nar . OPT 1232 ext=1 nsid=6e31\n" },
		/* Not ours */
		{ { .name = "other.test", .type = "A" }, "REFUSED\n" },
		{ { .name = ".", .type = "NS", .edns = true, .nsid = true }, "REFUSED\nar . OPT 1232 nsid=6e31 ede=20\n" },
		{ { .name = "n.example", .type = "A", .class = 4 }, "REFUSED\n" },
		{ { .name = "n.example", .type = "A", .class = DNS_CLASS_ANY }, "REFUSED\n" },
		{ { .name = "example", .type = "AXFR", .tcp = true }, "REFUSED\n" },
		{ { .name = "example", .type = "IXFR" }, "REFUSED\n" },
		{ { .name = "example", .type = "MAILB" }, "NOTIMP\n" },
		{ { .name = "x.broken.test", .type = "A", .edns = true, .nsid = true },
		  "SERVFAIL\nar . OPT 1232 nsid=6e31 ede=14\n" },
		/* Parent and child on one node: DS is the parent's, all else the child's (RFC 4035, 3.1.4.1) */
		{ { .name = "kid.example", .type = "DS" }, "NOERROR aa\nan kid.example. 60 DS 1 13 2 "
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" },
		{ { .name = "n.kid.example", .type = "A" }, "NOERROR aa\nan n.kid.example. 60 A 192.0.2.3\n" },
		{ { .name = "example", .type = "DS" }, "NOERROR aa\nns example. 5 SOA n.example. a.example. 1 2 3 4 5\n" },
		/* Other opcodes */
		{ { .name = "example", .type = "SOA", .flags = 4 << 11 }, "REFUSED\n" },
		{ { .name = "example", .type = "SOA", .flags = 5 << 11 }, "NOTIMP\n" },
		{ { .name = "example", .type = "SOA", .flags = 15 << 11, .edns = true, .nsid = true },
		  "NOTIMP\nar . OPT 1232 nsid=6e31 ede=21\n" },
		{ { .name = "example", .type = "SOA", .flags = 4 << 11, .edns = true }, "REFUSED\nar . OPT 1232 ede=18\n" },
		{ { .name = "example", .type = "AXFR", .edns = true }, "REFUSED\nar . OPT 1232 ede=18\n" },
		{ { .name = "example", .type = "A", .class = 4, .edns = true }, "REFUSED\nar . OPT 1232 ede=21\n" },
		{ { .name = "foo", .type = "TXT", .class = 3, .edns = true }, "REFUSED\nar . OPT 1232 ede=21\n" },
		/* Who answers (RFC 4892), in any case */
		{ { .name = "id.server", .type = "TXT", .class = 3 }, "NOERROR aa\nan id.server. 0 CH TXT \"node1\"\n" },
		{ { .name = "ID.Server", .type = "TXT", .class = 3 }, "NOERROR aa\nan ID.Server. 0 CH TXT \"node1\"\n" },
		{ { .name = "hostname.bind", .type = "TXT", .class = 3 },
		  "NOERROR aa\nan hostname.bind. 0 CH TXT \"node1\"\n" },
		{ { .name = "version.server", .type = "TXT", .class = 3 },
		  "NOERROR aa\nan version.server. 0 CH TXT \"Catchment\"\n" },
		{ { .name = "version.bind", .type = "TXT", .class = 3 },
		  "NOERROR aa\nan version.bind. 0 CH TXT \"Catchment\"\n" },
		{ { .name = "release.catchment", .type = "TXT", .class = 3 },
		  "NOERROR aa\nan release.catchment. 0 CH TXT \"local\"\n" },
		{ { .name = "generation.catchment", .type = "TXT", .class = 3 },
		  "NOERROR aa\nan generation.catchment. 0 CH TXT \"7\"\n" },
		{ { .name = "id.server", .type = "A", .class = 3 }, "NOERROR aa\n" },
		{ { .name = "foo", .type = "TXT", .class = 3 }, "REFUSED\n" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		print_message("%s %s\n", rows[i].query.name, rows[i].query.type);
		assert_string_equal(fixture_ask(fixture, &rows[i].query), rows[i].expected);
	}
}

static void hidden_identity_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_query version = { .name = "version.bind", .type = "TXT", .class = 3 };
	struct fixture_query nsid = { .name = "n.example", .type = "A", .edns = true, .nsid = true };

	fixture->identity.version.len = 0;
	fixture->identity.nsid.len = 0;
	assert_string_equal(fixture_ask(fixture, &version), "REFUSED\n");
	assert_string_equal(fixture_ask(fixture, &nsid), "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232\n");
	fixture->identity.version = SPAN_TEXT("Catchment");
	fixture->identity.nsid = SPAN_TEXT("n1");
}

static size_t tell(const struct zone_tell *tell, const struct name *apex, char *buf, size_t size)
{
	char name[DNS_NAME_TEXT_MAX];

	(void)tell;
	if (apex != NULL && apex->labels == 1 && apex->wire[1] == 'x')
		return 0;
	return (size_t)snprintf(buf, size, "of %s", apex != NULL ? name_print(apex->wire, name) : "the node");
}

/* Where content comes from: told to those who may know; to others there is no such name. */
static void sync_is_told_to_some(void **state)
{
	static const struct {
		struct fixture_query query;
		const char *expected;
	} rows[] = {
		{ { .name = "sync.server", .type = "TXT" }, "NOERROR aa\nan sync.server. 0 CH TXT \"of the node\"\n" },
		{ { .name = "SYNC.server", .type = "TXT" }, "NOERROR aa\nan SYNC.server. 0 CH TXT \"of the node\"\n" },
		{ { .name = "sync.server", .type = "A" }, "NOERROR aa\n" },
		{ { .name = "example.org.sync.server", .type = "TXT" },
		  "NOERROR aa\nan example.org.sync.server. 0 CH TXT \"of example.org.\"\n" },
		{ { .name = "@.sync.server", .type = "TXT" }, "NOERROR aa\nan \\@.sync.server. 0 CH TXT \"of .\"\n" },
		{ { .name = "a.@.sync.server", .type = "TXT" }, "NOERROR aa\nan a.\\@.sync.server. 0 CH TXT \"of a.\\\\@.\"\n" },
		{ { .name = "x.sync.server", .type = "TXT" }, "REFUSED\n" },
		{ { .name = "xsync.server", .type = "TXT" }, "REFUSED\n" },
		{ { .name = "server", .type = "TXT" }, "REFUSED\n" },
		{ { .name = "sync.server.x", .type = "TXT" }, "REFUSED\n" },
		{ { .name = "id.server", .type = "TXT" }, "NOERROR aa\nan id.server. 0 CH TXT \"node1\"\n" },
	};
	struct fixture *fixture = *state;
	struct prefix prefix;
	struct prefixes allow = { 0 };
	struct zone_tell told = { .allow = &allow, .text = tell };

	fixture->identity.tell = &told;
	for (int may = 0; may <= 1; may++) {
		/* The fixture asks from 192.0.2.1. */
		assert_int_equal(prefix_parse(may ? "192.0.2.0/24" : "192.0.3.0/24", &prefix), 0);
		prefixes_init(&allow, &prefix, 1);
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			struct fixture_query query = rows[i].query;

			query.class = DNS_CLASS_CH;
			assert_string_equal(fixture_ask(fixture, &query), may || strcmp(query.name, "id.server") == 0
					    ? rows[i].expected : "REFUSED\n");
		}
		prefixes_fini(&allow);
	}
	fixture->identity.tell = NULL;
}

/* A zone that is there and too old: SERVFAIL with Invalid Data (RFC 8914, 4.25). */
static void what_is_too_old(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_query query = { .name = "www.old.test", .type = "A", .edns = true };
	struct zone_set *set = zone_set_new(1), *copy;
	struct name apex;

	name_from_text("old.test", &apex);
	assert_int_equal(zone_set_add(set, &apex, NULL), 0);
	fixture->env.zones = set;
	assert_string_equal(fixture_ask(fixture, &query), "SERVFAIL\nar . OPT 1232 ede=14\n");
	zone_set_aged(set);
	assert_string_equal(fixture_ask(fixture, &query), "SERVFAIL\nar . OPT 1232 ede=24\n");
	copy = zone_set_copy(set);
	fixture->env.zones = copy;
	assert_string_equal(fixture_ask(fixture, &query), "SERVFAIL\nar . OPT 1232 ede=24\n");
	fixture->env.zones = fixture->zones;
	zone_set_free(copy);
	zone_set_free(set);
}

/* The question comes back byte for byte: resolvers that mix case count on it. */
static void case_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_query query = { .name = "N.eXamPle", .type = "A" };

	assert_string_equal(fixture_ask(fixture, &query), "NOERROR aa\nan N.eXamPle. 60 A 192.0.2.1\n");
	assert_memory_equal(fixture->response + 12, "\1N\7eXamPle\0\0\1\0\1", 15);
}

/* Bytes behind the ID, which is 0x1234; then what comes back. */
#define HEADER(flags, qd, an, ns, ar) "\x12\x34" flags qd an ns ar
#define Q1 "\0\1"
#define Q0 "\0\0"
#define QUESTION "\1n\7example\0\0\1\0\1"
#define OPT_RR(rdlen) "\0\0\x29\4\xd0\0\0\0\0" rdlen
#define RAW(text) text, sizeof(text) - 1

static void raw_messages(void **state)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
		const char *expected;
	} rows[] = {
		{ "empty", RAW(""), "" },
		{ "11 bytes", RAW("\x12\x34\0\0\0\1\0\0\0\0\0"), "" },
		{ "a response", RAW(HEADER("\x80\0", Q1, Q0, Q0, Q0) QUESTION), "" },
		{ "header only", RAW(HEADER("\0\0", Q0, Q0, Q0, Q0)), "FORMERR\n" },
		{ "two questions", RAW(HEADER("\0\0", "\0\2", Q0, Q0, Q0) QUESTION QUESTION), "FORMERR\n" },
		{ "no question behind the count", RAW(HEADER("\0\0", Q1, Q0, Q0, Q0)), "FORMERR\n" },
		{ "name cut off", RAW(HEADER("\0\0", Q1, Q0, Q0, Q0) "\7exam"), "FORMERR\n" },
		{ "no class", RAW(HEADER("\0\0", Q1, Q0, Q0, Q0) "\1n\7example\0\0\1"), "FORMERR\n" },
		{ "pointer in the question", RAW(HEADER("\0\0", Q1, Q0, Q0, Q0) "\300\14\0\1\0\1"), "FORMERR\n" },
		{ "label type 01", RAW(HEADER("\0\0", Q1, Q0, Q0, Q0) "\101a\0\0\1\0\1"), "FORMERR\n" },
		{ "opcode 15, header only", RAW(HEADER("\x78\0", Q0, Q0, Q0, Q0)), "NOTIMP\n" },
		{ "opcode 2 with garbage", RAW(HEADER("\x10\0", Q1, Q0, Q0, Q0) "\377\377"), "NOTIMP\n" },
		{ "trailing bytes", RAW(HEADER("\0\0", Q1, Q0, Q0, Q0) QUESTION "garbage"),
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\n" },
		{ "OPT", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\0")),
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232\n" },
		{ "header only with OPT", RAW(HEADER("\0\0", Q0, Q0, Q0, Q1) OPT_RR("\0\0")), "FORMERR\nar . OPT 1232\n" },
		{ "two OPT", RAW(HEADER("\0\0", Q1, Q0, Q0, "\0\2") QUESTION OPT_RR("\0\0") OPT_RR("\0\0")), "FORMERR\nar . OPT 1232\n" },
		{ "OPT not owned by the root", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION "\1a" OPT_RR("\0\0")), "FORMERR\n" },
		{ "OPT in the answer section", RAW(HEADER("\0\0", Q1, Q1, Q0, Q0) QUESTION OPT_RR("\0\0")), "FORMERR\n" },
		{ "OPT in the authority section", RAW(HEADER("\0\0", Q1, Q0, Q1, Q0) QUESTION OPT_RR("\0\0")), "FORMERR\n" },
		{ "OPT length overruns", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\7")), "FORMERR\n" },
		{ "option length overruns", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\5") "\0\3\0\7x"), "FORMERR\nar . OPT 1232\n" },
		{ "half an option", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\3") "\0\3\0"), "FORMERR\nar . OPT 1232\n" },
		{ "unknown option", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\5") "\0\144\0\1x"),
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232\n" },
		{ "NSID with a payload", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\6") "\0\3\0\2zz"),
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232 nsid=6e31\n" },
		{ "cookie of 7 bytes", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\13") "\0\12\0\7aaaaaaa"), "FORMERR\nar . OPT 1232\n" },
		{ "cookie of 9 bytes", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\15") "\0\12\0\11aaaaaaaaa"),
		  "FORMERR\nar . OPT 1232\n" },
		{ "payload 100 means 512", RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION "\0\0\x29\0\144\0\0\0\0\0\0"),
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\nar . OPT 1232\n" },
		{ "a record behind the question", RAW(HEADER("\0\0", Q1, Q0, Q1, Q0) QUESTION "\300\14\0\6\0\1\0\0\0\0\0\0"),
		  "NOERROR aa\nan n.example. 60 A 192.0.2.1\n" },
		{ "record counts that lie", RAW(HEADER("\0\0", Q1, "\377\377", "\377\377", "\377\377") QUESTION), "FORMERR\n" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		print_message("%s\n", rows[i].what);
		assert_string_equal(fixture_send(fixture, RESPOND_UDP, rows[i].bytes, rows[i].len), rows[i].expected);
		if (fixture->result.len != 0)
			assert_memory_equal(fixture->response, "\x12\x34", 2);
	}
}

/* The options beside NSID: what is asked for is told, where it means something. */
static void options(void **state)
{
	static const struct {
		const char *what, *question, *option;
		size_t option_len;
		enum respond_transport transport;
		const char *expected;
	} rows[] = {
		{ "EXPIRE of the SOA", "\7example\0\0\6\0\1", RAW("\0\11\0\0"), RESPOND_UDP, " option9=00000004" },
		{ "EXPIRE elsewhere", QUESTION, RAW("\0\11\0\0"), RESPOND_UDP, "" },
		{ "ZONEVERSION", QUESTION, RAW("\0\23\0\0"), RESPOND_UDP, " option19=010000000001" },
		{ "ZONEVERSION of the child", "\1n\3kid\7example\0\0\1\0\1", RAW("\0\23\0\0"), RESPOND_UDP,
		  " option19=020000000009" },
		{ "keepalive over UDP", QUESTION, RAW("\0\13\0\0"), RESPOND_UDP, "" },
		{ "keepalive over TCP", QUESTION, RAW("\0\13\0\0"), RESPOND_TCP, " option11=0064" },
		{ "padding without encryption", QUESTION, RAW("\0\14\0\0"), RESPOND_TCP, "" },
	};
	struct fixture *fixture = *state;
	uint8_t query[DNS_UDP_BYTES];

	fixture->env.tcp_idle_ds = 100;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t question_len = name_wire_len((const uint8_t *)rows[i].question) + 4, len = DNS_HEADER_BYTES;
		char expected[64];

		memcpy(query, HEADER("\0\0", Q1, Q0, Q0, Q1), len);
		memcpy(query + len, rows[i].question, question_len);
		len += question_len;
		memcpy(query + len, OPT_RR("\0\4"), 11);
		memcpy(query + len + 11, rows[i].option, rows[i].option_len);
		snprintf(expected, sizeof expected, "OPT 1232%s\n", rows[i].expected);
		print_message("%s\n", rows[i].what);
		assert_non_null(strstr(fixture_send(fixture, rows[i].transport, query, len + 15), expected));
	}
}

/* Padding hides the size of what goes over an encrypted transport (RFC 8467, 4.1). */
static void encrypted_responses_are_padded(void **state)
{
	struct fixture *fixture = *state;

	fixture_send(fixture, RESPOND_TLS, RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\4") "\0\14\0\0"));
	assert_int_equal(fixture->result.len, EDNS_PADDING_BLOCK);
	fixture_send(fixture, RESPOND_TLS, RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION OPT_RR("\0\0")));
	assert_true(fixture->result.len < 100);
}

/* RFC 8945, 5.1 and 5.2.1: a key we do not know is named in the refusal; TSIG is the last record. */
static void unknown_tsig_keys_are_told(void **state)
{
#define TSIG_RR "\3key\0\0\372\0\377\0\0\0\0\0\032\4hmac\0\0\0\1\2\3\4\1\054\0\4mmmm\x12\x34\0\0\0\0"
	struct fixture *fixture = *state;

	assert_string_equal(fixture_send(fixture, RESPOND_UDP, RAW(HEADER("\0\0", Q1, Q0, Q0, Q1) QUESTION TSIG_RR)),
			    "NOTAUTH\nar key. 0 TSIG \\# 22 04686d616300000001020304012c0000123400110000\n");
	assert_string_equal(fixture_send(fixture, RESPOND_UDP,
					 RAW(HEADER("\0\0", Q1, Q0, Q0, "\0\2") QUESTION TSIG_RR OPT_RR("\0\0"))), "FORMERR\n");
	assert_string_equal(fixture_send(fixture, RESPOND_UDP, RAW(HEADER("\0\0", Q1, Q1, Q0, Q0) QUESTION TSIG_RR)),
			    "FORMERR\n");
}

/* Every cut and every flipped byte of a good query: an answer that parses, or silence; never more than allowed. */
static void damaged_queries(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_query query = { .name = "n.example", .type = "A", .edns = true, .nsid = true };
	uint8_t bytes[DNS_UDP_BYTES];
	size_t len = fixture_build(&query, bytes);

	for (size_t cut = 0; cut <= len; cut++)
		fixture_send(fixture, RESPOND_UDP, bytes, cut);
	for (size_t i = 0; i < len; i++) {
		uint8_t was = bytes[i];

		for (unsigned value = 0; value < 256; value++) {
			bytes[i] = (uint8_t)value;
			fixture_send(fixture, RESPOND_UDP, bytes, len);
			assert_true(fixture->result.len <= 1232);
		}
		bytes[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),	cmocka_unit_test(hidden_identity_is_refused), cmocka_unit_test(case_is_kept),
		cmocka_unit_test(raw_messages), cmocka_unit_test(damaged_queries), cmocka_unit_test(options),
		cmocka_unit_test(sync_is_told_to_some), cmocka_unit_test(what_is_too_old),
		cmocka_unit_test(encrypted_responses_are_padded), cmocka_unit_test(unknown_tsig_keys_are_told),
	};

	return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
