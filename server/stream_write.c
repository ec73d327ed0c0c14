/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing and closing. Answers are written at once, from the server's shared buffer; only what the peer does not
 * take is copied, and then nothing more is read from it until it has taken that: one that asks and does not read
 * costs a bounded amount of memory.
 *
 * Closing a socket that holds unread input makes the kernel send a reset, which can destroy the last answer on its
 * way (RFC 9112, 9.6). So we end our side first, then read and discard until the peer ends its own.
 */
#include <string.h>
#include <sys/socket.h>

#include "conf/base/mem.h"
#include "server/stream_inner.h"
#include "server/worker.h"

static void on_written(uv_write_t *request, int status)
{
	struct stream *stream = (struct stream *)request->handle;

	mem_free(stream->out);	/* the request is in it */
	stream->out = NULL;
	if (stream->phase == STREAM_CLOSING)
		return;
	if (status < 0)
		stream_fail(stream);
	else if (stream->close_after)
		stream_finish(stream);
	else
		stream_written(stream);
}

static int write_later(struct stream *stream, const uint8_t *bytes, size_t len)
{
	struct stream_out *out = mem_alloc(sizeof *out + len);
	uv_buf_t buf = uv_buf_init((char *)out->bytes, (unsigned)len);

	memcpy(out->bytes, bytes, len);
	out->began = uv_now(stream_server_of(stream)->loop);
	out->left = len;
	int err = uv_write(&out->request, (uv_stream_t *)&stream->tcp, &buf, 1, on_written);
	if (err != 0) {
		mem_free(out);
		return err;
	}
	stream->out = out;
	uv_read_stop((uv_stream_t *)&stream->tcp);
	stream_set_phase(stream, STREAM_WRITING);
	return 1;
}

int stream_write(struct stream *stream, const uint8_t *bytes, size_t len)
{
	/* libuv's buffers are not const, but it only reads this one. */
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
	int done = uv_try_write((uv_stream_t *)&stream->tcp, &buf, 1);

	if (done == UV_EAGAIN)
		done = 0;
	if (done >= 0 && (size_t)done == len)
		return 0;
	int err = done < 0 ? done : write_later(stream, bytes + done, len - (size_t)done);
	if (err < 0)
		stream_fail(stream);
	return err;
}

bool stream_write_moved(struct stream *stream)
{
	size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&stream->tcp);
	bool moved = left < stream->out->left;

	stream->out->left = left;
	return moved;
}

/* Between messages nothing is queued, so it goes now or, from a peer that reads nothing, not at all. */
static void say_goodbye(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);
	const struct stream_protocol *protocol = server->protocol;
	struct stream_call call = stream_call_of(stream);
	size_t len = protocol->goodbye != NULL ? protocol->goodbye(&call, server->out, protocol->out_bytes) : 0;
	uv_buf_t buf = uv_buf_init((char *)server->out, (unsigned)len);

	if (len > 0)
		(void)uv_try_write((uv_stream_t *)&stream->tcp, &buf, 1);
}

void stream_finish(struct stream *stream)
{
	uv_os_fd_t fd;

	say_goodbye(stream);
	/* After its end the peer cannot have sent anything unread. */
	if (stream->eof || uv_fileno((uv_handle_t *)&stream->tcp, &fd) != 0) {
		stream_close(stream);
		return;
	}
	/* Nothing is queued in libuv, so its own shutdown request would only cost memory. */
	(void)shutdown(fd, SHUT_WR);
	mem_free(stream->held);
	stream->held = NULL;
	stream->held_len = stream->held_room = 0;
	stream_set_phase(stream, STREAM_LINGERING);
	if (stream_read_start(stream) != 0)
		stream_close(stream);
}

void stream_discard(struct stream *stream, ssize_t len)
{
	if (len > 0 && (stream->discarded += (uint32_t)len) <= STREAM_LINGER_BYTES)
		return;
	stream_close(stream);
}

void stream_fail(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);

	counters_bump(&server->worker->counters, server->protocol->errors);
	stream_close(stream);
}

static void on_closed(uv_handle_t *handle)
{
	struct stream *stream = (struct stream *)handle;
	struct stream_server *server = stream_server_of(stream);

	if (server->protocol->fini != NULL)
		server->protocol->fini(stream->state);
	mem_free(stream->held);
	stream_pool_give(&server->pool, stream);
	stream_handle_closed(server);
}

void stream_close(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);

	if (stream->phase == STREAM_CLOSING)
		return;
	if (stream->phase == STREAM_IDLE)
		say_goodbye(stream);
	stream_leave_phase(stream);
	uv_close((uv_handle_t *)&stream->tcp, on_closed);
	server->open--;
	stream_client_left(server, stream);
	stream_rest(server);
	stream_end(server);
}

void stream_reset(struct stream *stream)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&stream->tcp, &fd) == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	stream_close(stream);
}
