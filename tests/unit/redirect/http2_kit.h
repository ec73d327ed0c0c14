/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/2 client in words. A script is words that make bytes:
 *
 *	P S				the preface, an empty SETTINGS
 *	H1: H1. H1- H1-.		HEADERS of stream 1 with the fields that follow in parentheses, with END_STREAM
 *(".") or without (":"), without END_HEADERS ("-"); C1 C1- CONTINUATION likewise D1:LEN D1.LEN			DATA
 *	F:TYPE:FLAGS:STREAM:HEX		any frame
 *	X:HEX				any bytes
 *
 * Fields: (NAME=VALUE|NAME=VALUE), as literals that touch no table; "GET/" is short for a GET of dl.example.org.
 * What the server says comes back as words: settings, ack, pong, 1:302 or 1.302 (END_STREAM), 1+130 1+130. (DATA; 1+.
 *when brief), 1!8 (RST_STREAM), goaway:11, 1^32767 (WINDOW_UPDATE), and at the end open, idle or close.
 */
#ifndef TESTS_UNIT_REDIRECT_HTTP2_KIT_H
#define TESTS_UNIT_REDIRECT_HTTP2_KIT_H

#include <nghttp2/nghttp2.h>
#include <unistd.h>

#include "redirect/http2.h"
#include "tests/unit/redirect/kit.h"

enum { H2_BYTES = 4 << 20, H2_FILE = 60000 };

struct h2 {
	struct redirect_env env;
	struct redirect_client client;
	struct redirect_scratch scratch;
	struct redirect_http2 http;
	uint8_t out[2 * REDIRECT_HTTP2_OUT_MIN];
	size_t out_size;
	uint8_t pending[2 * REDIRECT_HTTP2_BLOCK_MAX]; /* what was not consumed, as server/stream keeps it */
	size_t pending_len;
	uint8_t *all; /* every byte that was answered */
	size_t all_len;
	unsigned answered;
	enum redirect_http2_goaway goaway;
	bool close, waiting;
	bool brief; /* an END_STREAM DATA frame is told without its length */
	enum redirect_present presence;
	unsigned asked;
	char last[256]; /* "GET 302 200 ua" of the last answer */
};

static inline void h2_answered(void *ctx, const struct redirect_answer *answer)
{
	struct h2 *h2 = ctx;

	assert_int_equal(answer->version, 20);
	assert_ptr_equal(answer->client, &h2->client);
	h2->answered++;
	/* As the access log names it. */
	if (answer->request != NULL)
		assert_true(answer->request->method_name.len != 0
			    && (answer->method == REDIRECT_GET)
				       == span_equal(answer->request->method_name, SPAN_TEXT("GET")));
	snprintf(h2->last, sizeof h2->last, "%d %u %zu %.*s", (int)answer->method, answer->status, answer->bytes,
		 answer->request ? (int)answer->request->user_agent.len : 0,
		 answer->request ? (const char *)answer->request->user_agent.at : "");
}

static inline enum redirect_present h2_present(void *ctx, const struct redirect_target *target, struct span url)
{
	struct h2 *h2 = ctx;

	(void)target;
	(void)url;
	h2->asked++;
	return h2->presence;
}

