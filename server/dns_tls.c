/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS over TLS (RFC 7858): the framing of DNS over TCP inside of server/tls_stream. Clients that encrypt without
 * verifying (RFC 9539) are served as any others: no name has to be asked for, no certificate is asked of them.
 */
#include "server/dns_tcp.h"
#include "server/tls_stream.h"
#include "server/worker.h"

/* A handshake has up to two round trips in it, more when packets are lost; a message that is sent has none. */
enum { HANDSHAKE_IO_TIMES = 4 };

static struct stream_feed feed_text(const struct stream_call *call, struct span in, bool eof, uint8_t *out, size_t room)
{
	static const struct dns_tcp_way way = { RESPOND_TLS, COUNTER_DNS_TLS4_QUERIES, COUNTER_DNS_TLS6_QUERIES };

	(void)eof;	/* part of a message at the end is nothing to answer */
	return dns_tcp_feed(call, &way, in, out, room);
}

static const struct tls_certs *certs_now(const struct worker *worker)
{
	return worker->dataset->tls[DATASET_TLS_DNS].certs;
}

static const struct stream_protocol text_protocol = {
	.name = "dns/tls",
	.out_bytes = DNS_TCP_OUT_BYTES,
	.pending_max = DNS_TCP_FRAME_MAX,
	.feed = feed_text,
};

static const struct tls_service service = {
	.inner = { { "dot", &text_protocol, COUNTER_DNS_TLS_PROTOCOL_DOT } },	/* RFC 7858, 3.1 */
	.out_bytes = DNS_TCP_OUT_BYTES,
	.certs = certs_now,
	.handshakes = COUNTER_DNS_TLS_HANDSHAKES,
	.full = COUNTER_DNS_TLS_FULL,
	.resumed = COUNTER_DNS_TLS_RESUMED,
	.version12 = COUNTER_DNS_TLS_VERSION_12,
	.version13 = COUNTER_DNS_TLS_VERSION_13,
	.unnamed = COUNTER_DNS_TLS_PROTOCOL_NONE,
	.failed = COUNTER_DNS_TLS_HANDSHAKE_FAILED,
	.failures = COUNTER_DNS_TLS_FAILED_NOT_TLS,
};

static void init(struct worker *worker, void *shared)
{
	tls_stream_init(worker, shared, &service);
}

static uint64_t opening_ms(const struct worker *worker)
{
	return HANDSHAKE_IO_TIMES * dns_tcp_io_ms(worker);
}

const struct stream_protocol dns_tls_protocol = {
	.name = "dns/tls",
	.shared_bytes = TLS_STREAM_SHARED_BYTES(0, DNS_TCP_OUT_BYTES),
	.state_bytes = TLS_STREAM_STATE_BYTES(0),
	.out_bytes = TLS_STREAM_OUT_BYTES(DNS_TCP_OUT_BYTES),
	.pending_max = TLS_RECORD_MAX,
	.accepted = COUNTER_DNS_TLS_ACCEPTED,
	.rejected = COUNTER_DNS_TLS_REJECTED,
	.evicted = COUNTER_DNS_TLS_EVICTED,
	.timeouts = COUNTER_DNS_TLS_TIMEOUTS,
	.errors = COUNTER_DNS_TLS_ERRORS,
	.client_limited = COUNTER_DNS_TLS_CLIENT_LIMIT,
	.overload = COUNTER_DNS_TLS_OVERLOAD,
	.hurry = true,
	.init = init,
	.fini = tls_stream_fini,
	.feed = tls_stream_feed,
	.timed_out = tls_stream_timed_out,
	.goodbye = tls_stream_goodbye,
	.idle_ms = dns_tcp_idle_ms,
	.io_ms = dns_tcp_io_ms,
	.opening_ms = opening_ms,
	.max_clients = dns_tcp_max_clients,
	.client_limit = dns_tcp_client_limit,
};
