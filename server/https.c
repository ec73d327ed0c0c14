/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS: HTTP of the version that client and node agree on, inside of server/tls_stream. */
#include "server/http.h"
#include "server/tls_stream.h"
#include "server/worker.h"

static const struct tls_certs *certs_now(const struct worker *worker)
{
	return worker->dataset->tls[DATASET_TLS_HTTP].certs;
}

enum {
	STATE_BYTES = 64,	/* of the larger one: tls_stream_init() checks it */
	SHARED_BYTES = 2 * TLS_STREAM_ALIGNED(sizeof(struct http_shared)),
};
_Static_assert(sizeof(struct redirect_http) <= STATE_BYTES, "room for HTTP/1");

static const struct tls_service service = {
	/* The last is also for clients that know nothing of ALPN. */
	.inner = {
		{ "h2", &http2_text_protocol, COUNTER_HTTP_TLS_PROTOCOL_H2 },
		{ "http/1.0", &http_text_protocol, COUNTER_HTTP_TLS_PROTOCOL_HTTP1 },
		{ "http/1.1", &http_text_protocol, COUNTER_HTTP_TLS_PROTOCOL_HTTP1 },
	},
	.state_bytes = STATE_BYTES,
	.shared_bytes = SHARED_BYTES,
	.out_bytes = HTTP_OUT_BYTES,
	.certs = certs_now,
	.handshakes = COUNTER_HTTP_TLS_HANDSHAKES,
	.full = COUNTER_HTTP_TLS_FULL,
	.resumed = COUNTER_HTTP_TLS_RESUMED,
	.version12 = COUNTER_HTTP_TLS_VERSION_12,
	.version13 = COUNTER_HTTP_TLS_VERSION_13,
	.unnamed = COUNTER_HTTP_TLS_PROTOCOL_NONE,
	.failed = COUNTER_HTTP_TLS_HANDSHAKE_FAILED,
	.failures = COUNTER_HTTP_TLS_FAILED_NOT_TLS,
};

static void init(struct worker *worker, void *shared)
{
	tls_stream_init(worker, shared, &service);
}

const struct stream_protocol https_protocol = {
	.name = "https",
	.shared_bytes = TLS_STREAM_SHARED_BYTES(SHARED_BYTES, HTTP_OUT_BYTES),
	.state_bytes = TLS_STREAM_STATE_BYTES(STATE_BYTES),
	.out_bytes = TLS_STREAM_OUT_BYTES(HTTP_OUT_BYTES),
	.pending_max = TLS_RECORD_MAX,
	.accepted = COUNTER_HTTP_TLS_ACCEPTED,
	.rejected = COUNTER_HTTP_TLS_REJECTED,
	.evicted = COUNTER_HTTP_TLS_EVICTED,
	.timeouts = COUNTER_HTTP_TLS_TIMEOUTS,
	.errors = COUNTER_HTTP_TLS_ERRORS,
	.client_limited = COUNTER_HTTP_TLS_CLIENT_LIMIT,
	.proxy_faults = COUNTER_HTTP_TLS_PROXY_FAULTS,
	.init = init,
	.fini = tls_stream_fini,
	.feed = tls_stream_feed,
	.timed_out = tls_stream_timed_out,
	.goodbye = tls_stream_goodbye,
	.idle_ms = http_idle_ms,
	.io_ms = http_io_ms,
	.opening_ms = http_io_ms,
	.max_clients = http_max_clients,
	.client_limit = http_client_limit,
	.proxies = http_proxies,
};
