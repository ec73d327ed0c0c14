/* SPDX-License-Identifier: Apache-2.0 */
/* TLS around the protocol of lines: what is answered, how it begins and ends, and what a connection may cost. */
#include "tests/unit/server/tls_kit.h"

static struct tls_stream *tls_stream_of(struct stream *stream)
{
	return (struct tls_stream *)(void *)stream->state;
}

static struct tls_shared *tls_shared_of(struct kit *kit)
{
	return kit->server->shared;
}

/* In both versions, however the lines are cut into records. */
static void lines_are_answered(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct kit *kit = *state;

	for (size_t v = 0; v < 2; v++) {
		SSL *ssl = tls_client(kit);

		SSL_set_max_proto_version(ssl, versions[v]);
		tls_shake(kit, ssl);
		assert_int_equal(SSL_version(ssl), versions[v]);
		tls_line(kit, ssl);
		tls_say(kit, ssl, "one\ntwo\nthree\nfo");
		tls_expect(kit, ssl, "one\ntwo\nthree\n");
		assert_int_equal(kit_oldest(kit, STREAM_BUSY) != NULL, 1);
		for (const char *c = "ur\nfive\nsix"; *c != '\0'; c++)
			tls_say(kit, ssl, (const char[]){ *c, '\0' });
		tls_expect(kit, ssl, "four\nfive\n");
		tls_say(kit, ssl, "\n");
		tls_expect(kit, ssl, "six\n");
		kit_wait(kit, kit_oldest(kit, STREAM_IDLE) != NULL);
		assert_null(tls_stream_of(kit_oldest(kit, STREAM_IDLE))->held);
		tls_client_fini(ssl);
	}
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKES), 2);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_FULL), 2);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED), 0);
}

/* What a client sends, in pieces of any size: TLS must not see the difference. */
static void cuts_change_nothing(void **state)
{
	struct kit *kit = *state;

	for (size_t piece = 1; piece <= 40; piece += 13) {
		SSL *ssl = SSL_new(tls_kit_context);
		BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
		int fd = kit_client(kit), done = 0;
		char buf[4096], heard[64] = "";
		size_t len = 0;

		BIO_set_mem_eof_return(in, -1);
		SSL_set_bio(ssl, in, out);
		SSL_set_connect_state(ssl);
		while (len < strlen("here\nthere\n")) {
			if (!done && (done = SSL_do_handshake(ssl) == 1))
				assert_int_equal(SSL_write(ssl, "here\nthere\n", 11), 11);
			for (int n = BIO_read(out, buf, (int)piece); n > 0; n = BIO_read(out, buf, (int)piece))
				kit_say(kit, fd, buf, (size_t)n);
			kit_turn(kit);
			ssize_t n = recv(fd, buf, sizeof buf, 0);
			if (n > 0)
				BIO_write(in, buf, (int)n);
			if (done && (n = SSL_read(ssl, heard + len, (int)(sizeof heard - len))) > 0)
				len += (size_t)n;
		}
		assert_string_equal(heard, "here\nthere\n");
		SSL_free(ssl);
		close(fd);
	}
}

/* More than any buffer holds, to a client that reads late: all of it comes. */
static void back_pressure_works_through_tls(void **state)
{
	enum { BIG = 3000000 };
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);
	size_t got = 0;
	char buf[20000];
	int reason;

	tls_shake(kit, ssl);
	tls_say(kit, ssl, "big 3000000\nend\n");
	kit_wait(kit, kit_oldest(kit, STREAM_WRITING) != NULL);
	struct stream *stream = kit_oldest(kit, STREAM_WRITING);
	assert_true(stream->out->left <= tls_kit_protocol.out_bytes);
	while (got < BIG) {
		int n = tls_until(kit, ssl, SSL_read(ssl, buf, (int)(got + sizeof buf <= BIG ? sizeof buf : BIG - got)),
				  &reason);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(buf[0], 'x');
	tls_expect(kit, ssl, "end\n");
	tls_client_fini(ssl);
}

