/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node without sockets or threads, for the tests and the fuzzer of the control plane: two zones (one that is
 * loaded, one that is not), two sites, and reloads that end as the test says. It stands in for server/node.c and
 * reload.c.
 */
#ifndef TESTS_UNIT_SERVER_FAKE_NODE_H
#define TESTS_UNIT_SERVER_FAKE_NODE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"
#include "server/access_log.h"
#include "server/control.h"
#include "server/events.h"
#include "server/node.h"
#include "zone/compile.h"
#include "zone/text.h"

static const char fake_conf[] =
	"node: {name: fake1, region: eu}\n"
	"state-dir: /nowhere/state\n"
	"control-socket: /nowhere/control.sock\n"
	"workers: 1\n"
	"dns: {listen: [192.0.2.53@53, '2001:db8::53@53']}\n"
	"redirect: {listen: [192.0.2.80@80]}\n"
	"zones:\n"
	"  - {name: example.org, file: /nowhere/example.org.zone}\n"
	"  - {name: broken.test, file: /nowhere/broken.test.zone}\n"
	"sites:\n"
	"  - hosts: [dl.example.org]\n"
	"    targets: [{url: 'https://{node}.content.example.org', weight: 2}]\n"
	"  - hosts: ['*.mirror.example.org']\n"
	"    targets: [{url: 'https://content.example.org/{host}'}]\n"
	"    fallback: [{url: 'https://ams1.content.example.org'}]\n";

static const char fake_zone[] =
	"$TTL 300\n"
	"@ IN SOA ns host 7 1d 2h 4w 5m\n"
	"@ IN NS ns\n"
	"ns IN A 192.0.2.53\n"
	"ns IN AAAA 2001:db8::53\n"
	"www IN CNAME web\n"
	"web IN A 192.0.2.1\n"
	"web IN A 192.0.2.2\n"
	"web IN TXT \"a \\\"quoted\\\" text\"\n"
	"*.any IN MX 10 web\n"
	"child IN NS ns.child\n"
	"ns.child IN A 192.0.2.54\n"
	"odd IN TYPE65280 \\# 3 010203\n";

static struct {
	struct node_reload_result result;	/* what the next reload gives */
	unsigned reloads, stops;
	char zone[64];				/* of the last reload */
} fake;

struct fake_reload {
	uv_work_t work;
	struct node *node;
	node_reload_fn *done;
	void *ctx;
};

static void fake_work(uv_work_t *work)
{
	(void)work;
}

static void fake_reloaded(uv_work_t *work, int status)
{
	struct fake_reload *reload = work->data;

	(void)status;
	reload->done(reload->ctx, &fake.result);
	free(reload);
}

void node_reload_zones(struct node *node, const char *zone, node_reload_fn *done, void *ctx)
{
	struct fake_reload *reload = mem_alloc(sizeof *reload);

	*reload = (struct fake_reload){ .node = node, .done = done, .ctx = ctx };
	reload->work.data = reload;
	snprintf(fake.zone, sizeof fake.zone, "%s", zone ? zone : "");
	fake.reloads++;
	uv_queue_work(node->loop, &reload->work, fake_work, fake_reloaded);
}

void node_reload_secrets(struct node *node, node_reload_fn *done, void *ctx)
{
	node_reload_zones(node, NULL, done, ctx);
}

/* Nobody is followed here: server/sync only wants to be linked. */
void node_reload_sync(struct node *node, struct node_sync_job *job, node_reload_fn *done, void *ctx)
{
	(void)job;
	node_reload_zones(node, NULL, done, ctx);
}

void node_reload_age(struct node *node, node_reload_fn *done, void *ctx)
{
	node_reload_zones(node, NULL, done, ctx);
}

void node_reload(struct node *node, node_reload_fn *done, void *ctx)
{
	node_reload_zones(node, NULL, done, ctx);
}

void node_stop(struct node *node)
{
	fake.stops++;
	if (node->control != NULL)
		control_close(node->control);
}

void node_poke(struct node *node)
{
	(void)node;
}

uint64_t node_counter(const struct node *node, enum counter counter)
{
	(void)node;
	return counter == COUNTER_DNS_UDP4_QUERIES ? 41 : 0;
}

struct latency_sum node_http_latency(const struct node *node)
{
	struct latency latency = { 0 };
	struct latency_sum sum = { 0 };

	(void)node;
	latency_add(&latency, 3000, 7);
	latency_read(&latency, &sum);
	return sum;
}

struct latency_sum node_latency(const struct node *node)
{
	struct latency latency = { 0 };
	struct latency_sum sum = { 0 };

	(void)node;
	latency_add(&latency, 3000, 90);
	latency_add(&latency, 50000, 10);
	latency_read(&latency, &sum);
	return sum;
}

