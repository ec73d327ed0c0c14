/* SPDX-License-Identifier: Apache-2.0 */
/* The master, as metrics: age, versions, looks by what came of them, bytes. */
#include <inttypes.h>
#include <stdio.h>

#include "conf/base/clock.h"
#include "server/metrics.h"
#include "server/node.h"
#include "server/sync.h"

static void gauge(struct textbuf *out, const char *name, const char *help, int64_t value)
{
	metrics_family(out, name, "gauge", help);
	textbuf_add(out, "catchment_%s %" PRId64 "\n", name, value);
}

static void mirror_line(struct textbuf *out, const char *name, const char *url, uint64_t value)
{
	textbuf_add(out, "catchment_sync_mirror_%s{url=\"", name);
	textbuf_label(out, url);
	textbuf_add(out, "\"} %" PRIu64 "\n", value);
}

static void print_mirrors(struct sync *sync, struct textbuf *out)
{
	static const struct {
		const char *name, *type, *help;
	} families[] = {
		{ "used", "gauge", "1 for the master or mirror that was followed last." },
		{ "failures", "gauge", "Failures in a row; 0: it is well, or was not needed." },
		{ "received_bytes_total", "counter", "Bytes of content that it gave." },
	};

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		char name[64];

		snprintf(name, sizeof name, "sync_mirror_%s", families[i].name);
		metrics_family(out, name, families[i].type, families[i].help);
		for (size_t j = 0; j < sync_mirror_count(sync); j++) {
			struct sync_mirror mirror;

			sync_mirror(sync, j, &mirror);
			mirror_line(out, families[i].name, mirror.url,
				    i == 0 ? mirror.used : i == 1 ? mirror.failures : mirror.bytes);
		}
	}
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
	metrics_family(out, "sync_refused_release", "gauge", "1, with a release that was gone back from: by an operator, or"
		       " by the node itself.");
	if (status.refused[0] != '\0') {
		textbuf_add(out, "catchment_sync_refused_release{release=\"");
		textbuf_label(out, status.refused);
		textbuf_add(out, "\",by=\"%s\"} 1\n", status.refused_why[0] != '\0' ? "node" : "operator");
	}
	gauge(out, "sync_soaking", "1 while a staged release soaks.", status.soak_until > clock_wall_s());
	gauge(out, "sync_generation", "Generation on disk that is served.", (int64_t)status.generation);
	metrics_family(out, "sync_version", "gauge", "Version of the metadata that is served.");
	textbuf_add(out, "catchment_sync_version{role=\"timestamp\"} %" PRId64 "\ncatchment_sync_version{role=\"snapshot\"} %" PRId64
		    "\n", status.timestamp, status.snapshot);
	if (status.age_s >= 0)
		gauge(out, "sync_age_seconds", "Time since the master was asked with success.", status.age_s);
	metrics_family(out, "sync_verified_version", "gauge", "Version of the metadata that was verified last.");
	textbuf_add(out, "catchment_sync_verified_version{role=\"root\"} %" PRId64 "\ncatchment_sync_verified_version{role=\"timestamp\"} %"
		    PRId64 "\ncatchment_sync_verified_version{role=\"snapshot\"} %" PRId64 "\n", status.verified.root,
		    status.verified.timestamp, status.verified.snapshot);
	metrics_family(out, "sync_clock", "gauge", "1 for what is thought of the clock of this node.");
	for (int i = WALLCLOCK_GOOD; i <= WALLCLOCK_AHEAD; i++)
		textbuf_add(out, "catchment_sync_clock{state=\"%s\"} %d\n", wallclock_name((enum wallclock)i),
			    status.clock == (enum wallclock)i);
	if (status.has_offset)
		gauge(out, "sync_clock_offset_seconds", "Clock of this node less that of the master's server.", status.offset_s);
	metrics_family(out, "sync_aged_items", "gauge", "Items that are older than their serve_max, by what follows.");
	textbuf_add(out, "catchment_sync_aged_items{on_aged=\"serve\"} %zu\ncatchment_sync_aged_items{on_aged=\"servfail\"} %zu\n",
		    status.aged.aged - status.aged.refused, status.aged.refused);
	if (status.expires_at != 0)
		gauge(out, "sync_expiry_timestamp_seconds", "When what the master signed last expires.", status.expires_at);
	metrics_family(out, "sync_looks_total", "counter", "Looks at the master, by what came of them.");
	for (int i = 0; i < FOLLOW_RESULTS; i++)
		textbuf_add(out, "catchment_sync_looks_total{result=\"%s\"} %" PRIu64 "\n",
			    follow_result_name((enum follow_result)i), status.looks[i]);
	metrics_family(out, "sync_received_bytes_total", "counter", "Bytes of content that came from the master.");
	textbuf_add(out, "catchment_sync_received_bytes_total %" PRIu64 "\n", status.bytes);
	print_mirrors(node->sync, out);
	metrics_family(out, "sync_notifies_known_total", "counter", "Those that told nothing new.");
	textbuf_add(out, "catchment_sync_notifies_known_total %" PRIu64 "\n", status.notifies_known);
	metrics_family(out, "sync_notifies_total", "counter", "NOTIFY messages, by whether their signature was good.");
	textbuf_add(out, "catchment_sync_notifies_total{good=\"1\"} %" PRIu64 "\ncatchment_sync_notifies_total{good=\"0\"} %" PRIu64
		    "\n", status.notifies, status.notifies_refused);
}
