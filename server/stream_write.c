/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing and closing. Answers are written at once, from the server's shared buffer; only what the peer does not
 * take is copied, and then nothing more is read from it until it has taken that: one that asks and does not read
 * costs a bounded amount of memory.
 *
 * Closing a socket that holds unread input makes the kernel send a reset, which can destroy the last answer on its
 * way (RFC 9112, 9.6). So we end our side first, then read and discard until the peer ends its own.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/stream_inner.h"
#include "server/worker.h"

static void drop_out(struct stream *stream)
{
	mem_free(stream->out);
	stream->out = NULL;
}

void stream_write_on(struct stream *stream)
{
	struct stream_out *out = stream->out;
	ssize_t sent = send(stream->fd, out->bytes + out->done, out->len - out->done, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR)
			stream_fail(stream);
		return;
	}
	out->done += (size_t)sent;
	if (out->done < out->len)
		return;
	drop_out(stream);
	if (stream->close_after)
		stream_finish(stream);
	else
		stream_written(stream);
}

static void write_later(struct stream *stream, const uint8_t *bytes, size_t len)
{
	struct stream_out *out = mem_alloc(sizeof *out + len);

	memcpy(out->bytes, bytes, len);
	out->began = uv_now(stream_server_of(stream)->loop);
	out->len = out->left = len;
	stream->out = out;
	stream_set_phase(stream, STREAM_WRITING);
}

int stream_write(struct stream *stream, const uint8_t *bytes, size_t len, bool last)
{
	ssize_t sent = send(stream->fd, bytes, len, MSG_NOSIGNAL | (last ? MSG_MORE : 0));

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		int err = -errno;

		stream_fail(stream);
		return err;
	}
	if (sent < 0)
		sent = 0;
	if ((size_t)sent == len)
		return 0;
	write_later(stream, bytes + sent, len - (size_t)sent);
	return 1;
}

bool stream_write_moved(struct stream *stream)
{
	size_t left = stream->out->len - stream->out->done;
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

	if (len > 0)
		(void)!send(stream->fd, server->out, len, MSG_NOSIGNAL | MSG_MORE);
}

void stream_finish(struct stream *stream)
{
	say_goodbye(stream);
	/* After its end the peer cannot have sent anything unread. */
	if (stream->eof) {
		stream_close(stream);
		return;
	}
	(void)shutdown(stream->fd, SHUT_WR);
	mem_free(stream->held);
	stream->held = NULL;
	stream->held_len = stream->held_room = 0;
	stream_set_phase(stream, STREAM_LINGERING);
	stream_receive(stream);
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

/* The struct is in the pool afterwards, and says that it is closed until it is taken from there: callers may look. */
void stream_close(struct stream *stream)
{
	struct stream_server *server = stream_server_of(stream);

	if (stream->phase == STREAM_CLOSING)
		return;
	if (stream->phase == STREAM_IDLE)
		say_goodbye(stream);
	stream_leave_phase(stream);
	close(stream->fd);
	drop_out(stream);
	mem_free(stream->held);
	if (server->protocol->fini != NULL)
		server->protocol->fini(stream->state);
	stream_client_left(server, stream);
	stream_pool_give(&server->pool, stream);
	server->open--;
	stream_rest(server);
	stream_end(server);
}

void stream_reset(struct stream *stream)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	stream_close(stream);
}
