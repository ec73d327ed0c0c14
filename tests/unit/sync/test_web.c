/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "sync/web.h"
#include "tests/unit/server/tls_files.h"
#include "tests/unit/sync/web_server.h"

static struct web_server server;
static uv_loop_t loop;
static struct web *web;

struct got {
	unsigned calls;
	struct web_response response;
	char body[4096];
	size_t len;
	unsigned pieces;
	size_t refuse_after;
	uint64_t begins_at;
};

static int on_body(void *ctx, const struct web_response *response, struct span piece)
{
	struct got *got = ctx;

	got->begins_at = response->offset;
	got->pieces++;
	if (got->refuse_after != 0 && got->len + piece.len > got->refuse_after)
		return -1;
	size_t room = sizeof got->body - 1 - (got->len < sizeof got->body ? got->len : sizeof got->body - 1);
	memcpy(got->body + (got->len < sizeof got->body ? got->len : 0), piece.at, piece.len < room ? piece.len : room);
	got->len += piece.len;
	return 0;
}

static void on_done(void *ctx, const struct web_response *response)
{
	struct got *got = ctx;

	got->calls++;
	got->response = *response;
}

static const char *url_of(const char *scheme, const char *host, const char *path)
{
	static char url[512];

	snprintf(url, sizeof url, "%s://%s:%u%s", scheme, host, server.port, path);
	return url;
}

/* Asks once and waits for the end. */
static struct got ask(struct web_request request)
{
	struct got got = { 0 };

