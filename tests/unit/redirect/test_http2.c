/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to answers: each row whole, byte by byte and in two parts at every position, always with the same result. */
#include "tests/unit/redirect/http2_kit.h"

#define TO "https://fra1.content.example.org"
#define PAGE "1:302=" TO "/a 1+. "
#define DL ":method=GET|:scheme=https|:authority=dl.example.org|:path=/a"
#define BAD400 "1:400 1+. idle"

/* script: behind the preface and an empty SETTINGS, unless it begins with "!". said: behind "settings ack ". */
struct row {
	const char *script, *said;
};

static const struct row rows[] = {
	/* plain requests */
	{ "", "idle" },
	{ "H1.(GET/a)", PAGE "idle" },
	{ "H1.(GET/a) H3.(GET/a) H7.(GET/a)", PAGE "3:302=" TO "/a 3+. 7:302=" TO "/a 7+. idle" },
	{ "H1.(:method=HEAD|:scheme=https|:authority=dl.example.org|:path=/a)", "1.302=" TO "/a idle" },
	{ "H1.(:path=/a|:authority=dl.example.org|:scheme=https|:method=GET|user-agent=t|accept=*/*)", PAGE "idle" },
	{ "H1.(:method=GET|:scheme=https|:path=/a|host=dl.example.org)", PAGE "idle" },
	{ "H1.(" DL "|host=DL.example.org)", PAGE "idle" },
	{ "H1.(" DL "|te=trailers|cookie=a=b|cookie=c=d)", PAGE "idle" },
	{ "H1.(:method=GET|:scheme=HTTPS|:authority=DL.Example.ORG.:443|:path=/a)", PAGE "idle" },
	{ "H1.(GET/none)", "1.200 idle" },
	{ "H1.(:method=OPTIONS|:scheme=https|:authority=dl.example.org|:path=*)", "1.204 idle" },
	{ "H1.(:method=OPTIONS|:scheme=https|:authority=dl.example.org|:path=/a)", "1.204 idle" },
	{ "H1.(:method=GET|:scheme=https|:authority=other.example|:path=/)", "1:421 1+. idle" },
	{ "H1.(:method=GET|:scheme=http|:authority=dl.example.org|:path=/)", "1:421 1+. idle" },
	{ "H1.(:method=CONNECT|:authority=dl.example.org:443)", "1:405 1+. idle" },
	{ "H1.(:method=TRACE|:scheme=https|:authority=dl.example.org|:path=/)", "1:405 1+. idle" },
	{ "H1.(:method=DELETE|:scheme=https|:authority=dl.example.org|:path=/)", "1:405 1+. idle" },
	{ "H1.(:method=BREW|:scheme=https|:authority=dl.example.org|:path=/)", "1:501 1+. idle" },
	{ "H1.(:method=POST|:scheme=https|:authority=w.example.org|:path=/a)",
	  "1:307=https://origin.example.org/a 1+. idle" },
	{ "H1.(" DL "|expect=more)", "1:417 1+. idle" },
	/* padding and priority */
	{ "F:1:45:1:00", "goaway:1 close" }, /* five bytes of priority that are not there */
	{ "F:1:37:1:", "goaway:1 close" },
	{ "F:1:13:1:05", "goaway:1 close" },
	{ "F:1:13:1:", "goaway:1 close" },
	/* bodies */
	{ "H1:(" DL ") D1.4", "1:302=" TO "/a 1+. idle" },
	{ "H1:(" DL "|content-length=4) D1.4", "1:302=" TO "/a 1+. idle" },
	{ "H1:(" DL "|content-length=4) D1:2 D1.2", "1:302=" TO "/a 1+. idle" },
	{ "H1:(" DL "|content-length=4) D1.3", "1:302=" TO "/a 1+. 1!1 idle" },
	{ "H1:(" DL "|content-length=4) D1:5", "1:302=" TO "/a 1+. 1!1 idle" },
	{ "H1.(" DL "|content-length=4)", "1!1 idle" },
	{ "H1.(" DL "|content-length=0)", PAGE "idle" },
	{ "H1:(" DL "|content-length=x)", "1!1 idle" },
	{ "H1.(" DL "|content-length=)", "1!1 idle" },
	{ "H1:(" DL "|content-length=1|content-length=1)", "1!1 idle" },
	{ "H1:(" DL "|content-length=18446744073709551616)", "1!1 idle" },
	{ "H1:(:method=POST|:scheme=https|:authority=dl.example.org|:path=/a|content-length=70000) D1:16384",
	  "1:405 1+. open" },
	{ "H1:(:method=POST|:scheme=https|:authority=dl.example.org|:path=/a|content-length=70000) D1:16384 D1:16384 "
	  "D1:16384 D1:16384 D1:100",
	  "1:405 1+. 0^32768 1^32768 0^32768 1^32768 1!0 idle" },
	{ "H1:(" DL "|content-length=70000)", "1:413 1+. open" },
	{ "H1:(" DL "|expect=100-continue|content-length=3)", "1:302=" TO "/a 1+. 1!0 idle" },
	{ "H1:(" DL ") D1:9", "1:302=" TO "/a 1+. open" },
	{ "H1:(" DL ") D1:16384 D1:16384 D1:16384 D1.16384", "1:302=" TO "/a 1+. 0^32768 1^32768 0^32768 idle" },
	{ "H1:(" DL ") D1:16384 D1:16384 D1:16384 D1:16384 D1.9",
	  "1:302=" TO "/a 1+. 0^32768 1^32768 0^32768 1^32768 1!0 idle" },
	{ "H1:(" DL ") F:0:9:1:0301020300000000", "1:302=" TO "/a 1+. idle" },
	{ "H1:(" DL ") F:0:9:1:080102", "1:302=" TO "/a 1+. goaway:1 close" },
	{ "H1:(" DL ") F:0:8:1:", "1:302=" TO "/a 1+. goaway:1 close" },
	{ "H1:(" DL ") F:0:9:1:00", "1:302=" TO "/a 1+. idle" },
	/* trailers */
	{ "H1:(" DL ") D1:3 H1.(x-sum=1)", "1:302=" TO "/a 1+. idle" },
	{ "H1:(" DL ") H1:(x-sum=1)", "1:302=" TO "/a 1+. 1!1 idle" },
	{ "H1:(" DL ") H1.(:path=/)", "1:302=" TO "/a 1+. 1!1 idle" },
	{ "H1:(" DL "|content-length=4) D1:3 H1.(x-sum=1)", "1:302=" TO "/a 1+. 1!1 idle" },
	/* malformed: RFC 9113, 8.1.1 */
	{ "H1.(:scheme=https|:authority=dl.example.org|:path=/)", "1!1 idle" },
	{ "H1.(:method=GET|:authority=dl.example.org|:path=/)", "1!1 idle" },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org)", "1!1 idle" },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org|:path=)", "1!1 idle" },
	{ "H1.(" DL "|:path=/b)", "1!1 idle" },
	{ "H1.(:method=GET|" DL ")", "1!1 idle" },
	{ "H1.(" DL "|:authority=dl.example.org)", "1!1 idle" },
	{ "H1.(" DL "|:status=200)", "1!1 idle" },
	{ "H1.(" DL "|:protocol=websocket)", "1!1 idle" },
	{ "H1.(x=y|" DL ")", "1!1 idle" },
	{ "H1.(:method=GET|:scheme=https|x=y|:authority=dl.example.org|:path=/a)", "1!1 idle" },
	{ "H1.(" DL "|X=y)", "1!1 idle" },
	{ "H1.(" DL "|x y=z)", "1!1 idle" },
	{ "H1.(" DL "|x\xc3=z)", "1!1 idle" },
	{ "H1.(" DL "|x=a\\rb)", "1!1 idle" },
	{ "H1.(" DL "|x=a\\nb)", "1!1 idle" },
	{ "H1.(" DL "|x=a\\0b)", "1!1 idle" },
	{ "H1.(" DL "|x= a)", "1!1 idle" },
	{ "H1.(" DL "|x=a )", "1!1 idle" },
	{ "H1.(" DL "|x=\x7f)", "1!1 idle" },
	{ "H1.(" DL "|x=\xc3\xa9 ok)", PAGE "idle" },
	{ "H1.(" DL "|connection=close)", "1!1 idle" },
	{ "H1.(" DL "|keep-alive=5)", "1!1 idle" },
	{ "H1.(" DL "|proxy-connection=x)", "1!1 idle" },
	{ "H1.(" DL "|transfer-encoding=chunked)", "1!1 idle" },
	{ "H1.(" DL "|upgrade=h2c)", "1!1 idle" },
	{ "H1.(" DL "|te=gzip)", "1!1 idle" },
	{ "H1.(" DL "|te=trailers, gzip)", "1!1 idle" },
	{ "H1.(" DL "|host=a|host=a)", "1!1 idle" },
	{ "H1.(:method=CONNECT|:scheme=https|:authority=dl.example.org:443|:path=/)", "1!1 idle" },
	{ "F:1:5:1:82878400000141", "1!1 idle" }, /* an empty name */
	/* 400, as in HTTP/1 */
	{ "H1.(" DL "|host=evil.example)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:path=/a)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=|:path=/a)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=u@dl.example.org|:path=/a)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org:99999|:path=/a)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org\\evil|:path=/a)", BAD400 },
	{ "H1.(:method=GET|:scheme=gopher|:authority=dl.example.org|:path=/a)", BAD400 },
	{ "H1.(:method=G T|:scheme=https|:authority=dl.example.org|:path=/a)", BAD400 },
	{ "H1.(:method=|:scheme=https|:authority=dl.example.org|:path=/a)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org|:path=a)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org|:path=*)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org|:path=https://evil.example/)", BAD400 },
	{ "H1.(:method=GET|:scheme=https|:authority=dl.example.org|:path=?x)", BAD400 },
	{ "H1.(GET/a b)", BAD400 },
	{ "H1.(GET/%0d%0aSet-Cookie:x)", BAD400 },
	{ "H1.(GET/\xc3\xa9)", BAD400 },
	{ "H1.(GET/a#b)", BAD400 },
	{ "H1.(GET//evil.example)", "1:302=" TO "/evil.example 1+. idle" },
	{ "H1.(:method=CONNECT|:authority=dl.example.org)", BAD400 },
	/* streams */
	{ "H2.(GET/a)", "goaway:1 close" },
	{ "H0.(GET/a)", "goaway:1 close" },
	{ "H3.(GET/a) H1.(GET/a)", "3:302=" TO "/a 3+. goaway:5 close" },
	{ "H1.(GET/a) H1.(GET/a)", PAGE "goaway:5 close" },
	{ "H1.(GET/a) D1.3", PAGE "1!5 idle" },
	{ "D1.3", "goaway:1 close" },
	{ "D0.3", "goaway:1 close" },
	{ "H1.(GET/a) D2:3", PAGE "goaway:1 close" },
	{ "F:3:0:1:00000008", "goaway:1 close" },
	{ "F:3:0:0:00000008", "goaway:1 close" },
	{ "H1.(GET/a) F:3:0:1:00000008", PAGE "idle" },
	{ "H1:(GET/a) F:3:0:1:00000008 D1.3", PAGE "1!5 idle" },
	{ "H1.(GET/a) F:3:0:1:000008", PAGE "goaway:6 close" },
	/* header blocks */
	{ "H1-.(:method=GET|:scheme=https) C1-(:authority=dl.example.org) C1(:path=/a)", PAGE "idle" },
	{ "H1-.(GET/a) C1", PAGE "idle" },
	{ "H1-.(GET/a) C3", "goaway:1 close" },
	{ "H1-.(GET/a) S", "goaway:1 close" },
	{ "H1-.(GET/a) F:0:0:1:", "goaway:1 close" },
	{ "H1-.(GET/a) H3.(GET/a)", "goaway:1 close" },
	{ "C1(GET/a)", "goaway:1 close" },
	{ "H1-.(GET/a) C1- C1- C1- C1- C1- C1- C1- C1", PAGE "idle" },
	{ "H1-.(GET/a) C1- C1- C1- C1- C1- C1- C1- C1- C1", "goaway:11 close" },
	{ "F:1:5:1:ff", "goaway:9 close" },
	{ "F:1:5:1:82878480", "goaway:9 close" },
	{ "F:1:5:1:828784be", "goaway:9 close" },
	{ "F:1:5:1:0085ffffffffff00", "goaway:9 close" },
	{ "F:1:5:1:3fffff7f", "goaway:9 close" },
	{ "F:1:5:1:", "1!1 idle" },
	/* SETTINGS */
	{ "S S", "ack ack idle" },
	{ "F:4:1:0:", "idle" },
	{ "F:4:1:0:000300000064", "goaway:6 close" },
	{ "F:4:0:1:", "goaway:1 close" },
	{ "F:4:0:0:0003000000", "goaway:6 close" },
	{ "F:4:0:0:000200000002", "goaway:1 close" },
	{ "F:4:0:0:000480000000", "goaway:3 close" },
	{ "F:4:0:0:000500003fff", "goaway:1 close" },
	{ "F:4:0:0:000501000000", "goaway:1 close" },
	{ "F:4:0:0:000900000002", "goaway:1 close" },
	{ "F:4:0:0:00ff00000002", "ack idle" },
	{ "F:4:0:0:000100000000 H1.(GET/a) H3.(GET/a)", "ack " PAGE "3:302=" TO "/a 3+. idle" },
	{ "H1.(GET/a) F:4:0:0:000100000000 H3.(GET/a)", PAGE "ack 3:302=" TO "/a 3+. idle" },
	/* PING, WINDOW_UPDATE, PRIORITY, GOAWAY, PUSH_PROMISE, unknown */
	{ "F:6:0:0:0102030405060708", "pong idle" },
	{ "F:6:1:0:0102030405060708", "idle" },
	{ "F:6:0:0:01020304050607", "goaway:6 close" },
	{ "F:6:0:1:0102030405060708", "goaway:1 close" },
	{ "F:8:0:0:00000001", "idle" },
	{ "F:8:0:0:00000000", "goaway:1 close" },
	{ "F:8:0:0:7fffffff", "goaway:3 close" },
	{ "F:8:0:0:000001", "goaway:6 close" },
	{ "F:8:0:1:00000001", "goaway:1 close" },
	{ "H1:(GET/a) F:8:0:1:00000000", PAGE "1!1 idle" },
	{ "H1:(GET/a) F:8:0:1:7fffffff", PAGE "1!3 idle" },
	{ "F:2:0:3:0000000010", "idle" },
	{ "F:2:0:0:0000000010", "goaway:1 close" },
	{ "F:2:0:3:00000010", "goaway:6 close" },
	{ "F:7:0:0:0000000000000000", "close" },
	{ "H1:(GET/a) F:7:0:0:0000000000000000 D1.3", PAGE "close" },
	{ "F:7:0:1:0000000000000000", "goaway:1 close" },
	{ "F:7:0:0:00", "goaway:6 close" },
	{ "F:5:4:1:00000002", "goaway:1 close" },
	{ "F:16:0:0:00000001", "idle" },
	{ "F:250:255:77:000102030405 F:11:0:0:", "idle" },
	/* sizes and beginnings */
	{ "X:004001000000000001", "goaway:6 close" },
	{ "X:ffffff000000000001", "goaway:6 close" },
	{ "!P H1.(GET/a)", "settings goaway:1 close" },
	{ "!P F:6:0:0:0102030405060708", "settings goaway:1 close" },
	{ "!P F:4:1:0:", "settings goaway:1 close" },
	{ "!X:474554202f20485454502f312e310d0a", "goaway:1 close" },
	{ "!X:16030100", "goaway:1 close" },
	{ "!X:5052", "open" },
};

