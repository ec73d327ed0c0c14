/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a timestamp, what a failure has to do with the configuration, and files over three servers. The
 * ways in which real servers fail are tests/system/350-sync-fetch. */
#include <errno.h>
#include <signal.h>

#include "conf/base/mem.h"
#include "sync/web_mirrors_inner.h"
#include "tests/unit/sync/web_server.h"

enum { SERVERS = 3, LEN = 300000 };

static struct web_server servers[SERVERS];
static const char *urls[SERVERS];
static struct web_mirrors *mirrors;
static char content[LEN];
static unsigned long cut_at;	/* of the first server; 0: nowhere */

/* ---- the memory ---- */

static void test_memory(void **state)
{
	static const struct {
		const char *etag;
		bool settled;
		uint64_t received;
		bool kept;
	} rows[] = {
		{ "\"a\"", true, 5, true }, { "W/\"a\"", true, 5, true }, { "", true, 5, false }, { "\"a\"", false, 5, false },
		{ "\"a\"", true, 6, false },	/* of another part */
	};
	const uint64_t s = UINT64_C(1000000000);

	(void)state;
	assert_true(web_memory_is_for("metadata/timestamp.json"));
	assert_false(web_memory_is_for("metadata/7.snapshot.json"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct web_memory memory = { .etag = "\"old\"", .bytes = mem_copy("old", 3), .len = 3 };
		struct web_response response = { .settled = rows[i].settled, .received = rows[i].received };
		struct transport_buffer copy = { 0 };

		snprintf(response.etag, sizeof response.etag, "%s", rows[i].etag);
		transport_buffer_take(&copy, SPAN_TEXT("hello"));
		web_memory_keep(&memory, &response, &copy, 1000 * s);
		assert_int_equal(web_memory_is_good(&memory, 5, 1000 * s), rows[i].kept);
		assert_string_equal(memory.etag, rows[i].kept ? rows[i].etag : "");
		if (rows[i].kept)
			assert_memory_equal(memory.bytes, "hello", 5);
		/* Not larger than may be, and not for ever. */
		assert_false(web_memory_is_good(&memory, 4, 1000 * s));
		assert_int_equal(web_memory_is_good(&memory, 5, 1599 * s), rows[i].kept);
		assert_false(web_memory_is_good(&memory, 5, 1600 * s));
		mem_free(memory.bytes);
		mem_free(copy.bytes);
	}
}

/* ---- words ---- */

static void test_words(void **state)
{
	static const struct {
		const char *url, *cert, *ca, *proxy;
		enum web_outcome outcome;
		unsigned status;
		const char *text, *want;
	} rows[] = {
		{ "http://m/x", NULL, NULL, NULL, WEB_DONE, 503, "503 Service Unavailable", "http://m/x: 503 Service Unavailable" },
		{ "http://m/x", NULL, NULL, NULL, WEB_DONE, 400, "400 Bad Request", "http://m/x: 400 Bad Request" },
		{ "https://m/x", NULL, NULL, NULL, WEB_DONE, 400, "400 Bad Request",
		  "https://m/x: 400 Bad Request; it may want a certificate of this node: sync.client-cert is not set" },
		{ "https://m/x", "me.pem", NULL, NULL, WEB_DONE, 400, "400 Bad Request",
		  "https://m/x: 400 Bad Request; it may not take the certificate in sync.client-cert, me.pem" },
		{ "https://m/x", NULL, NULL, NULL, WEB_BROKEN, 0, "tlsv13 alert certificate required",
		  "https://m/x: tlsv13 alert certificate required; it may want a certificate of this node: sync.client-cert is not set" },
		{ "https://m/x", NULL, "ca.pem", NULL, WEB_UNTRUSTED, 0, "self-signed certificate",
		  "https://m/x: self-signed certificate; trusted is what sync.ca holds, ca.pem" },
		{ "https://m/x", NULL, NULL, NULL, WEB_UNTRUSTED, 0, "certificate has expired",
		  "https://m/x: certificate has expired; trusted is what this system trusts: sync.ca is not set" },
		{ "https://m/x", "me.pem", NULL, NULL, WEB_INVALID, 0, "could not load PEM client certificate",
		  "https://m/x: could not load PEM client certificate; see sync.ca, sync.client-cert and sync.client-key" },
		{ "https://m/x", NULL, NULL, "http://p:3128", WEB_UNREACHABLE, 0, "connection refused",
		  "https://m/x: connection refused (by way of sync.proxy, http://p:3128)" },
		{ "http://m/x", NULL, NULL, "http://p:3128", WEB_DONE, 502, "502 Bad Gateway",
		  "http://m/x: 502 Bad Gateway (by way of sync.proxy, http://p:3128)" },
		{ "http://m/x", NULL, NULL, "http://p:3128", WEB_DONE, 404, "404 Not Found", "http://m/x: 404 Not Found" },
		{ "file:///x", NULL, NULL, "http://p:3128", WEB_INVALID, 0, "Couldn't open file", "file:///x: Couldn't open file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct web_mirrors_settings settings = { .cert = rows[i].cert, .ca = rows[i].ca, .proxy = rows[i].proxy };
		struct web_response response = { .outcome = rows[i].outcome, .status = rows[i].status };
		struct err_note note;

		snprintf(response.text, sizeof response.text, "%s", rows[i].text);
		web_mirrors_explain(&settings, rows[i].url, &response, &note);
		assert_string_equal(note.text, rows[i].want);
	}
}

/* ---- files ---- */

static bool has(const struct web_peer *peer, const char *text)
{
	return strstr(peer->head, text) != NULL;
}

/* The first breaks off at cut_at and knows no parts, the second gives parts, the third has nothing. */
static bool answer(struct web_peer *peer)
{
	size_t which = (size_t)(peer->server - servers);
	char head[200];
	size_t begin = 0;
	char *range = strstr(peer->head, "Range: bytes=");

	if (which == 2 || has(peer, "/missing")) {
		web_say_text(peer, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
		return true;
	}
	if (which == 1 && range != NULL)
		begin = strtoul(range + 13, NULL, 10);
	if (begin > 0)
		snprintf(head, sizeof head, "HTTP/1.1 206 Partial Content\r\nContent-Length: %zu\r\nContent-Range: bytes %zu-%u/%u\r\n\r\n",
			 LEN - begin, begin, LEN - 1, LEN);
	else
		snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", LEN);
	web_say_text(peer, head);
	size_t end = which == 0 && cut_at != 0 ? cut_at : LEN;
	web_say(peer, content + begin, end - begin);
	return end == LEN;
}

static int start(void **state)
{
	static char texts[SERVERS][64];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < LEN; i++)
		content[i] = (char)(i * 7 >> 4);
	for (size_t i = 0; i < SERVERS; i++) {
		web_server_start(&servers[i], AF_INET, NULL, answer);
		snprintf(texts[i], sizeof texts[i], "http://127.0.0.1:%u", servers[i].port);
		urls[i] = texts[i];
	}
	cut_at = 0;
	mirrors = web_mirrors_new(&(struct web_mirrors_settings){ .urls = urls, .url_count = SERVERS, .patience_ms = 2000,
								  .deadline_ms = 20000 });
	assert_non_null(mirrors);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	web_mirrors_free(mirrors);
	for (size_t i = 0; i < SERVERS; i++)
		web_server_stop(&servers[i]);
	return 0;
}

struct got {
	char bytes[LEN];
	size_t len;
};

static int take(void *ctx, struct span piece)
{
	struct got *got = ctx;

	assert_true(got->len + piece.len <= LEN);
	memcpy(got->bytes + got->len, piece.at, piece.len);
	got->len += piece.len;
	return 0;
}

static struct web_mirrors_file ask(const char *name, uint64_t had, uint32_t avoid, struct got *got)
{
	struct web_mirrors_file file = {
		.name = name, .max_bytes = LEN, .had = had, .avoid = avoid, .take = take, .ctx = got,
	}, *files[] = { &file };

	memcpy(got->bytes, content, had);
	got->len = had;
	web_mirrors_get_all(mirrors, files, 1);
	return file;
}

static void test_files(void **state)
{
	static const struct {
		const char *name;
		uint64_t had, cut_at;
		uint32_t avoid, from;
		int err;
	} rows[] = {
		{ "targets/x", 0, 0, 0, 1, 0 },
		{ "targets/x", 100000, 0, 0, 1, 0 },		/* all comes again, and what was had is passed over */
		{ "targets/x", 100000, 0, 1, 2, 0 },
		{ "targets/x", 0, 150000, 0, 3, 0 },		/* the second goes on */
		{ "targets/x", 0, 0, 3, 0, ERR_UNKNOWN },	/* the third has nothing */
		{ "targets/x", 0, 0, 7, 0, -EIO },
		{ "targets/missing", 0, 0, 0, 0, ERR_UNKNOWN },
		{ "metadata/missing", 0, 0, 0, 0, ERR_UNKNOWN },
	};
	static struct got got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cut_at = rows[i].cut_at;
		web_mirrors_begin(mirrors, true, false);
		struct web_mirrors_file file = ask(rows[i].name, rows[i].had, rows[i].avoid, &got);

		assert_int_equal(file.err, rows[i].err);
		assert_int_equal(file.from, rows[i].from);
		if (rows[i].err == 0) {
			assert_int_equal(got.len, LEN);
			assert_memory_equal(got.bytes, content, LEN);
		}
	}
	/* Metadata that one has not is not looked for elsewhere: it is the other half of what that one says. */
	unsigned before = atomic_load(&servers[1].requests);
	ask("metadata/missing", 0, 0, &got);
	assert_int_equal(atomic_load(&servers[1].requests), before);
}

static unsigned anew;

static void forget(void *ctx)
{
	((struct got *)ctx)->len = 0;
	anew++;
}

/* What one began, another does not go on with, when the name does not say what is in it. */
static void test_anew(void **state)
{
	static struct got got;
	struct web_mirrors_file file = {
		.name = "metadata/x", .max_bytes = LEN, .take = take, .anew = forget, .ctx = &got,
	}, *files[] = { &file };

	(void)state;
	cut_at = 150000;
	web_mirrors_get_all(mirrors, files, 1);
	assert_int_equal(file.err, 0);
	assert_int_equal(file.from, 2);
	assert_int_equal(anew, 2);	/* asked once more, then the other one */
	assert_int_equal(got.len, LEN);
	assert_memory_equal(got.bytes, content, LEN);
}

static void test_table(void **state)
{
	struct web_mirrors_status status;
	static struct got got;

	(void)state;
	assert_int_equal(web_mirrors_current(mirrors), SERVERS);
	assert_string_equal(web_mirrors_last(mirrors), "");
	web_mirrors_blame(mirrors, 0, "nobody is meant");
	ask("targets/x", 0, 0, &got);
	assert_int_equal(web_mirrors_current(mirrors), 0);
	assert_string_equal(web_mirrors_last(mirrors), urls[0]);
	web_mirrors_blame(mirrors, 0, "damaged");
	web_mirrors_tell(mirrors, 0, &status);
	assert_int_equal(status.mirror.failures, 1);
	assert_string_equal(status.mirror.text, "damaged");
	assert_true(status.used && status.files == 1 && status.bytes == LEN);
	ask("targets/x", 0, 0, &got);
	assert_int_equal(web_mirrors_current(mirrors), 1);
	web_mirrors_tell(mirrors, 0, &status);
	assert_false(status.used);
	/* Those in turn: not who rests, nor who is followed. */
	assert_int_equal(web_mirrors_turn(mirrors, 0), 2);
	assert_int_equal(web_mirrors_turn(mirrors, 4), SERVERS);
	web_mirrors_begin(mirrors, true, false);
	assert_int_equal(web_mirrors_turn(mirrors, 4), 0);
	/* One that is preferred comes first, until it is blamed. */
	web_mirrors_prefer(mirrors, 1);
	ask("targets/x", 0, 0, &got);
	assert_int_equal(web_mirrors_current(mirrors), 1);
	web_mirrors_blame(mirrors, 2, "it lied");
	ask("targets/x", 0, 0, &got);
	assert_int_equal(web_mirrors_current(mirrors), 0);
	web_mirrors_praise(mirrors);
	web_mirrors_tell(mirrors, 0, &status);
	assert_int_equal(status.mirror.failures, 0);
	web_mirrors_stop(mirrors);
	assert_int_equal(ask("targets/x", 0, 0, &got).err, -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory), cmocka_unit_test(test_words),
		cmocka_unit_test_setup_teardown(test_files, start, stop),
		cmocka_unit_test_setup_teardown(test_anew, start, stop),
		cmocka_unit_test_setup_teardown(test_table, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
