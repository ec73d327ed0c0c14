/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/2 connection from bytes. Byte 0 chooses: bit 0 puts the preface and SETTINGS in front, bit 1 makes presence
 * answers late, bit 2 gives the least room, the rest seeds the cuts. Read whole and read in pieces must be answered
 * with the same bytes (with room for all of them); every frame and header block that is said must be sound, and no
 * Location may lead anywhere but to the configured servers.
 */
#include <assert.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "conf/conf.h"
#include "redirect/http2.h"
#include "redirect/sites.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 << 10, ANSWERS_MAX = 8 << 20, OUT_MAX = 4 << 20, CONTENT = 20000 };

static struct redirect_sites *make_sites(void)
{
	static char node[] = "fra1", none[] = "", file[] = "fuzz.yaml", name[] = "a", waits[] = "p",
		    here[] = "https://{node}.example", path[] = "/f", type[] = "text/plain";
	static char *names[] = { name }, *waiting[] = { waits };
	static struct conf_target target = { .url = here, .weight = 1 };
	char content_path[] = "/tmp/catchment-fuzz.XXXXXX", content[CONTENT] = "";
	struct conf_static_file files[] = { { .path = path, .file = content_path, .type = type } };
	struct conf_site sites[] = {
		{ .hosts = names,
		  .host_count = 1,
		  .status = 302,
		  .targets = &target,
		  .target_count = 1,
		  .files = files,
		  .file_count = 1 },
		{ .hosts = waiting,
		  .host_count = 1,
		  .status = 302,
		  .targets = &target,
		  .target_count = 1,
		  .presence = { .present = true, .valid_ms = 1000, .timeout_ms = 1000 } },
	};
	struct conf conf = { .file = file, .node = { node, none, none }, .sites = sites, .site_count = 2 };
	struct redirect_sites *made = NULL;
	struct err_list errors = { 0 };
	int fd = mkstemp(content_path);

	assert(write(fd, content, sizeof content) == (ssize_t)sizeof content);
	close(fd);
	redirect_sites_new(&conf, &made, &errors);
	assert(made != NULL);
	unlink(content_path);
	return made;
}

static enum redirect_present present(void *ctx, const struct redirect_target *target, struct span url)
{
	(void)target;
	(void)url;
	return *(bool *)ctx ? REDIRECT_PRESENT_SOON : REDIRECT_PRESENT;
}

/* One connection, as server/stream would run it: what is not consumed comes again with what follows. */
struct connection {
	struct redirect_http2 http;
	struct redirect_env env;
	bool late;
	size_t room, held, len;
	uint8_t in[INPUT_MAX + REDIRECT_HTTP2_BLOCK_MAX];
	uint8_t *said;
};

static void take(struct connection *connection, const uint8_t *data, size_t size)
{
	static const struct redirect_client client = { .family = REDIRECT_IPV4, .tls = true };
	static struct redirect_scratch scratch;
	struct redirect_http2_fed fed;

	if (size != 0)
		memcpy(connection->in + connection->held, data, size);
	connection->held += size;
	do {
		uint8_t *in = mem_copy(connection->in, connection->held + 1); /* exact, for the address sanitizer */

		in = mem_resize(in, connection->held + (connection->held == 0), 1);
		redirect_http2_feed(&connection->http, &connection->env, &client, &scratch, in, connection->held,
				    connection->said + connection->len, connection->room, &fed);
		mem_free(in);
		assert(fed.consumed <= connection->held && fed.produced <= connection->room);
		assert(!fed.full || fed.produced != 0);
		assert(!fed.close || fed.consumed == connection->held);
		memmove(connection->in, connection->in + fed.consumed, connection->held - fed.consumed);
		connection->held -= fed.consumed;
		connection->len += fed.produced;
		assert(connection->len < ANSWERS_MAX - OUT_MAX);
	} while (fed.full);
	assert(connection->held <= REDIRECT_HTTP2_BLOCK_MAX);
}

/* seed 0: all in one read. */
static size_t answer(struct redirect_sites *sites, const uint8_t *data, size_t size, uint8_t choice, uint8_t seed,
		     uint8_t *said)
{
	static const uint8_t greeting[] = NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0\0";
	static struct connection connection;
	uint8_t goodbye[REDIRECT_HTTP2_OUT_MIN];
	unsigned random = seed;

	connection = (struct connection){
		.env = { .sites = sites,
			 .date = "Thu, 01 Jan 1970 00:00:00 GMT",
			 .present = present,
			 .ctx = &connection.late },
		.late = choice & 2,
		.room = choice & 4 ? REDIRECT_HTTP2_OUT_MIN : OUT_MAX,
		.said = said,
	};
	if (choice & 1)
		take(&connection, greeting, sizeof greeting - 1);
	while (size != 0) {
		size_t step = seed == 0 ? size : 1 + (random = random * 1103515245u + 12345u) / 65536u % 60;

		step = step < size ? step : size;
		take(&connection, data, step);
		data += step;
		size -= step;
	}
	connection.late = false;
	take(&connection, NULL, 0);
	assert(redirect_http2_goodbye(&connection.http, goodbye, sizeof goodbye) <= 17);
	redirect_http2_fini(&connection.http);
	assert(connection.env.http2_held == 0);
	return connection.len;
}

static void check_block(nghttp2_hd_inflater *inflater, const uint8_t *at, size_t len)
{
	int flags = 0;

	do {
		nghttp2_nv nv;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, len, 1);

		assert(used >= 0);
		at += used;
		len -= (size_t)used;
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			continue;
		assert(nghttp2_check_header_value_rfc9113(nv.value, nv.valuelen));
		if (nv.namelen == 8 && memcmp(nv.name, "location", 8) == 0)
			assert(nv.valuelen >= 21 && memcmp(nv.value, "https://fra1.example/", 21) == 0);
	} while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
	nghttp2_hd_inflate_end_headers(inflater);
}

static void check(const uint8_t *said, size_t len)
{
	nghttp2_hd_inflater *inflater;

	assert(nghttp2_hd_inflate_new(&inflater) == 0);
	while (len != 0) {
		assert(len >= 9);
		size_t payload = (size_t)said[0] << 16 | (size_t)said[1] << 8 | said[2];

		assert(payload <= 16384 && payload <= len - 9);
		if (said[3] == NGHTTP2_HEADERS)
			check_block(inflater, said + 9, payload);
		said += 9 + payload;
		len -= 9 + payload;
	}
	nghttp2_hd_inflate_del(inflater);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct redirect_sites *sites;
	static uint8_t *whole, *pieces;

	if (sites == NULL) {
		sites = make_sites();
		whole = mem_alloc(ANSWERS_MAX);
		pieces = mem_alloc(ANSWERS_MAX);
	}
	if (size == 0 || size > INPUT_MAX)
		return 0;
	size_t len = answer(sites, data + 1, size - 1, data[0], 0, whole);

	check(whole, len);
	size_t cut = answer(sites, data + 1, size - 1, data[0], data[0] | 1, pieces);
	check(pieces, cut);
	if (!(data[0] & 6))
		assert(cut == len && memcmp(whole, pieces, len) == 0);
	return 0;
}