static const char *run_row(const struct row *row, const struct redirect_sites *sites, size_t cut, bool bytewise)
{
	static struct h2_bytes bytes;
	static char said[4096];
	struct h2 *h2 = h2_open(sites);

	h2->brief = true;
	bytes.len = 0;
	if (row->script[0] != '!')
		h2_script(&bytes, "P S");
	h2_script(&bytes, row->script + (row->script[0] == '!'));
	for (size_t at = 0; bytewise && at < bytes.len; at++)
		h2_feed(h2, bytes.at + at, 1);
	if (!bytewise && cut < bytes.len) {
		h2_feed(h2, bytes.at, cut);
		h2_feed(h2, bytes.at + cut, bytes.len - cut);
	} else if (!bytewise) {
		h2_feed(h2, bytes.at, bytes.len);
	}
	const char *text = h2_said(h2);
	const char *skipped = row->script[0] == '!' ? "" : "settings ack ";

	assert_memory_equal(text, skipped, strlen(skipped));
	snprintf(said, sizeof said, "%s", text + strlen(skipped));
	h2_close(h2);
	return said;
}

static void answers(void **state)
{
	struct redirect_sites *sites = h2_sites();
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++) {
		const char *said = run_row(&rows[i], sites, SIZE_MAX, false);

		if (strcmp(said, rows[i].said) != 0) {
			print_error("%s\n\tsaid     %s\n\texpected %s\n", rows[i].script, said, rows[i].said);
			wrong++;
			continue;
		}
		assert_string_equal(run_row(&rows[i], sites, 0, true), rows[i].said);
		for (size_t cut = 1; cut < 120; cut++)
			assert_string_equal(run_row(&rows[i], sites, cut, false), rows[i].said);
	}
	assert_int_equal(wrong, 0);
	redirect_sites_free(sites);
}

