/* SPDX-License-Identifier: Apache-2.0 */
#include "server/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/catchment.h"
#include "server/dns_count.h"
#include "server/dns_limit.h"
#include "server/worker.h"

enum {
	BATCH = 64,
	CATCHMENT_SAMPLE = 8,
	STOP_ROUNDS = 256,
	ROUNDS = 8,		/* batches a callback before other events of the loop have their turn */
	/* Larger queries do not exist; one that is cut here does not parse: FORMERR. Not multiples of 4096: buffers that far apart would all begin in the same set of the first-level cache. */
	QUERY_BYTES = 2048 + 64,
	RESPONSE_BYTES = 4096 + 64,	/* udp-max-payload is 4096 at most */
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in6_pktinfo)),
};

struct udp_batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_part[BATCH], out_part[BATCH];
	struct addr peer[BATCH];
	unsigned stands_for;		/* a query of it, in the catchment's counts */
	unsigned full;			/* batches that were */
	uint64_t read_ns;		/* when it was read from the socket */
	struct respond_from from;	/* of the message being answered; the clock is read once a batch */
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_BYTES];
	uint8_t query[BATCH][QUERY_BYTES];
	uint8_t response[BATCH][RESPONSE_BYTES];
};

struct udp_batch *udp_batch_new(void)
{
	struct udp_batch *batch = mem_alloc(sizeof *batch);

	for (unsigned i = 0; i < BATCH; i++) {
		batch->in_part[i] = (struct iovec){ batch->query[i], QUERY_BYTES };
		batch->out_part[i] = (struct iovec){ batch->response[i], 0 };
		batch->in[i].msg_hdr.msg_iov = &batch->in_part[i];
		batch->in[i].msg_hdr.msg_iovlen = 1;
		batch->in[i].msg_hdr.msg_name = &batch->peer[i];
	}
	return batch;
}

void udp_batch_free(struct udp_batch *batch)
{
	mem_free(batch);
}

/* Only a wildcard socket has something to say beside the packet: to which address it was sent. */
static int receive(struct udp_listener *listener)
{
	struct udp_batch *batch = listener->worker->batch;

	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *in = &batch->in[i].msg_hdr;

		in->msg_namelen = sizeof batch->peer[i];
		in->msg_control = listener->wildcard ? batch->control[i] : NULL;
		in->msg_controllen = listener->wildcard ? CONTROL_BYTES : 0;
	}
	return recvmmsg(listener->fd, batch->in, BATCH, MSG_DONTWAIT, NULL);
}

/* On a wildcard socket the packet says which of our addresses it was sent to; the reply says the same, but leaves the
 * choice of the interface to routing, except where an address means nothing without its link. */
static void reply_from_same_address(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (struct in_pktinfo *)(void *)CMSG_DATA(c);

			info->ipi_ifindex = 0;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *info = (struct in6_pktinfo *)(void *)CMSG_DATA(c);

			if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
				info->ipi6_ifindex = 0;
		}
	}
}

/* Whether so many queries come that forged ones must be told from others: measured a second at a time. */
static bool require_cookie(struct udp_listener *listener, unsigned received)
{
	struct worker *worker = listener->worker;
	struct udp_demand *demand = &worker->udp_demand;
	uint64_t above = worker->dataset->cookies_require_above;
	uint32_t now_s = worker->batch->from.now_s;

	if (above == 0)
		return false;
	if (demand->second != now_s)
		*demand = (struct udp_demand){ .second = now_s, .high = demand->queries * (uint64_t)worker->of > above };
	demand->queries += received;
	return demand->high || demand->queries * (uint64_t)worker->of > above;
}

/* Where clients are is counted to the last query while there is time; a full batch says that there is none, and then one
 * in CATCHMENT_SAMPLE counts for the others. It costs 7 to 12 % of the instructions of a query. */
static unsigned stands_for(struct udp_batch *batch, unsigned received)
{
	if (received < BATCH)
		return 1;
	return ++batch->full % CATCHMENT_SAMPLE == 0 ? CATCHMENT_SAMPLE : 0;
}

