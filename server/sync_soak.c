/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A staged release at work. While it soaks, what clients get is held against what they got before (sync/gate). For a
 * while after the switch there is the dead man's switch: a master that cannot be reached any more and probes that fail
 * mean together that nobody could call the release back. Either way the node goes back by itself and refuses the
 * release; its report says so, and the publisher halts on that.
 *
 * Readings are of counters that workers keep anyway, and of /proc, once a second by main: answering costs no more.
 */
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "server/events.h"
#include "server/sync_inner.h"
#include "sync/probes.h"

enum { NS_A_SECOND = 1000000000, LOST_TICKS = 3 };

_Static_assert((int)GATE_BUCKETS == (int)LATENCY_BUCKETS, "sync/gate counts as server/latency does");

static uint64_t resident(void)
{
	unsigned long long size, pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu %llu", &size, &pages) != 2)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void push_memory(struct sync *sync, uint64_t bytes)
{
	memmove(sync->soak_memory + 1, sync->soak_memory, (GATE_MEMORY_READINGS - 1) * sizeof *sync->soak_memory);
	sync->soak_memory[0] = bytes;
}

/* The least of the last readings; 0: there are not enough. */
static uint64_t memory(const struct sync *sync)
{
	uint64_t least = sync->soak_memory[0];

	for (unsigned i = 1; i < GATE_MEMORY_READINGS; i++)
		least = sync->soak_memory[i] < least ? sync->soak_memory[i] : least;
	return least;
}

static struct gate_reading reading(const struct sync *sync)
{
	static const enum counter statuses[] = {
		COUNTER_HTTP_302, COUNTER_HTTP_303, COUNTER_HTTP_307, COUNTER_HTTP_204, COUNTER_HTTP_400,
		COUNTER_HTTP_404, COUNTER_HTTP_405, COUNTER_HTTP_408, COUNTER_HTTP_413, COUNTER_HTTP_414,
		COUNTER_HTTP_421, COUNTER_HTTP_431, COUNTER_HTTP_503, COUNTER_HTTP_OTHER_STATUS,	/* of the 5xx, 503 alone is an answer of content */
	};
	const struct node *node = sync->node;
	const struct latency_sum dns = node_latency(node), http = node_http_latency(node);
	struct gate_reading now = {
		.answers[GATE_DNS] = node_counter(node, COUNTER_DNS_RESPONSES),
		.rate = {
			[GATE_SERVFAIL] = node_counter(node, COUNTER_DNS_SERVFAIL),
			[GATE_NXDOMAIN] = node_counter(node, COUNTER_DNS_NXDOMAIN),
			[GATE_REFUSED] = node_counter(node, COUNTER_DNS_REFUSED),
			[GATE_HTTP_5XX] = node_counter(node, COUNTER_HTTP_503),
		},
		.memory = memory(sync),
	};

	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		now.answers[GATE_HTTP] += node_counter(node, statuses[i]);
	memcpy(now.latency[GATE_DNS], dns.buckets, sizeof dns.buckets);
	memcpy(now.latency[GATE_HTTP], http.buckets, sizeof http.buckets);
	return now;
}

void sync_soak_begin(struct sync *sync)
{
	const struct content *content = sync->node->dataset->content;
	struct gate_reading now = reading(sync);

	/* Of the generation before: since its own switch, or as many before it as were too short to tell anything. */
	if (content == NULL || gate_is_enough(&content->gate, &sync->soak_at, &now))
		sync->soak_before = sync->soak_at;
	sync->soak_at = now;
	sync->soak_begun_ns = clock_monotonic_ns();
	sync->soak_lost = 0;
	memset(sync->soak_memory, 0, sizeof sync->soak_memory);
}

static void go_back(struct sync *sync, const struct content *content, const char *why)
{
	sync->soak_judged = content->manifest->generation;
	events_add(sync->node->events, LOG_LEVEL_ERROR, "sync", "sync: release %s fails while it soaks: %s; going"
		   " back", content->manifest->release, why);
	sync_go_back(sync, content->manifest->generation, why);
}

static void look_at_answers(struct sync *sync, const struct content *content)
{
	struct gate_reading now = reading(sync);
	struct err_note note = { 0 };
	enum gate_verdict verdict = gate_judge(&content->gate, &sync->soak_before, &sync->soak_at, &now, &note);

	uv_mutex_lock(&sync->lock);
	sync->status.gate = verdict;
	uv_mutex_unlock(&sync->lock);
	if (verdict == GATE_BAD)
		go_back(sync, content, note.text);
}

/* Probes are put to what is served now: with its clock, and with the health that its targets have by now. */
static void look_after_master(struct sync *sync, const struct content *content, unsigned failures)
{
	const struct dataset *dataset = sync->node->dataset;
	struct err_note note = { 0 };
	char why[sizeof note.text + 100];

	bool lost = failures > 0 && (probes_run(content->probes, &dataset->respond, (uint32_t)clock_wall_s(), &note) != 0
				     || probes_run_web(content->probes, dataset->sites, dataset->health, &note) != 0);
	sync->soak_lost = lost ? sync->soak_lost + 1 : 0;
	if (sync->soak_lost < LOST_TICKS)
		return;
	snprintf(why, sizeof why, "the master is lost since the switch, and %s", note.text);
	go_back(sync, content, why);
}

void sync_soak_look(struct sync *sync)
{
	const struct content *content = sync->node->dataset->content;
	int64_t now_s = clock_wall_s();

	push_memory(sync, resident());
	uv_mutex_lock(&sync->lock);
	unsigned failures = sync->lost;
	uv_mutex_unlock(&sync->lock);
	if (content == NULL || content->manifest->generation == sync->soak_judged)
		return;
	if (content->soak_until_s > now_s)
		look_at_answers(sync, content);
	uint64_t window = (uint64_t)content->gate.lost_master_s * NS_A_SECOND;
	if (content->staged && content->manifest->generation != sync->soak_judged && sync->soak_begun_ns != 0
	    && clock_monotonic_ns() - sync->soak_begun_ns < window)
		look_after_master(sync, content, failures);
}