/* ---- limits ---- */

/* before once, then words until the connection ends, at most most times. Returns how often. */
static unsigned flood(struct h2 *h2, const char *before, const char *words, unsigned most)
{
	static struct h2_bytes bytes;
	unsigned count = 0;

	bytes.len = 0;
	h2_script(&bytes, "P S");
	h2_script(&bytes, before);
	h2_feed(h2, bytes.at, bytes.len);
	while (count < most && !h2->close) {
		char word[512];
		size_t used = 0;

		/* Streams 3, 5, 7, … where it says "@". */
		for (const char *at = words; *at != '\0'; at++) {
			if (*at == '@')
				used += (size_t)snprintf(word + used, sizeof word - used, "%u", 2 * count + 3);
			else
				word[used++] = *at;
		}
		word[used] = '\0';
		bytes.len = 0;
		h2_script(&bytes, word);
		h2_feed(h2, bytes.at, bytes.len);
		count++;
	}
	return count;
}

static void floods(void **state)
{
	static const struct {
		const char *before, *words;
		enum redirect_http2_goaway why;
		unsigned least, most; /* times it is let through */
	} table[] = {
		{ "", "H@.(GET/a) F:3:0:@:00000008", REDIRECT_HTTP2_RESETS, 150, 250 },
		{ "", "H@:(GET/a) F:3:0:@:00000008", REDIRECT_HTTP2_RESETS, 150, 250 },
		{ "", "H@.(GET/a|X=y)", REDIRECT_HTTP2_RESETS, 100, 102 },
		{ "", "H@:(GET/a|X=y)", REDIRECT_HTTP2_RESETS, 100, 102 },
		{ "H1.(GET/a)", "D1:40", REDIRECT_HTTP2_RESETS, 100, 102 },
		{ "", "F:6:0:0:0102030405060708", REDIRECT_HTTP2_CONTROL, 50, 52 },
		{ "", "F:6:1:0:0102030405060708", REDIRECT_HTTP2_CONTROL, 50, 52 },
		{ "", "S", REDIRECT_HTTP2_CONTROL, 19, 21 },
		{ "", "F:4:1:0:", REDIRECT_HTTP2_CONTROL, 19, 21 },
		{ "", "F:8:0:0:00000001", REDIRECT_HTTP2_CONTROL, 400, 402 },
		{ "H1:(GET/a)", "F:8:0:1:00000001", REDIRECT_HTTP2_CONTROL, 400, 410 },
		{ "", "F:2:0:1:0000000010", REDIRECT_HTTP2_CONTROL, 200, 202 },
		{ "", "F:16:0:0:0000000175", REDIRECT_HTTP2_CONTROL, 200, 202 },
		{ "", "F:99:0:@:", REDIRECT_HTTP2_CONTROL, 200, 202 },
		{ "H1:(GET/a)", "F:7:0:0:0000000000000000", REDIRECT_HTTP2_CONTROL, 200, 210 },
		{ "H1:(GET/a)", "D1:0", REDIRECT_HTTP2_EMPTY, 100, 110 },
		{ "H1:(GET/a)", "D1:1", REDIRECT_HTTP2_EMPTY, 100, 110 },
		{ "H1:(GET/a)", "F:0:8:1:0401020304", REDIRECT_HTTP2_EMPTY, 100, 110 },
		/* The 101st stream of bodies that never end is refused; so many refusals end it. */
		{ "", "H@:(GET/a)", REDIRECT_HTTP2_RESETS, 250, 310 },
	};
	struct redirect_sites *sites = h2_sites();

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(table); i++) {
		struct h2 *h2 = h2_open(sites);
		unsigned count = flood(h2, table[i].before, table[i].words, 1000);

		if (!h2->close || count < table[i].least || count > table[i].most || h2->goaway != table[i].why)
			fail_msg("%s: %u times, %s, reason %d", table[i].words, count, h2->close ? "closed" : "open",
				 (int)h2->goaway);
		assert_non_null(strstr(h2_said(h2), "goaway:11 close"));
		h2_close(h2);
	}
	redirect_sites_free(sites);
}

