/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"

enum { ENV_MAX = 12 };

struct spawn {
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned handles;		/* not closed yet */
	spawn_fn *done;			/* NULL: told, or nobody wants to know */
	void *ctx;
	bool late, exited, ended;	/* ended: its output has */
	int64_t status;
	int signal;
	char line[SPAWN_LINE_MAX], last[SPAWN_LINE_MAX];
	size_t len;
	char bytes[512];
};

static void on_closed(uv_handle_t *handle)
{
	struct spawn *spawn = handle->data;

	if (--spawn->handles == 0)
		mem_free(spawn);
}

static void close_all(struct spawn *spawn)
{
	uv_close((uv_handle_t *)&spawn->process, on_closed);
	uv_close((uv_handle_t *)&spawn->pipe, on_closed);
	uv_close((uv_handle_t *)&spawn->timer, on_closed);
}

static void tell(struct spawn *spawn, bool ok, const char *words)
{
	spawn_fn *done = spawn->done;

	spawn->done = NULL;
	if (done != NULL)
		done(spawn->ctx, ok, words);
}

static void end_line(struct spawn *spawn)
{
	spawn->line[spawn->len] = '\0';
	if (spawn->len > 0)
		memcpy(spawn->last, spawn->line, spawn->len + 1);
	spawn->len = 0;
}

/* Its exit and the end of its output come in either order; a grandchild may hold the output open, so time ends it too. */
static void settle(struct spawn *spawn)
{
	char words[SPAWN_LINE_MAX + 64];

	if (!spawn->exited || (!spawn->ended && !spawn->late))
		return;
	end_line(spawn);
	if (spawn->late)
		snprintf(words, sizeof words, "it did not end in time");
	else if (spawn->signal != 0)
		snprintf(words, sizeof words, "ended by signal %d", spawn->signal);
	else if (spawn->status != 0)
		snprintf(words, sizeof words, "exit code %lld%s%s", (long long)spawn->status, spawn->last[0] ? ": " : "",
			 spawn->last);
	else
		snprintf(words, sizeof words, "%s", spawn->last[0] ? spawn->last : "exit code 0");
	bool ok = !spawn->late && spawn->signal == 0 && spawn->status == 0;
	close_all(spawn);
	tell(spawn, ok, words);
}

static void on_exit(uv_process_t *process, int64_t status, int term_signal)
{
	struct spawn *spawn = process->data;

	spawn->exited = true;
	spawn->status = status;
	spawn->signal = term_signal;
	settle(spawn);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct spawn *spawn = handle->data;

	(void)wanted;
	*buf = uv_buf_init(spawn->bytes, sizeof spawn->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct spawn *spawn = stream->data;

	for (ssize_t i = 0; i < len; i++) {
		char c = buf->base[i];

		if (c == '\n')
			end_line(spawn);
		else if (spawn->len < sizeof spawn->line - 1)
			spawn->line[spawn->len++] = c >= ' ' && c <= '~' ? c : '?';
	}
	if (len < 0) {
		uv_read_stop(stream);
		spawn->ended = true;
		settle(spawn);
	}
}

static void on_late(uv_timer_t *timer)
{
	struct spawn *spawn = timer->data;

	spawn->late = true;
	(void)kill(-spawn->process.pid, SIGKILL);
	(void)uv_process_kill(&spawn->process, SIGKILL);
	settle(spawn);
}

/* It could not be started: told in the next turn, as everything else is. */
static void on_refused(uv_timer_t *timer)
{
	struct spawn *spawn = timer->data;

	close_all(spawn);
	tell(spawn, false, spawn->last);
}

struct spawn *spawn_start(uv_loop_t *loop, const char *const *argv, const char *const *env, uint64_t timeout_ms,
			  spawn_fn *done, void *ctx)
{
	struct spawn *spawn = mem_alloc(sizeof *spawn);
	const char *all[ENV_MAX] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8" };
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&spawn->pipe },
		{ .flags = UV_IGNORE },
	};
	uv_process_options_t options = {
		.file = argv[0], .args = (char **)(uintptr_t)argv, .env = (char **)(uintptr_t)all, .exit_cb = on_exit,
		.stdio = stdio, .stdio_count = 3, .flags = UV_PROCESS_DETACHED,
	};

	for (size_t i = 0; env != NULL && env[i] != NULL && i < ENV_MAX - 3; i++)
		all[2 + i] = env[i];
	spawn->done = done;
	spawn->ctx = ctx;
	spawn->handles = 3;
	uv_pipe_init(loop, &spawn->pipe, 0);
	uv_timer_init(loop, &spawn->timer);
	spawn->process.data = spawn->pipe.data = spawn->timer.data = spawn;
	int err = uv_spawn(loop, &spawn->process, &options);
	if (err != 0) {
		snprintf(spawn->last, sizeof spawn->last, "%.80s cannot be run: %s", argv[0], uv_strerror(err));
		uv_timer_start(&spawn->timer, on_refused, 0, 0);
		return spawn;
	}
	uv_read_start((uv_stream_t *)&spawn->pipe, on_room, on_read);
	uv_timer_start(&spawn->timer, on_late, timeout_ms, 0);
	return spawn;
}

void spawn_abandon(struct spawn *spawn)
{
	spawn->done = NULL;
	if (!spawn->exited && spawn->process.pid > 0) {
		(void)kill(-spawn->process.pid, SIGKILL);
		(void)uv_process_kill(&spawn->process, SIGKILL);
	}
	if (!uv_is_closing((uv_handle_t *)&spawn->process))
		close_all(spawn);
}
