/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients of the control socket. A client is a pipe, an input buffer of at most one request line, and at most one
 * call. While a call runs, or while output waits unread, no further line is taken and soon none is read. Only the
 * pipe's close callback ends a client, never a call inside another one, so that nobody's memory goes away under
 * his feet.
 */
#include "server/control.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/commands.h"

enum {
	BACKLOG = 256,
	INPUT_FIRST = 4096,		/* bytes of a client's first input buffer */
	OUTPUT_HIGH = 256 << 10,	/* bytes waiting for a client: nothing more is produced for it */
	SWEEP_MS = 1000,
	IDLE_MS = 30000,		/* idle so long, a client makes way when there are too many */
	CLOSE_GRACE_MS = 2000,		/* for what is due when the node stops */
};

struct peer {
	uv_pipe_t pipe;
	struct call_client calls;
	struct control *control;
	struct peer *next, **link;
	char *in;
	size_t in_start, in_len, in_room; /* in_len bytes from in_start on are to be taken */
	uint64_t moved_ms;		/* when bytes last came or went */
	size_t queued;			/* output that waited at the last sweep */
	bool reading;
	bool eof;			/* it will send nothing more, but may still read */
	bool feeding;			/* feed() is below us on the stack */
	bool last;			/* close when what is due is written */
	bool closing;
};

struct control {
	struct node *node;
	uv_pipe_t listener;
	uv_timer_t sweep;
	struct peer *peers;
	unsigned count;
	unsigned handles;		/* listener, sweep */
	char *path;
	dev_t dev;			/* of the socket file: another node's is not ours to remove */
	ino_t ino;
	bool closing;
	struct log_gate gate;
};

/* Output on its way; the request and its bytes end together. */
struct output {
	uv_write_t write;
	struct peer *peer;
	char *bytes;
};

static void feed(struct peer *peer);

static uint64_t now_ms(void)
{
	return clock_monotonic_ns() / 1000000u;
}

static size_t waiting(const struct peer *peer)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&peer->pipe);
}

static void free_when_closed(struct control *control)
{
	if (control->handles > 0 || control->peers != NULL)
		return;
	mem_free(control->path);
	mem_free(control);
}

static void handle_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	control->handles--;
	free_when_closed(control);
}

static void peer_closed(uv_handle_t *handle)
{
	struct peer *peer = handle->data;
	struct control *control = peer->control;

	if (peer->calls.call != NULL)
		call_abandon(peer->calls.call);
	*peer->link = peer->next;
	if (peer->next != NULL)
		peer->next->link = peer->link;
	control->count--;
	mem_free(peer->in);
	mem_free(peer);
	if (control->closing && control->peers == NULL)
		uv_close((uv_handle_t *)&control->sweep, handle_closed);
}

static void close_peer(struct peer *peer)
{
	if (peer->closing)
		return;
	peer->closing = true;
	uv_close((uv_handle_t *)&peer->pipe, peer_closed);
}

/* A client that closed both ways, which no read tells once we stopped reading or its end was seen. */
static bool hung_up(const struct peer *peer)
{
	struct pollfd poller = { .fd = -1 };

	return uv_fileno((const uv_handle_t *)&peer->pipe, &poller.fd) == 0 && poll(&poller, 1, 0) == 1
	       && poller.revents & (POLLHUP | POLLERR);
}

/* Once a second while output waits or a client that we do not read from is waited for; never on an idle node. */
static void sweep(uv_timer_t *timer)
{
	struct control *control = timer->data;
	uint64_t now = now_ms();
	bool again = false;

	for (struct peer *peer = control->peers; peer != NULL; peer = peer->next) {
		size_t queued = waiting(peer);

		if (queued != peer->queued)
			peer->moved_ms = now;
		peer->queued = queued;
		if (queued > 0 && now - peer->moved_ms >= CONTROL_HANG_MS) {
			log_limited(&control->gate, now * 1000000u, LOG_LEVEL_INFO,
				    "control: a client (%s) reads nothing: closed", peer->calls.who);
			close_peer(peer);
		} else if (!peer->reading && hung_up(peer)) {
			close_peer(peer);
		}
		again |= !peer->closing && (queued > 0 || !peer->reading);
	}
	if (!again)
		uv_timer_stop(timer);
}

static void want_sweep(struct control *control)
{
	if (!control->closing && !uv_is_active((const uv_handle_t *)&control->sweep))
		uv_timer_start(&control->sweep, sweep, SWEEP_MS, SWEEP_MS);
}

static void written(uv_write_t *write, int status)
{
	struct output *output = (struct output *)write;
	struct peer *peer = output->peer;

	mem_free(output->bytes);
	mem_free(output);
	if (peer->closing)
		return;
	if (status != 0) {
		close_peer(peer);
		return;
	}
	peer->moved_ms = now_ms();
	if (peer->calls.call != NULL)
		call_ready(peer->calls.call);
	feed(peer);
}

