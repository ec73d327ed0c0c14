/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/probe.h"

#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/tls_client.h"

enum { FLIGHT_MAX = 4096 };	/* of ours: a hello, or the end of the handshake and a request */
_Static_assert(FLIGHT_MAX > TLS_SEALED_MAX(PROBE_REQUEST_MAX) + 1024, "a request fits behind a handshake");

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
	struct tls tls;		/* PROBE_TLS; closed otherwise */
	bool shaken;
	uint8_t records[PROBE_REPLY_MAX];	/* as they came */
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
	tls_close(&io->tls);	/* its context is the check's, which may go before libuv is done here */
	uv_close(&io->handle, on_closed);
	uv_close((uv_handle_t *)&io->timer, on_closed);
	return probe;
}

static void end(struct probe_io *io, bool good, const char *why)
{
	static const char *const names[] = { "udp", "tcp", "tcp", "tls" };
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
	if (verdict == PROBE_MORE && io->len == sizeof io->reply) {
		snprintf(words, sizeof words, "the answer is longer than %zu bytes", sizeof io->reply);
		verdict = PROBE_BAD;
	}
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
	if (io->tls.ssl != NULL)
		*buf = uv_buf_init((char *)io->records, sizeof io->records);
	else
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

/* ---- TLS ---- */

static void tls_failed(struct probe_io *io, const char *why)
{
	char words[PROBE_WORDS_MAX];

	snprintf(words, sizeof words, "%s: %.120s", io->shaken ? "after the handshake" : "the handshake failed", why);
	end(io, false, words);
}

/* The handshake as far as what has come leads it; behind it the request. */
static enum tls_status shake(struct probe_io *io)
{
	enum tls_status status = tls_handshake(&io->tls);
	char words[PROBE_WORDS_MAX];

	if (status != TLS_GOOD)
		return status;
	io->shaken = true;
	if (!tls_client_in_force(&io->tls, clock_wall_s(), words, sizeof words)) {
		end(io, false, words);
		return TLS_BAD;
	}
	return tls_write(&io->tls, io->request, io->probe->request_len);
}

static enum tls_status read_text(struct probe_io *io)
{
	enum tls_status status = TLS_GOOD;

	while (status == TLS_GOOD && io->len < sizeof io->reply) {
		size_t len = 0;

		status = tls_read(&io->tls, io->reply + io->len, sizeof io->reply - io->len, &len);
		io->len += len;
	}
	return status;
}

/* What has come, nothing at first, and what is to be said to it: little enough for an empty socket to take it at once. */
static void turn_tls(struct probe_io *io, size_t came)
{
	uint8_t flight[FLIGHT_MAX];
	enum tls_status status = TLS_GOOD;

	tls_turn(&io->tls, (struct span){ io->records, came }, flight, sizeof flight);
	if (!io->shaken)
		status = shake(io);
	if (status == TLS_GOOD && io->shaken)
		status = read_text(io);
	if (io->probe == NULL)
		return;
	if (status == TLS_BAD || status == TLS_FULL) {
		tls_failed(io, status == TLS_FULL ? "it asks for more than a client says" : tls_fault());
		return;
	}
	uv_buf_t buf = uv_buf_init((char *)flight, (unsigned)io->tls.said);
	if (buf.len > 0 && uv_try_write((uv_stream_t *)&io->tcp, &buf, 1) != (int)buf.len)
		end(io, false, "could not be sent");
	else if (io->shaken)
		judge(io, status == TLS_END);
	else if (status == TLS_END)
		tls_failed(io, "the other side ended it");
}

static void read_tls(struct probe_io *io, ssize_t len)
{
	if (len > 0) {
		io->silent = false;
		turn_tls(io, (size_t)len);
	} else if (len < 0 && io->shaken) {
		judge(io, true);
	} else if (len < 0) {
		tls_failed(io, "the connection was closed");
	}
}

/* ---- TCP ---- */

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
	if (io->probe->kind == PROBE_TLS) {
		read_tls(io, len);
		return;
	}
	if (len > 0) {
		io->silent = false;
		io->len += (size_t)len;
	}
	judge(io, len < 0);
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
	if (status == 0 && io->probe->kind == PROBE_TLS)
		status = tls_client_open(&io->tls, io->probe->tls, io->probe->tls_host);
	else if (status == 0)
		status = uv_write(&io->write, (uv_stream_t *)&io->tcp, &buf, 1, NULL);
	if (status == 0)
		status = uv_read_start((uv_stream_t *)&io->tcp, on_room, on_read);
	if (status != 0)
		end(io, false, uv_strerror(status));
	else if (io->probe->kind == PROBE_TLS)
		turn_tls(io, 0);
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
