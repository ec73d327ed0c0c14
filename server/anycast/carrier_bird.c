/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-end bird-file of carrier.h: a file of static protocols that BIRD's configuration includes, written whole and
 * renamed into place, then "configure" on BIRD's control socket. One configure at a time: BIRD drops what comes while
 * it reads another; what changed meanwhile is written and asked for behind it. Lower preference is the community
 * GRACEFUL_SHUTDOWN (RFC 8326). When the node stops it waits for BIRD's answer; when we die the file and the routes stay.
 */
#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "server/anycast/carrier.h"
#include "server/textbuf.h"

enum {
	ANSWER_MS = 5000,
	BIRD_LINE_MAX = 256,
	/* Reply codes of BIRD (doc/reply_codes). */
	CODE_RECONFIGURED = 3, CODE_IN_PROGRESS = 4, CODE_SHUTDOWN = 6, CODE_ERRORS = 8000,
};

struct carrier_state {
	uv_pipe_t pipe;
	uv_connect_t connect;
	uv_write_t write;
	uv_timer_t timer;
	bool open, busy;	/* the pipe; a configure is under way */
	bool dirty;		/* the file has changed behind it */
	bool *waiting;		/* groups whose change the running configure carries out */
	bool *next;		/* those behind it */
	char line[BIRD_LINE_MAX];
	size_t len;
	char bytes[1024];
};

static void begin(struct carrier *carrier);

static void add_protocol(const struct carrier *carrier, bool ipv4, struct textbuf *out)
{
	const struct seed *seed = carrier->start.seed;

	textbuf_add(out, "protocol static catchment%d {\n\tipv%d;\n", ipv4 ? 4 : 6, ipv4 ? 4 : 6);
	for (size_t g = 0; g < seed->group_count; g++) {
		const struct seed_group *routes = &seed->groups[g];
		enum route_level level = carrier->levels[g];

		for (size_t i = routes->first; i < routes->first + routes->count; i++) {
			if (level == ROUTE_NONE || address_is_ipv4(seed->routes[i].first) != ipv4)
				continue;
			textbuf_add(out, "\troute %s blackhole {", seed->texts[i]);
			if (level == ROUTE_LOW)
				textbuf_add(out, " bgp_community.add((65535,0));");
			if (routes->local)
				textbuf_add(out, " bgp_community.add((65535,65281));");
			textbuf_add(out, " };\n");
		}
	}
	textbuf_add(out, "}\n");
}

static int write_file(const struct carrier *carrier)
{
	struct textbuf text = { 0 };

	textbuf_add(&text, "# Written by catchmentd; changes are lost.\n");
	add_protocol(carrier, true, &text);
	add_protocol(carrier, false, &text);
	int err = file_replace(carrier->start.conf->bird_file, text.at, text.len, 0644);
	textbuf_fini(&text);
	return err;
}

/* In closing, the last of all. */
static void end_when_idle(struct carrier *carrier)
{
	uv_handle_t *timer = (uv_handle_t *)&carrier->state->timer;

	if (carrier->closed && !carrier->state->open && !uv_is_closing(timer))
		uv_close(timer, NULL);
}

static void on_closed(uv_handle_t *handle)
{
	struct carrier *carrier = handle->data;

	carrier->state->open = false;
	if (carrier->state->dirty)
		begin(carrier);
	end_when_idle(carrier);
}

/* The configure has ended; why NULL: it was taken. */
static void finish(struct carrier *carrier, const char *why)
{
	struct carrier_state *state = carrier->state;

	if (!state->busy)
		return;
	state->busy = false;
	uv_timer_stop(&state->timer);
	uv_close((uv_handle_t *)&state->pipe, on_closed);
	for (size_t i = 0; i < carrier->start.seed->group_count; i++) {
		if (!state->waiting[i])
			continue;
		state->waiting[i] = false;
		if (why == NULL)
			carrier_done(carrier, i, NULL);
		else
			carrier_done(carrier, i, "BIRD at %s: %s", carrier->start.conf->bird_socket, why);
	}
}

