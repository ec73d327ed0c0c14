/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/catchment.h"
#include "server/presence.h"
#include "server/stream.h"
#include "server/udp.h"

static void take_dataset(struct worker *worker)
{
	const struct dataset *given = atomic_exchange(&worker->given, NULL);

	if (given == NULL)
		return;
	worker->dataset = given;
	limiter_set(&worker->limiter, &given->rate_limit, worker->of);
	atomic_store(&worker->seen, given->generation);
	uv_async_send(worker->taken);
}

/* Nothing new is taken; what is in flight is answered, then the loop runs out of handles and ends. */
static void stop(struct worker *worker)
{
	worker->stopping = true;
	for (size_t i = 0; i < worker->udp_count; i++)
		udp_listener_stop(&worker->udp[i]);
	if (worker->dns != NULL)
		stream_server_stop(worker->dns, WORKER_STOP_GRACE_MS);
	if (worker->dns_tls != NULL)
		stream_server_stop(worker->dns_tls, WORKER_STOP_GRACE_MS);
	if (worker->http != NULL)
		stream_server_stop(worker->http, WORKER_STOP_GRACE_MS);
	if (worker->https != NULL)
		stream_server_stop(worker->https, WORKER_STOP_GRACE_MS);
	uv_close((uv_handle_t *)&worker->poke, NULL);
	uv_close((uv_handle_t *)&worker->after_wait, NULL);
}

/* Requests that wait for a presence answer are looked at again. */
static void take_presence(struct worker *worker)
{
	uint64_t changes = presence_changes(worker->presence);

	if (changes == worker->presence_seen)
		return;
	worker->presence_seen = changes;
	if (worker->http != NULL)
		stream_server_wake(worker->http);
	if (worker->https != NULL)
		stream_server_wake(worker->https);
}

static bool has_address(const struct conf_service *service, struct address address)
{
	for (size_t i = 0; i < service->address_count; i++) {
		if (service->addresses[i].first.high == address.high && service->addresses[i].first.low == address.low)
			return true;
	}
	return false;
}

uint8_t worker_owner_of(const struct worker *worker, struct address address)
{
	for (size_t i = 0; worker->anycast != NULL && i < worker->anycast->service_count; i++) {
		if (has_address(&worker->anycast->services[i], address))
			return (uint8_t)(CATCHMENT_FIRST_OWNER + i);
	}
	return CATCHMENT_NOBODYS;
}

bool worker_is_own(const struct worker *worker, struct address address)
{
	return worker_owner_of(worker, address) != CATCHMENT_NOBODYS;
}

struct dismissal {
	const struct conf_anycast *anycast;
	uint64_t services;
};

static bool is_dismissed(void *ctx, struct address local)
{
	const struct dismissal *dismissal = ctx;

	for (size_t i = 0; i < dismissal->anycast->service_count; i++) {
		if ((dismissal->services >> i & 1) && has_address(&dismissal->anycast->services[i], local))
			return true;
	}
	return false;
}

static void dismiss(struct worker *worker)
{
	struct stream_server *const servers[] = { worker->dns, worker->dns_tls, worker->http, worker->https };
	struct dismissal dismissal = { worker->anycast, atomic_exchange(&worker->dismissed, 0) };

	for (size_t i = 0; dismissal.services != 0 && i < sizeof servers / sizeof servers[0]; i++) {
		if (servers[i] != NULL)
			stream_server_dismiss(servers[i], is_dismissed, &dismissal);
	}
}

static void on_poke(uv_async_t *async)
{
	struct worker *worker = async->data;

	take_dataset(worker);
	take_presence(worker);
	dismiss(worker);
	if (atomic_load(&worker->stop_asked) && !worker->stopping)
		stop(worker);
}

static void on_turn(uv_check_t *check)
{
	struct worker *worker = check->data;

	atomic_fetch_add_explicit(&worker->turns, 1, memory_order_relaxed);
	atomic_store_explicit(&worker->turned_ms, uv_now(check->loop), memory_order_relaxed);
}

static void run(void *arg)
{
	struct worker *worker = arg;
	sigset_t all;
	char name[16];

	snprintf(name, sizeof name, "worker %u", worker->index);
	prctl(PR_SET_NAME, name);
	/* Signals are main's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	atomic_store(&worker->ended, true);
}

static int start_udp(struct worker *worker, const int *fds, size_t count)
{
	int err = 0;

	worker->batch = udp_batch_new();
	worker->udp = mem_array(count, sizeof *worker->udp);
	for (size_t i = 0; i < count && err == 0; i++) {
		err = udp_listener_start(&worker->udp[i], worker, fds[i]);
		worker->udp_count += err == 0;
	}
	return err;
}

/* Listening sockets of one kind; a worker without addresses of it has none. */
static int start_streams(struct worker *worker, const struct stream_protocol *protocol, const int *fds, size_t count,
			 struct stream_server **ret_server)
{
	if (count == 0)
		return 0;
	*ret_server = stream_server_new(worker, protocol, fds, count);
	return *ret_server ? 0 : UV_EIO;
}

int worker_start(struct worker *worker, const struct conf *conf, const struct dataset *dataset,
		 const struct worker_sockets *sockets)
{
	int err = uv_loop_init(&worker->loop);

	if (err != 0)
		return err;
	worker->dataset = dataset;
	worker->anycast = &conf->anycast;
	limiter_init(&worker->limiter, siphash_key_new());
	limiter_set(&worker->limiter, &dataset->rate_limit, worker->of);
	atomic_store(&worker->seen, dataset->generation);
	uv_async_init(&worker->loop, &worker->poke, on_poke);
	uv_check_init(&worker->loop, &worker->after_wait);
	uv_check_start(&worker->after_wait, on_turn);
	worker->poke.data = worker->after_wait.data = worker;

	err = start_udp(worker, sockets->dns_udp, conf->dns.listen.count);
	if (err != 0)
		return err;
	err = start_streams(worker, &dns_tcp_protocol, sockets->dns_tcp, conf->dns.listen.count, &worker->dns);
	if (err != 0)
		return err;
	err = start_streams(worker, &dns_tls_protocol, sockets->dns_tls, conf->dns.tls.listen.count, &worker->dns_tls);
	if (err != 0)
		return err;
	err = start_streams(worker, &http_protocol, sockets->http, conf->redirect.listen.count, &worker->http);
	if (err != 0)
		return err;
	err = start_streams(worker, &https_protocol, sockets->https, conf->redirect.tls.listen.count, &worker->https);
	if (err != 0)
		return err;
	return uv_thread_create(&worker->thread, run, worker);
}

void worker_give(struct worker *worker, const struct dataset *dataset)
{
	atomic_store(&worker->given, dataset);
	worker_poke(worker);
}

void worker_dismiss(struct worker *worker, uint64_t services)
{
	atomic_fetch_or(&worker->dismissed, services);
	worker_poke(worker);
}

void worker_poke(struct worker *worker)
{
	uv_async_send(&worker->poke);
}

void worker_stop(struct worker *worker)
{
	atomic_store(&worker->stop_asked, true);
	worker_poke(worker);
}

void worker_join(struct worker *worker)
{
	uv_thread_join(&worker->thread);
	stream_server_free(worker->dns);
	stream_server_free(worker->dns_tls);
	stream_server_free(worker->http);
	stream_server_free(worker->https);
	mem_free(worker->udp);
	udp_batch_free(worker->batch);
	limiter_fini(&worker->limiter);
	catchment_free(worker->catchment);
	if (uv_loop_close(&worker->loop) != 0)
		log_error("worker %u: its loop still had handles", worker->index);
}