/* What is inside waits for something of its own, before a line or behind one: what came is kept as text. */
static void waiting_works_through_tls(void **state)
{
	static const struct {
		const char *says, *hears;
	} cases[] = {
		{ "one\nwait\ntwo\n", "wait\ntwo\n" }, { "one\nsleep\ntwo\n", "slept\ntwo\n" }, { "one\nsleep\n", "slept\n" },
	};
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		SSL *ssl = tls_client(kit);

		kit_there = false;
		tls_shake(kit, ssl);
		tls_say(kit, ssl, cases[i].says);
		tls_expect(kit, ssl, "one\n");
		kit_wait(kit, kit_oldest(kit, STREAM_IDLE) == NULL);
		kit_there = true;
		stream_server_wake(kit->server);
		tls_expect(kit, ssl, cases[i].hears);
		tls_line(kit, ssl);
		tls_client_fini(ssl);
	}
}

/* What waits is answered when it is there, also to one that has ended its side meanwhile or before. */
static void who_ended_its_side_still_waits(void **state)
{
	struct kit *kit = *state;

	for (int ended = 0; ended < 2; ended++) {
		SSL *ssl = tls_client(kit);

		kit_there = false;
		tls_shake(kit, ssl);
		if (ended) {
			assert_int_equal(SSL_write(ssl, "one\nwait\ntwo\n", 13), 13);
			assert_int_equal(SSL_shutdown(ssl), 0);
		} else {
			tls_say(kit, ssl, "one\nwait\ntwo\n");
		}
		tls_expect(kit, ssl, "one\n");
		kit_wait(kit, kit_oldest(kit, STREAM_WAITING) != NULL);
		stream_server_wake(kit->server);
		kit_turn(kit);
		assert_non_null(kit_oldest(kit, STREAM_WAITING));
		kit_there = true;
		stream_server_wake(kit->server);
		tls_expect(kit, ssl, "wait\ntwo\n");
		if (ended)
			tls_expect_end(kit, ssl);
		tls_client_fini(ssl);
	}
}

static void both_sides_end_in_order(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);

	/* Its side is ended, what it asked before is answered. */
	tls_shake(kit, ssl);
	assert_int_equal(SSL_write(ssl, "one\ntwo\n", 8), 8);
	assert_int_equal(SSL_shutdown(ssl), 0);
	tls_expect(kit, ssl, "one\ntwo\n");
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);

	/* The same without a word of TLS. */
	ssl = tls_client(kit);
	tls_shake(kit, ssl);
	assert_int_equal(SSL_write(ssl, "one\n", 4), 4);
	shutdown(SSL_get_fd(ssl), SHUT_WR);
	tls_expect(kit, ssl, "one\n");
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);

	/* The protocol ends it. */
	ssl = tls_client(kit);
	tls_shake(kit, ssl);
	tls_say(kit, ssl, "close\n");
	tls_expect(kit, ssl, "bye\n");
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);

	/* And with a fault that is counted. */
	ssl = tls_client(kit);
	tls_shake(kit, ssl);
	tls_say(kit, ssl, "fault\n");
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 1);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED), 0);
}

static void an_idle_client_is_told_goodbye(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);

	tls_shake(kit, ssl);
	tls_line(kit, ssl);
	kit_age(kit, kit_oldest(kit, STREAM_IDLE), kit_idle_ms);
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);

	ssl = tls_client(kit);
	tls_shake(kit, ssl);
	tls_line(kit, ssl);
	stream_server_stop(kit->server, 1000);
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);
}

static void a_slow_line_is_told(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);

	tls_shake(kit, ssl);
	tls_say(kit, ssl, "half");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	kit_age(kit, kit_oldest(kit, STREAM_BUSY), kit_io_ms);
	tls_expect(kit, ssl, "late\n");
	tls_expect_end(kit, ssl);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 1);
	tls_client_fini(ssl);
}

static void a_line_without_end_is_given_up(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);
	char text[KIT_PENDING + 2];
	int reason;

	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	tls_shake(kit, ssl);
	tls_say(kit, ssl, text);
	kit_wait(kit, kit_counter(kit, COUNTER_HTTP_ERRORS) == 1);
	assert_int_equal(tls_until(kit, ssl, SSL_read(ssl, text, 1), &reason), -1);
	tls_client_fini(ssl);
}