/* dl.example.org with a file of H2_FILE bytes at /big and an empty one, p.example.org that asks for presence. */
static inline struct redirect_sites *h2_sites(void)
{
	static char dl[] = "dl.example.org", p[] = "p.example.org", w[] = "w.example.org",
		    url[] = "https://{node}.content.example.org", writes[] = "https://origin.example.org",
		    big[] = "/big", none[] = "/none", type[] = "text/plain", node[] = KIT_NODE, file[] = "node.yaml",
		    empty[] = "";
	static char *dls[] = { dl }, *ps[] = { p }, *ws[] = { w };
	static struct conf_target target = { .url = url, .weight = 1 };
	char big_path[] = "/tmp/catchment-h2.XXXXXX", none_path[] = "/tmp/catchment-h2.XXXXXX";
	struct conf_static_file files[] = { { .path = big, .file = big_path, .type = type },
					    { .path = none, .file = none_path, .type = type } };
	struct conf_site sites[] = {
		{ .hosts = dls,
		  .host_count = 1,
		  .status = 302,
		  .targets = &target,
		  .target_count = 1,
		  .files = files,
		  .file_count = 2,
		  .line = 1 },
		{ .hosts = ps,
		  .host_count = 1,
		  .status = 302,
		  .targets = &target,
		  .target_count = 1,
		  .line = 2,
		  .presence = { .present = true, .valid_ms = 1000, .timeout_ms = 1000 } },
		{ .hosts = ws,
		  .host_count = 1,
		  .status = 302,
		  .targets = &target,
		  .target_count = 1,
		  .line = 3,
		  .writes = writes },
	};
	struct conf conf = { .file = file, .node = { node, empty, empty }, .sites = sites, .site_count = 3 };
	struct redirect_sites *made = NULL;
	struct err_list errors = { 0 };
	uint8_t *content = mem_alloc(H2_FILE);
	int fd = mkstemp(big_path);

	memset(content, 'x', H2_FILE);
	assert_int_equal(write(fd, content, H2_FILE), H2_FILE);
	close(fd);
	close(mkstemp(none_path));
	int result = redirect_sites_new(&conf, &made, &errors);
	for (size_t i = 0; i < errors.kept; i++)
		print_error("%s\n", errors.notes[i].text);
	assert_int_equal(result, 0);
	err_list_fini(&errors);
	unlink(big_path);
	unlink(none_path);
	mem_free(content);
	return made;
}

static inline struct h2 *h2_open(const struct redirect_sites *sites)
{
	struct h2 *h2 = mem_alloc(sizeof *h2);

	h2->all = mem_alloc(H2_BYTES);
	h2->env = (struct redirect_env){
		.sites = sites, .answered = h2_answered, .present = h2_present, .ctx = h2, .random = 1
	};
	h2->client = (struct redirect_client){ .family = REDIRECT_IPV4, .tls = true, .tag = h2 };
	memcpy(h2->env.date, KIT_DATE, sizeof h2->env.date);
	h2->out_size = sizeof h2->out;
	return h2;
}

static inline void h2_close(struct h2 *h2)
{
	redirect_http2_fini(&h2->http);
	assert_true(redirect_http2_idle(&h2->http));
	mem_free(h2->all);
	mem_free(h2);
}

static inline void h2_took(struct h2 *h2, const struct redirect_http2_fed *fed)
{
	assert_true(h2->all_len + fed->produced <= H2_BYTES);
	memcpy(h2->all + h2->all_len, h2->out, fed->produced);
	h2->all_len += fed->produced;
	h2->waiting = fed->waiting;
	h2->close |= fed->close;
	if (fed->goaway != REDIRECT_HTTP2_NOT_GONE)
		h2->goaway = fed->goaway;
}

/* One read of the server, in a block of its own so that a sanitizer sees every byte too many. */
static inline void h2_feed(struct h2 *h2, const uint8_t *bytes, size_t len)
{
	struct redirect_http2_fed fed;

	assert_true(h2->pending_len + len <= sizeof h2->pending);
	if (len != 0)
		memcpy(h2->pending + h2->pending_len, bytes, len);
	h2->pending_len += len;
	do {
		uint8_t *in = mem_copy(h2->pending, h2->pending_len + 1);

		in = mem_resize(in, h2->pending_len ? h2->pending_len : 1, 1);
		redirect_http2_feed(&h2->http, &h2->env, &h2->client, &h2->scratch, in, h2->pending_len, h2->out,
				    h2->out_size, &fed);
		mem_free(in);
		assert_true(fed.consumed <= h2->pending_len && fed.produced <= h2->out_size);
		assert_true(fed.produced != 0 || !fed.full);
		assert_true(!fed.close || fed.consumed == h2->pending_len);
		memmove(h2->pending, h2->pending + fed.consumed, h2->pending_len - fed.consumed);
		h2->pending_len -= fed.consumed;
		h2_took(h2, &fed);
	} while (fed.full);
	assert_true(h2->pending_len <= REDIRECT_HTTP2_BLOCK_MAX);
}

/* ---- scripts ---- */

struct h2_bytes {
	uint8_t at[H2_BYTES];
	size_t len;
};

static inline void h2_put(struct h2_bytes *to, const void *bytes, size_t len)
{
	assert_true(to->len + len <= sizeof to->at);
	memcpy(to->at + to->len, bytes, len);
	to->len += len;
}