	request.done = on_done;
	if (request.body == NULL)
		request.body = on_body;
	got.refuse_after = (size_t)(uintptr_t)request.ctx;
	request.ctx = &got;
	web_start(web, &request);
	assert_int_equal(got.calls, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(got.calls, 1);
	return got;
}

static bool path_is(const struct web_peer *peer, const char *path)
{
	const char *at = strchr(peer->head, ' ') + 1;

	return strncmp(at, path, strlen(path)) == 0 && at[strlen(path)] == ' ';
}

#define OK "HTTP/1.1 200 OK\r\n"

static bool answer(struct web_peer *peer)
{
	static const struct {
		const char *path, *text;
		bool close;
	} rows[] = {
		{ "/hello", OK "Content-Length: 5\r\nETag: \"v1\"\r\n\r\nhello", false },
		{ "/close", OK "\r\nuntil the end", true },
		{ "/chunked", OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", false },
		{ "/none", "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing", false },
		{ "/busy", "HTTP/1.1 503 Whatever I Say\r\nContent-Length: 0\r\n\r\n", false },
		{ "/odd", "HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n", false },
		{ "/moved", "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 4\r\nETag: \"m\"\r\n\r\nmove", false },
		{ "/circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n", false },
		{ "/away", "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", false },
		{ "/short", OK "Content-Length: 100\r\n\r\nonly this", true },
		{ "/noise", "SSH-2.0-OpenSSH_9.2\r\n\r\n", true },
		{ "/silence", "", true },
		{ "/unasked", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/5\r\nContent-Length: 3\r\n\r\nllo",
		  false },
		{ "/weak", OK "ETag: W/\"w\"\r\nContent-Length: 0\r\n\r\n", false },
		{ "/badtag", OK "ETag: no quotes\r\nContent-Length: 0\r\n\r\n", false },
		{ "/dated", OK "Date: Thu, 01 Jan 2026 00:00:07 GMT\r\nContent-Length: 0\r\n\r\n", false },
		{ "/cached", OK "Age: 0\r\nDate: Thu, 01 Jan 2026 00:00:07 GMT\r\nContent-Length: 0\r\n\r\n", false },
		{ "/baddate", OK "Date: whenever you like, or a little later, says the server of this test\r\nContent-Length: 0\r\n"
		  "\r\n", false },
		{ "/same", "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n", false },
		{ "/settled", OK "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLast-Modified: Sun, 06 Nov 1994 08:49:35 GMT\r\n"
			    "Content-Length: 0\r\n\r\n", false },
		{ "/just-now", OK "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLast-Modified: Sun, 06 Nov 1994 08:49:36 GMT\r\n"
			       "Content-Length: 0\r\n\r\n", false },
		{ "/undated", OK "Last-Modified: Sun, 06 Nov 1994 08:49:36 GMT\r\nContent-Length: 0\r\n\r\n", false },
		{ "/no-date", OK "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLast-Modified: long ago\r\nContent-Length: 0\r\n\r\n",
		  false },
		{ "/large", OK "Content-Length: 1000000000000\r\n\r\nbegins", true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!path_is(peer, rows[i].path))
			continue;
		if (strncmp(peer->head, "HEAD", 4) == 0)
			web_say(peer, rows[i].text, (size_t)(strstr(rows[i].text, "\r\n\r\n") + 4 - rows[i].text));
		else
			web_say_text(peer, rows[i].text);
		return !rows[i].close;
	}
	if (path_is(peer, "/endless")) {
		char block[4096];

		memset(block, 'x', sizeof block);
		web_say_text(peer, OK "\r\n");
		for (int i = 0; i < 1000; i++)
			web_say(peer, block, sizeof block);
		return false;
	}
	if (path_is(peer, "/post")) {
		const char *told = strstr(peer->head, "Content-Length: ");
		size_t len = told != NULL ? strtoul(told + 16, NULL, 10) : 0;
		char head[64], content[256];

		assert_true(len < sizeof content && peer->tls == NULL);
		assert_int_equal(recv(peer->fd, content, len, MSG_WAITALL), len);
		snprintf(head, sizeof head, OK "Content-Length: %zu\r\n\r\n", len);
		web_say_text(peer, head);
		web_say(peer, content, len);
		return true;
	}
	if (path_is(peer, "/resume")) {
		bool range = strstr(peer->head, "Range: bytes=2-\r\n") != NULL &&
			     strstr(peer->head, "If-Range: \"v1\"\r\n") != NULL;

		web_say_text(peer, range ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/5\r\n"
					   "Content-Length: 3\r\nETag: \"v1\"\r\n\r\nllo"
					 : OK "Content-Length: 5\r\nETag: \"v1\"\r\n\r\nhello");
		return true;
	}
	if (path_is(peer, "/trickle")) {
		web_say_text(peer, OK "Content-Length: 1000\r\n\r\n");
		for (int i = 0; i < 1000 && !atomic_load(&peer->server->stop); i++) {
			web_say_text(peer, "x");
			web_sleep_ms(50);
		}
		return false;
	}
	if (path_is(peer, "/slow")) {
		web_sleep_ms(50);
		web_say_text(peer, OK "Content-Length: 4\r\n\r\nslow");
		return true;
	}
	web_hang(peer);
	return false;
}

static int start_plain(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	web_server_start(&server, AF_INET, NULL, answer);
	uv_loop_init(&loop);
	web = web_new(&loop, 4);
	assert_non_null(web);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	web_close(web);
	uv_run(&loop, UV_RUN_DEFAULT);
	web_free(web);
	assert_int_equal(uv_loop_close(&loop), 0);
	web_server_stop(&server);
	return 0;
}

static void answers(void **state)
{
	static const struct {
		const char *path;
		enum web_method method;
		enum web_outcome outcome;
		unsigned status;
		const char *text, *body;
		uint64_t max_bytes;
		unsigned follow;
		bool all_bodies, head_only;
		const char *etag;
	} rows[] = {
		{ "/hello", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "hello", .etag = "\"v1\"" },
		{ "/hello", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "", .head_only = true,
		  .etag = "\"v1\"" },
		{ "/hello", WEB_HEAD, WEB_DONE, 200, "200 OK", "", .etag = "\"v1\"" },
		{ "/hello", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "hello", .max_bytes = 5,
		  .etag = "\"v1\"" },
		{ "/hello", .outcome = WEB_TOO_LARGE, .status = 200, .text = "more than 4 bytes", .body = "",
		  .max_bytes = 4, .etag = "\"v1\"" },
		{ "/large", .outcome = WEB_TOO_LARGE, .status = 200, .text = "more than 4096 bytes", .body = "",
		  .max_bytes = 4096 },
		{ "/large", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "", .head_only = true },
		{ "/close", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "until the end" },
		{ "/chunked", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "abcdefg", .max_bytes = 7 },
		{ "/chunked", .outcome = WEB_TOO_LARGE, .status = 200, .text = "more than 6 bytes", .max_bytes = 6 },
		{ "/none", .outcome = WEB_DONE, .status = 404, .text = "404 Not Found", .body = "" },
		{ "/none", .outcome = WEB_DONE, .status = 404, .text = "404 Not Found", .body = "nothing",
		  .all_bodies = true },
		{ "/none", .method = WEB_HEAD, .outcome = WEB_DONE, .status = 404, .text = "404 Not Found", .body = "" },
		{ "/busy", .outcome = WEB_DONE, .status = 503, .text = "503 Service Unavailable", .body = "" },
		{ "/odd", .outcome = WEB_DONE, .status = 299, .text = "299", .body = "" },
		{ "/moved", .outcome = WEB_DONE, .status = 302, .text = "302 Found", .body = "", .etag = "\"m\"" },
		{ "/moved", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "hello", .follow = 1,
		  .etag = "\"v1\"" },
		{ "/circle", .outcome = WEB_BROKEN, .status = 302, .text = "Maximum (3) redirects followed", .body = "",
		  .follow = 3 },
		{ "/away", .outcome = WEB_BROKEN, .status = 302, .body = "", .follow = 3 },
		{ "/short", .outcome = WEB_BROKEN, .status = 200,
		  .text = "transfer closed with 91 bytes remaining to read", .body = "only this" },
		{ "/noise", .outcome = WEB_BROKEN, .text = "Received HTTP/0.9 when not allowed", .body = "" },
		{ "/silence", .outcome = WEB_BROKEN, .text = "Empty reply from server", .body = "" },
		{ "/unasked", .outcome = WEB_BROKEN, .status = 206, .body = "",
		  .text = "206 Partial Content, but not of the part that was asked for" },
		{ "/weak", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "", .etag = "W/\"w\"" },
		{ "/badtag", .outcome = WEB_DONE, .status = 200, .text = "200 OK", .body = "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct got got = ask((struct web_request){
			.method = rows[i].method,
			.url = url_of("http", "127.0.0.1", rows[i].path),
			.max_bytes = rows[i].max_bytes,
			.follow = rows[i].follow,
			.all_bodies = rows[i].all_bodies,
			.head_only = rows[i].head_only,
			.total_ms = 20000,
		});

		if (rows[i].text != NULL)
			assert_string_equal(got.response.text, rows[i].text);
		assert_int_equal(got.response.outcome, rows[i].outcome);
		assert_int_equal(got.response.status, rows[i].status);
		if (rows[i].body != NULL)
			assert_string_equal(got.body, rows[i].body);
		assert_string_equal(got.response.etag, rows[i].etag ? rows[i].etag : "");
		if (rows[i].body != NULL && rows[i].outcome == WEB_DONE && !rows[i].head_only)
			assert_true(got.response.received >= strlen(rows[i].body));
	}
}

static void what_is_asked(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	struct got got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/same?a=%2F..&b#frag"),
						   .etag = "\"v1\"", .total_ms = 300 });
	unsetenv("http_proxy");
	assert_int_equal(got.response.outcome, WEB_TIMEOUT);	/* but the proxy of the environment was not asked */
	assert_memory_equal(web_last(&server), "GET /same?a=%2F..&b HTTP/1.1\r\n", 30);
	assert_non_null(strstr(web_last(&server), "\r\nUser-Agent: catchment/"));
	assert_non_null(strstr(web_last(&server), "\r\nIf-None-Match: \"v1\"\r\n"));
	assert_null(strstr(web_last(&server), "Range:"));
	assert_null(strstr(web_last(&server), "Encoding"));
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/same"), .etag = "\"v1\"" });
	assert_int_equal(got.response.status, 304);
	assert_string_equal(got.response.text, "304 Not Modified");
	/* What could smuggle a header line goes nowhere. */
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/hello"), .etag = "\"v\r\nX: y\"" });
	assert_int_equal(got.response.status, 200);
	assert_null(strstr(web_last(&server), "If-None-Match"));
}

