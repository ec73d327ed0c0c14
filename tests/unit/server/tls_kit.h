/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of stream_kit.h over TLS, and clients of it: OpenSSL on the other end of a socket of the same thread.
 */
#ifndef TESTS_UNIT_SERVER_TLS_KIT_H
#define TESTS_UNIT_SERVER_TLS_KIT_H

#include "tests/unit/server/stream_kit.h"
#include "tests/unit/server/tls_files.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "server/tls_stream.h"

static struct tls_certs *tls_kit_certs;	/* in force; NULL: no longer configured */
static SSL_CTX *tls_kit_context;	/* of clients */
static SSL_SESSION *tls_kit_session;	/* the newest a client was given */
static uint64_t tls_kit_opening_ms;

static const struct tls_certs *tls_kit_get_certs(const struct worker *worker)
{
	(void)worker;
	return tls_kit_certs;
}

static uint64_t tls_kit_get_opening_ms(const struct worker *worker)
{
	(void)worker;
	return tls_kit_opening_ms;
}

/* Another inner protocol, with a larger state of both kinds: it answers each byte by the next one, and counts. */
struct tls_other_state {
	uint8_t unused[100];
	unsigned bytes;
};

static unsigned tls_other_inits, tls_other_finis;

static void tls_other_init(struct worker *worker, void *shared)
{
	(void)worker;
	tls_other_inits++;
	memset(shared, 1, 200);
}

static void tls_other_fini(void *state)
{
	(void)state;
	tls_other_finis++;
}

static struct stream_feed tls_other_feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out, size_t room)
{
	struct tls_other_state *state = call->state;

	(void)eof;
	assert_non_null(call->tls);
	assert_int_equal(*(uint8_t *)call->shared, 1);
	assert_true(in.len <= room);
	for (size_t i = 0; i < in.len; i++)
		out[i] = (uint8_t)(in.at[i] + 1);
	state->bytes += (unsigned)in.len;
	return (struct stream_feed){ .consumed = in.len, .produced = in.len, .messages = 1 };
}

static size_t tls_other_goodbye(const struct stream_call *call, uint8_t *out, size_t room)
{
	const struct tls_other_state *state = call->state;

	return (size_t)snprintf((char *)out, room, "%u bytes", state->bytes);
}

static const struct stream_protocol tls_other_protocol = {
	.name = "next", .shared_bytes = 200, .state_bytes = sizeof(struct tls_other_state), .out_bytes = KIT_OUT,
	.init = tls_other_init, .fini = tls_other_fini, .feed = tls_other_feed, .goodbye = tls_other_goodbye,
};

enum { TLS_KIT_SHARED = 512 };

/* "next" alone is for who says so; the lines have two names, and are for who names nothing. */
static const struct tls_service tls_kit_service = {
	.inner = {
		{ "next", &tls_other_protocol, COUNTER_HTTP_TLS_PROTOCOL_H2 },
		{ "lines", &kit_protocol, COUNTER_HTTP_TLS_PROTOCOL_HTTP1 },
		{ "dot", &kit_protocol, COUNTER_DNS_TLS_PROTOCOL_DOT },
	},
	.state_bytes = sizeof(struct tls_other_state), .shared_bytes = TLS_KIT_SHARED, .out_bytes = KIT_OUT,
	.certs = tls_kit_get_certs,
	.handshakes = COUNTER_DNS_TLS_HANDSHAKES, .full = COUNTER_DNS_TLS_FULL, .resumed = COUNTER_DNS_TLS_RESUMED,
	.version12 = COUNTER_DNS_TLS_VERSION_12, .version13 = COUNTER_DNS_TLS_VERSION_13,
	.unnamed = COUNTER_DNS_TLS_PROTOCOL_NONE, .failed = COUNTER_DNS_TLS_HANDSHAKE_FAILED,
	.failures = COUNTER_DNS_TLS_FAILED_NOT_TLS,
};

static void tls_kit_init(struct worker *worker, void *shared)
{
	tls_stream_init(worker, shared, &tls_kit_service);
}

static const struct stream_protocol tls_kit_protocol = {
	.name = "lines/tls", .shared_bytes = TLS_STREAM_SHARED_BYTES(TLS_KIT_SHARED, KIT_OUT),
	.state_bytes = TLS_STREAM_STATE_BYTES(sizeof(struct tls_other_state)), .out_bytes = TLS_STREAM_OUT_BYTES(KIT_OUT),
	.pending_max = TLS_RECORD_MAX,
	.accepted = COUNTER_HTTP_ACCEPTED, .rejected = COUNTER_HTTP_REJECTED, .evicted = COUNTER_HTTP_EVICTED,
	.timeouts = COUNTER_HTTP_TIMEOUTS, .errors = COUNTER_HTTP_ERRORS,
	.init = tls_kit_init, .fini = tls_stream_fini, .feed = tls_stream_feed, .timed_out = tls_stream_timed_out,
	.goodbye = tls_stream_goodbye, .idle_ms = kit_get_idle_ms, .io_ms = kit_get_io_ms,
	.opening_ms = tls_kit_get_opening_ms, .max_clients = kit_get_max_clients,
};

static struct tls_certs *tls_kit_load(const struct tls_certs *running, const char *const *names, size_t count)
{
	struct conf_tls conf = tls_conf(names, count);
	struct tls_certs_wish wish = {
		.key = "test", .file = "test", .conf = &conf, .running = running, .alpn = (const char *const[]){ "next", "lines", "dot", NULL },
	};
	struct err_list errors = { 0 }, warnings = { 0 };
	struct tls_certs *certs = NULL;

