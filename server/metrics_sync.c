/* SPDX-License-Identifier: Apache-2.0 */
/* The master, as metrics: age, versions, looks by what came of them, bytes. */
#include <inttypes.h>

#include "conf/base/clock.h"
#include "server/metrics.h"
#include "server/node.h"
#include "server/sync.h"

static void gauge(struct textbuf *out, const char *name, const char *help, int64_t value)
{
	metrics_family(out, name, "gauge", help);
	textbuf_add(out, "catchment_%s %" PRId64 "\n", name, value);
}

void metrics_print_sync(const struct node *node, struct textbuf *out)
{
	struct sync_status status;

	if (node->sync == NULL)
		return;
	sync_status(node->sync, &status);
	metrics_family(out, "sync_state", "gauge", "1 for the state the content is in.");
	for (int i = SYNC_FRESH; i <= SYNC_EMPTY; i++)
		textbuf_add(out, "catchment_sync_state{state=\"%s\"} %d\n", sync_state_name((enum sync_state)i),
			    status.state == (enum sync_state)i);
	metrics_family(out, "sync_release", "gauge", "1, with the release that is served.");
	textbuf_add(out, "catchment_sync_release{release=\"");
	textbuf_label(out, status.release);
	textbuf_add(out, "\"} 1\n");
	gauge(out, "sync_generation", "Generation on disk that is served.", (int64_t)status.generation);
	metrics_family(out, "sync_version", "gauge", "Version of the metadata that is served.");
	textbuf_add(out, "catchment_sync_version{role=\"timestamp\"} %" PRId64 "\ncatchment_sync_version{role=\"snapshot\"} %" PRId64
		    "\n", status.timestamp, status.snapshot);
	if (status.fetched_at != 0)
		gauge(out, "sync_age_seconds", "Time since the master was asked with success.",
		      clock_wall_s() > status.fetched_at ? clock_wall_s() - status.fetched_at : 0);
	if (status.expires_at != 0)
		gauge(out, "sync_expiry_timestamp_seconds", "When what the master signed last expires.", status.expires_at);
	metrics_family(out, "sync_looks_total", "counter", "Looks at the master, by what came of them.");
	for (int i = 0; i < FOLLOW_RESULTS; i++)
		textbuf_add(out, "catchment_sync_looks_total{result=\"%s\"} %" PRIu64 "\n",
			    follow_result_name((enum follow_result)i), status.looks[i]);
	metrics_family(out, "sync_received_bytes_total", "counter", "Bytes of content that came from the master.");
	textbuf_add(out, "catchment_sync_received_bytes_total %" PRIu64 "\n", status.bytes);
	metrics_family(out, "sync_notifies_total", "counter", "NOTIFY messages, by whether their signature was good.");
	textbuf_add(out, "catchment_sync_notifies_total{good=\"1\"} %" PRIu64 "\ncatchment_sync_notifies_total{good=\"0\"} %" PRIu64
		    "\n", status.notifies, status.notifies_refused);
}
