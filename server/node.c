/* SPDX-License-Identifier: Apache-2.0 */
#include "server/node.h"

#include <signal.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/access_log.h"
#include "server/admin.h"
#include "server/anycast/anycast.h"
#include "server/catchment.h"
#include "server/control.h"
#include "server/events.h"
#include "server/health.h"
#include "server/notify.h"
#include "server/presence.h"
#include "server/publish.h"
#include "server/stream.h"
#include "server/sync.h"
#include "server/watch.h"
#include "server/worker.h"

enum { FIRST_LOOK_MS = 500 };	/* for the first checks of targets: the start waits no longer */

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

/* What asks others. Targets are looked at before clients are let in; a signal that comes meanwhile waits for its
 * handler. */
static int start_asking(struct node *node, sigset_t *ret_signals)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ours, ret_signals);
	node->health = health_new(node);
	node->presence = presence_new(node);
	if (node->health == NULL || node->presence == NULL)
		return UV_EIO;
	health_use(node->health, node->dataset);
	health_first_look(node->health, FIRST_LOOK_MS);
	return 0;
}

static struct catchment *new_catchment(const struct conf *boot, struct siphash_key secret)
{
	struct catchment *catchment = catchment_new(&boot->catchment, boot->anycast.service_count, secret);

	for (size_t i = 0; i < boot->anycast.service_count; i++) {
		for (size_t j = 0; j < boot->anycast.services[i].address_count; j++)
			catchment_leave_out(catchment, boot->anycast.services[i].addresses[j].first);
	}
	return catchment;
}

int node_start(struct node *node, uv_loop_t *loop, const char *conf_path, struct conf *boot, struct dataset *dataset,
	       const struct worker_sockets *sockets)
{
	sigset_t signals;
	int err;

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
	err = start_asking(node, &signals);
	watch_signals(node);
	node->access_log = access_log_new(boot->workers);
	if (err == 0)
		err = node_open_access_log(node);
	pthread_sigmask(SIG_SETMASK, &signals, NULL);
	struct siphash_key secret = siphash_key_new();
	node->workers = mem_array(boot->workers, sizeof *node->workers);
	for (unsigned i = 0; i < boot->workers && err == 0; i++) {
		struct worker *worker = &node->workers[i];

		worker->index = i;
		worker->of = boot->workers;
		worker->access = access_log_ring(node->access_log, i);
		worker->taken = publish_taken(node->publish);
		worker->presence = node->presence;
		worker->catchment = boot->catchment.enabled ? new_catchment(boot, secret) : NULL;
		err = worker_start(worker, boot, dataset, &sockets[i]);
		node->worker_count += err == 0;
	}
	if (err == 0 && boot->admin.listen.count > 0)
		err = admin_start(node, sockets[0].admin, boot->admin.listen.count, &node->admin);
	return err;
}

/* Nothing is announced any more: what is in flight is answered, then all is closed. */
static void stop_now(void *ctx)
{
	struct node *node = ctx;

	if (node->stopping)
		return;
	node->stopping = true;
	if (!node->leaving)
		notify_stopping();
	events_add(node->events, LOG_LEVEL_INFO, "stop", "node %s: stopping", node->conf->node.name);
	if (node->anycast != NULL)
		anycast_close(node->anycast);
	presence_close(node->presence);
	health_close(node->health);
	for (unsigned i = 0; i < node->worker_count; i++)
		worker_stop(&node->workers[i]);
	for (size_t i = 0; i < NODE_SIGNALS; i++)
		uv_close((uv_handle_t *)&node->signals[i], NULL);
	sync_close(node->sync);
	publish_close(node->publish);
	watch_close(node->watch);
	if (node->control != NULL)
		control_close(node->control);
	if (node->admin != NULL)
		admin_close(node->admin);
}

void node_stop(struct node *node)
{
	if (node->anycast == NULL || node->leaving) {
		stop_now(node);
		return;
	}
	node->leaving = true;
	notify_stopping();
	events_add(node->events, LOG_LEVEL_INFO, "stop", "node %s: draining before the stop; a second signal stops at once",
		   node->conf->node.name);
	anycast_leave(node->anycast, stop_now, node);
}

bool node_finish(struct node *node)
{
	bool clean = node->anycast == NULL || !anycast_left(node->anycast);

	for (unsigned i = 0; i < node->worker_count; i++)
		worker_join(&node->workers[i]);
	anycast_free(node->anycast);
	mem_free(node->workers);
	access_log_free(node->access_log);
	sync_free(node->sync);
	publish_free(node->publish);
	watch_free(node->watch);
	presence_free(node->presence);
	health_free(node->health);
	dataset_free(node->dataset);
	events_free(node->events);
	if (node->conf != node->boot)
		conf_free(node->conf);
	conf_free(node->boot);
	return clean;
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

static unsigned clients_of(const struct stream_server *server)
{
	return server != NULL ? stream_server_count(server) : 0;
}

unsigned node_tcp_clients(const struct node *node)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < node->worker_count; i++)
		sum += clients_of(node->workers[i].dns) + clients_of(node->workers[i].dns_tls);
	return sum;
}

unsigned node_http_clients(const struct node *node)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < node->worker_count; i++)
		sum += clients_of(node->workers[i].http) + clients_of(node->workers[i].https);
	return sum;
}

struct latency_sum node_latency(const struct node *node)
{
	struct latency_sum sum = { 0 };

	for (unsigned i = 0; i < node->worker_count; i++)
		latency_read(&node->workers[i].latency, &sum);
	return sum;
}

struct latency_sum node_http_latency(const struct node *node)
{
	struct latency_sum sum = { 0 };

	for (unsigned i = 0; i < node->worker_count; i++)
		latency_read(&node->workers[i].http_latency, &sum);
	return sum;
}

int node_open_access_log(struct node *node)
{
	const struct conf *conf = node->conf;
	struct err_note note = { 0 };
	char text[sizeof(struct err_note) + 16];
	int err = access_log_open(node->access_log, &conf->redirect.access_log, conf->node.name, &note);

	if (err != 0)
		events_add(node->events, LOG_LEVEL_ERROR, "http", "%s", err_note_print(&note, text, sizeof text));
	return err;
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
