/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over TCP (RFC 7766): each message behind two bytes of its length. A client may send many queries without
 * waiting (6.2.1.1) and cut them anywhere; all that one read brought are answered with one write, in order. What
 * cannot be the frame of a query ends the connection: where the next frame begins can no longer be trusted.
 */
#include "server/dns_tcp.h"

#include <netinet/in.h>

#include "conf/base/clock.h"
#include "server/catchment.h"
#include "server/dns_count.h"
#include "server/worker.h"

enum frame { FRAME_WHOLE, FRAME_PART, FRAME_BROKEN };

/* A broken frame is seen by its length already, before its bytes are waited for. */
static enum frame next_frame(struct span in, struct span *ret_message)
{
	if (in.len < DNS_TCP_LENGTH_BYTES)
		return FRAME_PART;
	size_t len = dns_get_u16(in.at);
	if (len < DNS_HEADER_BYTES)
		return FRAME_BROKEN;
	if (in.len < DNS_TCP_LENGTH_BYTES + len)
		return FRAME_PART;
	*ret_message = (struct span){ in.at + DNS_TCP_LENGTH_BYTES, len };
	/* A response is nobody's question: two servers talking to each other would never end. */
	return dns_get_u16(in.at + DNS_TCP_LENGTH_BYTES + 2) & DNS_QR ? FRAME_BROKEN : FRAME_WHOLE;
}

/* Bytes written to out, the length before the message; 0: silence. */
static size_t answer(const struct stream_call *call, const struct dns_tcp_way *way, struct span query, uint8_t *out)
{
	struct worker *worker = call->worker;
	enum counter queries = call->peer->any.sa_family == AF_INET6 ? way->queries6 : way->queries4;
	const struct respond_from from = {
		.transport = way->transport, .address = addr_bytes(call->peer), .now_s = (uint32_t)clock_wall_s(),
	};
	struct respond_result result;

	respond(&worker->dataset->respond, &from, query, out + DNS_TCP_LENGTH_BYTES, &result);
	dns_count(worker, &result, queries);
	if (result.len == 0)
		return 0;
	catchment_add(worker->catchment, CATCHMENT_DNS_TCP, call->owner, call->peer, from.now_s, 1);
	dns_put_u16(out, (uint16_t)result.len);
	return DNS_TCP_LENGTH_BYTES + result.len;
}

struct stream_feed dns_tcp_feed(const struct stream_call *call, const struct dns_tcp_way *way, struct span in,
				uint8_t *out, size_t room)
{
	struct stream_feed feed = { 0 };
	struct span message;
	enum frame frame;

	while ((frame = next_frame((struct span){ in.at + feed.consumed, in.len - feed.consumed }, &message))
	       == FRAME_WHOLE) {
		if (room - feed.produced < DNS_TCP_FRAME_MAX) {
			feed.again = true;
			return feed;
		}
		feed.produced += answer(call, way, message, out + feed.produced);
		feed.consumed += DNS_TCP_LENGTH_BYTES + message.len;
		feed.messages++;
	}
	feed.fault = feed.close = frame == FRAME_BROKEN;
	feed.busy = !feed.close && feed.consumed < in.len;
	return feed;
}

uint64_t dns_tcp_idle_ms(const struct worker *worker)
{
	return worker->dataset->tcp_idle_ms;
}

uint64_t dns_tcp_io_ms(const struct worker *worker)
{
	return worker->dataset->tcp_io_ms;
}

unsigned dns_tcp_max_clients(const struct worker *worker)
{
	return stream_share(worker->dataset->tcp_max_clients, worker->of);
}

struct stream_client_limit dns_tcp_client_limit(const struct worker *worker, const struct addr *peer)
{
	const struct dataset *dataset = worker->dataset;
	const struct conf_rate_limit *limit = &dataset->rate_limit;

	return (struct stream_client_limit){
		.most = stream_share(dataset->tcp_max_per_client, worker->of),
		.bits = peer->any.sa_family == AF_INET6 ? limit->ipv6_prefix_length
							: PREFIX_IPV4_BITS + limit->ipv4_prefix_length,
	};
}

static struct stream_feed feed(const struct stream_call *call, struct span in, bool eof, uint8_t *out, size_t room)
{
	static const struct dns_tcp_way way = { RESPOND_TCP, COUNTER_DNS_TCP4_QUERIES, COUNTER_DNS_TCP6_QUERIES };

	(void)eof;	/* part of a message at the end is nothing to answer */
	return dns_tcp_feed(call, &way, in, out, room);
}

const struct stream_protocol dns_tcp_protocol = {
	.name = "dns/tcp",
	.out_bytes = DNS_TCP_OUT_BYTES,
	.pending_max = DNS_TCP_FRAME_MAX,
	.accepted = COUNTER_DNS_TCP_ACCEPTED,
	.rejected = COUNTER_DNS_TCP_REJECTED,
	.evicted = COUNTER_DNS_TCP_EVICTED,
	.timeouts = COUNTER_DNS_TCP_TIMEOUTS,
	.errors = COUNTER_DNS_TCP_ERRORS,
	.client_limited = COUNTER_DNS_TCP_CLIENT_LIMIT,
	.overload = COUNTER_DNS_TCP_OVERLOAD,
	.hurry = true,
	.feed = feed,
	.idle_ms = dns_tcp_idle_ms,
	.io_ms = dns_tcp_io_ms,
	.max_clients = dns_tcp_max_clients,
	.client_limit = dns_tcp_client_limit,
};
