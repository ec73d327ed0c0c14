/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP connections of one worker and one kind (DNS over TCP, HTTP): listening sockets, a bounded pool of connections,
 * time-outs, eviction of the longest idle when full, PROXY headers, and closing. A protocol is a struct
 * stream_protocol: it is fed bytes and fills an out buffer that is written once. Loop lifetime; the worker's thread
 * only.
 *
 * Bounded memory: an idle connection is about 100 bytes from a pool and the protocol's state; input and output
 * buffers are the server's, shared by all its connections, and a connection owns heap bytes only while a message is
 * incomplete (at most pending_max), a peer does not read what it asked for (at most out_bytes and one read, for then
 * nothing more is read), or it waits (one read).
 */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/addr.h"
#include "conf/base/prefix.h"
#include "conf/base/span.h"
#include "server/counters.h"

struct tls;
struct worker;
struct stream_server;

/* Whose bytes they are: what every call into a protocol is given. */
struct stream_call {
	struct worker *worker;
	void *shared;			/* the protocol's state in this server */
	void *state;			/* the protocol's state in this connection; NULL in refused() */
	const struct addr *peer;	/* as a trusted load balancer names it (PROXY), never as a message does */
	unsigned owner;			/* of the address that it came to: server/catchment.h */
	const struct tls *tls;		/* inside of TLS, after the handshake (server/tls.h); else NULL */
};

/* What the protocol made of the bytes it was fed. */
struct stream_feed {
	size_t consumed;	/* of the input; the rest is kept and fed again with what follows */
	size_t produced;	/* bytes in out */
	unsigned messages;	/* that this call completed: the next byte begins a new one, and its time-out */
	bool again;		/* out was full: write it, then call again with the rest */
	bool close;		/* write, then close */
	bool done;		/* with close: the peer asked for it and may send no more, so that nothing it sends can
				 * turn our end into a reset: no lingering (RFC 9112, 9.6) */
	bool fault;		/* the peer broke the protocol: counted; set close as well */
	bool busy;		/* in the middle of a message: the I/O time-out counts, not the idle one */
	bool opening;		/* in the middle of a handshake before the first message: opening_ms counts */
	bool later;		/* dear work for which this turn has no time left: nothing was consumed or produced, call
				 * again with the same bytes in the next one */
	bool waiting;		/* for something that is not the client's: nothing more is read until
				 * stream_server_wake(), then called again with what was not consumed, or with nothing. At
				 * most io_ms without a message that completes; a reset by the client ends it */
};

/* How many connections the client may have at once, and how many bits of its address say who it is. */
struct stream_client_limit {
	unsigned most;
	unsigned bits;		/* of 128: conf/base/prefix.h */
};

struct stream_protocol {
	const char *name;	/* "dns/tcp", for the log */
	size_t shared_bytes;	/* of the protocol's own state in each server, zeroed at first */
	size_t state_bytes;	/* of the protocol's own state in each connection, zeroed when it opens */
	size_t out_bytes;	/* room that feed() is always given */
	size_t pending_max;	/* input bytes kept for one incomplete message at most; more: close */
	enum counter accepted, rejected, evicted, timeouts, errors;	/* timeouts: I/O, not idle */
	enum counter client_limited, overload;	/* with client_limit; with hurry */
	enum counter proxy_faults;		/* with proxies */
	/* From nine tenths of max_clients on a connection ends when what came on it is answered, so that all have a turn. */
	bool hurry;
	/* The server starts; may be NULL. */
	void (*init)(struct worker *worker, void *shared);
	/* The state's memory when the connection goes away; may be NULL. */
	void (*fini)(void *state);
	/* Bytes came (eof: none will follow). Also called with what was left over, after again. */
	struct stream_feed (*feed)(const struct stream_call *call, struct span in, bool eof, uint8_t *out,
				   size_t room);
	/* The I/O time-out struck in the middle of a message: last bytes to say before closing, or 0. May be NULL. */
	size_t (*timed_out)(const struct stream_call *call, uint8_t *out, size_t room);
	/* The connection ends between messages, by our choice or after the peer has ended its side: last bytes to
	 * say, which go as far as the kernel takes them, or 0. May be NULL. */
	size_t (*goodbye)(const struct stream_call *call, uint8_t *out, size_t room);
	/* A connection too many: last bytes to say before closing, or 0. May be NULL. */
	size_t (*refused)(const struct stream_call *call, uint8_t *out, size_t room);
	/* Live settings, from the worker's dataset or fixed ones. I/O: from the first byte of a message to its last,
	 * and without progress in writing. Idle: between messages; also the longest that one write may take.
	 * Opening: of a whole handshake, from its first byte; NULL: there is none. */
	uint64_t (*idle_ms)(const struct worker *worker);
	uint64_t (*io_ms)(const struct worker *worker);
	uint64_t (*opening_ms)(const struct worker *worker);
	unsigned (*max_clients)(const struct worker *worker);	/* this worker's share, at least 1 */
	/* The same for one client; NULL: it may have them all. One too many is closed at once. */
	struct stream_client_limit (*client_limit)(const struct worker *worker, const struct addr *peer);
	/* Load balancers: each of their connections must begin with a PROXY header (server/proxy), nobody else's may. The
	 * source it names is the peer then, for the limit, too. NULL: there are none. */
	const struct prefixes *(*proxies)(const struct worker *worker);
};

/* Serves the listening sockets, which it takes over in any case. NULL when the kernel refuses to watch one of them:
 * logged, and what was begun ends with the loop. fds of -1 are passed over. */
struct stream_server *stream_server_new(struct worker *worker, const struct stream_protocol *protocol, const int *fds,
					size_t fd_count);
/* Stops accepting, closes idle connections at once and busy ones when they are answered, the rest after grace_ms.
 * Nothing of it keeps the loop alive afterwards. */
void stream_server_stop(struct stream_server *server, uint64_t grace_ms);
/* After it was stopped and the loop has run out. NULL is fine. */
void stream_server_free(struct stream_server *server);
/* What connections of it wait for may be there now: each is fed again. */
void stream_server_wake(struct stream_server *server);
/* Ends idle connections that came to a local address which leaves() names: goodbye, our end, and no reset for what crosses it on
 * the way. New ones are taken as before. */
void stream_server_dismiss(struct stream_server *server, bool (*leaves)(void *ctx, struct address local), void *ctx);
unsigned stream_server_count(const struct stream_server *server);	/* connections open now; any thread */

/* A worker's share of a limit of the whole process: rounded up, at least 1. */
static inline unsigned stream_share(unsigned limit, unsigned workers)
{
	return limit / workers + (limit % workers > 0 || limit < workers ? 1 : 0);
}

extern const struct stream_protocol dns_tcp_protocol;	/* server/dns_tcp.c */
extern const struct stream_protocol dns_tls_protocol;	/* server/dns_tls.c */
extern const struct stream_protocol http_protocol;	/* server/http.c */
extern const struct stream_protocol https_protocol;	/* server/https.c */

#endif