size_t node_limited(const struct node *node, struct limiter_report *ret_reports, size_t room)
{
	struct limiter_report report = {
		.class = LIMITER_NXDOMAIN, .actions = { [LIMITER_DROP] = 6, [LIMITER_SLIP] = 5 },
		.since = 1700000000, .last = 1700000100,
	};

	(void)node;
	(void)room;
	prefix_parse("192.0.2.0/24", &report.prefix);
	*ret_reports = report;
	return 1;
}

unsigned node_tcp_clients(const struct node *node)
{
	(void)node;
	return 3;
}

unsigned node_http_clients(const struct node *node)
{
	(void)node;
	return 4;
}

_Noreturn static void fake_fault(const char *what, struct err_list *errors)
{
	char text[sizeof(struct err_note) + 16];

	fprintf(stderr, "fake node: %s: %s\n", what,
		errors->kept ? err_note_print(&errors->notes[0], text, sizeof text) : "");
	abort();
}

/* The zone of fake_zone with some more records in it. */
static struct zone_image *fake_image(unsigned more)
{
	struct err_list errors = { 0 }, warnings = { 0 };
	struct err_note note;
	struct zone_image *image;
	struct name apex;
	char *text = mem_alloc(sizeof fake_zone + (size_t)more * 48);
	size_t len = sizeof fake_zone - 1, size;
	void *bytes;

	memcpy(text, fake_zone, len);
	for (unsigned i = 0; i < more; i++)
		len += (size_t)sprintf(text + len, "host%u IN A 10.%u.%u.%u\n", i, i >> 16 & 255, i >> 8 & 255,
				       i & 255);
	name_from_text("example.org", &apex);
	struct zone_compile *compile = zone_compile_new(&apex);
	if (zone_text_parse("fake", text, len, &apex, zone_compile_add, compile, &errors) != 0
	    || zone_compile_finish(compile, &bytes, &size, &errors, &warnings) != 0)
		fake_fault("zone", &errors);
	if (zone_image_open(bytes, size, true, &image, &note) != 0)
		fake_fault("image", &errors);
	zone_compile_free(compile);
	err_list_fini(&warnings);
	mem_free(text);
	return image;
}

static struct dataset *fake_dataset(const struct conf *conf, unsigned more)
{
	struct dataset *dataset = mem_alloc(sizeof *dataset);
	struct err_list errors = { 0 };
	struct zone_image *image = fake_image(more);
	struct name apex;

	dataset->generation = 5;
	dataset->zones = zone_set_new(2);
	dataset->zone_infos = mem_array(2, sizeof *dataset->zone_infos);
	name_from_text("example.org", &apex);
	zone_set_add(dataset->zones, &apex, image);
	zone_image_release(image);
	name_from_text("broken.test", &apex);
	zone_set_add(dataset->zones, &apex, NULL);
	dataset->zone_infos[0] = (struct dataset_zone){
		.name = mem_string("example.org"), .source = mem_string("/nowhere/example.org.zone"),
		.loaded_at = 1700000000, .took_ns = 1500000, .current = true,
	};
	dataset->zone_infos[1] = (struct dataset_zone){
		.name = mem_string("broken.test"), .source = mem_string("/nowhere/broken.test.zone"),
		.fault = mem_string("/nowhere/broken.test.zone:3: expected a type"),
	};
	if (redirect_sites_new(conf, &dataset->sites, &errors) != 0)
		fake_fault("sites", &errors);
	dataset->site_counters = mem_array(redirect_sites_count(dataset->sites), sizeof(struct site_counters *));
	for (size_t i = 0; i < redirect_sites_count(dataset->sites); i++)
		dataset->site_counters[i] = site_counters_take(redirect_sites_at(dataset->sites, i), 1, NULL, NULL);
	dataset->identity = (struct zone_identity){ .node = SPAN_TEXT("fake1"), .release = SPAN_TEXT("local") };
	dataset->respond = (struct respond_env){
		.zones = dataset->zones, .identity = &dataset->identity, .udp_max_payload = 1232,
	};
	return dataset;
}

static void fake_init(struct node *node, uv_loop_t *loop, unsigned more)
{
	struct err_list errors = { 0 };

	*node = (struct node){ .loop = loop, .events = events_new(), .started_at = 1700000000 };
	if (conf_parse("/nowhere/node.yaml", fake_conf, sizeof fake_conf - 1, &node->conf, &errors) != 0)
		fake_fault("configuration", &errors);
	node->boot = node->conf;
	node->access_log = access_log_new(1);
	node->dataset = fake_dataset(node->conf, more);
	memset(&fake, 0, sizeof fake);
	fake.result.generation = 6;
}

static inline void fake_fini(struct node *node)
{
	access_log_free(node->access_log);
	dataset_free(node->dataset);
	conf_free(node->conf);
	events_free(node->events);
}

#endif