static void take_line(struct call_client *client, char *line, size_t len)
{
	struct peer *peer = (struct peer *)((char *)client - offsetof(struct peer, calls));
	struct output *output;

	if (peer->closing) {
		mem_free(line);
		return;
	}
	output = mem_alloc(sizeof *output);
	output->peer = peer;
	output->bytes = line;

	uv_buf_t buf = uv_buf_init(line, (unsigned)len);
	if (uv_write(&output->write, (uv_stream_t *)&peer->pipe, &buf, 1, written) != 0) {
		mem_free(line);
		mem_free(output);
		close_peer(peer);
	} else if (waiting(peer) > 0) {
		want_sweep(peer->control);
	}
}

static bool has_room(struct call_client *client)
{
	const struct peer *peer = (const struct peer *)((const char *)client - offsetof(struct peer, calls));

	return !peer->closing && waiting(peer) < OUTPUT_HIGH;
}

static void call_ended(struct call_client *client)
{
	feed((struct peer *)((char *)client - offsetof(struct peer, calls)));
}

static void refuse(struct peer *peer, const char *error)
{
	size_t len;
	char *line = command_error_line(CALL_USAGE, error, &len);

	take_line(&peer->calls, line, len);
	peer->last = true;
	peer->in_len = 0;
}

/* The next whole line; at the end of input also what stands there without a newline. */
static bool next_line(struct peer *peer, const char **ret_line, size_t *ret_len, size_t *ret_taken)
{
	if (peer->in_len == 0)
		return false;

	const char *at = peer->in + peer->in_start;
	const char *end = memchr(at, '\n', peer->in_len);
	if (end == NULL && !peer->eof)
		return false;
	*ret_line = at;
	*ret_len = end ? (size_t)(end - at) : peer->in_len;
	*ret_taken = *ret_len + (end != NULL);
	return true;
}

static void run_lines(struct peer *peer)
{
	const char *line;
	size_t len, taken;

	while (!peer->closing && !peer->last && peer->calls.call == NULL && has_room(&peer->calls)
	       && next_line(peer, &line, &len, &taken)) {
		if (len > CONTROL_LINE_MAX)
			break;
		command_run(peer->control->node, &peer->calls, line, len);
		peer->in_start += taken;
		peer->in_len -= taken;
	}
	if (!peer->last && peer->in_len > CONTROL_LINE_MAX && peer->calls.call == NULL
	    && memchr(peer->in + peer->in_start, '\n', CONTROL_LINE_MAX + 1) == NULL)
		refuse(peer, "a request line has at most 65536 bytes");
	if (peer->in_len == 0 && peer->in != NULL) {	/* an idle client holds no buffer */
		mem_free(peer->in);
		peer->in = NULL;
		peer->in_start = peer->in_room = 0;
	}
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct peer *peer = handle->data;

	(void)suggested;
	if (peer->in_start > 0) {
		memmove(peer->in, peer->in + peer->in_start, peer->in_len);
		peer->in_start = 0;
	}
	if (peer->in_len == peer->in_room) {
		size_t room = peer->in_room ? peer->in_room * 2 : INPUT_FIRST;

		/* One byte more than the longest line and its newline: so a longer one is seen. */
		peer->in_room = room > CONTROL_LINE_MAX ? CONTROL_LINE_MAX + 2 : room;
		peer->in = mem_resize(peer->in, peer->in_room, 1);
	}
	*buf = uv_buf_init(peer->in + peer->in_len, (unsigned)(peer->in_room - peer->in_len));
}

static void have_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct peer *peer = stream->data;

	(void)buf;
	if (got == 0)
		return;
	if (got < 0 && got != UV_EOF) {
		close_peer(peer);
		return;
	}
	if (got == UV_EOF)
		peer->eof = true;
	else
		peer->in_len += (size_t)got;
	peer->moved_ms = now_ms();
	feed(peer);
}

/* Reads on exactly while there is room for what comes. */
static void set_reading(struct peer *peer)
{
	bool want = !peer->closing && !peer->eof && !peer->last && peer->in_len < CONTROL_LINE_MAX + 2;

	if (want && !peer->reading)
		uv_read_start((uv_stream_t *)&peer->pipe, give_room, have_read);
	if (!want && peer->reading)
		uv_read_stop((uv_stream_t *)&peer->pipe);
	peer->reading = want;
	if (!want && !peer->closing)
		want_sweep(peer->control);
}

