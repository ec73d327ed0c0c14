/* SPDX-License-Identifier: Apache-2.0 */
/* A probe in TLS against servers that are well, and against those that are not: each is met, in words. */
#include "tests/unit/server/tls_files.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "server/anycast/probe.h"
#include "server/tls_client.h"

enum manner {
	ANSWERS,
	ANSWERS_ONE_TWO,	/* in TLS 1.2 */
	ANSWERS_BY_BYTES,	/* each byte in a record of its own */
	CUTS_THE_ANSWER,
	ENDS_IN_TLS,		/* close_notify instead of an answer */
	SAYS_NOTHING,		/* in TLS */
	NO_HANDSHAKE,		/* takes the connection, and no more */
	CLOSES,
	SPEAKS_PLAINLY,
	REFUSES_ALPN,
	ONLY_ONE_ONE,		/* TLS 1.1 */
	FLOODS,			/* more than an answer may be */
};

static const char answer[] = "HTTP/1.1 302 Found\r\nX-Node: fra1\r\n\r\n";

struct server {
	enum manner manner;
	const char *cert;
	int listener, until[2];	/* the thread holds its connection until the pipe is closed */
	SSL_CTX *context;
	pthread_t thread;
	uint16_t port;
	char asked[200], host[100];
	atomic_bool was_asked;
};

static int refuse_alpn(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl, (void)out, (void)len, (void)in, (void)in_len, (void)arg;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void talk(struct server *server, SSL *ssl)
{
	static const char zeroes[8192];
	int len = SSL_accept(ssl) == 1 ? SSL_read(ssl, server->asked, sizeof server->asked - 1) : 0;
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	if (len <= 0)
		return;
	atomic_store(&server->was_asked, true);
	snprintf(server->host, sizeof server->host, "%s", host != NULL ? host : "");
	if (server->manner == CUTS_THE_ANSWER)
		SSL_write(ssl, answer, 10);
	else if (server->manner == FLOODS)
		SSL_write(ssl, zeroes, sizeof zeroes);
	else if (server->manner == ENDS_IN_TLS)
		SSL_shutdown(ssl);
	else if (server->manner == ANSWERS_BY_BYTES)
		for (size_t i = 0; i < sizeof answer - 1; i++)
			SSL_write(ssl, answer + i, 1);
	else if (server->manner != SAYS_NOTHING)
		SSL_write(ssl, answer, sizeof answer - 1);
}

static void *serve(void *ctx)
{
	struct server *server = ctx;
	int fd = accept(server->listener, NULL, NULL);
	SSL *ssl = SSL_new(server->context);
	char byte;

	SSL_set_fd(ssl, fd);
	if (server->manner == SPEAKS_PLAINLY)
		(void)!write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	else if (server->manner != NO_HANDSHAKE && server->manner != CLOSES)
		talk(server, ssl);
	if (server->manner != CLOSES && server->manner != CUTS_THE_ANSWER)
		(void)!read(server->until[0], &byte, 1);
	SSL_free(ssl);
	close(fd);
	ERR_clear_error();
	return NULL;
}

static void start(struct server *server)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	char key[64], cert[64];

	snprintf(cert, sizeof cert, "%s.pem", server->cert);
	snprintf(key, sizeof key, "%s.key", server->cert);
	server->context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_security_level(server->context, 0);
	assert_int_equal(SSL_CTX_use_certificate_file(server->context, tls_path(cert), SSL_FILETYPE_PEM), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(server->context, tls_path(key), SSL_FILETYPE_PEM), 1);
	if (server->manner == ANSWERS_ONE_TWO)
		SSL_CTX_set_max_proto_version(server->context, TLS1_2_VERSION);
	if (server->manner == ONLY_ONE_ONE) {
		SSL_CTX_set_min_proto_version(server->context, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(server->context, TLS1_1_VERSION);
	}
	if (server->manner == REFUSES_ALPN)
		SSL_CTX_set_alpn_select_cb(server->context, refuse_alpn, NULL);
	assert_int_equal(pipe(server->until), 0);
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(server->listener, 1), 0);
	assert_int_equal(getsockname(server->listener, (struct sockaddr *)&at, &len), 0);
	server->port = at.sin_port;
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	close(server->until[1]);
	pthread_join(server->thread, NULL);
	close(server->until[0]);
	close(server->listener);
	SSL_CTX_free(server->context);
}

struct seen {
	bool done, good;
	char words[PROBE_WORDS_MAX];
};

static void on_done(struct probe *probe, bool good, const char *words)
{
	struct seen *seen = probe->ctx;

	assert_false(seen->done);
	seen->done = true;
	seen->good = good;
	snprintf(seen->words, sizeof seen->words, "%s", words);
}

