/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waking. A handle of libuv's for each connection would be most of what an idle one costs, so all the connections of
 * a server stand in one epoll instance of its own, and libuv watches that as one descriptor.
 *
 * They are watched by edges, for everything at once and for as long as they live: one call to the kernel for a
 * connection, none for one that ends in its first turn, none when it stops and goes on reading. The price: what an edge
 * told must be remembered (readable, ending) until a read has found the end of it.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "server/stream_inner.h"

enum { EVENTS_MAX = 64 };	/* a turn's: then UDP has its own */

static void on_event(struct stream *stream, uint32_t events)
{
	bool broken = events & (EPOLLERR | EPOLLHUP);

	if (stream->phase == STREAM_CLOSING)
		return;
	stream->readable |= broken || events & (EPOLLIN | EPOLLRDHUP);
	stream->ending |= broken || events & EPOLLRDHUP;
	if (stream->phase == STREAM_WRITING) {
		if (broken || events & EPOLLOUT)
			stream_write_on(stream);
	} else if (stream->phase == STREAM_WAITING) {
		/* An end of its side alone does not say that it no longer wants the answer. */
		if (broken)
			stream_fail(stream);
	} else {
		stream_receive(stream);
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct stream_server *server = poll->data;
	struct epoll_event ready[EVENTS_MAX];

	(void)status;
	(void)events;
	int count = epoll_wait(server->epoll, ready, EVENTS_MAX, 0);
	for (int i = 0; i < count; i++)
		on_event(ready[i].data.ptr, ready[i].events);
}

int stream_watch(struct stream *stream)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = stream,
	};

	return epoll_ctl(stream_server_of(stream)->epoll, EPOLL_CTL_ADD, stream->fd, &event) == 0 ? 0 : -errno;
}

int stream_poll_start(struct stream_server *server)
{
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll < 0)
		return -errno;
	int err = uv_poll_init(server->loop, &server->poll, server->epoll);
	if (err != 0) {
		close(server->epoll);
		server->epoll = -1;
		return err;
	}
	server->poll.data = server;
	server->handles++;
	return uv_poll_start(&server->poll, UV_READABLE, on_ready);
}

static void on_closed(uv_handle_t *handle)
{
	stream_handle_closed(handle->data);
}

void stream_poll_stop(struct stream_server *server)
{
	if (server->epoll < 0)
		return;
	uv_close((uv_handle_t *)&server->poll, on_closed);
	close(server->epoll);
	server->epoll = -1;
}