/* Answers message i into place out of the send side. False: silence. */
static bool answer(struct udp_listener *listener, unsigned i, unsigned out)
{
	struct worker *worker = listener->worker;
	struct udp_batch *batch = worker->batch;
	struct msghdr *in = &batch->in[i].msg_hdr;
	struct respond_result result;
	enum counter queries = listener->v6 ? COUNTER_DNS_UDP6_QUERIES : COUNTER_DNS_UDP4_QUERIES;

	if (dns_limit_reflects(addr_port(&batch->peer[i]))) {
		counters_bump(&worker->counters, queries);
		counters_bump(&worker->counters, COUNTER_DNS_REFLECTION);
		return false;
	}
	batch->from.address = addr_bytes(&batch->peer[i]);
	respond(&worker->dataset->respond, &batch->from, (struct span){ batch->query[i], batch->in[i].msg_len },
		batch->response[out], &result);
	dns_count(worker, &result, queries);
	if (result.len != 0)
		catchment_add(worker->catchment, CATCHMENT_DNS_UDP, listener->owner, &batch->peer[i], batch->from.now_s, batch->stands_for);
	if (result.len == 0 || !dns_limit(worker, &batch->peer[i], batch->response[out], &result, batch->read_ns))
		return false;

	if (in->msg_controllen != 0)
		reply_from_same_address(in);
	batch->out_part[out].iov_len = result.len;
	batch->out[out].msg_hdr = (struct msghdr){
		.msg_name = in->msg_name,
		.msg_namelen = in->msg_namelen,
		.msg_iov = &batch->out_part[out],
		.msg_iovlen = 1,
		.msg_control = in->msg_controllen ? in->msg_control : NULL,
		.msg_controllen = in->msg_controllen,
	};
	return true;
}

/* What cannot be sent (no route, a full queue) is dropped and counted: the client will ask again. */
static void send_all(struct udp_listener *listener, unsigned count)
{
	static struct log_gate gate;
	struct udp_batch *batch = listener->worker->batch;
	unsigned sent = 0;

	while (sent < count) {
		int n = sendmmsg(listener->fd, batch->out + sent, count - sent, MSG_DONTWAIT);

		if (n > 0) {
			sent += (unsigned)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		log_limited(&gate, clock_monotonic_ns(), LOG_LEVEL_DEBUG, "dns/udp: a response was not sent: %s",
			    strerror(errno));
		counters_bump(&listener->worker->counters, COUNTER_DNS_SEND_FAILED);
		sent++;
	}
}

/* The journey of a batch. False when the socket is empty. */
static bool serve_batch(struct udp_listener *listener)
{
	int received = receive(listener);
	struct udp_batch *batch = listener->worker->batch;
	unsigned answers = 0;

	if (received <= 0)
		return false;
	batch->read_ns = clock_monotonic_ns();
	batch->from.now_s = (uint32_t)clock_wall_s();
	batch->from.require_cookie = require_cookie(listener, (unsigned)received);
	batch->stands_for = stands_for(batch, (unsigned)received);
	for (int i = 0; i < received; i++)
		answers += answer(listener, (unsigned)i, answers);
	send_all(listener, answers);
	latency_add(&listener->worker->latency, clock_monotonic_ns() - batch->read_ns, (unsigned)received);
	return received == BATCH;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp_listener *listener = poll->data;

	(void)status;	/* an error on the socket is read off it, like a packet */
	(void)events;
	for (unsigned round = 0; round < ROUNDS && serve_batch(listener); round++)
		;
}

int udp_listener_start(struct udp_listener *listener, struct worker *worker, int fd)
{
	struct addr own;
	socklen_t len = sizeof own;

	if (getsockname(fd, &own.any, &len) != 0)
		return -errno;
	listener->worker = worker;
	listener->fd = fd;
	listener->v6 = own.any.sa_family == AF_INET6;
	listener->wildcard = addr_is_wildcard(&own);
	listener->owner = worker_owner_of(worker, address_of(addr_bytes(&own)));
	listener->poll.data = listener;
	int err = uv_poll_init(&worker->loop, &listener->poll, fd);
	return err != 0 ? err : uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
	struct udp_listener *listener = handle->data;

	close(listener->fd);
}

void udp_listener_stop(struct udp_listener *listener)
{
	/* What has arrived, but no more than a socket buffer holds: a flood must not keep us from stopping. */
	for (unsigned round = 0; round < STOP_ROUNDS && serve_batch(listener); round++)
		;
	uv_poll_stop(&listener->poll);
	uv_close((uv_handle_t *)&listener->poll, on_closed);
}