static enum probe_verdict judge(void *ctx, struct span reply, char words[PROBE_WORDS_MAX])
{
	(void)ctx;
	if (memmem(reply.at, reply.len, "\r\n\r\n", 4) == NULL)
		return PROBE_MORE;
	snprintf(words, PROBE_WORDS_MAX, "status %.3s", (const char *)reply.at + 9);
	return memmem(reply.at, reply.len, "X-Node: fra1", 12) != NULL ? PROBE_GOOD : PROBE_BAD;
}

static struct seen ask(struct server *server, uint64_t timeout_ms, bool abandon)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: dl.test\r\n\r\n";
	struct tls_client *client = tls_client_new();
	struct seen seen = { 0 };
	uv_loop_t loop;
	struct probe probe = {
		.kind = PROBE_TLS, .request_len = sizeof request - 1, .timeout_ms = timeout_ms, .tls = client, .tls_host = "dl.test",
		.judge = judge, .done = on_done, .ctx = &seen,
	};

	assert_non_null(client);
	start(server);
	memcpy(probe.request, request, sizeof request);
	probe.to.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = server->port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(uv_loop_init(&loop), 0);
	probe_start(&loop, &probe);
	if (abandon) {
		while (!atomic_load(&server->was_asked)) {
			uv_run(&loop, UV_RUN_NOWAIT);
			usleep(1000);
		}
		probe_abandon(&probe);
		tls_client_free(client);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	if (!abandon)
		tls_client_free(client);
	stop(server);
	return seen;
}

static void test_servers(void **state)
{
	static const struct {
		enum manner manner;
		const char *cert;
		bool good;
		const char *words;
	} rows[] = {
		{ ANSWERS, "good", true, " tls: status 302" },
		{ ANSWERS_ONE_TWO, "good", true, " tls: status 302" },
		{ ANSWERS_BY_BYTES, "good", true, " tls: status 302" },
		{ CUTS_THE_ANSWER, "good", false, " tls: the connection was closed in the middle of the answer" },
		{ ENDS_IN_TLS, "good", false, " tls: the connection was closed without an answer" },
		{ FLOODS, "good", false, " tls: the answer is longer than 4096 bytes" },
		{ SAYS_NOTHING, "good", false, " tls: no whole answer within 300 ms" },
		{ NO_HANDSHAKE, "good", false, " tls: no answer within 300 ms" },
		{ CLOSES, "good", false, " tls: " },	/* a reset or an end */
		{ SPEAKS_PLAINLY, "good", false, " tls: the handshake failed: wrong version number" },
		{ REFUSES_ALPN, "good", false, " tls: the handshake failed: " },
		{ ONLY_ONE_ONE, "good", false, " tls: the handshake failed: " },
		{ ANSWERS, "old", false, " tls: the certificate expired at 20" },
		{ ANSWERS_ONE_TWO, "old", false, " tls: the certificate expired at 20" },
		{ ANSWERS, "young", false, " tls: the certificate is not valid before 20" },
	};

	(void)state;
	tls_make_pair("good", &(struct tls_make){ .names = "DNS:other.test" });	/* nobody's authority, another name: clients' to judge */
	tls_make_pair("old", &(struct tls_make){ .from_s = -10 * TLS_FILES_DAY, .until_s = -60 });
	tls_make_pair("young", &(struct tls_make){ .from_s = 3600, .until_s = 10 * TLS_FILES_DAY });
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool hangs = rows[i].manner == SAYS_NOTHING || rows[i].manner == NO_HANDSHAKE;
		struct server server = { .manner = rows[i].manner, .cert = rows[i].cert };
		struct seen seen = ask(&server, hangs ? 300 : 30000, false);

		if (!seen.done || seen.good != rows[i].good || strstr(seen.words, rows[i].words) == NULL)
			fail_msg("row %zu: %s: \"%s\" instead of \"%s\"", i, seen.good ? "good" : "bad", seen.words, rows[i].words);
		if (seen.good) {
			assert_string_equal(server.host, "dl.test");
			assert_non_null(strstr(server.asked, "GET / HTTP/1.1\r\nHost: dl.test\r\n"));
		}
	}
}

/* In the middle of it; the client goes at once, libuv's handles later. */
static void test_abandoned(void **state)
{
	struct server server = { .manner = SAYS_NOTHING, .cert = "good" };
	struct seen seen;

	(void)state;
	tls_make_pair("good", &(struct tls_make){ 0 });
	seen = ask(&server, 30000, true);
	assert_false(seen.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_abandoned),
	};

	return cmocka_run_group_tests(tests, tls_files_setup, tls_files_teardown);
}