static inline void h2_frame(struct h2_bytes *to, unsigned type, unsigned flags, uint32_t id, const void *payload,
			    size_t len)
{
	const uint8_t head[9] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
				  (uint8_t)type,        (uint8_t)flags,      (uint8_t)(id >> 24),
				  (uint8_t)(id >> 16),  (uint8_t)(id >> 8),  (uint8_t)id };

	h2_put(to, head, sizeof head);
	h2_put(to, payload, len);
}

static inline void h2_literal(struct h2_bytes *to, const char *name, size_t name_len, const char *value,
			      size_t value_len)
{
	uint8_t head[8] = { 0, (uint8_t)name_len };

	assert_true(name_len < 127);
	h2_put(to, head, 2);
	h2_put(to, name, name_len);
	if (value_len < 127) {
		h2_put(to, (uint8_t[]){ (uint8_t)value_len }, 1);
	} else {
		size_t rest = value_len - 127, count = 0;

		head[count++] = 127;
		for (; rest >= 128; rest >>= 7)
			head[count++] = (uint8_t)(rest | 128);
		head[count++] = (uint8_t)rest;
		h2_put(to, head, count);
	}
	h2_put(to, value, value_len);
}

#define H2_GET ":method=GET|:scheme=https|:authority=dl.example.org|:path=/"

/* "NAME=VALUE|NAME=VALUE" up to the end. A NUL is written as \0, CR and LF as \r and \n, for tables' sake. */
static inline void h2_fields(struct h2_bytes *to, const char *text, size_t len)
{
	const char *end = text + len;

	if (len >= 4 && memcmp(text, "GET/", 4) == 0) {
		char whole[4096];
		int written = snprintf(whole, sizeof whole, H2_GET "%.*s", (int)(len - 4), text + 4);

		h2_fields(to, whole, (size_t)written);
		return;
	}
	while (text < end) {
		const char *stop = memchr(text, '|', (size_t)(end - text)), *equal;
		char value[4096];
		size_t used = 0;

		stop = stop != NULL ? stop : end;
		equal = memchr(text + 1, '=', (size_t)(stop - text) - 1);
		assert_non_null(equal);
		for (const char *at = equal + 1; at < stop; at++) {
			if (*at == '\\' && at + 1 < stop && strchr("0rn", at[1]) != NULL) {
				at++;
				value[used++] = *at == '0' ? '\0' : *at == 'r' ? '\r' : '\n';
			} else {
				value[used++] = *at;
			}
		}
		h2_literal(to, text, (size_t)(equal - text), value, used);
		text = stop + 1;
	}
}

static inline void h2_hex(struct h2_bytes *to, const char *text, const char *end)
{
	for (; text + 1 < end; text += 2) {
		const char digits[3] = { text[0], text[1], '\0' };
		uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);

		h2_put(to, &byte, 1);
	}
}

static inline void h2_word(struct h2_bytes *to, const char *word, const char *end)
{
	static struct h2_bytes payload;
	char *rest;
	unsigned long type, flags, id;

	payload.len = 0;
	switch (word[0]) {
	case 'P': h2_put(to, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN); return;
	case 'S': h2_frame(to, 4, 0, 0, "", 0); return;
	case 'X': h2_hex(to, word + 2, end); return;
	case 'F':
		type = strtoul(word + 2, &rest, 10);
		flags = strtoul(rest + 1, &rest, 10);
		id = strtoul(rest + 1, &rest, 10);
		h2_hex(&payload, rest + 1, end);
		h2_frame(to, (unsigned)type, (unsigned)flags, (uint32_t)id, payload.at, payload.len);
		return;
	case 'D': {
		static const uint8_t body[20000];

		id = strtoul(word + 1, &rest, 10);
		h2_frame(to, 0, *rest == '.', (uint32_t)id, body, strtoul(rest + 1, NULL, 10));
		return;
	}
	case 'H':
	case 'C':
		id = strtoul(word + 1, &rest, 10);
		flags = *rest == '-' ? (rest++, 0) : 4;
		flags |= *rest == '.' ? (rest++, 1) : 0;
		rest += *rest == ':';
		if (*rest == '(')
			h2_fields(&payload, rest + 1, (size_t)(end - rest - 2));
		h2_frame(to, word[0] == 'H' ? 1 : 9, (unsigned)flags, (uint32_t)id, payload.at, payload.len);
		return;
	default: fail_msg("unknown word: %s", word);
	}
}