/* Who says nothing costs nothing and is the first to go; the oldest handshake goes when nobody is idle. */
static void a_full_table_makes_room(void **state)
{
	struct kit *kit = *state;
	int silent = kit_client(kit), half = kit_client(kit);
	char byte;
	int end;

	kit_max_clients = 2;
	assert_null(tls_stream_of(kit_oldest(kit, STREAM_IDLE))->tls.ssl);
	kit_say(kit, half, "\x16\x03\x01", 3);
	kit_wait(kit, kit_oldest(kit, STREAM_OPENING) != NULL);
	assert_null(tls_stream_of(kit_oldest(kit, STREAM_OPENING))->tls.ssl);

	SSL *ssl = tls_client(kit);
	assert_int_equal(kit_hear(kit, silent, &byte, 1, &end), 0);
	tls_shake(kit, ssl);
	tls_say(kit, ssl, "in the middle");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	int next = kit_client(kit);
	assert_int_equal(kit_hear(kit, half, &byte, 1, &end), 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_EVICTED), 2);
	kit_wait(kit, kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED) == 1);
	tls_say(kit, ssl, "\n");
	tls_expect(kit, ssl, "in the middle\n");
	tls_client_fini(ssl);
	close(silent);
	close(half);
	close(next);
}

/* Bytes that drip in, or flights between which nothing comes, do not extend it. */
static void a_slow_handshake_has_one_deadline(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);
	char byte;
	int end;

	assert_int_equal(SSL_do_handshake(ssl), -1);
	kit_wait(kit, kit_oldest(kit, STREAM_OPENING) != NULL);
	struct stream *stream = kit_oldest(kit, STREAM_OPENING);
	kit_wait(kit, tls_stream_of(stream)->tls.ssl != NULL);
	stream->since -= tls_kit_opening_ms / 2;
	uint64_t since = stream->since;
	kit_say(kit, SSL_get_fd(ssl), "\x17\x03\x03", 3);
	kit_wait(kit, stream->held_len == 3);
	assert_int_equal(stream->since, since);
	kit_age(kit, stream, tls_kit_opening_ms / 2 + 1);
	while (kit_hear(kit, SSL_get_fd(ssl), &byte, 1, &end) == 1)
		;
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 1);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED), 1);
	tls_client_fini(ssl);

	/* One that is given up by the client is a failure, too. */
	ssl = tls_client(kit);
	assert_int_equal(SSL_do_handshake(ssl), -1);
	kit_wait(kit, kit_oldest(kit, STREAM_OPENING) != NULL);
	tls_client_fini(ssl);
	kit_wait(kit, kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED) == 2);
	/* Who connected and left without a word has not even begun. */
	close(kit_client(kit));
	kit_wait(kit, stream_server_count(kit->server) == 0);
	kit_turn(kit);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED), 2);
}

static void old_versions_are_refused(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);

	SSL_set_security_level(ssl, 0);
	SSL_set_min_proto_version(ssl, TLS1_1_VERSION);
	SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
	tls_expect_refusal(kit, ssl, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
	tls_client_fini(ssl);

	ssl = tls_client(kit);
	SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	SSL_set_cipher_list(ssl, "AES128-SHA256:AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA256");
	tls_expect_refusal(kit, ssl, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	tls_client_fini(ssl);
}

static void bytes_that_are_no_records_end_it(void **state)
{
	static const struct {
		const char *why;
		const char *bytes;
		size_t len;
		uint8_t alert;	/* its description; 0: none */
	} cases[] = {
		{ "HTTP", "GET / HTTP/1.1\r\n\r\n", 18, 0 },
		{ "an SSL 2 hello", "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11, 0 },
		{ "DNS over TCP", "\x00\x1d\x12\x34\x00\x00\x00\x01", 8, 0 },
		{ "a record of another type", "\x18\x03\x01\x00\x01\x00", 6, 0 },
		{ "a record that is too long", "\x16\x03\x01\x60\x00", 5, 22 },
		{ "application data first", "\x17\x03\x03\x00\x01\x00", 6, 10 },
		{ "an alert first", "\x15\x03\x01\x00\x02\x02\x28", 7, 0 },
		{ "a hello of rubbish", "\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff", 10, 50 },
	};
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fd = kit_client(kit), end;
		char buf[64];

		kit_say(kit, fd, cases[i].bytes, cases[i].len);
		size_t len = kit_hear(kit, fd, buf, sizeof buf, &end);
		if (kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED) != i + 1)
			fail_msg("%s: not counted", cases[i].why);
		if (cases[i].alert != 0 && (len != 7 || buf[0] != 0x15 || (uint8_t)buf[6] != cases[i].alert))
			fail_msg("%s: %zu bytes, alert %d", cases[i].why, len, len == 7 ? buf[6] : 0);
		close(fd);
	}
}