/* What a browser does for hours never comes near a limit. */
static void long_life(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);

	(void)state;
	assert_int_equal(
		flood(h2, "", "H@.(GET/a) F:8:0:0:00001000 F:6:0:0:0102030405060708 F:2:0:@:0000000010", 3000), 3000);
	assert_int_equal(h2->answered, 3000);
	assert_false(h2->close);
	assert_true(redirect_http2_idle(&h2->http));
	h2_close(h2);
	redirect_sites_free(sites);
}

static size_t put_big_head(struct h2_bytes *bytes, size_t count, size_t each, bool continued)
{
	static struct h2_bytes payload;
	char name[32], *value = mem_alloc(each + 1);

	payload.len = 0;
	memset(value, 'v', each);
	h2_fields(&payload, "GET/a", 5);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "x-%zu", i);
		h2_literal(&payload, name, strlen(name), value, each);
	}
	mem_free(value);
	size_t first = payload.len < 16384 ? payload.len : 16384;
	h2_frame(bytes, 1, first == payload.len ? 5 : 1, 1, payload.at, first);
	for (size_t at = first; continued && at < payload.len; at += 16384) {
		size_t part = payload.len - at < 16384 ? payload.len - at : 16384;

		h2_frame(bytes, 9, at + part == payload.len ? 4 : 0, 1, payload.at + at, part);
	}
	return payload.len;
}

