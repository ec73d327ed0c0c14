/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS: HTTP/1.1 inside of server/tls_stream. */
#include "server/http.h"
#include "server/tls_stream.h"
#include "server/worker.h"

static const struct tls_certs *certs_now(const struct worker *worker)
{
	return worker->dataset->tls[DATASET_TLS_HTTP].certs;
}

static const struct tls_service service = {
	.inner = &http_text_protocol,
	.certs = certs_now,
	.handshakes = COUNTER_HTTP_TLS_HANDSHAKES,
	.full = COUNTER_HTTP_TLS_FULL,
	.resumed = COUNTER_HTTP_TLS_RESUMED,
	.failed = COUNTER_HTTP_TLS_HANDSHAKE_FAILED,
};

static void init(struct worker *worker, void *shared)
{
	tls_stream_init(worker, shared, &service);
}

const struct stream_protocol https_protocol = {
	.name = "https",
	.shared_bytes = TLS_STREAM_SHARED_BYTES(sizeof(struct http_shared), HTTP_OUT_BYTES),
	.state_bytes = TLS_STREAM_STATE_BYTES(sizeof(struct redirect_http)),
	.out_bytes = TLS_STREAM_OUT_BYTES(HTTP_OUT_BYTES),
	.pending_max = TLS_RECORD_MAX,
	.accepted = COUNTER_HTTP_TLS_ACCEPTED,
	.rejected = COUNTER_HTTP_TLS_REJECTED,
	.evicted = COUNTER_HTTP_TLS_EVICTED,
	.timeouts = COUNTER_HTTP_TLS_TIMEOUTS,
	.errors = COUNTER_HTTP_TLS_ERRORS,
	.init = init,
	.fini = tls_stream_fini,
	.feed = tls_stream_feed,
	.timed_out = tls_stream_timed_out,
	.goodbye = tls_stream_goodbye,
	.idle_ms = http_idle_ms,
	.io_ms = http_io_ms,
	.opening_ms = http_io_ms,
	.max_clients = http_max_clients,
};