static void a_damaged_record_ends_it(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);
	char byte;
	int reason;

	tls_shake(kit, ssl);
	tls_line(kit, ssl);
	kit_say(kit, SSL_get_fd(ssl), "\x17\x03\x03\x00\x18" "abcdefghijklmnopqrstuvwx", 29);
	assert_int_equal(tls_until(kit, ssl, SSL_read(ssl, &byte, 1), &reason), -1);
	assert_int_equal(reason, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 1);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED), 0);
	tls_client_fini(ssl);
}

static const char *subject(SSL *ssl, char buf[64])
{
	X509 *cert = SSL_get1_peer_certificate(ssl);

	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, buf, 64);
	X509_free(cert);
	return buf;
}

static void certificates_are_chosen_by_name(void **state)
{
	static const struct {
		const char *host, *subject;
	} cases[] = {
		{ NULL, "first" }, { "ns.example", "first" }, { "a.second.example", "second" },
		{ "A.SECOND.Example", "second" }, { "nobody.example", "first" }, { "second.example", "first" },
	};
	struct kit *kit = *state;
	char buf[64];

	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		SSL *ssl = tls_client(kit);

		SSL_set_max_proto_version(ssl, i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
		if (cases[i / 2].host != NULL)
			tls_ask_for(ssl, cases[i / 2].host);
		tls_shake(kit, ssl);
		assert_string_equal(subject(ssl, buf), cases[i / 2].subject);
		tls_line(kit, ssl);
		tls_client_fini(ssl);
	}
}

/* The certificate that is shown decides, not the name that was asked for. */
static void what_a_certificate_covers(void **state)
{
	static const struct {
		const char *asked, *host;
		bool covered;
	} cases[] = {
		{ "ns.example", "ns.example", true }, { "ns.example", "a.second.example", false }, { NULL, "ns.example", true },
		{ "a.second.example", "a.second.example", true }, { "a.second.example", "b.second.example", true },
		{ "a.second.example", "second.example", false }, { "a.second.example", "ns.example", false },
		{ "nobody.example", "nobody.example", false }, { "ns.example", "192.0.2.1", true },
		{ "ns.example", "192.0.2.2", false }, { "ns.example", "[2001:db8::1]", true }, { "ns.example", "2001:db8::1", true },
		{ "ns.example", "[2001:db8::2]", false }, { "ns.example", "", false }, { "ns.example", "*.second.example", false },
		{ "third.example", "anything.example", false },
	};
	struct kit *kit = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		SSL *ssl = tls_client(kit);

		if (cases[i].asked != NULL)
			tls_ask_for(ssl, cases[i].asked);
		tls_shake(kit, ssl);
		tls_line(kit, ssl);
		const struct tls_stream *stream = tls_stream_of(kit_oldest(kit, STREAM_IDLE));
		if (tls_stream_covers(stream->state, span_string(cases[i].host)) != cases[i].covered)
			fail_msg("case %zu", i);
		tls_client_fini(ssl);
		kit_wait(kit, stream_server_count(kit->server) == 0);
	}
	/* Without any name it says nothing about hosts. */
	tls_make_pair("none", &(struct tls_make){ 0 });
	struct tls_certs *fresh = tls_kit_load(tls_kit_certs, (const char *const[]){ "none" }, 1);
	tls_certs_release(tls_kit_certs);
	tls_kit_certs = fresh;
	SSL *ssl = tls_client(kit);
	tls_shake(kit, ssl);
	tls_line(kit, ssl);
	assert_true(tls_stream_covers(tls_stream_of(kit_oldest(kit, STREAM_IDLE))->state, SPAN_TEXT("x.example")));
	tls_client_fini(ssl);
}

