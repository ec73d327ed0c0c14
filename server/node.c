/* SPDX-License-Identifier: Apache-2.0 */
#include "server/node.h"

#include <signal.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/admin.h"
#include "server/control.h"
#include "server/events.h"
#include "server/notify.h"
#include "server/publish.h"
#include "server/stream.h"
#include "server/watch.h"
#include "server/worker.h"

static void on_signal(uv_signal_t *handle, int number)
{
	struct node *node = handle->data;

	if (number == SIGHUP)
		node_reload(node, NULL, NULL);
	else
		node_stop(node);
}

static void watch_signals(struct node *node)
{
	static const int numbers[NODE_SIGNALS] = { SIGHUP, SIGINT, SIGTERM };

	for (size_t i = 0; i < NODE_SIGNALS; i++) {
		uv_signal_init(node->loop, &node->signals[i]);
		node->signals[i].data = node;
		uv_signal_start(&node->signals[i], on_signal, numbers[i]);
	}
}

int node_start(struct node *node, uv_loop_t *loop, const char *conf_path, struct conf *boot, struct dataset *dataset,
	       const struct worker_sockets *sockets)
{
	int err = 0;

	*node = (struct node){
		.loop = loop,
		.conf_path = conf_path,
		.boot = boot,
		.conf = boot,
		.dataset = dataset,
		.started_ns = clock_monotonic_ns(),
		.started_at = clock_wall_s(),
		.events = events_new(),
	};
	node->publish = publish_new(node);
	node->watch = watch_new(node);
	watch_secrets(node->watch, boot);
	watch_signals(node);
	node->workers = mem_array(boot->workers, sizeof *node->workers);
	for (unsigned i = 0; i < boot->workers && err == 0; i++) {
		struct worker *worker = &node->workers[i];

		worker->index = i;
		worker->of = boot->workers;
		worker->taken = publish_taken(node->publish);
		err = worker_start(worker, boot, dataset, &sockets[i]);
		node->worker_count += err == 0;
	}
	if (err == 0 && boot->admin.listen.count > 0)
		err = admin_start(node, sockets[0].admin, boot->admin.listen.count, &node->admin);
	return err;
}

void node_stop(struct node *node)
{
	if (node->stopping)
		return;
	node->stopping = true;
	notify_stopping();
	events_add(node->events, LOG_LEVEL_INFO, "stop", "node %s: stopping", node->conf->node.name);
	for (unsigned i = 0; i < node->worker_count; i++)
		worker_stop(&node->workers[i]);
	for (size_t i = 0; i < NODE_SIGNALS; i++)
		uv_close((uv_handle_t *)&node->signals[i], NULL);
	publish_close(node->publish);
	watch_close(node->watch);
	if (node->control != NULL)
		control_close(node->control);
	if (node->admin != NULL)
		admin_close(node->admin);
}

void node_finish(struct node *node)
{
	for (unsigned i = 0; i < node->worker_count; i++)
		worker_join(&node->workers[i]);
	mem_free(node->workers);
	publish_free(node->publish);
	watch_free(node->watch);
	dataset_free(node->dataset);
	events_free(node->events);
	if (node->conf != node->boot)
		conf_free(node->conf);
	conf_free(node->boot);
}

void node_poke(struct node *node)
{
	for (unsigned i = 0; i < node->worker_count; i++)
		worker_poke(&node->workers[i]);
}

uint64_t node_counter(const struct node *node, enum counter counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < node->worker_count; i++)
		sum += counters_get(&node->workers[i].counters, counter);
	return sum;
}

unsigned node_tcp_clients(const struct node *node)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < node->worker_count; i++) {
		if (node->workers[i].dns != NULL)
			sum += stream_server_count(node->workers[i].dns);
		if (node->workers[i].dns_tls != NULL)
			sum += stream_server_count(node->workers[i].dns_tls);
	}
	return sum;
}

struct latency_sum node_latency(const struct node *node)
{
	struct latency_sum sum = { 0 };

	for (unsigned i = 0; i < node->worker_count; i++)
		latency_read(&node->workers[i].latency, &sum);
	return sum;
}

size_t node_limited(const struct node *node, struct limiter_report *ret_reports, size_t room)
{
	const struct limiter **limiters = mem_array(node->worker_count, sizeof *limiters);
	size_t count;

	for (unsigned i = 0; i < node->worker_count; i++)
		limiters[i] = &node->workers[i].limiter;
	count = limiter_busiest(limiters, node->worker_count, ret_reports, room);
	mem_free(limiters);
	return count;
}