/* Whatever happened to a client: takes what lines it may, sets the reading right, closes it when all is done. */
static void feed(struct peer *peer)
{
	if (peer->feeding || peer->closing)
		return;
	peer->feeding = true;
	run_lines(peer);
	peer->feeding = false;
	if (peer->closing)
		return;

	bool idle = peer->calls.call == NULL && waiting(peer) == 0;
	if (idle && (peer->last || (peer->eof && peer->in_len == 0)))
		close_peer(peer);
	else
		set_reading(peer);
}

static struct peer *new_peer(struct control *control)
{
	struct peer *peer = mem_alloc(sizeof *peer);

	uv_pipe_init(control->node->loop, &peer->pipe, 0);
	peer->pipe.data = peer;
	peer->control = control;
	peer->calls = (struct call_client){ .line = take_line, .room = has_room, .done = call_ended };
	peer->moved_ms = now_ms();
	peer->next = control->peers;
	peer->link = &control->peers;
	if (peer->next != NULL)
		peer->next->link = &peer->next;
	control->peers = peer;
	control->count++;
	return peer;
}

static void name_peer(struct peer *peer)
{
	struct ucred who = { 0 };
	socklen_t len = sizeof who;
	int fd;

	if (uv_fileno((const uv_handle_t *)&peer->pipe, &fd) == 0
	    && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
		snprintf(peer->calls.who, sizeof peer->calls.who, "uid %ld, pid %ld", (long)who.uid, (long)who.pid);
	else
		snprintf(peer->calls.who, sizeof peer->calls.who, "unknown");
}

static bool longer_idle(const struct peer *peer, const struct peer *than)
{
	return peer->calls.call == NULL && waiting(peer) == 0 && (than == NULL || peer->moved_ms < than->moved_ms);
}

/* Room for a new client: an operator must get in. Closes one that left and was not noticed yet, else the one that has
 * been idle longest, if long. */
static bool make_way(struct control *control)
{
	struct peer *longest = NULL;

	for (struct peer *peer = control->peers; peer != NULL; peer = peer->next) {
		if (peer->closing)
			continue;
		if (hung_up(peer)) {
			close_peer(peer);
			return true;
		}
		if (longer_idle(peer, longest))
			longest = peer;
	}
	if (longest == NULL || now_ms() - longest->moved_ms < IDLE_MS)
		return false;
	close_peer(longest);
	return true;
}

static void connected(uv_stream_t *listener, int status)
{
	struct control *control = listener->data;
	struct peer *peer;

	if (status != 0) {
		log_warn("control: cannot accept a client: %s", uv_strerror(status));
		return;
	}
	bool room = control->count < CONTROL_CLIENTS_MAX || make_way(control);
	peer = new_peer(control);
	if (uv_accept(listener, (uv_stream_t *)&peer->pipe) != 0) {
		close_peer(peer);
		return;
	}
	name_peer(peer);
	if (!room)
		refuse(peer, "too many clients of the control socket: at most 64 at a time");
	feed(peer);
}

int control_start(struct node *node, int fd, const char *path, struct control **ret_control)
{
	struct control *control = mem_alloc(sizeof *control);
	struct stat st;
	int err;

	/* libuv writes without MSG_NOSIGNAL: a client that went away must not end the node. */
	signal(SIGPIPE, SIG_IGN);
	control->node = node;
	control->path = mem_string(path);
	if (lstat(path, &st) == 0) {
		control->dev = st.st_dev;
		control->ino = st.st_ino;
	}
	control->handles = 2;
	uv_timer_init(node->loop, &control->sweep);
	control->sweep.data = control;
	uv_pipe_init(node->loop, &control->listener, 0);
	control->listener.data = control;
	err = uv_pipe_open(&control->listener, fd);
	if (err != 0)
		close(fd);
	else
		err = uv_listen((uv_stream_t *)&control->listener, BACKLOG, connected);
	if (err != 0) {
		control_close(control);
		return err;
	}
	*ret_control = control;
	return 0;
}

static void grace_over(uv_timer_t *timer)
{
	const struct control *control = timer->data;

	for (struct peer *peer = control->peers; peer != NULL; peer = peer->next)
		close_peer(peer);
}

void control_close(struct control *control)
{
	struct stat st;

	if (control->closing)
		return;
	control->closing = true;
	if (lstat(control->path, &st) == 0 && st.st_dev == control->dev && st.st_ino == control->ino)
		unlink(control->path);
	uv_close((uv_handle_t *)&control->listener, handle_closed);
	if (control->peers == NULL) {
		uv_close((uv_handle_t *)&control->sweep, handle_closed);
		return;
	}
	uv_timer_start(&control->sweep, grace_over, CLOSE_GRACE_MS, 0);
	for (struct peer *peer = control->peers; peer != NULL; peer = peer->next) {
		peer->last = true;
		if (peer->calls.call != NULL)
			call_close(peer->calls.call);
		feed(peer);
	}
}