static void alpn_is_answered(void **state)
{
	struct kit *kit = *state;
	static const uint8_t dot[] = "\3dot", several[] = "\2h2\3dot", other[] = "\2h2\10http/1.1";
	const unsigned char *chosen;
	unsigned len;

	for (int i = 0; i < 2; i++) {
		SSL *ssl = tls_client(kit);

		SSL_set_alpn_protos(ssl, i ? several : dot, (unsigned)(i ? sizeof several : sizeof dot) - 1);
		tls_shake(kit, ssl);
		SSL_get0_alpn_selected(ssl, &chosen, &len);
		assert_int_equal(len, 3);
		assert_memory_equal(chosen, "dot", 3);
		tls_client_fini(ssl);
	}
	SSL *ssl = tls_client(kit);
	SSL_set_alpn_protos(ssl, other, sizeof other - 1);
	tls_expect_refusal(kit, ssl, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
	tls_client_fini(ssl);
}

static SSL *client_of(struct kit *kit, const char *offered, unsigned len)
{
	SSL *ssl = tls_client(kit);

	if (len > 0)
		SSL_set_alpn_protos(ssl, (const unsigned char *)offered, len);
	return ssl;
}

/* By our order, whatever the client's; each protocol with its own state, the one with two names with one. */
static void the_protocol_inside_is_agreed_on(void **state)
{
	static const struct {
		const char *offered;
		unsigned len;
		const char *agreed;	/* "": nothing was named */
		enum counter counter;
	} cases[] = {
		{ "\4next", 5, "next", COUNTER_HTTP_TLS_PROTOCOL_H2 },
		{ "\3dot\5lines\4next", 15, "next", COUNTER_HTTP_TLS_PROTOCOL_H2 },
		{ "\3dot\5lines", 10, "lines", COUNTER_HTTP_TLS_PROTOCOL_HTTP1 },
		{ "\6spdy/1\3dot", 11, "dot", COUNTER_DNS_TLS_PROTOCOL_DOT },
		{ NULL, 0, "", COUNTER_DNS_TLS_PROTOCOL_NONE },
	};
	struct kit *kit = *state;
	const unsigned char *chosen;
	unsigned len;

	assert_int_equal(tls_other_inits, 1);
	assert_ptr_equal(tls_shared_of(kit)->inner[1], tls_shared_of(kit)->inner[2]);
	for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
		SSL *ssl = client_of(kit, cases[i / 2].offered, cases[i / 2].len);
		uint64_t before = kit_counter(kit, cases[i / 2].counter);

		SSL_set_max_proto_version(ssl, i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
		tls_shake(kit, ssl);
		SSL_get0_alpn_selected(ssl, &chosen, &len);
		assert_int_equal(len, strlen(cases[i / 2].agreed));
		assert_memory_equal(chosen ? chosen : (const unsigned char *)"", cases[i / 2].agreed, len);
		tls_say(kit, ssl, "HAL\n");
		tls_expect(kit, ssl, strcmp(cases[i / 2].agreed, "next") == 0 ? "IBM\v" : "HAL\n");
		assert_int_equal(kit_counter(kit, cases[i / 2].counter), before + 1);
		tls_client_fini(ssl);
	}
	kit_wait(kit, stream_server_count(kit->server) == 0 && tls_other_finis == 4);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_VERSION_12), kit_counter(kit, COUNTER_DNS_TLS_VERSION_13));

	/* Its last words are said inside of TLS, too. */
	SSL *ssl = client_of(kit, "\4next", 5);
	tls_shake(kit, ssl);
	tls_say(kit, ssl, "12345");
	tls_expect(kit, ssl, "23456");
	kit_age(kit, kit_oldest(kit, STREAM_IDLE), kit_idle_ms);
	tls_expect(kit, ssl, "5 bytes");
	tls_expect_end(kit, ssl);
	tls_client_fini(ssl);
}

static void failures_are_told_apart(void **state)
{
	static const uint8_t other[] = "\2h2";
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);
	char byte;
	int end;

	SSL_set_alpn_protos(ssl, other, sizeof other - 1);
	tls_expect_refusal(kit, ssl, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
	tls_client_fini(ssl);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_FAILED_PROTOCOL), 1);

	ssl = tls_client(kit);
	SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	SSL_set_cipher_list(ssl, "AES128-SHA256");
	tls_expect_refusal(kit, ssl, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
	tls_client_fini(ssl);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_FAILED_PARAMETERS), 1);

	ssl = tls_client(kit);
	SSL_set_security_level(ssl, 0);
	SSL_set_min_proto_version(ssl, TLS1_1_VERSION);
	SSL_set_max_proto_version(ssl, TLS1_1_VERSION);
	tls_expect_refusal(kit, ssl, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
	tls_client_fini(ssl);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_FAILED_VERSION), 1);

	/* The client does not take our certificate. */
	ssl = tls_client(kit);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	int reason;
	assert_int_equal(tls_until(kit, ssl, SSL_do_handshake(ssl), &reason), -1);
	kit_wait(kit, kit_counter(kit, COUNTER_DNS_TLS_FAILED_ALERT) == 1);
	tls_client_fini(ssl);

	int fd = kit_client(kit);
	kit_say(kit, fd, "GET / HTTP/1.1\r\n\r\n", 18);
	assert_int_equal(kit_hear(kit, fd, &byte, 1, &end), 0);
	close(fd);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_FAILED_NOT_TLS), 1);

	fd = kit_client(kit);
	kit_say(kit, fd, "\x16\x03\x01", 3);
	kit_wait(kit, kit_oldest(kit, STREAM_OPENING) != NULL);
	close(fd);
	kit_wait(kit, kit_counter(kit, COUNTER_DNS_TLS_FAILED_LEFT) == 1);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED), 6);
}