static void resuming(void **state)
{
	(void)state;
	struct web_request request = { .url = url_of("http", "127.0.0.1", "/resume"), .offset = 2, .if_range = "\"v1\"" };
	struct got got = ask(request);

	assert_int_equal(got.response.status, 206);
	assert_int_equal(got.begins_at, 2);
	assert_string_equal(got.body, "llo");
	request.max_bytes = 5;
	assert_int_equal(ask(request).response.outcome, WEB_DONE);
	request.max_bytes = 4;
	assert_int_equal(ask(request).response.outcome, WEB_TOO_LARGE);
	/* It is another file now, or its ETag does not tell: all comes anew. */
	request.max_bytes = 0;
	request.if_range = "\"v0\"";
	got = ask(request);
	assert_int_equal(got.response.status, 200);
	assert_int_equal(got.begins_at, 0);
	assert_string_equal(got.body, "hello");
	request.if_range = "W/\"v1\"";
	got = ask(request);
	assert_string_equal(got.body, "hello");
	assert_null(strstr(web_last(&server), "Range"));
	/* The URL alone says what it is. */
	request.if_range = NULL;
	request.immutable = true;
	got = ask(request);
	assert_non_null(strstr(web_last(&server), "Range: bytes=2-\r\n"));
	assert_null(strstr(web_last(&server), "If-Range"));
	assert_string_equal(got.body, "hello");		/* this server wants it: all comes, and the offset says so */
	assert_int_equal(got.begins_at, 0);
	request.if_range = "\"v1\"";
	assert_string_equal(ask(request).body, "llo");
	request.immutable = false;
	/* Another part than asked for. */
	request.url = url_of("http", "127.0.0.1", "/unasked");
	request.if_range = "\"v1\"";
	assert_int_equal(ask(request).response.outcome, WEB_DONE);
	request.offset = 3;
	got = ask(request);
	assert_int_equal(got.response.outcome, WEB_BROKEN);
	assert_int_equal(got.pieces, 0);
}

