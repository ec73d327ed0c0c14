/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/lease_inner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "server/anycast/rtnl.h"
#include "server/privileges.h"
#include "server/worker.h"

void lease_say(struct lease *lease, enum log_level level, const char *format, ...)
{
	va_list args;

	if (lease->note_count == LEASE_NOTES)
		return;
	struct lease_note *note = &lease->notes[lease->note_count++];
	note->level = level;
	va_start(args, format);
	vsnprintf(note->text, sizeof note->text, format, args);
	va_end(args);
	uv_async_send(&lease->async);
}

/* The lock is held. */
static int put(struct lease *lease, size_t route, enum route_level level, bool renew, uint64_t not_after_ns)
{
	uint64_t now = netadmin_boottime_ns();
	uint32_t valid_s = (uint32_t)(lease->start.lease_ms / 1000);
	int err = (renew ? netadmin_renew : netadmin_put)(lease->start.seed->netadmin, lease_device_of(level), route, valid_s,
							  not_after_ns);

	if (err == 0)
		lease->renewed_ns[route] = now;
	return err;
}

void lease_lose(struct lease *lease, const char *format, ...)
{
	const struct seed *seed = lease->start.seed;
	bool held = false;
	va_list args;

	for (size_t i = 0; i < seed->route_count; i++) {
		if (lease->levels[i] == ROUTE_NONE)
			continue;
		held = true;
		(void)netadmin_drop(seed->netadmin, lease_device_of(lease->levels[i]), i);
		lease->levels[i] = ROUTE_NONE;
	}
	lease->report.lost += held;
	if (!lease->alive && !held)
		return;
	lease->alive = false;
	lease->changed = true;
	va_start(args, format);
	vsnprintf(lease->why, sizeof lease->why, format, args);
	va_end(args);
	uv_async_send(&lease->async);
}

void lease_lose_to_time(struct lease *lease, uint64_t gap)
{
	lease_lose(lease, "the lease ran out: nothing was renewed for %llu ms", (unsigned long long)(gap / LEASE_MS_NS));
}

/* ---- Evidence ---- */

/* Who has not turned for the longest time, and when it last did. */
static uint64_t oldest(struct lease *lease, uint64_t now, unsigned *ret_who)
{
	unsigned count = lease->start.worker_count + 1;
	uint64_t first = now;

	for (unsigned i = 0; i < count; i++) {
		uint64_t turns = i < lease->start.worker_count ? atomic_load(&lease->start.workers[i].turns)
							       : atomic_load(&lease->main_turns);

		if (turns != lease->turns[i]) {
			lease->turns[i] = turns;
			lease->turned_ns[i] = now;
		}
		if (lease->turned_ns[i] < first) {
			first = lease->turned_ns[i];
			*ret_who = i;
		}
	}
	return first;
}

static void ask_for_evidence(struct lease *lease)
{
	for (unsigned i = 0; i < lease->start.worker_count; i++)
		worker_poke(&lease->start.workers[i]);
	uv_async_send(&lease->async);
}

static const char *name_of(const struct lease *lease, unsigned who, char buf[24])
{
	if (who == lease->start.worker_count)
		return "the main loop";
	snprintf(buf, 24, "worker %u", who);
	return buf;
}

/* ---- Renewing ---- */

/* The lock is held. */
static void renew_all(struct lease *lease)
{
	const struct seed *seed = lease->start.seed;
	uint64_t limit = lease_ns(lease) - (uint64_t)LEASE_MARGIN_MS * LEASE_MS_NS, now = netadmin_boottime_ns();
	bool renewed = false;

	for (size_t i = 0; i < seed->route_count; i++) {
		uint64_t gap = now - lease->renewed_ns[i];

		if (lease->levels[i] == ROUTE_NONE)
			continue;
		if (gap > limit) {
			lease_lose_to_time(lease, gap);
			return;
		}
		if (gap / LEASE_MS_NS > lease->report.longest_gap_ms)
			lease->report.longest_gap_ms = gap / LEASE_MS_NS;
		int err = put(lease, i, lease->levels[i], true, lease->renewed_ns[i] + limit);
		if (err == -ETIME)
			continue;	/* the helper came to it too late: the next round sees the gap */
		if (err == -EPIPE) {
			lease->gone = true;
			lease_lose(lease, "the helper that renews addresses is gone: only a restart of the node starts another");
			return;
		}
		if (err != 0) {
			lease_lose(lease, "%s could not be renewed: %s", seed->texts[i], err_text(err));
			return;
		}
		renewed = true;
	}
	lease->report.renewals += renewed;
}

static void round_of(struct lease *lease)
{
	uint64_t now = netadmin_boottime_ns();
	char buf[24];
	unsigned who = 0;
	uint64_t silent = now - oldest(lease, now, &who);

	pthread_mutex_lock(&lease->lock);
	if (silent > lease_ns(lease)) {
		lease_lose(lease, "%s has not turned for %.1f s", name_of(lease, who, buf), (double)silent / 1e9);
	} else if (silent <= lease_ns(lease) / 2) {
		renew_all(lease);
		bool held = false;
		for (size_t i = 0; i < lease->start.seed->route_count; i++)
			held = held || lease->levels[i] != ROUTE_NONE;
		/* Main has heard of the loss before life is said to be back. */
		if (!lease->alive && !lease->changed && !lease->gone && !held) {
			lease->alive = lease->changed = true;
			lease->why[0] = '\0';
			uv_async_send(&lease->async);
		}
	}
	pthread_mutex_unlock(&lease->lock);
	ask_for_evidence(lease);
}

