/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages in a stream, for what carries them: TCP itself (server/dns_tcp.c) or TLS (server/dns_tls.c). */
#ifndef SERVER_DNS_TCP_H
#define SERVER_DNS_TCP_H

#include "server/stream.h"
#include "zone/respond.h"
#include "zone/wire.h"

enum {
	DNS_TCP_LENGTH_BYTES = 2,
	DNS_TCP_FRAME_MAX = DNS_TCP_LENGTH_BYTES + DNS_MESSAGE_MAX,
	/* An answer may need DNS_TCP_FRAME_MAX; what fits beside it lets small answers share one write. More would not
	 * make writes much rarer, and a client that does not read may hold all of it. */
	DNS_TCP_OUT_BYTES = DNS_TCP_FRAME_MAX + (32 << 10),
};

struct dns_tcp_way {
	enum respond_transport transport;
	enum counter queries4, queries6;
};

/* The feed() of a struct stream_protocol, for a way that messages come. */
struct stream_feed dns_tcp_feed(const struct stream_call *call, const struct dns_tcp_way *way, struct span in,
				uint8_t *out, size_t room);
/* Its settings; connections over TLS have the same. */
uint64_t dns_tcp_idle_ms(const struct worker *worker);
uint64_t dns_tcp_io_ms(const struct worker *worker);
unsigned dns_tcp_max_clients(const struct worker *worker);
struct stream_client_limit dns_tcp_client_limit(const struct worker *worker, const struct addr *peer);

#endif
