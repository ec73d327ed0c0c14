/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/probe.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"

/* What libuv keeps until its handles are closed, which is after the probe has ended. */
struct probe_io {
	struct probe *probe;	/* NULL: ended */
	union {
		uv_udp_t udp;
		uv_tcp_t tcp;
		uv_handle_t handle;
	};
	uv_timer_t timer;
	unsigned handles;
	uv_udp_send_t send;
	uv_connect_t connect;
	uv_write_t write;
	bool silent;		/* nothing has come yet */
	int start_err;
	size_t len;
	uint8_t request[PROBE_REQUEST_MAX];	/* the probe may end before libuv is done with it */
	uint8_t reply[PROBE_REPLY_MAX];
};

static void on_closed(uv_handle_t *handle)
{
	struct probe_io *io = handle->data;

	if (--io->handles == 0)
		mem_free(io);
}

static struct probe *detach(struct probe_io *io)
{
	struct probe *probe = io->probe;

	io->probe = NULL;
	probe->io = NULL;
	uv_close(&io->handle, on_closed);
	uv_close((uv_handle_t *)&io->timer, on_closed);
	return probe;
}

static void end(struct probe_io *io, bool good, const char *why)
{
	static const char *const names[] = { "udp", "tcp", "tcp" };
	char words[PROBE_WORDS_MAX], to[ADDR_TEXT_MAX];

	if (io->probe == NULL)
		return;
	struct probe *probe = detach(io);
	snprintf(words, sizeof words, "%s %s: %s", addr_print(&probe->to, to, sizeof to), names[probe->kind], why);
	probe->done(probe, good, words);
}

static void on_late(uv_timer_t *timer)
{
	struct probe_io *io = timer->data;
	char why[64];

	if (io->start_err != 0)
		end(io, false, uv_strerror(io->start_err));
	if (io->probe == NULL)
		return;
	snprintf(why, sizeof why, "no %s within %llu ms", io->silent ? "answer" : "whole answer",
		 (unsigned long long)io->probe->timeout_ms);
	end(io, false, why);
}

static void judge(struct probe_io *io, bool last)
{
	char words[PROBE_WORDS_MAX] = "";
	enum probe_verdict verdict;

	verdict = io->probe->judge(io->probe->ctx, (struct span){ io->reply, io->len }, words);
	if (verdict == PROBE_GOOD)
		end(io, true, words[0] ? words : "answered");
	else if (verdict == PROBE_BAD)
		end(io, false, words);
	else if (last)
		end(io, false, io->len > 0 ? "the connection was closed in the middle of the answer"
					   : "the connection was closed without an answer");
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct probe_io *io = handle->data;

	(void)wanted;
	*buf = uv_buf_init((char *)io->reply + io->len, (unsigned)(sizeof io->reply - io->len));
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	struct probe_io *io = udp->data;

	(void)buf;
	if (io->probe == NULL)
		return;
	if (len < 0) {
		end(io, false, uv_strerror((int)len));
	} else if (from != NULL && !(flags & UV_UDP_PARTIAL)) {
		io->silent = false;
		io->len = (size_t)len;
		judge(io, false);
		io->len = 0;
	}
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct probe_io *io = stream->data;

	(void)buf;
	if (io->probe == NULL)
		return;
	if (len < 0 && len != UV_EOF && len != UV_ENOBUFS) {
		end(io, false, uv_strerror((int)len));
		return;
	}
	if (len > 0) {
		io->silent = false;
		io->len += (size_t)len;
	}
	judge(io, len < 0 || io->len == sizeof io->reply);
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct probe_io *io = connect->data;
	uv_buf_t buf = uv_buf_init((char *)io->request, 0);

	if (io->probe == NULL)
		return;
	if (status == 0 && io->probe->kind == PROBE_CONNECT) {
		end(io, true, "connected");
		return;
	}
	buf.len = io->probe->request_len;
	if (status == 0)
		status = uv_write(&io->write, (uv_stream_t *)&io->tcp, &buf, 1, NULL);
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&io->tcp, on_room, on_read);
	if (status != 0)
		end(io, false, uv_strerror(status));
}

static int start_udp(struct probe_io *io)
{
	uv_buf_t buf = uv_buf_init((char *)io->request, (unsigned)io->probe->request_len);
	int err = uv_udp_connect(&io->udp, &io->probe->to.any);

	if (err == 0)
		err = uv_udp_recv_start(&io->udp, on_room, on_datagram);
	if (err == 0)
		err = uv_udp_send(&io->send, &io->udp, &buf, 1, NULL, NULL);
	return err;
}

void probe_start(uv_loop_t *loop, struct probe *probe)
{
	struct probe_io *io = mem_alloc(sizeof *io);

	probe->io = io;
	io->probe = probe;
	io->silent = true;
	io->handles = 2;
	memcpy(io->request, probe->request, probe->request_len);
	uv_timer_init(loop, &io->timer);
	if (probe->kind == PROBE_UDP) {
		uv_udp_init(loop, &io->udp);
		io->start_err = start_udp(io);
	} else {
		uv_tcp_init(loop, &io->tcp);
		io->connect.data = io;
		io->start_err = uv_tcp_connect(&io->connect, &io->tcp, &probe->to.any, on_connect);
	}
	io->handle.data = io->timer.data = io;
	uv_timer_start(&io->timer, on_late, io->start_err != 0 ? 0 : probe->timeout_ms, 0);
}

void probe_abandon(struct probe *probe)
{
	if (probe->io != NULL)
		detach(probe->io);
}