static void be_realtime(struct lease *lease)
{
	const struct sched_param rt = { .sched_priority = PRIVILEGES_RT_PRIORITY };
	bool realtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &rt) == 0;

	pthread_mutex_lock(&lease->lock);
	lease->report.realtime = realtime;
	if (!realtime && lease->start.lease_ms < 5000)
		lease_say(lease, LOG_LEVEL_WARN, "anycast: no real-time priority for renewals (LimitRTPRIO=%d): a lease of less than 5 s may"
					   " run out on a busy machine", PRIVILEGES_RT_PRIORITY);
	pthread_mutex_unlock(&lease->lock);
}

static void *run(void *arg)
{
	struct lease *lease = arg;
	struct pollfd fds[] = { { .fd = lease->wake, .events = POLLIN }, { .fd = lease->watch, .events = POLLIN } };
	uint64_t period = lease_ns(lease) / LEASE_ROUNDS, due = netadmin_boottime_ns();
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, "lease");
	be_realtime(lease);
	ask_for_evidence(lease);
	while (!atomic_load(&lease->stop)) {
		uint64_t now = netadmin_boottime_ns();

		if (now >= due) {
			round_of(lease);
			due = now + period;
		}
		now = netadmin_boottime_ns();
		(void)poll(fds, 2, due > now ? (int)((due - now) / LEASE_MS_NS) + 1 : 0);
		lease_watch(lease);
	}
	return NULL;
}

/* ---- Main's side ---- */

static void on_async(uv_async_t *async)
{
	struct lease *lease = async->data;
	struct lease_note notes[LEASE_NOTES];
	char why[MACHINE_CAUSE_MAX];

	atomic_fetch_add(&lease->main_turns, 1);
	pthread_mutex_lock(&lease->lock);
	unsigned count = lease->note_count;
	bool changed = lease->changed, alive = lease->alive;
	memcpy(notes, lease->notes, count * sizeof *notes);
	memcpy(why, lease->why, sizeof why);
	lease->note_count = 0;
	lease->changed = false;
	pthread_mutex_unlock(&lease->lock);
	for (unsigned i = 0; i < count; i++)
		lease->start.say(lease->start.ctx, notes[i].level, notes[i].text);
	if (changed)
		lease->start.alive(lease->start.ctx, alive, why);
}

struct lease *lease_new(const struct lease_start *start)
{
	struct lease *lease = mem_alloc(sizeof *lease);
	size_t routes = start->seed->route_count, loops = start->worker_count + 1;
	uint64_t now = netadmin_boottime_ns();

	lease->start = *start;
	lease->levels = mem_array(routes, sizeof *lease->levels);
	lease->renewed_ns = mem_array(routes, sizeof *lease->renewed_ns);
	lease->turns = mem_array(loops, sizeof *lease->turns);
	lease->turned_ns = mem_array(loops, sizeof *lease->turned_ns);
	for (size_t i = 0; i < loops; i++)
		lease->turned_ns[i] = now;
	lease->alive = true;
	pthread_mutex_init(&lease->lock, NULL);
	uv_async_init(start->loop, &lease->async, on_async);
	lease->async.data = lease;
	lease->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rtnl_watch_open(&lease->watch) != 0)
		lease->watch = -1;
	lease->thread_runs = pthread_create(&lease->thread, NULL, run, lease) == 0;
	if (!lease->thread_runs) {
		pthread_mutex_lock(&lease->lock);
		lease->gone = true;
		lease_lose(lease, "no thread for renewals");
		pthread_mutex_unlock(&lease->lock);
	}
	return lease;
}

int lease_set(struct lease *lease, size_t route, enum route_level level)
{
	enum route_level was;
	int err = 0;

	pthread_mutex_lock(&lease->lock);
	was = lease->levels[route];
	if (level != ROUTE_NONE && !lease->alive) {
		err = -EAGAIN;
	} else if (level != ROUTE_NONE && level != was) {
		err = put(lease, route, level, false, netadmin_boottime_ns() + (uint64_t)LEASE_ANNOUNCE_MS * LEASE_MS_NS);
	}
	if (err == 0) {
		lease->levels[route] = level;
		if (was != ROUTE_NONE && was != level)
			err = netadmin_drop(lease->start.seed->netadmin, lease_device_of(was), route);
	}
	pthread_mutex_unlock(&lease->lock);
	return err;
}

void lease_stop(struct lease *lease)
{
	uint64_t one = 1;

	if (!lease->thread_runs)
		return;
	lease->thread_runs = false;
	atomic_store(&lease->stop, true);
	(void)!write(lease->wake, &one, sizeof one);
	pthread_join(lease->thread, NULL);
}

void lease_close(struct lease *lease)
{
	lease_stop(lease);
	uv_close((uv_handle_t *)&lease->async, NULL);
}

void lease_free(struct lease *lease)
{
	if (lease == NULL)
		return;
	close(lease->wake);
	if (lease->watch >= 0)
		close(lease->watch);
	pthread_mutex_destroy(&lease->lock);
	mem_free(lease->levels);
	mem_free(lease->renewed_ns);
	mem_free(lease->turns);
	mem_free(lease->turned_ns);
	mem_free(lease);
}

void lease_report(struct lease *lease, struct lease_report *ret)
{
	uint64_t now = netadmin_boottime_ns();

	pthread_mutex_lock(&lease->lock);
	*ret = lease->report;
	ret->alive = lease->alive;
	ret->age_ms = 0;
	for (size_t i = 0; i < lease->start.seed->route_count; i++) {
		uint64_t age = (now - lease->renewed_ns[i]) / LEASE_MS_NS;

		if (lease->levels[i] != ROUTE_NONE && age > ret->age_ms)
			ret->age_ms = age;
	}
	pthread_mutex_unlock(&lease->lock);
}