/* With the newest ticket, where there is one: in TLS 1.3 each is for once. */
static SSL *resume(struct kit *kit, SSL_SESSION *session, int version, const char *host)
{
	SSL *ssl = tls_client(kit);

	SSL_set_max_proto_version(ssl, version);
	if (session != NULL)
		SSL_set_session(ssl, session);
	if (host != NULL)
		tls_ask_for(ssl, host);
	tls_shake(kit, ssl);
	tls_line(kit, ssl);
	return ssl;
}

/* A ticket saves the signature, at any worker, and after the certificates were read anew. */
static void tickets_resume(void **state)
{
	static const char *const again[] = { "second" };
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct kit *kit = *state;

	for (size_t v = 0; v < 2; v++) {
		uint64_t resumed = kit_counter(kit, COUNTER_DNS_TLS_RESUMED), full = kit_counter(kit, COUNTER_DNS_TLS_FULL);
		SSL *ssl = resume(kit, NULL, versions[v], "a.second.example");
		assert_false(SSL_session_reused(ssl));
		tls_client_fini(ssl);
		ssl = resume(kit, tls_kit_session, versions[v], "a.second.example");
		assert_true(SSL_session_reused(ssl));
		tls_client_fini(ssl);

		struct tls_certs *fresh = tls_kit_load(tls_kit_certs, again, 1);
		tls_certs_release(tls_kit_certs);
		tls_kit_certs = fresh;
		ssl = resume(kit, tls_kit_session, versions[v], "a.second.example");
		assert_true(SSL_session_reused(ssl));
		tls_client_fini(ssl);

		/* Other keys: a whole handshake, not a failure. */
		fresh = tls_kit_load(NULL, again, 1);
		tls_certs_release(tls_kit_certs);
		tls_kit_certs = fresh;
		ssl = resume(kit, tls_kit_session, versions[v], "a.second.example");
		assert_false(SSL_session_reused(ssl));
		tls_client_fini(ssl);
		assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_RESUMED), resumed + 2);
		assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_FULL), full + 2);
	}
}

/* Those that are connected keep what they had, also in the middle of a handshake. */
static void a_reload_leaves_connections_alone(void **state)
{
	static const char *const turned[] = { "second", "first" };
	struct kit *kit = *state;
	SSL *before = tls_client(kit), *middle = tls_client(kit), *after;
	char buf[64];

	tls_shake(kit, before);
	tls_line(kit, before);
	assert_int_equal(SSL_do_handshake(middle), -1);
	kit_wait(kit, kit_oldest(kit, STREAM_OPENING) != NULL);
	struct tls_certs *fresh = tls_kit_load(tls_kit_certs, turned, 2);
	tls_certs_release(tls_kit_certs);
	tls_kit_certs = fresh;
	after = tls_client(kit);
	tls_shake(kit, middle);
	tls_shake(kit, after);
	assert_string_equal(subject(before, buf), "first");
	assert_string_equal(subject(middle, buf), "first");
	assert_string_equal(subject(after, buf), "second");
	tls_line(kit, before);
	tls_line(kit, middle);
	tls_line(kit, after);

	/* The section was taken out: new ones find nobody. */
	tls_certs_release(tls_kit_certs);
	tls_kit_certs = NULL;
	SSL *late = tls_client(kit);
	tls_expect_refusal(kit, late, SSL_R_UNEXPECTED_EOF_WHILE_READING);
	tls_line(kit, before);
	tls_client_fini(before);
	tls_client_fini(middle);
	tls_client_fini(after);
	tls_client_fini(late);
}

