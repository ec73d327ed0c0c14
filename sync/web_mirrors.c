/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/web_mirrors.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/tuf_match.h"
#include "sync/web_mirrors_inner.h"

/* Slow retrieval: a server that gives less than this for so long, or no end for so long, is given up (TUF, 1.5.2). */
enum {
	CONNECT_MS = 10000, LOW_BYTES_S = 500, REDIRECTS = 5,
	SHORTER = 4,			/* times, are limits for one that failed before */
	TRIES = 2,			/* of one mirror, while it brings something */
};

struct get {
	struct web_mirrors *mirrors;
	struct web_mirrors_file *file;
	struct web_transfer *transfer;
	char *url;
	size_t mirror;			/* of settings.urls */
	uint32_t tried;
	unsigned tries;
	uint64_t taken;			/* bytes handed over, or had before */
	uint64_t at;			/* of the content, of the answer under way */
	char etag[WEB_ETAG_MAX + 1];	/* of the answer that broke off */
	struct transport_buffer copy;	/* for the memory of timestamps */
	int refused;			/* what take() said */
	bool asked_same;		/* with the ETag of what is remembered */
	bool done;
};

static void start(struct get *get);

static bool is_immutable(const struct get *get)
{
	return strncmp(get->file->name, "targets/", 8) == 0;
}

static int hand_over(struct get *get, struct span piece)
{
	get->taken += piece.len;
	get->file->from |= UINT32_C(1) << get->mirror;
	get->refused = get->file->take(get->file->ctx, piece);
	if (get->refused == 0 && web_memory_is_for(get->file->name))
		transport_buffer_take(&get->copy, piece);
	return get->refused;
}

/* What one began and another ends is of neither, and nobody could tell whose fault it is. */
static void begin_anew(struct get *get)
{
	if (get->file->anew == NULL || get->taken == 0)
		return;
	get->file->anew(get->file->ctx);
	get->taken = 0;
	get->file->from = 0;
}

