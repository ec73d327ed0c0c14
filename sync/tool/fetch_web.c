/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/fetch_web.h"

#include <errno.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/web.h"

/* Slow retrieval: a server that gives less than this for so long, or no end for an hour, is given up. */
enum { CONNECT_MS = 15000, LOW_BYTES_S = 500, LOW_MS = 30000, TOTAL_MS = 3600000, REDIRECTS = 5 };

struct fetch_web {
	struct transport transport;	/* first: what get() is given */
	uv_loop_t loop;
	struct web *web;
	const char *ca;
	uint64_t total_ms;
};

struct get {
	transport_take *take;
	void *ctx;
	const char *url;
	struct err_note *note;
	int taken, err;
	bool done;
};

static int on_body(void *ctx, const struct web_response *response, struct span piece)
{
	struct get *get = ctx;

	(void)response;
	get->taken = get->take(get->ctx, piece);
	return get->taken;
}

/* A missing file is an answer: it ends the walk along the roots. So is 403, with which object stores hide what they
 * do not have. */
static bool is_absent(const struct get *get, const struct web_response *response)
{
	if (response->outcome == WEB_DONE)
		return response->status == 404 || response->status == 403;
	return response->outcome == WEB_INVALID && strncmp(get->url, "file:", 5) == 0;
}

static void on_done(void *ctx, const struct web_response *response)
{
	struct get *get = ctx;

	get->done = true;
	err_note_set(get->note, NULL, 0, "%.200s: %s", get->url, response->text);
	if (response->outcome == WEB_DONE && response->status == 200)
		get->err = 0;
	else if (is_absent(get, response))
		get->err = ERR_UNKNOWN;
	else if (response->outcome == WEB_TOO_LARGE)
		get->err = ERR_LIMIT;
	else if (response->outcome == WEB_REFUSED)
		get->err = get->taken;
	else
		get->err = response->outcome == WEB_TIMEOUT ? -ETIMEDOUT : -EIO;
}

static int get_file(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
		    struct err_note *note)
{
	struct fetch_web *web = (struct fetch_web *)transport;
	struct get get = { .take = take, .ctx = ctx, .url = url, .note = note, .err = -EIO };
	struct web_request request = {
		.method = WEB_GET, .url = url, .ca = web->ca, .connect_ms = CONNECT_MS, .total_ms = web->total_ms,
		.low_bytes_s = LOW_BYTES_S, .low_ms = LOW_MS, .max_bytes = max_bytes, .follow = REDIRECTS,
		.body = on_body, .done = on_done, .ctx = &get,
	};

	if (max_bytes == 0)	/* to sync/web that would be without a limit */
		return 0;
	web_start(web->web, &request);
	while (!get.done)
		uv_run(&web->loop, UV_RUN_ONCE);
	return get.err;
}

struct fetch_web *fetch_web_new(const char *ca)
{
	struct fetch_web *web = mem_alloc(sizeof *web);

	web->transport.get = get_file;
	web->ca = ca;
	web->total_ms = TOTAL_MS;
	if (uv_loop_init(&web->loop) != 0) {
		mem_free(web);
		return NULL;
	}
	web->web = web_new(&web->loop, 1);
	if (web->web == NULL) {
		uv_loop_close(&web->loop);
		mem_free(web);
		return NULL;
	}
	return web;
}

void fetch_web_limit(struct fetch_web *web, uint64_t total_ms)
{
	web->total_ms = total_ms;
}

struct transport *fetch_web_transport(struct fetch_web *web)
{
	return &web->transport;
}

void fetch_web_free(struct fetch_web *web)
{
	if (web == NULL)
		return;
	web_close(web->web);
	uv_run(&web->loop, UV_RUN_DEFAULT);
	web_free(web->web);
	uv_loop_close(&web->loop);
	mem_free(web);
}