static void size_limit_while_it_comes(void **state)
{
	(void)state;
	struct got got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/endless"), .max_bytes = 100000 });

	assert_int_equal(got.response.outcome, WEB_TOO_LARGE);
	assert_true(got.len <= 100000);
	assert_string_equal(got.response.text, "more than 100000 bytes");
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/endless"),
					.ctx = (void *)(uintptr_t)100000 });
	assert_int_equal(got.response.outcome, WEB_REFUSED);
	assert_true(got.len <= 100000);
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/endless") });
	assert_int_equal(got.response.outcome, WEB_DONE);
	assert_int_equal(got.len, 4096000);
	assert_int_equal(got.response.received, 4096000);
}

static void time_limits(void **state)
{
	(void)state;
	struct got got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/never"), .total_ms = 100 });

	assert_int_equal(got.response.outcome, WEB_TIMEOUT);
	assert_memory_equal(got.response.text, "no answer after ", 16);
	assert_true(got.response.took_us >= 100000);
	assert_true(got.response.connect_us > 0);
	assert_int_equal(got.response.first_us, 0);
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/trickle"), .total_ms = 200 });
	assert_int_equal(got.response.outcome, WEB_TIMEOUT);
	assert_non_null(strstr(got.response.text, " bytes, and not all, after "));
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/trickle"), .low_bytes_s = 100000,
					.low_ms = 500 });
	assert_int_equal(got.response.outcome, WEB_TIMEOUT);
}

static void not_reachable(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof v4;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char url[64];

	(void)state;
	/* Bound, but nobody listens. */
	assert_int_equal(bind(fd, (struct sockaddr *)&v4, sizeof v4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&v4, &len), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(v4.sin_port));
	for (int method = WEB_GET; method <= WEB_CONNECT; method++) {
		struct got got = ask((struct web_request){ .url = url, .method = (enum web_method)method });

		assert_int_equal(got.response.outcome, WEB_UNREACHABLE);
		assert_string_equal(got.response.text, "connection refused");
		assert_int_equal(got.response.connect_us, 0);
	}
	close(fd);
	struct got got = ask((struct web_request){ .url = "http://nobody.invalid/", .total_ms = 20000 });
	if (got.response.outcome != WEB_TIMEOUT) {
		assert_int_equal(got.response.outcome, WEB_UNREACHABLE);
		assert_string_equal(got.response.text, "Could not resolve host: nobody.invalid");
	}
}

static void what_cannot_be_asked(void **state)
{
	static const char *const urls[] = { "", "hello", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://",
					    "http://user:word@127.0.0.1/", "file:///nowhere/at/all", "http://a:99999/" };

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct got got = ask((struct web_request){ .url = urls[i], .total_ms = 5000 });

		assert_int_equal(got.response.outcome, WEB_INVALID);
		assert_true(strlen(got.response.text) > 5);
	}
	assert_int_equal(ask((struct web_request){ .url = "file:///etc/hostname", .method = WEB_HEAD }).response.outcome,
			 WEB_INVALID);
}