static void on_late(uv_timer_t *timer)
{
	finish(timer->data, "it did not answer in time");
}

/* "0003 Reconfigured", "0002-Reading configuration from ...", " continuation". */
static void on_line(struct carrier *carrier, const char *line)
{
	unsigned code;
	char mark;

	if (sscanf(line, "%4u%c", &code, &mark) != 2)
		return;
	if (code == CODE_RECONFIGURED || code == CODE_IN_PROGRESS)
		finish(carrier, NULL);
	else if (code >= CODE_ERRORS || code == CODE_SHUTDOWN)
		finish(carrier, line);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct carrier *carrier = handle->data;

	(void)wanted;
	*buf = uv_buf_init(carrier->state->bytes, sizeof carrier->state->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct carrier *carrier = stream->data;
	struct carrier_state *state = carrier->state;

	if (len < 0)
		finish(carrier, "it closed the connection");
	for (ssize_t i = 0; i < len && state->busy; i++) {
		char c = buf->base[i];

		if (c == '\n') {
			state->line[state->len] = '\0';
			state->len = 0;
			on_line(carrier, state->line);
		} else if (state->len < BIRD_LINE_MAX - 1) {
			state->line[state->len++] = c >= ' ' && c <= '~' ? c : '?';
		}
	}
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct carrier *carrier = connect->handle->data;
	static char command[] = "configure\n";
	uv_buf_t buf = uv_buf_init(command, sizeof command - 1);

	if (status == UV_ECANCELED)
		return;
	/* In closing: a BIRD that does not run announces nothing, and reads the file, which has no routes now, when it starts. */
	if (carrier->closed && (status == UV_ENOENT || status == UV_ECONNREFUSED)) {
		finish(carrier, NULL);
		return;
	}
	if (status == 0)
		status = uv_write(&carrier->state->write, connect->handle, &buf, 1, NULL);
	if (status == 0)
		status = uv_read_start(connect->handle, on_room, on_read);
	if (status != 0)
		finish(carrier, uv_strerror(status));
}

static void begin(struct carrier *carrier)
{
	struct carrier_state *state = carrier->state;
	int err = write_file(carrier);

	for (size_t i = 0; i < carrier->start.seed->group_count; i++) {
		state->waiting[i] = state->next[i];
		state->next[i] = false;
		if (err != 0 && state->waiting[i]) {
			state->waiting[i] = false;
			carrier_done(carrier, i, "%s: %s", carrier->start.conf->bird_file, err_text(err));
		}
	}
	state->dirty = false;
	if (err != 0)
		return;
	state->open = state->busy = true;
	state->len = 0;
	uv_pipe_init(carrier->start.loop, &state->pipe, 0);
	state->pipe.data = carrier;
	uv_timer_start(&state->timer, on_late, ANSWER_MS, 0);
	uv_pipe_connect(&state->connect, &state->pipe, carrier->start.conf->bird_socket, on_connect);
}

static void bird_set(struct carrier *carrier, size_t group)
{
	struct carrier_state *state = carrier->state;

	state->next[group] = state->dirty = true;
	if (!state->open)
		begin(carrier);
}

static struct carrier_state *bird_open(struct carrier *carrier)
{
	struct carrier_state *state = mem_alloc(sizeof *state);
	size_t count = carrier->start.seed->group_count;

	state->waiting = mem_array(count, sizeof *state->waiting);
	state->next = mem_array(count, sizeof *state->next);
	uv_timer_init(carrier->start.loop, &state->timer);
	state->timer.data = carrier;
	carrier->state = state;
	begin(carrier);		/* what an earlier life has left announced */
	return state;
}

static void bird_close(struct carrier *carrier)
{
	end_when_idle(carrier);
}

static void bird_free(struct carrier *carrier)
{
	mem_free(carrier->state->waiting);
	mem_free(carrier->state->next);
	mem_free(carrier->state);
}

const struct carrier_backend carrier_bird = {
	.open = bird_open, .set = bird_set, .close = bird_close, .free = bird_free,
};