static void large_heads(void **state)
{
	static const struct {
		size_t count, each;
		const char *said;
	} table[] = {
		{ 95, 20, "settings ack 1:302=" TO "/a 1+. idle" },
		{ 3, 5000, "settings ack 1:302=" TO "/a 1+. idle" },
		{ 4, 5000, "settings ack 1:431 1+. idle" },
		{ 120, 20, "settings ack 1:431 1+. idle" },
		{ 8, 5000, "settings ack 1:431 1+. idle" },
		{ 11, 5000, "settings ack goaway:11 close" },
		{ 500, 2, "settings ack goaway:11 close" },
	};
	struct redirect_sites *sites = h2_sites();
	static struct h2_bytes bytes;

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(table); i++) {
		struct h2 *h2 = h2_open(sites);

		h2->brief = true;
		bytes.len = 0;
		h2_script(&bytes, "P S");
		put_big_head(&bytes, table[i].count, table[i].each, true);
		for (size_t at = 0; at < bytes.len; at += 7000)
			h2_feed(h2, bytes.at + at, bytes.len - at < 7000 ? bytes.len - at : 7000);
		assert_string_equal(h2_said(h2), table[i].said);
		h2_close(h2);
	}
	redirect_sites_free(sites);
}

/* One entry in the table, then thousands of bytes that name it. */
static void header_bomb(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);
	static struct h2_bytes bytes, payload;
	static uint8_t value[3800];

	(void)state;
	bytes.len = payload.len = 0;
	memset(value, 'v', sizeof value);
	h2_script(&bytes, "P S");
	h2_put(&payload,
	       "\x82\x87\x84\x41\x0e"
	       "dl.example.org"
	       "\x40\x01x\x7f\xd9\x1c",
	       25);
	h2_put(&payload, value, sizeof value);
	for (int i = 0; i < 12000; i++)
		h2_put(&payload, "\xbe", 1);
	h2_frame(&bytes, 1, 5, 1, payload.at, payload.len);
	h2_feed(h2, bytes.at, bytes.len);
	assert_string_equal(h2_said(h2), "settings ack goaway:11 close");
	assert_int_equal(h2->goaway, REDIRECT_HTTP2_HEADERS);
	h2_close(h2);
	redirect_sites_free(sites);
}

