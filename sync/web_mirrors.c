/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/web_mirrors.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/tuf_match.h"
#include "sync/web.h"

/* Slow retrieval: a server that gives less than this for so long, or no end for an hour, is given up (TUF, 1.5.2). */
enum {
	CONNECT_MS = 10000, LOW_BYTES_S = 500, LOW_MS = 20000, TOTAL_MS = 3600000, REDIRECTS = 5,
	TRIES = 2,			/* of one mirror, while it brings something */
};

/* timestamp.json is not asked for with its ETag: servers make one of the time in seconds and the length, which two releases
 * within a second share, and the second would never be seen. */
struct web_mirrors {
	struct transport transport;	/* first: what get() is given */
	struct web_mirrors_settings settings;
	uv_loop_t loop;
	uv_async_t wake;
	struct web *web;
	_Atomic bool stopped;
	_Atomic uint64_t received;
	char last[1200];
	size_t running;
};

struct get {
	struct web_mirrors *mirrors;
	struct web_mirrors_file *file;
	struct web_transfer *transfer;
	char *url;
	size_t mirror;			/* of settings.urls */
	unsigned tries;
	uint64_t taken;			/* bytes handed over */
	uint64_t at;			/* of the content, of the answer under way */
	char etag[WEB_ETAG_MAX + 1];	/* of the answer that broke off */
	int refused;			/* what take() said */
	bool done;
};

static void start(struct get *get);

static int hand_over(struct get *get, struct span piece)
{
	get->taken += piece.len;
	atomic_fetch_add(&get->mirrors->received, piece.len);
	get->refused = get->file->take(get->file->ctx, piece);
	return get->refused;
}

/* What was had of it before, from another mirror or before it broke off, is passed over. */
static int on_body(void *ctx, const struct web_response *response, struct span piece)
{
	struct get *get = ctx;

	if (get->at < response->offset)
		get->at = response->offset;
	uint64_t skip = get->taken > get->at ? get->taken - get->at : 0;
	get->at += piece.len;
	if (skip >= piece.len)
		return 0;
	return hand_over(get, (struct span){ piece.at + skip, piece.len - (size_t)skip });
}

static bool is_absent(const struct get *get, const struct web_response *response)
{
	if (response->outcome == WEB_DONE)
		return response->status == 404 || response->status == 403;
	return response->outcome == WEB_INVALID && strncmp(get->url, "file:", 5) == 0;
}

static void finish(struct get *get, int err)
{
	get->file->err = err;
	get->done = true;
	/* The loop must not wait for the next event: there may be none. */
	if (--get->mirrors->running == 0)
		uv_stop(&get->mirrors->loop);
}

static void next_try(struct get *get, const struct web_response *response)
{
	const struct web_mirrors_settings *settings = &get->mirrors->settings;
	bool broke_off = (response->outcome == WEB_BROKEN || response->outcome == WEB_TIMEOUT) && response->received > 0;

	get->etag[0] = '\0';
	if (broke_off && ++get->tries < TRIES) {
		memcpy(get->etag, response->etag, sizeof get->etag);
	} else if (++get->mirror < settings->url_count) {
		get->tries = 0;
	} else {
		finish(get, response->outcome == WEB_TOO_LARGE ? ERR_LIMIT : response->outcome == WEB_TIMEOUT ? -ETIMEDOUT : -EIO);
		return;
	}
	start(get);
}

static void on_done(void *ctx, const struct web_response *response)
{
	struct get *get = ctx;

	get->transfer = NULL;
	err_note_set(&get->file->note, NULL, 0, "%.200s: %s", get->url, response->text);
	if (response->outcome == WEB_DONE && (response->status == 200 || response->status == 206)) {
		snprintf(get->mirrors->last, sizeof get->mirrors->last, "%s", get->url);
		finish(get, 0);
	} else if (response->outcome == WEB_REFUSED) {
		finish(get, get->refused);
	} else if (is_absent(get, response)) {
		/* A mirror may be behind: that it has no newer root says nothing when it has nothing else. The metadata
		 * that follows tells; and a file that one has not, another may have. */
		if (get->mirror + 1 < get->mirrors->settings.url_count && get->taken == 0
		    && strncmp(get->file->name, "targets/", 8) == 0)
			next_try(get, response);
		else
			finish(get, ERR_UNKNOWN);
	} else {
		next_try(get, response);
	}
}