static void at_an_address(void **state)
{
	struct addr address, other;

	(void)state;
	addr_parse("127.0.0.1", server.port, &address);
	addr_parse("127.0.0.1@1", 0, &other);
	struct web_request request = { .url = "http://content.example/hello", .address = &address, .fresh = true };
	struct got got = ask(request);
	assert_string_equal(got.body, "hello");
	assert_non_null(strstr(web_last(&server), "\r\nHost: content.example\r\n"));
	request.address = &other;
	assert_string_equal(ask(request).response.text, "connection refused");
	/* TCP alone: to the port of the URL, with no word of TLS. */
	request = (struct web_request){ .url = "https://content.example/hello", .method = WEB_CONNECT, .address = &address };
	unsigned before = atomic_load(&server.requests);
	got = ask(request);
	assert_int_equal(got.response.outcome, WEB_DONE);
	assert_string_equal(got.response.text, "connected");
	assert_int_equal(atomic_load(&server.requests), before);
	request.address = NULL;
	request.url = url_of("https", "127.0.0.1", "/");
	assert_int_equal(ask(request).response.outcome, WEB_DONE);
}

static void over_ipv6(void **state)
{
	struct addr address;

	(void)state;
	web_server_stop(&server);
	web_server_start(&server, AF_INET6, NULL, answer);
	addr_parse("::1", server.port, &address);
	struct got got = ask((struct web_request){ .url = "http://content.example/hello", .address = &address });
	assert_string_equal(got.body, "hello");
	got = ask((struct web_request){ .url = url_of("http", "[::1]", "/hello") });
	assert_string_equal(got.body, "hello");
	got = ask((struct web_request){ .url = url_of("http", "[::1]", "/hello"), .family = AF_INET, .total_ms = 5000 });
	assert_int_equal(got.response.outcome, WEB_UNREACHABLE);
}

static void files(void **state)
{
	char path[] = "/tmp/catchment-web.XXXXXX", url[64];
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	snprintf(url, sizeof url, "file://%s", path);
	struct got got = ask((struct web_request){ .url = url });
	assert_int_equal(got.response.outcome, WEB_DONE);
	assert_int_equal(got.response.status, 200);
	assert_string_equal(got.body, "0123456789");
	got = ask((struct web_request){ .url = url, .offset = 4, .max_bytes = 10 });
	assert_string_equal(got.body, "456789");
	assert_int_equal(got.begins_at, 4);
	got = ask((struct web_request){ .url = url, .max_bytes = 9 });
	assert_int_equal(got.response.outcome, WEB_TOO_LARGE);
	assert_int_equal(got.pieces, 0);
	unlink(path);
}

static void connections_are_kept_unless_fresh(void **state)
{
	(void)state;
	unsigned before = atomic_load(&server.connections);
	for (int i = 0; i < 5; i++)
		ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/hello") });
	assert_int_equal(atomic_load(&server.connections) - before, 1);
	for (int i = 0; i < 5; i++)
		ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/hello"), .fresh = true });
	assert_int_equal(atomic_load(&server.connections) - before, 6);
}

static void so_many_at_once(void **state)
{
	struct got got[20] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(got); i++) {
		struct web_request request = { .url = url_of("http", "127.0.0.1", "/slow"), .body = on_body,
					       .done = on_done, .ctx = &got[i], .fresh = i % 2 == 0 };
		web_start(web, &request);
	}
	assert_int_equal(web_running(web), 4);
	assert_int_equal(web_waiting(web), 16);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(web_running(web) + web_waiting(web), 0);
	for (size_t i = 0; i < COUNT(got); i++) {
		assert_int_equal(got[i].calls, 1);
		assert_string_equal(got[i].body, "slow");
	}
	assert_int_equal(atomic_load(&server.requests), 20);
	/* A connection that was let go may still be seen as open by the server for a moment. */
	assert_in_range(atomic_load(&server.most_open), 1, 8);
}

static struct web_transfer *victims[6];

static void cancel_others(void *ctx, const struct web_response *response)
{
	on_done(ctx, response);
	for (size_t i = 0; i < COUNT(victims); i++)
		web_cancel(web, victims[i]);
}