/* Paths around the limit of a request line. */
static void long_paths(void **state)
{
	struct redirect_sites *sites = h2_sites();
	static struct h2_bytes bytes, payload;

	(void)state;
	for (size_t len = REDIRECT_LINE_MAX - 20; len < REDIRECT_LINE_MAX + 5; len++) {
		struct h2 *h2 = h2_open(sites);
		char *path = mem_alloc(len + 1);

		memset(path, 'p', len);
		path[0] = '/';
		bytes.len = payload.len = 0;
		h2_script(&bytes, "P S");
		h2_literal(&payload, ":path", 5, path, len);
		h2_fields(&payload, ":method=GET|:scheme=https|:authority=dl.example.org", 51);
		h2_frame(&bytes, 1, 5, 1, payload.at, payload.len);
		h2_feed(h2, bytes.at, bytes.len);
		/* "GET PATH HTTP/1.1" and CRLF */
		assert_non_null(strstr(h2_said(h2), len + 15 <= REDIRECT_LINE_MAX ? "1:302=" : "1:414 "));
		mem_free(path);
		h2_close(h2);
	}
	redirect_sites_free(sites);
}

/* ---- windows ---- */

static void script(struct h2 *h2, const char *words)
{
	static struct h2_bytes bytes;

	bytes.len = 0;
	h2_script(&bytes, words);
	h2_feed(h2, bytes.at, bytes.len);
}

static size_t sum(const char *said, unsigned id)
{
	char word[16];
	size_t total = 0;

	snprintf(word, sizeof word, "%u+", id);
	for (const char *at = said; (at = strstr(at, word)) != NULL; at++)
		if (at == said || at[-1] == ' ')
			total += strtoul(at + strlen(word), NULL, 10);
	return total;
}

static void windows(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);

	(void)state;
	/* A window of 1000 bytes for each stream, then more of it, then less than nothing. */
	script(h2, "P F:4:0:0:0004000003e8 H1.(GET/big)");
	assert_int_equal(sum(h2_said(h2), 1), 1000);
	script(h2, "F:8:0:1:000003e8");
	assert_int_equal(sum(h2_said(h2), 1), 2000);
	script(h2, "F:4:0:0:00040000ffff");
	assert_int_equal(sum(h2_said(h2), 1), 2000 + 65535 - 1000 > H2_FILE ? H2_FILE : 0);
	assert_true(redirect_http2_idle(&h2->http));
	/* The connection's window is what is left of 65535. */
	script(h2, "H3.(GET/big)");
	assert_int_equal(sum(h2_said(h2), 3), 65535 - H2_FILE);
	assert_false(redirect_http2_idle(&h2->http));
	script(h2, "F:8:0:0:00000001");
	assert_int_equal(sum(h2_said(h2), 3), 65536 - H2_FILE);
	script(h2, "F:4:0:0:000400000001 F:8:0:0:00100000");
	assert_int_equal(sum(h2_said(h2), 3), 65536 - H2_FILE); /* its own is below zero now */
	script(h2, "F:8:0:3:00010000");
	assert_int_equal(sum(h2_said(h2), 3), H2_FILE);
	/* A reset forgets what is left. */
	script(h2, "H5.(GET/big) H7.(GET/none)");
	assert_int_equal(sum(h2_said(h2), 5), 1);
	assert_non_null(strstr(h2_said(h2), "7.200 open"));
	script(h2, "F:3:0:5:00000008");
	assert_non_null(strstr(h2_said(h2), "idle"));
	assert_int_equal(h2->answered, 4);
	h2_close(h2);
	redirect_sites_free(sites);
}

/* Files that nobody takes: bounded, then the end. */
static void untaken(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);
	unsigned count = 0;

	(void)state;
	script(h2, "P F:4:0:0:000400000000");
	while (!h2->close && count < REDIRECT_HTTP2_STREAMS_MAX) {
		char word[64];

		snprintf(word, sizeof word, "H%u.(GET/big)", 2 * count++ + 1);
		script(h2, word);
	}
	assert_int_equal(count, REDIRECT_HTTP2_HELD_MAX / H2_FILE + 1);
	assert_int_equal(h2->goaway, REDIRECT_HTTP2_UNTAKEN);
	assert_non_null(strstr(h2_said(h2), "goaway:11 close"));
	h2_close(h2);
	redirect_sites_free(sites);
}

/* The same of many connections together: each may keep less then, and all is given back in the end. */
static void untaken_by_many(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);

	(void)state;
	h2->env.http2_held = REDIRECT_HTTP2_HELD_ALL;
	script(h2, "P F:4:0:0:000400000000 H1.(GET/big) H3.(GET/big)");
	assert_false(h2->close);
	assert_int_equal(h2->env.http2_held, REDIRECT_HTTP2_HELD_ALL + 2 * H2_FILE);
	script(h2, "F:3:0:1:00000008 H5.(GET/big) H7:(GET/none)");
	assert_false(h2->close);
	assert_int_equal(h2->env.http2_held, REDIRECT_HTTP2_HELD_ALL + 2 * H2_FILE);
	script(h2, "H9.(GET/big)");
	assert_true(h2->close);
	assert_int_equal(h2->goaway, REDIRECT_HTTP2_UNTAKEN);
	assert_int_equal(h2->env.http2_held, REDIRECT_HTTP2_HELD_ALL);
	h2_close(h2);
	redirect_sites_free(sites);
}