/* What was had of it before, from another mirror or before it broke off, is passed over. */
static int on_body(void *ctx, const struct web_response *response, struct span piece)
{
	struct get *get = ctx;

	if (response->received == 0 && response->offset == 0)
		begin_anew(get);
	if (get->at < response->offset)
		get->at = response->offset;
	uint64_t skip = get->taken > get->at ? get->taken - get->at : 0;
	get->at += piece.len;
	atomic_fetch_add(&get->mirrors->received, piece.len);
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

static int err_of(const struct web_response *response)
{
	if (response->outcome == WEB_DONE && response->status == 416)
		return -ERANGE;
	return response->outcome == WEB_TOO_LARGE ? ERR_LIMIT : response->outcome == WEB_TIMEOUT ? -ETIMEDOUT : -EIO;
}

/* Absent is no failure: a mirror may be behind with one file and good for others. */
static void next_try(struct get *get, const struct web_response *response, bool failed)
{
	struct web_mirrors *mirrors = get->mirrors;
	bool broke_off = (response->outcome == WEB_BROKEN || response->outcome == WEB_TIMEOUT) && response->received > 0;

	get->etag[0] = '\0';
	if (broke_off && ++get->tries < TRIES) {
		memcpy(get->etag, response->etag, sizeof get->etag);
		start(get);
		return;
	}
	if (failed)
		web_mirrors_note_failure(mirrors, get->mirror, get->file->note.text);
	get->tries = 0;
	get->tried |= UINT32_C(1) << get->mirror;
	get->mirror = web_mirrors_next(mirrors, get->tried);
	if (get->mirror < mirrors->settings.url_count)
		start(get);
	else
		finish(get, failed ? err_of(response) : ERR_UNKNOWN);
}

static void note_file(struct get *get, uint64_t bytes, bool same)
{
	web_mirrors_note_file(get->mirrors, get->mirror, bytes, same);
	if (!get->file->aside)
		web_mirrors_follow(get->mirrors, get->mirror);
}

/* It has not changed since: what came then comes again, from memory. */
static void take_same(struct get *get)
{
	const struct web_memory *memory = &get->mirrors->memories[get->mirror];

	note_file(get, 0, true);
	get->refused = get->file->take(get->file->ctx, (struct span){ memory->bytes, memory->len });
	finish(get, get->refused);
}

static void on_done(void *ctx, const struct web_response *response)
{
	struct get *get = ctx;
	struct web_mirrors *mirrors = get->mirrors;

	get->transfer = NULL;
	if (response->date_s != 0) {
		mirrors->offset_s = clock_wall_s() - response->date_s;
		mirrors->has_offset = true;
	}
	web_mirrors_explain(&mirrors->settings, get->url, response, &get->file->note);
	if (response->outcome == WEB_DONE && (response->status == 200 || response->status == 206)) {
		if (web_memory_is_for(get->file->name) && response->status == 200)
			web_memory_keep(&mirrors->memories[get->mirror], response, &get->copy, clock_monotonic_ns());
		get->file->from |= UINT32_C(1) << get->mirror;
		note_file(get, response->received, false);
		finish(get, 0);
	} else if (response->outcome == WEB_DONE && response->status == 304 && get->asked_same) {
		take_same(get);
	} else if (response->outcome == WEB_REFUSED) {
		finish(get, get->refused);
	} else if (is_absent(get, response) && is_immutable(get) && get->taken == 0) {
		/* A file that one has not, another may have. */
		next_try(get, response, false);
	} else if (is_absent(get, response)) {
		/* A mirror may be behind: that it has no newer root says nothing when it has nothing else. The metadata
		 * that follows tells. */
		note_file(get, 0, false);
		finish(get, ERR_UNKNOWN);
	} else {
		next_try(get, response, true);
	}
}

static void set_conditions(struct get *get, struct web_request *request)
{
	const struct web_memory *memory = &get->mirrors->memories[get->mirror];

	get->asked_same = false;
	if (get->taken > 0 && (get->etag[0] == '"' || is_immutable(get))) {
		request->offset = get->taken;
		request->if_range = get->etag[0] == '"' ? get->etag : NULL;
		request->immutable = is_immutable(get);
	} else if (get->taken == 0 && web_memory_is_for(get->file->name) && !get->mirrors->whole
		   && web_memory_is_good(memory, get->file->max_bytes, clock_monotonic_ns())) {
		request->etag = memory->etag;
		get->asked_same = true;
	}
}

static void start(struct get *get)
{
	struct web_mirrors *mirrors = get->mirrors;
	const struct web_mirrors_settings *settings = &mirrors->settings;
	/* Nobody waits long for one that failed before, while there is another. */
	unsigned shorter = web_mirrors_is_doubtful(mirrors, get->mirror, get->tried) ? SHORTER : 1;
	uint64_t connect_ms = settings->patience_ms < CONNECT_MS ? settings->patience_ms : CONNECT_MS;

	mem_free(get->url);
	mem_free(get->copy.bytes);
	get->copy = (struct transport_buffer){ 0 };
	get->url = tuf_url_join(settings->urls[get->mirror], get->file->name);
	get->at = 0;
	struct web_request request = {
		.method = WEB_GET, .url = get->url, .ca = settings->ca, .cert = settings->cert, .key = settings->key,
		.proxy = settings->proxy, .connect_ms = connect_ms / shorter, .total_ms = settings->deadline_ms,
		.low_bytes_s = LOW_BYTES_S, .low_ms = settings->patience_ms / shorter,
		.max_bytes = get->file->max_bytes, .follow = REDIRECTS, .body = on_body, .done = on_done, .ctx = get,
	};
	/* Only the same server can go on, with what its ETag says is the same. */
	if (get->etag[0] != '"')
		begin_anew(get);
	set_conditions(get, &request);
	get->transfer = web_start(mirrors->web, &request);
}

static void get_ready(struct web_mirrors *mirrors, struct web_mirrors_file *file, struct get *get)
{
	*get = (struct get){ .mirrors = mirrors, .file = file, .taken = file->had, .tried = file->avoid };
	file->err = -ECANCELED;
	file->from = 0;
	err_note_set(&file->note, NULL, 0, "%.200s: the node stops", file->name);
	mirrors->running++;
	get->mirror = web_mirrors_next(mirrors, get->tried);
	if (file->max_bytes == 0) {	/* to sync/web that would be without a limit */
		finish(get, 0);
	} else if (get->mirror == mirrors->settings.url_count) {
		err_note_set(&file->note, NULL, 0, "%.200s: no mirror is left to ask", file->name);
		finish(get, -EIO);
	} else {
		start(get);
	}
}

void web_mirrors_get_all(struct web_mirrors *mirrors, struct web_mirrors_file *const *files, size_t count)
{
	struct get *gets = mem_array(count, sizeof *gets);

	for (size_t i = 0; i < count; i++)
		get_ready(mirrors, files[i], &gets[i]);
	while (mirrors->running > 0 && !atomic_load(&mirrors->stopped))
		uv_run(&mirrors->loop, UV_RUN_ONCE);
	for (size_t i = 0; i < count; i++) {
		if (!gets[i].done && gets[i].transfer != NULL)
			web_cancel(mirrors->web, gets[i].transfer);
		mem_free(gets[i].url);
		mem_free(gets[i].copy.bytes);
	}
	mirrors->running = 0;
	mem_free(gets);
}

static void forget_buffer(void *ctx)
{
	((struct transport_buffer *)ctx)->len = 0;
}

static int get_one(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
		   struct err_note *note)
{
	struct transport_buffer buffer = { 0 };
	struct web_mirrors_file file = {
		.name = url, .max_bytes = max_bytes, .take = transport_buffer_take, .anew = forget_buffer, .ctx = &buffer,
	}, *files[] = { &file };

	web_mirrors_get_all((struct web_mirrors *)transport, files, 1);
	if (file.err != 0)
		*note = file.note;
	else if (buffer.len > 0)
		file.err = take(ctx, (struct span){ buffer.bytes, buffer.len });
	mem_free(buffer.bytes);
	return file.err;
}

static void on_wake(uv_async_t *wake)
{
	(void)wake;	/* it has turned the loop */
}

struct web_mirrors *web_mirrors_new(const struct web_mirrors_settings *settings)
{
	struct web_mirrors *mirrors = mem_alloc(sizeof *mirrors);

	assert(settings->url_count >= 1 && settings->url_count <= MIRROR_MAX);
	mirrors->transport.get = get_one;
	mirrors->settings = *settings;
	mirrors->choice.count = mirrors->current = mirrors->preferred = settings->url_count;
	mirrors->memories = mem_array(settings->url_count, sizeof *mirrors->memories);
	uv_mutex_init(&mirrors->lock);
	if (uv_loop_init(&mirrors->loop) != 0) {
		uv_mutex_destroy(&mirrors->lock);
		mem_free(mirrors->memories);
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
	for (size_t i = 0; i < mirrors->settings.url_count; i++)
		mem_free(mirrors->memories[i].bytes);
	mem_free(mirrors->memories);
	uv_mutex_destroy(&mirrors->lock);
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

void web_mirrors_resume(struct web_mirrors *mirrors)
{
	atomic_store(&mirrors->stopped, false);
}

bool web_mirrors_stopped(const struct web_mirrors *mirrors)
{
	return atomic_load(&mirrors->stopped);
}

uint64_t web_mirrors_received(const struct web_mirrors *mirrors)
{
	return atomic_load(&mirrors->received);
}

bool web_mirrors_offset(struct web_mirrors *mirrors, int64_t *ret_offset_s)
{
	bool has = mirrors->has_offset;

	*ret_offset_s = mirrors->offset_s;
	mirrors->has_offset = false;
	return has;
}