static void cancelled(void **state)
{
	struct got got[COUNT(victims) + 1] = { 0 };

	(void)state;
	struct web_request request = { .url = url_of("http", "127.0.0.1", "/slow"), .done = cancel_others,
				       .ctx = &got[COUNT(victims)] };
	web_start(web, &request);
	for (size_t i = 0; i < COUNT(victims); i++) {
		/* One that runs, some that wait, and one that cannot be asked. */
		request = (struct web_request){ .url = url_of("http", "127.0.0.1", "/never"), .done = on_done,
						.ctx = &got[i] };
		victims[i] = web_start(web, &request);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(got[COUNT(victims)].calls, 1);
	for (size_t i = 0; i < COUNT(victims); i++)
		assert_int_equal(got[i].calls, 0);
	/* And what stop() finds running is let go without a word. */
	for (size_t i = 0; i < COUNT(victims); i++)
		web_start(web, &request);
	request.url = "nothing:";
	web_start(web, &request);
	for (int i = 0; i < 10; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void ask_again(void *ctx, const struct web_response *response)
{
	unsigned *left = ctx;

	assert_int_equal(response->outcome, WEB_DONE);
	if ((*left)-- > 0) {
		struct web_request request = { .url = url_of("http", "127.0.0.1", "/hello"), .done = ask_again, .ctx = left };
		web_start(web, &request);
	} else {
		web_close(web);
	}
}

static void asked_again_and_closed_in_the_callback(void **state)
{
	unsigned left = 3;
	struct web_request request = { .url = url_of("http", "127.0.0.1", "/hello"), .done = ask_again, .ctx = &left };

	(void)state;
	web_start(web, &request);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(atomic_load(&server.requests), 4);
}

static int start_tls(void **state)
{
	struct tls_make make = { .names = "DNS:content.example,IP:127.0.0.1" };

	start_plain(state);
	tls_files_setup(state);
	tls_make_pair("good", &make);
	tls_make_pair("other", &make);
	make.from_s = -2L * TLS_FILES_DAY;
	make.until_s = -TLS_FILES_DAY;
	tls_make_pair("old", &make);
	return 0;
}

static int stop_tls(void **state)
{
	stop(state);
	return tls_files_teardown(state);
}

static void use_cert(const char *name, const char *client_ca)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char file[64];

	snprintf(file, sizeof file, "%s.pem", name);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, tls_path(file)), 1);
	snprintf(file, sizeof file, "%s.key", name);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, tls_path(file), SSL_FILETYPE_PEM), 1);
	if (client_ca != NULL) {
		SSL_CTX_load_verify_file(ctx, tls_path(client_ca));
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	web_server_stop(&server);
	web_server_start(&server, AF_INET, ctx, answer);
}

static void certificates(void **state)
{
	static const struct {
		const char *server, *host, *ca;
		enum web_outcome outcome;
		const char *text;
	} rows[] = {
		{ "good", "content.example", "good.pem", WEB_DONE, "200 OK" },
		{ "good", "content.example", NULL, WEB_UNTRUSTED, "self-signed certificate" },
		{ "good", "content.example", "other.pem", WEB_UNTRUSTED, "self-signed certificate" },
		{ "good", "another.example", "good.pem", WEB_UNTRUSTED,
		  "no alternative certificate subject name matches target host name 'another.example'" },
		{ "old", "content.example", "old.pem", WEB_UNTRUSTED, "certificate has expired" },
		{ "good", "content.example", "missing.pem", WEB_INVALID, NULL },
	};
	struct addr address;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char url[64];

		use_cert(rows[i].server, NULL);
		addr_parse("127.0.0.1", server.port, &address);
		snprintf(url, sizeof url, "https://%s/hello", rows[i].host);
		struct got got = ask((struct web_request){
			.url = url, .address = &address, .ca = rows[i].ca ? tls_path(rows[i].ca) : NULL, .fresh = true,
			.total_ms = 20000,
		});
		if (rows[i].text != NULL)
			assert_string_equal(got.response.text, rows[i].text);
		assert_int_equal(got.response.outcome, rows[i].outcome);
		assert_string_equal(got.body, rows[i].outcome == WEB_DONE ? "hello" : "");
		assert_true((got.response.connect_us > 0) == (rows[i].outcome == WEB_DONE));
	}
}

static void client_certificate(void **state)
{
	(void)state;
	use_cert("good", "other.pem");
	struct web_request request = { .url = url_of("https", "127.0.0.1", "/hello"), .ca = tls_path("good.pem"),
				       .cert = tls_path("other.pem"), .key = tls_path("other.key"), .fresh = true };
	assert_int_equal(ask(request).response.outcome, WEB_DONE);
	request.cert = request.key = NULL;
	assert_int_not_equal(ask(request).response.outcome, WEB_DONE);
}