/* The least room: what does not fit is kept and follows. */
static void little_room(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);

	(void)state;
	h2->out_size = REDIRECT_HTTP2_OUT_MIN;
	script(h2, "P F:4:0:0:000400100000 F:8:0:0:00100000 H1.(GET/big) H3.(GET/a) H5.(GET/big) H7.(GET/big)");
	const char *said = h2_said(h2);
	assert_int_equal(sum(said, 1), H2_FILE);
	assert_int_equal(sum(said, 5), H2_FILE);
	assert_int_equal(sum(said, 7), H2_FILE);
	assert_non_null(strstr(said, " 3+1"));
	assert_int_equal(h2->answered, 4);
	assert_true(redirect_http2_idle(&h2->http));
	h2_close(h2);
	redirect_sites_free(sites);
}

/* ---- waiting, leaving ---- */

#define ASK(id) "H" id ".(:method=GET|:scheme=https|:authority=p.example.org|:path=/x" id "|user-agent=ua" id ")"

static void presence(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);

	(void)state;
	h2->brief = true;
	h2->presence = REDIRECT_PRESENT_SOON;
	script(h2, "P S " ASK("1") " " ASK("3") " H5.(GET/a) " ASK("7"));
	assert_string_equal(h2_said(h2), "settings ack 5:302=" TO "/a 5+. open");
	assert_true(h2->waiting);
	assert_int_equal(h2->answered, 1);
	script(h2, "F:3:0:3:00000008");
	h2->presence = REDIRECT_PRESENT;
	h2_feed(h2, NULL, 0);
	assert_string_equal(h2_said(h2),
			    "settings ack 5:302=" TO "/a 5+. 1:302=" TO "/x1 1+. 7:302=" TO "/x7 7+. idle");
	assert_false(h2->waiting);
	assert_int_equal(h2->answered, 3);
	assert_non_null(strstr(h2->last, " 302 "));
	assert_non_null(strstr(h2->last, " ua7"));
	/* One that is waiting when the connection goes. */
	h2->presence = REDIRECT_PRESENT_SOON;
	script(h2, ASK("9"));
	assert_true(h2->waiting);
	h2_close(h2);
	redirect_sites_free(sites);
}

/* More answers at once than there is room for, and no window for their pages: all are given nevertheless. */
static void presence_of_many(void **state)
{
	enum { COUNT = 40, PATH = 3000 };
	static const char before[] = ":method=GET|:scheme=https|:authority=p.example.org|:path=/";
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);
	static struct h2_bytes bytes, payload;
	static char fields[sizeof before + PATH];

	(void)state;
	memset(fields, 'x', sizeof fields - 1);
	memcpy(fields, before, sizeof before - 1);
	h2->presence = REDIRECT_PRESENT_SOON;
	script(h2, "P F:4:0:0:000400100000 H1.(GET/big) H3.(GET/big)");
	for (uint32_t i = 0; i < COUNT; i++) {
		bytes.len = payload.len = 0;
		h2_fields(&payload, fields, sizeof fields - 1);
		h2_frame(&bytes, 1, 5, 2 * i + 5, payload.at, payload.len);
		h2_feed(h2, bytes.at, bytes.len);
	}
	assert_int_equal(h2->answered, 2);
	h2->presence = REDIRECT_PRESENT;
	h2_feed(h2, NULL, 0);
	assert_int_equal(h2->answered, 2 + COUNT);
	assert_false(h2->waiting);
	h2_close(h2);
	redirect_sites_free(sites);
}

