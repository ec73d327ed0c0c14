/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of server/stream* share: the server itself and the calls between accepting (stream_accept.c),
 * waking (stream_poll.c), reading and feeding (stream.c), writing and closing (stream_write.c) and the clock
 * (stream_time.c). Nobody else includes it.
 */
#ifndef SERVER_STREAM_INNER_H
#define SERVER_STREAM_INNER_H

#include <stdatomic.h>
#include <uv.h>

#include "conf/base/log.h"
#include "server/clients.h"
#include "server/stream.h"
#include "server/stream_pool.h"

enum {
	/* One read: many queries or a request, yet a connection that floods us gives way to the others (and to UDP,
	 * in the same loop) after this much. */
	STREAM_IN_BYTES = 8 << 10,
	STREAM_READS_MAX = 8,		/* of one connection in one turn: a long message, or what is discarded */
	STREAM_COPY_MAX = 512,		/* bytes held that are copied in front of the next read; more stays */
	STREAM_LINGER_MS = 1000,	/* some round trips */
	STREAM_LINGER_BYTES = 256 << 10,
	STREAM_ACCEPT_BATCH = 64,	/* in one turn and socket: answers are more urgent than more clients */
	STREAM_ACCEPT_LAST = 512,	/* before a listening socket closes: its backlog */
	STREAM_ACCEPT_PAUSE_MS = 100,	/* when descriptors ran out */
	/* Descriptors that clients may not have: without one a check of a server of ours would fail, and the server with
	 * it. An eighth of a small limit, so many of a large one. */
	STREAM_SPARE_PART = 8,
	STREAM_SPARE_MOST = 1024,
};

struct stream_listener {
	uv_poll_t poll;			/* first; .data is the server */
	int fd;
	uint8_t owner;			/* of its address */
};

/* Bytes that the peer has not taken yet. */
struct stream_out {
	uint64_t began;			/* ms of the loop */
	size_t len, done;
	size_t left;			/* when last looked at */
	uint8_t bytes[];
};

struct stream_server {
	struct worker *worker;
	uv_loop_t *loop;
	const struct stream_protocol *protocol;
	uv_poll_t poll;			/* of epoll, which tells what all the connections have */
	int epoll;
	struct stream_listener *listeners;
	size_t listener_count;
	struct stream_pool pool;
	struct clients clients;		/* who has the open connections, when the protocol limits that */
	struct stream_list phases[STREAM_PHASES];
	_Atomic unsigned open;		/* connections that are not closing */
	unsigned handles;		/* libuv's, that are not closed */
	uv_timer_t timer;		/* armed for the nearest deadline, while there is one */
	uint64_t timer_due;		/* 0: not armed */
	uv_idle_t next_turn;		/* active while a connection has yielded */
	uint64_t accept_again;		/* 0: accepting */
	int fd_end;			/* descriptors from here on are not for clients; the kernel gives the lowest */
	bool stopping, ended, orphan;
	uint64_t grace_due;
	struct log_gate gate;
	uint8_t *in, *out;
	void *shared;
};

static inline struct stream_server *stream_server_of(const struct stream *stream)
{
	return stream->server;
}

static inline bool stream_is_reading(const struct stream *stream)
{
	return stream->phase == STREAM_IDLE || stream->phase == STREAM_OPENING || stream->phase == STREAM_BUSY;
}

/* stream.c */
/* Takes fd over. client_bits: as it was entered into server->clients, or 0. */
void stream_open(struct stream_server *server, int fd, uint8_t owner, const struct addr *peer, unsigned client_bits, bool proxied);
struct stream_call stream_call_of(struct stream *stream);
bool stream_has_input(const struct stream *stream);	/* the kernel holds bytes, or the end */
void stream_written(struct stream *stream);	/* out went out: go on with what is held */
void stream_receive(struct stream *stream);	/* what may be there, within its turn */
void stream_handle_closed(struct stream_server *server);
void stream_end(struct stream_server *server);	/* when stopping and no connection is left: closes its own handles */

/* stream_poll.c */
int stream_poll_start(struct stream_server *server);
void stream_poll_stop(struct stream_server *server);
int stream_watch(struct stream *stream);	/* once; ends with its descriptor. 0 or -errno */

/* stream_write.c */
/* 0: all written. 1: some is left, the phase is STREAM_WRITING. Negative: failed, the connection is closed. last: our
 * end follows at once, and may leave in one segment with these bytes. */
int stream_write(struct stream *stream, const uint8_t *bytes, size_t len, bool last);
void stream_write_on(struct stream *stream);	/* there may be room for more of out */
bool stream_write_moved(struct stream *stream);	/* the peer has taken some since the last look */
void stream_finish(struct stream *stream);	/* all is written: ends our side, lingers, closes */
void stream_discard(struct stream *stream, ssize_t len);	/* lingering: what still came */
void stream_fail(struct stream *stream);	/* counted as an error */
void stream_close(struct stream *stream);	/* now; what the kernel has of our answer it still delivers */
/* Now, and the kernel forgets what the peer would not read; it would probe a closed window for minutes. */
void stream_reset(struct stream *stream);

/* stream_time.c */
void stream_set_phase(struct stream *stream, enum stream_phase phase);
void stream_leave_phase(struct stream *stream);
void stream_arm(struct stream_server *server, uint64_t due);
void stream_rest(struct stream_server *server);	/* disarms the timer when nothing has a deadline */
void stream_time_start(struct stream_server *server);

/* stream_accept.c */
void stream_client_left(struct stream_server *server, const struct stream *stream);
/* The PROXY header at the front of *in. True: it was whole, *in stands behind it and the peer is who it says. False:
 * it is not whole yet, *in may be kept; or the connection is closed. */
bool stream_introduced(struct stream *stream, struct span *in);
int stream_accept_start(struct stream_server *server, const int *fds, size_t fd_count);	/* takes fds over */
void stream_accept_resume(struct stream_server *server);
void stream_accept_stop(struct stream_server *server);	/* after what waits in the backlog was accepted */

#endif