static void redirect_from_https_to_http(void **state)
{
	(void)state;
	use_cert("good", NULL);
	struct web_request request = { .url = url_of("https", "127.0.0.1", "/moved"), .ca = tls_path("good.pem"),
				       .follow = 2 };
	assert_string_equal(ask(request).body, "hello");
	request.url = url_of("https", "127.0.0.1", "/away");
	assert_int_equal(ask(request).response.outcome, WEB_BROKEN);
}

/* Whether what changes from now on has another time of change. */
static void settled(void **state)
{
	static const struct {
		const char *path;
		bool settled;
	} rows[] = { { "/settled", true }, { "/just-now", false }, { "/undated", false }, { "/no-date", false }, { "/hello", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct got got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", rows[i].path) });

		assert_int_equal(got.response.settled, rows[i].settled);
	}
}

static bool hang(struct web_peer *peer)
{
	web_hang(peer);
	return false;
}

static void no_handshake(void **state)
{
	(void)state;
	web_server_stop(&server);
	web_server_start(&server, AF_INET, NULL, hang);
	struct got got = ask((struct web_request){ .url = url_of("https", "127.0.0.1", "/"), .total_ms = 100 });

	assert_int_equal(got.response.outcome, WEB_TIMEOUT);
	assert_memory_equal(got.response.text, "no TLS handshake after ", 23);
}

/* What the server says is the time; not what a cache kept. */
static void the_time_of_the_server(void **state)
{
	static const struct {
		const char *path;
		int64_t date_s;
	} rows[] = { { "/dated", 1767225607 }, { "/cached", 0 }, { "/baddate", 0 }, { "/hello", 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct got got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", rows[i].path) });

		assert_int_equal(got.response.outcome, WEB_DONE);
		assert_int_equal(got.response.date_s, rows[i].date_s);
	}
}

static void posting(void **state)
{
	static char body[] = "{\"a\":\"\0 is a byte\"}";
	struct got got;

	(void)state;
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/post"), .method = WEB_POST, .all_bodies = true,
					.post = { (const uint8_t *)body, sizeof body - 1 }, .post_type = "application/json" });
	assert_int_equal(got.response.outcome, WEB_DONE);
	assert_int_equal(got.response.status, 200);
	assert_int_equal(got.len, sizeof body - 1);
	assert_memory_equal(got.body, body, sizeof body - 1);
	assert_non_null(strstr(web_last(&server), "POST /post HTTP/1.1\r\n"));
	assert_non_null(strstr(web_last(&server), "Content-Type: application/json\r\n"));
	assert_null(strstr(web_last(&server), "Expect:"));
	/* Nothing, too; and a redirect is an answer. */
	got = ask((struct web_request){ .url = url_of("http", "127.0.0.1", "/moved"), .method = WEB_POST, .post_type = "text/plain" });
	assert_int_equal(got.response.status, 302);
	assert_non_null(strstr(web_last(&server), "Content-Length: 0\r\n"));
}

static void statuses_in_words(void **state)
{
	char text[40];

	(void)state;
	assert_string_equal(web_status_print(200, text, sizeof text), "200 OK");
	assert_string_equal(web_status_print(451, text, sizeof text), "451 Unavailable For Legal Reasons");
	assert_string_equal(web_status_print(799, text, sizeof text), "799");
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)
#define TLS(test) cmocka_unit_test_setup_teardown(test, start_tls, stop_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(answers), PLAIN(what_is_asked), PLAIN(resuming), PLAIN(settled), PLAIN(size_limit_while_it_comes),
		PLAIN(time_limits), PLAIN(not_reachable), PLAIN(what_cannot_be_asked), PLAIN(at_an_address),
		PLAIN(over_ipv6), PLAIN(files), PLAIN(connections_are_kept_unless_fresh), PLAIN(so_many_at_once),
		PLAIN(cancelled), PLAIN(asked_again_and_closed_in_the_callback), PLAIN(no_handshake),
		TLS(certificates), TLS(client_certificate), TLS(redirect_from_https_to_http),
		PLAIN(the_time_of_the_server), PLAIN(posting),
		cmocka_unit_test(statuses_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