static void leaving(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);
	static uint8_t out[REDIRECT_HTTP2_OUT_MIN];

	(void)state;
	/* Before the preface there is nothing to say. */
	assert_int_equal(redirect_http2_goodbye(&h2->http, out, sizeof out), 0);
	script(h2, "P S H1.(GET/a)");
	assert_int_equal(redirect_http2_goodbye(&h2->http, out, sizeof out), 17);
	assert_memory_equal(out, "\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0", 17);
	assert_int_equal(redirect_http2_goodbye(&h2->http, out, sizeof out), 0);
	h2_close(h2);

	/* The node goes down: what was begun is finished, what comes later is not for us. */
	h2 = h2_open(sites);
	script(h2, "P S H1:(GET/a) H3.(GET/big)");
	h2->env.closing = true;
	script(h2, "H5:(GET/a)");
	assert_false(h2->close);
	assert_int_equal(h2->goaway, REDIRECT_HTTP2_GRACEFUL);
	size_t before = h2->all_len;
	script(h2, "H7:(GET/a) D7:40 H9.(GET/a) D1.5");
	assert_int_equal(h2->all_len, before);
	assert_false(h2->close);
	script(h2, "D5.0");
	assert_true(h2->close);
	assert_int_equal(h2->answered, 3);
	h2_close(h2);

	/* With nothing open it ends with its answer. */
	h2 = h2_open(sites);
	h2->brief = h2->env.closing = true;
	script(h2, "P S H1.(GET/a)");
	assert_string_equal(h2_said(h2), "settings ack " PAGE "goaway:0 close");
	h2_close(h2);

	/* However its bytes come: a preface by itself is not sent away before its request was answered. */
	h2 = h2_open(sites);
	h2->brief = h2->env.closing = true;
	script(h2, "P S");
	assert_int_equal(h2->goaway, REDIRECT_HTTP2_NOT_GONE);
	assert_false(h2->close);
	script(h2, "H1.(GET/a)");
	assert_true(h2->close);
	assert_int_equal(h2->goaway, REDIRECT_HTTP2_GRACEFUL);
	assert_int_equal(h2->answered, 1);
	h2_close(h2);
	redirect_sites_free(sites);
}

/* ---- nghttp2's own client ---- */

struct peer {
	unsigned closed, good, bad;
	size_t body;
};

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *ctx)
{
	struct peer *peer = ctx;

	(void)session;
	(void)id;
	peer->closed++;
	peer->bad += error != NGHTTP2_NO_ERROR;
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *ctx)
{
	struct peer *peer = ctx;

	(void)session;
	(void)frame;
	(void)flags;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0)
		peer->good += value_len == 3 && (memcmp(value, "302", 3) == 0 || memcmp(value, "200", 3) == 0);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *ctx)
{
	(void)session;
	(void)flags;
	(void)id;
	(void)data;
	((struct peer *)ctx)->body += len;
	return 0;
}

#define NV(name, value)                                                                                              \
	{                                                                                                            \
		(uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, sizeof(value) - 1, 0  \
	}

static void pump(struct h2 *h2, nghttp2_session *client)
{
	const uint8_t *bytes;
	ssize_t len;
	size_t heard = h2->all_len;

	do {
		while ((len = nghttp2_session_mem_send(client, &bytes)) > 0)
			h2_feed(h2, bytes, (size_t)len);
		assert_int_equal(nghttp2_session_mem_recv(client, h2->all + heard, h2->all_len - heard),
				 h2->all_len - heard);
		heard = h2->all_len;
	} while (nghttp2_session_want_write(client));
	h2->all_len = 0;
}

/* The date changes, values go out of the table and in again: the decoder on the other side must agree each time. */
static void with_nghttp2(void **state)
{
	struct redirect_sites *sites = h2_sites();
	struct h2 *h2 = h2_open(sites);
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *client;
	struct peer peer = { 0 };
	const nghttp2_nv small[] = { NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "dl.example.org"),
				     NV(":path", "/some/path?x=1"), NV("user-agent", "test") };
	const nghttp2_nv big[] = { NV(":method", "GET"), NV(":scheme", "https"), NV(":authority", "dl.example.org"),
				   NV(":path", "/big"),  NV("cookie", "a=b"),    NV("cookie", "c=d") };

	(void)state;
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_client_new(&client, callbacks, &peer);
	nghttp2_submit_settings(client, 0, NULL, 0);
	for (unsigned second = 0; second < 150; second++) {
		h2->env.date[18] = (char)('0' + second / 10 % 10);
		h2->env.date[19] = (char)('0' + second % 10);
		for (unsigned i = 0; i < 5; i++)
			nghttp2_submit_request(client, NULL, i < 4 ? small : big, i < 4 ? 5 : 6, NULL, NULL);
		pump(h2, client);
	}
	assert_int_equal(peer.closed, 750);
	assert_int_equal(peer.good, 750);
	assert_int_equal(peer.bad, 0);
	assert_true(peer.body > 150 * (size_t)H2_FILE);
	assert_false(h2->close);
	assert_true(redirect_http2_idle(&h2->http));
	/* A smaller table in the middle of it. */
	const nghttp2_settings_entry none = { NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0 };
	nghttp2_submit_settings(client, 0, &none, 1);
	for (unsigned i = 0; i < 20; i++)
		nghttp2_submit_request(client, NULL, small, 5, NULL, NULL);
	pump(h2, client);
	assert_int_equal(peer.good, 770);
	nghttp2_session_del(client);
	nghttp2_session_callbacks_del(callbacks);
	h2_close(h2);
	redirect_sites_free(sites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),     cmocka_unit_test(floods),      cmocka_unit_test(long_life),
		cmocka_unit_test(large_heads), cmocka_unit_test(header_bomb), cmocka_unit_test(long_paths),
		cmocka_unit_test(windows),     cmocka_unit_test(untaken),     cmocka_unit_test(little_room),
		cmocka_unit_test(presence),    cmocka_unit_test(leaving),     cmocka_unit_test(with_nghttp2),
		cmocka_unit_test(untaken_by_many), cmocka_unit_test(presence_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