	if (tls_certs_load(&wish, &certs, &errors, &warnings) != 0)
		fail_msg("%s", errors.notes[0].text);
	err_list_fini(&warnings);
	tls_conf_fini(&conf);
	return certs;
}

static int tls_kit_new_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(tls_kit_session);
	tls_kit_session = session;
	return 1;
}

/* Two certificates: "first" for ns.example and two addresses, "second" for *.second.example. */
static inline int tls_kit_setup(void **ret_state)
{
	static const char *const names[] = { "first", "second" };

	tls_files_setup(ret_state);
	tls_make_pair("first", &(struct tls_make){ .names = "DNS:ns.example,IP:192.0.2.1,IP:2001:db8::1" });
	tls_make_pair("second", &(struct tls_make){ .names = "DNS:*.second.example" });
	tls_kit_certs = tls_kit_load(NULL, names, 2);
	tls_other_inits = tls_other_finis = 0;
	tls_kit_opening_ms = 1000 * 1000;
	tls_kit_session = NULL;
	tls_kit_context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(tls_kit_context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls_kit_context, tls_kit_new_session);
	return kit_setup_with(ret_state, &tls_kit_protocol);
}

static inline int tls_kit_teardown(void **state)
{
	kit_teardown(state);
	tls_certs_release(tls_kit_certs);
	SSL_SESSION_free(tls_kit_session);
	SSL_CTX_free(tls_kit_context);
	return tls_files_teardown(state);
}

/* A client that has connected, and spoken no byte. By tls_client_fini(). */
static inline SSL *tls_client(struct kit *kit)
{
	SSL *ssl = SSL_new(tls_kit_context);

	assert_non_null(ssl);
	SSL_set_fd(ssl, kit_client(kit));
	SSL_set_connect_state(ssl);
	return ssl;
}

/* SSL_set_tlsext_host_name(), without its cast. */
static inline void tls_ask_for(SSL *ssl, const char *host)
{
	SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host);
}

static inline void tls_client_fini(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	/* Else its session would not be taken up again. */
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
}

/* Runs call until it does not wait any more; its value. 0: the peer ended in order. -1: a fault, its reason in
 * *ret_reason (0: the connection broke off). */
#define tls_until(kit, ssl, call, ret_reason) \
	({ \
		uint64_t tls_end = clock_monotonic_ns() + KIT_PATIENCE_MS * UINT64_C(1000000); \
		int tls_ret, tls_why; \
		for (;;) { \
			ERR_clear_error(); \
			tls_ret = (call); \
			tls_why = SSL_get_error(ssl, tls_ret); \
			if (tls_why != SSL_ERROR_WANT_READ && tls_why != SSL_ERROR_WANT_WRITE) \
				break; \
			if (clock_monotonic_ns() > tls_end) \
				fail_msg("never: %s", #call); \
			kit_turn(kit); \
		} \
		*(ret_reason) = tls_ret > 0 || tls_why == SSL_ERROR_ZERO_RETURN ? 0 : ERR_GET_REASON(ERR_peek_error()); \
		tls_ret > 0 ? tls_ret : tls_why == SSL_ERROR_ZERO_RETURN ? 0 : -1; \
	})

static inline void tls_shake(struct kit *kit, SSL *ssl)
{
	int reason;

	if (tls_until(kit, ssl, SSL_do_handshake(ssl), &reason) != 1)
		fail_msg("the handshake failed: %s", ERR_reason_error_string(ERR_peek_error()));
}

/* The handshake fails with this reason: an alert, or 0 when the node only leaves. The failure is counted. */
static inline void tls_expect_refusal(struct kit *kit, SSL *ssl, int expected)
{
	uint64_t failed = kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED);
	char byte;
	int reason;

	/* In TLS 1.3 a client may believe that all is well before the alert comes. */
	if (tls_until(kit, ssl, SSL_do_handshake(ssl), &reason) == 1)
		assert_true(tls_until(kit, ssl, SSL_read(ssl, &byte, 1), &reason) <= 0);
	assert_int_equal(reason, expected);
	kit_wait(kit, kit_counter(kit, COUNTER_DNS_TLS_HANDSHAKE_FAILED) == failed + 1);
}

static inline void tls_say(struct kit *kit, SSL *ssl, const char *text)
{
	int reason;

	assert_int_equal(tls_until(kit, ssl, SSL_write(ssl, text, (int)strlen(text)), &reason), strlen(text));
}

/* Exactly this comes next. */
static inline void tls_expect(struct kit *kit, SSL *ssl, const char *text)
{
	size_t len = strlen(text), got = 0;
	char *buf = calloc(1, len + 1);
	int reason;

	while (got < len) {
		int n = tls_until(kit, ssl, SSL_read(ssl, buf + got, (int)(len - got)), &reason);

		if (n <= 0)
			fail_msg("after \"%s\" the end: %d", buf, reason);
		got += (size_t)n;
	}
	assert_string_equal(buf, text);
	free(buf);
}

/* The node says nothing more and ends the connection in good order: TLS first. */
static inline void tls_expect_end(struct kit *kit, SSL *ssl)
{
	char byte;
	int reason, end;

	assert_int_equal(tls_until(kit, ssl, SSL_read(ssl, &byte, 1), &reason), 0);
	assert_int_equal(kit_hear(kit, SSL_get_fd(ssl), &byte, 1, &end), 0);
	assert_int_equal(end, 0);
}

/* One line there and back. */
static inline void tls_line(struct kit *kit, SSL *ssl)
{
	tls_say(kit, ssl, "hello\n");
	tls_expect(kit, ssl, "hello\n");
}

#define tls_kit_test(function) cmocka_unit_test_setup_teardown(function, tls_kit_setup, tls_kit_teardown)

#endif