static inline void h2_script(struct h2_bytes *to, const char *script)
{
	while (*script != '\0') {
		const char *end = script;
		int depth = 0;

		while (*end != '\0' && (*end != ' ' || depth != 0)) {
			depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
			end++;
		}
		if (end != script)
			h2_word(to, script, end);
		script = end + (*end == ' ');
	}
}

/* ---- what was said ---- */

static inline size_t h2_head_text(nghttp2_hd_inflater *inflater, const uint8_t *at, size_t len, uint32_t id, bool end,
				  char *to)
{
	char status[8] = "", location[512] = "";
	int flags = 0;

	do {
		nghttp2_nv nv;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, len, 1);

		assert_true(used >= 0);
		at += used;
		len -= (size_t)used;
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			assert_true(nghttp2_check_header_value_rfc9113(nv.value, nv.valuelen));
			if (nv.namelen == 7 && memcmp(nv.name, ":status", 7) == 0)
				snprintf(status, sizeof status, "%.*s", (int)nv.valuelen, (char *)nv.value);
			if (nv.namelen == 8 && memcmp(nv.name, "location", 8) == 0)
				snprintf(location, sizeof location, "=%.*s", (int)nv.valuelen, (char *)nv.value);
			if (nv.namelen == 6 && memcmp(nv.name, "x-node", 6) == 0)
				assert_memory_equal(nv.value, KIT_NODE, 4);
			if (nv.namelen == 4 && memcmp(nv.name, "date", 4) == 0)
				assert_memory_equal(nv.value, KIT_DATE, sizeof KIT_DATE - 1);
		}
	} while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
	nghttp2_hd_inflate_end_headers(inflater);
	return (size_t)sprintf(to, "%u%c%s%s ", id, end ? '.' : ':', status, location);
}

static inline size_t h2_frame_text(nghttp2_hd_inflater *inflater, const uint8_t *at, size_t len, bool brief, char *to)
{
	const unsigned type = at[3], flags = at[4];
	const uint8_t *payload = at + 9;
	uint32_t id = (uint32_t)at[5] << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 | at[8];
	uint32_t first = len >= 4 ? (uint32_t)payload[0] << 24 | (uint32_t)payload[1] << 16
					    | (uint32_t)payload[2] << 8 | payload[3]
				  : 0;

	assert_true(len <= 16384);
	switch (type) {
	case 0:
		if (brief && flags & 1)
			return (size_t)sprintf(to, "%u+. ", id);
		return (size_t)sprintf(to, "%u+%zu%s ", id, len, flags & 1 ? "." : "");
	case 1: assert_int_equal(flags & 4, 4); return h2_head_text(inflater, payload, len, id, flags & 1, to);
	case 3: return (size_t)sprintf(to, "%u!%u ", id, first);
	case 4: return (size_t)sprintf(to, "%s ", flags & 1 ? "ack" : "settings");
	case 6: return (size_t)sprintf(to, "pong ");
	case 7: return (size_t)sprintf(to, "goaway:%u ", payload[7]);
	case 8: return (size_t)sprintf(to, "%u^%u ", id, first);
	default: fail_msg("frame of type %u", type);
	}
	return 0;
}

static inline const char *h2_said(const struct h2 *h2)
{
	static char text[1 << 20];
	nghttp2_hd_inflater *inflater;
	char *to = text;
	size_t at = 0;

	nghttp2_hd_inflate_new(&inflater);
	while (at < h2->all_len) {
		const uint8_t *frame = h2->all + at;
		size_t len = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];

		assert_true(at + 9 + len <= h2->all_len);
		to += h2_frame_text(inflater, frame, len, h2->brief, to);
		assert_true(to < text + sizeof text - 1024);
		at += 9 + len;
	}
	nghttp2_hd_inflate_del(inflater);
	sprintf(to, "%s",
		h2->close                                                ? "close"
		: redirect_http2_idle(&h2->http) && h2->pending_len == 0 ? "idle"
									 : "open");
	return text;
}

#endif