static void keys_change_and_handshakes_do_not_repeat(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);

	tls_shake(kit, ssl);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		tls_line(kit, ssl);
	}
	tls_client_fini(ssl);

	/* In TLS 1.2 a client may ask for a new handshake; it is told no, and goes on. */
	ssl = tls_client(kit);
	SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	tls_shake(kit, ssl);
	assert_int_equal(SSL_renegotiate(ssl), 1);
	int reason, ret = tls_until(kit, ssl, SSL_do_handshake(ssl), &reason);
	assert_int_equal(ret, -1);
	assert_int_equal(reason, SSL_R_NO_RENEGOTIATION);
	tls_client_fini(ssl);
}

/* A turn has time for some first flights; the others have theirs in later ones, in the order in which they came. */
static void handshakes_share_the_turns(void **state)
{
	enum { CLIENTS = 5 };
	struct kit *kit = *state;
	SSL *clients[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		clients[i] = tls_client(kit);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(SSL_do_handshake(clients[i]), -1);
	/* Its time is spent, and turn 0 does not end. */
	for (int i = 0; i < 20; i++) {
		atomic_store(&kit->worker.turns, 0);
		tls_shared_of(kit)->turn = 0;
		tls_shared_of(kit)->spent_ns = TLS_STREAM_TURN_NS;
		uv_run(&kit->worker.loop, UV_RUN_NOWAIT);
	}
	size_t waiting = 0;
	for (struct stream *s = kit_oldest(kit, STREAM_YIELDED); s != NULL; s = s->newer) {
		assert_null(tls_stream_of(s)->tls.ssl);
		assert_true(s->held_len > 0);
		waiting++;
	}
	assert_int_equal(waiting, CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		tls_shake(kit, clients[i]);
		tls_line(kit, clients[i]);
		tls_client_fini(clients[i]);
	}
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKES), CLIENTS);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	kit_turn(kit);
	assert_int_equal(uv_backend_timeout(&kit->worker.loop), -1);
}

/* The same, and the server stops while they wait: those that arrived are served. */
static void a_stop_ends_those_that_wait(void **state)
{
	struct kit *kit = *state;
	SSL *ssl = tls_client(kit);
	char byte;
	int reason;

	assert_int_equal(SSL_do_handshake(ssl), -1);
	tls_shared_of(kit)->turn = 0;
	tls_shared_of(kit)->spent_ns = TLS_STREAM_TURN_NS;
	atomic_store(&kit->worker.turns, 0);
	for (int i = 0; i < 20 && kit_oldest(kit, STREAM_YIELDED) == NULL; i++)
		uv_run(&kit->worker.loop, UV_RUN_NOWAIT);
	assert_non_null(kit_oldest(kit, STREAM_YIELDED));
	stream_server_stop(kit->server, 1000 * 1000);
	tls_shake(kit, ssl);
	kit_wait(kit, stream_server_count(kit->server) == 0 || kit_oldest(kit, STREAM_LINGERING) != NULL);
	assert_int_equal(tls_until(kit, ssl, SSL_read(ssl, &byte, 1), &reason), 0);
	tls_client_fini(ssl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		tls_kit_test(lines_are_answered),
		tls_kit_test(cuts_change_nothing),
		tls_kit_test(back_pressure_works_through_tls),
		tls_kit_test(waiting_works_through_tls),
		tls_kit_test(who_ended_its_side_still_waits),
		tls_kit_test(both_sides_end_in_order),
		tls_kit_test(an_idle_client_is_told_goodbye),
		tls_kit_test(a_slow_line_is_told),
		tls_kit_test(a_line_without_end_is_given_up),
		tls_kit_test(a_full_table_makes_room),
		tls_kit_test(a_slow_handshake_has_one_deadline),
		tls_kit_test(old_versions_are_refused),
		tls_kit_test(bytes_that_are_no_records_end_it),
		tls_kit_test(a_damaged_record_ends_it),
		tls_kit_test(certificates_are_chosen_by_name),
		tls_kit_test(what_a_certificate_covers),
		tls_kit_test(alpn_is_answered),
		tls_kit_test(the_protocol_inside_is_agreed_on),
		tls_kit_test(failures_are_told_apart),
		tls_kit_test(tickets_resume),
		tls_kit_test(a_reload_leaves_connections_alone),
		tls_kit_test(keys_change_and_handshakes_do_not_repeat),
		tls_kit_test(handshakes_share_the_turns),
		tls_kit_test(a_stop_ends_those_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
