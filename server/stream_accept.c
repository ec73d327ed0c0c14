/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting, with accept4() on a polled socket instead of libuv's own: so that one turn takes a bounded number, one
 * that is too many costs no handle, and running out of descriptors is ours to handle.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/proxy.h"
#include "server/stream_inner.h"
#include "server/worker.h"

/* Closes one to make room: first who has been answered and only lingers, else the longest idle (RFC 7766, 6.2.3), else
 * the oldest handshake: one that is honest ends within some round trips, those that are begun to fill us up do not. */
static bool evict(struct stream_server *server)
{
	static const enum stream_phase order[] = { STREAM_LINGERING, STREAM_IDLE, STREAM_OPENING };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		struct stream *stream = server->phases[order[i]].oldest;

		if (stream == NULL)
			continue;
		if (order[i] != STREAM_LINGERING)
			counters_bump(&server->worker->counters, server->protocol->evicted);
		stream_close(stream);
		return true;
	}
	return false;
}

/* Everybody is busy: no handle for this one, but a word where the protocol has one. What it sent already is read, for
 * unread bytes would turn the close into a reset. */
static void refuse(struct stream_server *server, int fd, const struct addr *peer)
{
	const struct stream_protocol *protocol = server->protocol;
	struct stream_call call = { .worker = server->worker, .shared = server->shared, .peer = peer };

	counters_bump(&server->worker->counters, protocol->rejected);
	if (protocol->refused != NULL) {
		size_t len = protocol->refused(&call, server->out, protocol->out_bytes);

		(void)!recv(fd, server->in, STREAM_IN_BYTES, MSG_DONTWAIT);
		(void)!send(fd, server->out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	close(fd);
}

static struct address client_of(const struct addr *peer, unsigned bits)
{
	struct address address = address_of(addr_bytes(peer)), mask = address_mask(bits);

	return (struct address){ address.high & mask.high, address.low & mask.low };
}

/* Counts the connection among its client's. False: the client has enough. */
static bool enter(struct stream_server *server, const struct addr *peer, unsigned *ret_bits)
{
	const struct stream_protocol *protocol = server->protocol;

	*ret_bits = 0;
	if (protocol->client_limit == NULL)
		return true;
	struct stream_client_limit limit = protocol->client_limit(server->worker, peer);
	if (limit.bits == 0)
		return true;	/* everybody would be one client */
	*ret_bits = limit.bits;
	return clients_enter(&server->clients, client_of(peer, limit.bits), limit.most);
}

void stream_client_left(struct stream_server *server, const struct stream *stream)
{
	if (stream->client_bits != 0)
		clients_leave(&server->clients, client_of(&stream->peer, stream->client_bits));
}

bool stream_introduced(struct stream *stream, struct span *in)
{
	struct stream_server *server = stream_server_of(stream);
	struct counters *counters = &server->worker->counters;
	struct proxy_header header;
	enum proxy_read read = proxy_read(*in, &header);
	unsigned bits;

	if (read == PROXY_PART)
		return false;
	if (read == PROXY_FAULT) {
		counters_bump(counters, server->protocol->proxy_faults);
		stream_close(stream);
		return false;
	}
	stream->proxied = false;
	if (header.has_source)
		stream->peer = header.source;
	if (!enter(server, &stream->peer, &bits)) {
		counters_bump(counters, server->protocol->client_limited);
		stream_close(stream);
		return false;
	}
	stream->client_bits = (uint8_t)bits;
	in->at += header.len;
	in->len -= header.len;
	return true;
}

/* Whose connections must say first for whom they come. */
static bool is_proxy(const struct stream_server *server, const struct addr *peer)
{
	const struct stream_protocol *protocol = server->protocol;
	const struct prefixes *proxies = protocol->proxies != NULL ? protocol->proxies(server->worker) : NULL;

	return proxies != NULL && proxies->count > 0 && prefixes_have(proxies, address_of(addr_bytes(peer)));
}

static void admit(struct stream_server *server, int fd, uint8_t owner, const struct addr *peer)
{
	unsigned most = server->protocol->max_clients(server->worker), bits = 0;
	bool proxied = is_proxy(server, peer);

	/* First: who has enough makes no others go. A proxy's clients are counted when it has named them. */
	if (!proxied && !enter(server, peer, &bits)) {
		counters_bump(&server->worker->counters, server->protocol->client_limited);
		close(fd);
		return;
	}

	/* More than one after a reload that lowered the limit. */
	while (server->open >= most && evict(server))
		;
	if (server->open < most) {
		stream_open(server, fd, owner, peer, bits, proxied);
		return;
	}
	refuse(server, fd, peer);
	if (bits != 0)
		clients_leave(&server->clients, client_of(peer, bits));
}

/* Out of descriptors or memory. The socket stays readable, so polling on would spin; a closed idle connection gives
 * one descriptor back, and the waiting clients stay in the backlog. */
static void pause_accepting(struct stream_server *server, int err)
{
	log_limited(&server->gate, clock_monotonic_ns(), LOG_LEVEL_WARN,
		    "worker %u: %s: cannot accept a connection: %s; pausing for %d ms", server->worker->index,
		    server->protocol->name, strerror(err), STREAM_ACCEPT_PAUSE_MS);
	for (size_t i = 0; i < server->listener_count; i++)
		uv_poll_stop(&server->listeners[i].poll);
	server->accept_again = uv_now(server->loop) + STREAM_ACCEPT_PAUSE_MS;
	stream_arm(server, server->accept_again);
	(void)evict(server);
}

/* One connection. False: no more for now. */
static bool accept_one(struct stream_server *server, const struct stream_listener *listener)
{
	struct addr peer = { 0 };
	socklen_t len = sizeof peer;
	int fd = accept4(listener->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= server->fd_end) {
		refuse(server, fd, &peer);
		pause_accepting(server, EMFILE);
		return false;
	}
	if (fd >= 0) {
		admit(server, fd, listener->owner, &peer);
		return true;
	}
	switch (errno) {
	case EAGAIN: return false;
	case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
		pause_accepting(server, errno);
		return false;
	default: return true;	/* that one failed before it was ours (accept(2)); the next may not */
	}
}

static void accept_waiting(struct stream_server *server, const struct stream_listener *listener, unsigned most)
{
	for (unsigned i = 0; i < most && accept_one(server, listener); i++)
		;
}

static void on_connections(uv_poll_t *poll, int status, int events)
{
	(void)status;	/* a fault of the socket is accept's to report */
	(void)events;
	accept_waiting(poll->data, (struct stream_listener *)poll, STREAM_ACCEPT_BATCH);
}

void stream_accept_resume(struct stream_server *server)
{
	server->accept_again = 0;
	for (size_t i = 0; i < server->listener_count; i++)
		uv_poll_start(&server->listeners[i].poll, UV_READABLE, on_connections);
}

static int fd_end(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
		return INT_MAX;
	rlim_t spare = limit.rlim_cur / STREAM_SPARE_PART;

	return (int)(limit.rlim_cur - (spare < STREAM_SPARE_MOST ? spare : STREAM_SPARE_MOST));
}

static uint8_t owner_of(const struct stream_server *server, int fd)
{
	struct addr own = { 0 };
	socklen_t len = sizeof own;

	return getsockname(fd, &own.any, &len) == 0 ? worker_owner_of(server->worker, address_of(addr_bytes(&own))) : 0;
}

int stream_accept_start(struct stream_server *server, const int *fds, size_t fd_count)
{
	int err = 0;

	server->fd_end = fd_end();
	server->listeners = mem_array(fd_count > 0 ? fd_count : 1, sizeof *server->listeners);
	for (size_t i = 0; i < fd_count; i++) {
		struct stream_listener *listener = &server->listeners[server->listener_count];

		if (fds[i] < 0)
			continue;
		if (err == 0)
			err = uv_poll_init(server->loop, &listener->poll, fds[i]);
		if (err != 0) {
			close(fds[i]);
			continue;
		}
		listener->poll.data = server;
		listener->fd = fds[i];
		listener->owner = owner_of(server, fds[i]);
		server->handles++;
		server->listener_count++;
	}
	if (err == 0)
		stream_accept_resume(server);
	return err;
}

static void on_listener_closed(uv_handle_t *handle)
{
	stream_handle_closed(handle->data);
}

/* Closing a listening socket resets who waits in its backlog, so they are taken first. */
void stream_accept_stop(struct stream_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		struct stream_listener *listener = &server->listeners[i];

		if (server->accept_again == 0 && !server->orphan)
			accept_waiting(server, listener, STREAM_ACCEPT_LAST);
		uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
		close(listener->fd);
	}
	server->accept_again = 0;
}
