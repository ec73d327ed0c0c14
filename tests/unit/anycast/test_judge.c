/* SPDX-License-Identifier: Apache-2.0 */
/* Questions as they go out, and what is taken for an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/anycast/judge.h"
#include "zone/wire.h"

static struct judge_dns question(bool stream, bool ours)
{
	struct judge_dns q = {
		.type = DNS_SOA, .class = DNS_CLASS_IN, .id = 0x1234, .stream = stream, .ours = ours, .nsid = SPAN_TEXT("fra1"),
	};

	assert_int_equal(name_from_text("Example.org", &q.name), 0);
	return q;
}

static const uint8_t asked[] = "\x12\x34\0\0\0\1\0\0\0\0\0\1\7example\3org\0\0\6\0\1\0\0\x29\x04\xd0\0\0\0\0\0\4\0\3\0\0";

static void test_ask(void **state)
{
	struct judge_dns q = question(false, true), s = question(true, true);
	uint8_t out[100];

	(void)state;
	assert_int_equal(judge_dns_ask(&q, out, sizeof out), sizeof asked - 1);
	assert_memory_equal(out, asked, sizeof asked - 1);
	assert_int_equal(judge_dns_ask(&s, out, sizeof out), sizeof asked - 1 + 2);
	assert_int_equal(out[1], sizeof asked - 1);
	assert_int_equal(judge_dns_ask(&q, out, 20), 0);
}

/* A reply: header flags, answers, and what stands behind the question. */
static size_t reply(uint8_t *out, unsigned flags, unsigned answers, const char *rest, size_t rest_len, unsigned additional)
{
	static const uint8_t q[] = "\7eXAMPLE\3org\0\0\6\0\1";
	uint8_t head[] = { 0x12, 0x34, (uint8_t)(flags >> 8), (uint8_t)flags, 0, 1, 0, (uint8_t)answers, 0, 0, 0, (uint8_t)additional };

	memcpy(out, head, sizeof head);
	memcpy(out + sizeof head, q, sizeof q - 1);
	memcpy(out + sizeof head + sizeof q - 1, rest, rest_len);
	return sizeof head + sizeof q - 1 + rest_len;
}

#define RR "\xc0\x0c\0\6\0\1\0\0\0\5\0\2ab"
#define OPT(nsid, len, rcode_high) "\0\0\x29\x04\xd0" rcode_high "\0\0\0\0" len nsid
#define NSID OPT("\0\3\0\4fra1", "\x08", "\0")
#define OTHER OPT("\0\3\0\4ams1", "\x08", "\0")
#define NONE OPT("", "\0", "\0")
#define BADCOOKIE OPT("\0\3\0\4fra1", "\x08", "\1")

