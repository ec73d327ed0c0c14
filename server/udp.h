/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over UDP: batches in, batches out (recvmmsg, sendmmsg), from the worker's own sockets. A reply leaves from the
 * address the query was sent to, as an anycast host must (RFC 4786, 4.2). Loop lifetime; the worker's thread only.
 */
#ifndef SERVER_UDP_H
#define SERVER_UDP_H

#include <stdbool.h>
#include <uv.h>

struct worker;
struct udp_batch;

struct udp_listener {
	uv_poll_t poll;
	struct worker *worker;
	int fd;
	bool v6, wildcard;
	uint8_t owner;			/* of its address: server/catchment.h */
};

struct udp_batch *udp_batch_new(void);
void udp_batch_free(struct udp_batch *batch);

/* Takes fd over, a bound non-blocking socket. -errno. */
int udp_listener_start(struct udp_listener *listener, struct worker *worker, int fd);
/* Answers what has arrived, then closes. */
void udp_listener_stop(struct udp_listener *listener);

#endif