static void start(struct get *get)
{
	struct web_mirrors *mirrors = get->mirrors;
	const struct web_mirrors_settings *settings = &mirrors->settings;

	mem_free(get->url);
	get->url = tuf_url_join(settings->urls[get->mirror], get->file->name);
	get->at = 0;
	struct web_request request = {
		.method = WEB_GET, .url = get->url, .ca = settings->ca, .cert = settings->cert, .key = settings->key,
		.proxy = settings->proxy, .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .low_bytes_s = LOW_BYTES_S,
		.low_ms = LOW_MS, .max_bytes = get->file->max_bytes, .follow = REDIRECTS,
		.body = on_body, .done = on_done, .ctx = get,
	};
	if (get->etag[0] == '"' && get->taken > 0) {
		request.offset = get->taken;
		request.if_range = get->etag;
	}
	get->transfer = web_start(mirrors->web, &request);
}

static void get_ready(struct web_mirrors *mirrors, struct web_mirrors_file *file, struct get *get)
{
	*get = (struct get){ .mirrors = mirrors, .file = file };
	file->err = -ECANCELED;
	err_note_set(&file->note, NULL, 0, "%.200s: the node stops", file->name);
	mirrors->running++;
	if (file->max_bytes == 0)	/* to sync/web that would be without a limit */
		finish(get, 0);
	else
		start(get);
}

void web_mirrors_get_all(struct web_mirrors *mirrors, struct web_mirrors_file *files, size_t count)
{
	struct get *gets = mem_array(count, sizeof *gets);

	for (size_t i = 0; i < count; i++)
		get_ready(mirrors, &files[i], &gets[i]);
	while (mirrors->running > 0 && !atomic_load(&mirrors->stopped))
		uv_run(&mirrors->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < count; i++) {
		if (!gets[i].done && gets[i].transfer != NULL)
			web_cancel(mirrors->web, gets[i].transfer);
		mem_free(gets[i].url);
	}
	mirrors->running = 0;
	mem_free(gets);
}

static int get_one(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
		   struct err_note *note)
{
	struct web_mirrors_file file = { .name = url, .max_bytes = max_bytes, .take = take, .ctx = ctx };

	web_mirrors_get_all((struct web_mirrors *)transport, &file, 1);
	if (file.err != 0)
		*note = file.note;
	return file.err;
}

static void on_wake(uv_async_t *wake)
{
	(void)wake;	/* it has turned the loop */
}

struct web_mirrors *web_mirrors_new(const struct web_mirrors_settings *settings)
{
	struct web_mirrors *mirrors = mem_alloc(sizeof *mirrors);

	mirrors->transport.get = get_one;
	mirrors->settings = *settings;
	if (uv_loop_init(&mirrors->loop) != 0) {
		mem_free(mirrors);
		return NULL;
	}
	uv_async_init(&mirrors->loop, &mirrors->wake, on_wake);
	mirrors->web = web_new(&mirrors->loop, WEB_MIRRORS_AT_ONCE);
	if (mirrors->web == NULL) {
		web_mirrors_free(mirrors);
		return NULL;
	}
	return mirrors;
}

void web_mirrors_free(struct web_mirrors *mirrors)
{
	if (mirrors == NULL)
		return;
	if (mirrors->web != NULL)
		web_close(mirrors->web);
	uv_close((uv_handle_t *)&mirrors->wake, NULL);
	uv_run(&mirrors->loop, UV_RUN_DEFAULT);
	web_free(mirrors->web);
	uv_loop_close(&mirrors->loop);
	mem_free(mirrors);
}

struct transport *web_mirrors_transport(struct web_mirrors *mirrors)
{
	return &mirrors->transport;
}

void web_mirrors_stop(struct web_mirrors *mirrors)
{
	atomic_store(&mirrors->stopped, true);
	uv_async_send(&mirrors->wake);
}

uint64_t web_mirrors_received(const struct web_mirrors *mirrors)
{
	return atomic_load(&mirrors->received);
}

const char *web_mirrors_last(const struct web_mirrors *mirrors)
{
	return mirrors->last;
}