static void test_dns(void **state)
{
#define REST(text) text, sizeof(text) - 1
	static const struct {
		unsigned flags, answers;
		const char *rest;
		size_t rest_len;
		bool ours;
		enum probe_verdict verdict;
		const char *words;
	} cases[] = {
		{ 0x8400, 1, REST(RR NSID), true, PROBE_GOOD, "" },
		{ 0x8400, 1, REST(RR OTHER), true, PROBE_BAD, "another node" },
		{ 0x8400, 1, REST(RR NONE), true, PROBE_BAD, "without NSID" },
		{ 0x8000, 1, REST(RR NSID), true, PROBE_BAD, "not authoritative" },
		{ 0x8400, 0, REST(NSID), true, PROBE_BAD, "empty" },
		{ 0x8402, 0, REST(NSID), true, PROBE_BAD, "SERVFAIL" },
		{ 0x8407, 0, REST(NSID), true, PROBE_BAD, "RCODE 7" },
		{ 0x8200, 0, REST(NSID), true, PROBE_GOOD, "" },	/* the limiter slipped */
		{ 0x8007, 0, REST(BADCOOKIE), true, PROBE_GOOD, "" },
		{ 0x0000, 0, REST(NSID), true, PROBE_MORE, "" },	/* a question, not an answer */
		{ 0x8400, 9, REST(RR), true, PROBE_BAD, "malformed" },
		{ 0x8003, 0, REST(NONE), false, PROBE_GOOD, "" },	/* of others: alive is enough */
		{ 0x8005, 0, REST(NONE), false, PROBE_BAD, "REFUSED" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct judge_dns q = question(false, cases[i].ours), s = question(true, cases[i].ours);
		uint8_t out[200] = { 0 };
		char words[PROBE_WORDS_MAX] = "";
		size_t len = reply(out + 2, cases[i].flags, cases[i].answers, cases[i].rest, cases[i].rest_len, 1);

		assert_int_equal(judge_dns_answer(&q, (struct span){ out + 2, len }, words), cases[i].verdict);
		if (strstr(words, cases[i].words) == NULL)
			fail_msg("case %zu: \"%s\" has no \"%s\"", i, words, cases[i].words);
		/* Over TCP: every part of it is not all of it. */
		out[1] = (uint8_t)len;
		for (size_t part = 0; part < len + 2; part++)
			assert_int_equal(judge_dns_answer(&s, (struct span){ out, part }, words), PROBE_MORE);
		enum probe_verdict whole = judge_dns_answer(&s, (struct span){ out, len + 2 }, words);
		if (cases[i].flags & 0x0200)
			assert_int_equal(whole, PROBE_BAD);	/* nothing is truncated there */
		else if (cases[i].verdict != PROBE_MORE)
			assert_int_equal(whole, cases[i].verdict);
	}
}

static void test_dns_of_others(void **state)
{
	struct judge_dns q = question(false, true);
	uint8_t out[200];
	char words[PROBE_WORDS_MAX];
	size_t len = reply(out, 0x8400, 1, RR NSID, sizeof(RR NSID) - 1, 1);

	(void)state;
	/* Anybody may send a datagram: another id or another question is passed over. */
	out[0] ^= 1;
	assert_int_equal(judge_dns_answer(&q, (struct span){ out, len }, words), PROBE_MORE);
	out[0] ^= 1;
	out[13] = 'x';
	assert_int_equal(judge_dns_answer(&q, (struct span){ out, len }, words), PROBE_MORE);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(judge_dns_answer(&q, (struct span){ out, i }, words), PROBE_MORE);
}

static void test_http(void **state)
{
	static const struct {
		const char *reply, *node;
		enum probe_verdict verdict;
		const char *words;
	} cases[] = {
		{ "HTTP/1.1 302 Found\r\nX-Node: fra1\r\nLocation: x\r\n\r\n", "fra1", PROBE_GOOD, "status 302" },
		{ "HTTP/1.1 404 Not Found\r\nx-node:fra1 \r\n\r\nbody", "fra1", PROBE_GOOD, "status 404" },
		{ "HTTP/1.1 503 No\r\nX-Node: fra1\r\n\r\n", "fra1", PROBE_GOOD, "status 503" },
		{ "HTTP/1.1 302 Found\r\nX-Node: ams1\r\n\r\n", "fra1", PROBE_BAD, "another node" },
		{ "HTTP/1.1 302 Found\r\nX-Nodes: fra1\r\n\r\n", "fra1", PROBE_BAD, "without X-Node" },
		{ "HTTP/1.1 302 Found\r\nX-Node: fra1\r\n", "fra1", PROBE_MORE, "" },
		{ "SSH-2.0-OpenSSH\r\n\r\n", "fra1", PROBE_BAD, "not HTTP" },
		{ "HTTP/1.1 200 OK\r\n\r\n", NULL, PROBE_GOOD, "status 200" },
		{ "HTTP/1.0 404 No\r\n\r\n", NULL, PROBE_BAD, "status 404" },
	};
	uint8_t out[300];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct judge_http q = { "dl.example.org", "/", cases[i].node };
		char words[PROBE_WORDS_MAX] = "";

		assert_int_equal(judge_http_answer(&q, span_string(cases[i].reply), words), cases[i].verdict);
		assert_non_null(strstr(words, cases[i].words));
	}
	struct judge_http q = { "dl.example.org", "/health", NULL };
	size_t len = judge_http_ask(&q, out, sizeof out);
	assert_true(len > 0);
	assert_memory_equal(out, "GET /health HTTP/1.1\r\nHost: dl.example.org\r\n", 43);
	assert_int_equal(judge_http_ask(&q, out, 20), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask), cmocka_unit_test(test_dns), cmocka_unit_test(test_dns_of_others), cmocka_unit_test(test_http),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
