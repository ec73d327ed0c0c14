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

static void wake(struct lease *lease)
{
	uint64_t one = 1;

	(void)!write(lease->wake, &one, sizeof one);
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

static size_t group_of(const struct seed *seed, size_t route)
{
	size_t group = 0;

	while (route - seed->groups[group].first >= seed->groups[group].count)
		group++;
	return group;
}

void lease_lose_one(struct lease *lease, size_t route, const char *format, ...)
{
	const struct seed *seed = lease->start.seed;
	size_t at = group_of(seed, route);
	const struct seed_group *group = &seed->groups[at];
	struct lease_loss *loss = &lease->losses[at];
	bool held = false;
	va_list args;

	for (size_t i = group->first; i < group->first + group->count; i++) {
		if (lease->levels[i] == ROUTE_NONE)
			continue;
		held = true;
		(void)netadmin_drop(seed->netadmin, lease_device_of(lease->levels[i]), i);
		lease->levels[i] = ROUTE_NONE;
	}
	if (!held)
		return;
	lease->report.lost++;
	loss->pending = true;
	va_start(args, format);
	vsnprintf(loss->why, sizeof loss->why, format, args);
	va_end(args);
	uv_async_send(&lease->async);
}

void lease_lose_to_time(struct lease *lease, size_t route, uint64_t gap)
{
	lease_lose_one(lease, route, "the lease ran out: nothing was renewed for %llu ms", (unsigned long long)(gap / LEASE_MS_NS));
}

/* ---- Evidence ---- */

/* Who has not turned for the longest time, and for how long. Whoever has since it was asked last is not silent, however long
 * ago that was: then it is this thread that comes late, which the age of the leases tells. */
static uint64_t silent_ms(const struct lease *lease, unsigned *ret_who)
{
	uint64_t now = uv_hrtime() / LEASE_MS_NS, longest = 0;
	unsigned workers = lease->start.worker_count;

	*ret_who = workers;
	for (unsigned i = 0; i <= workers; i++) {
		uint64_t turned = atomic_load(i < workers ? &lease->start.workers[i].turned_ms : &lease->main_turned_ms);

		turned = turned > lease->began_ms ? turned : lease->began_ms;
		if (turned < lease->asked_ms && now - turned > longest) {
			longest = now - turned;
			*ret_who = i;
		}
	}
	return longest;
}

static void ask_for_evidence(struct lease *lease)
{
	lease->asked_ms = uv_hrtime() / LEASE_MS_NS;
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
			lease_lose_to_time(lease, i, gap);
			continue;
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
		if (err == -ETIMEDOUT) {
			lease_lose(lease, "the helper that renews addresses does not answer");
			return;
		}
		if (err != 0)
			lease_lose_one(lease, i, "%s could not be renewed: %s", seed->texts[i], err_text(err));
		else
			renewed = true;
	}
	lease->report.renewals += renewed;
}

/* Returns when the next is due, in milliseconds: sooner than usual when somebody's silence would last a whole lease by then. */
static uint64_t round_of(struct lease *lease)
{
	uint64_t limit = lease->start.lease_ms, period = limit / LEASE_ROUNDS;
	char buf[24];
	unsigned who;
	uint64_t silent = silent_ms(lease, &who);

	pthread_mutex_lock(&lease->lock);
	lease_make_missing(lease);
	if (silent > limit) {
		lease_lose(lease, "%s has not turned for %.1f s", name_of(lease, who, buf), (double)silent / 1e3);
	} else if (silent <= limit / 2) {
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
	return silent <= limit && limit - silent < period ? limit - silent + 1 : period;
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
	uint64_t due = netadmin_boottime_ns(), woken;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_NAME, "lease");
	be_realtime(lease);
	ask_for_evidence(lease);
	while (!atomic_load(&lease->stop)) {
		uint64_t now = netadmin_boottime_ns();

		if (now >= due)
			due = now + round_of(lease) * LEASE_MS_NS;
		now = netadmin_boottime_ns();
		(void)poll(fds, 2, due > now ? (int)((due - now) / LEASE_MS_NS) + 1 : 0);
		if (read(lease->wake, &woken, sizeof woken) > 0)
			due = now;
		lease_watch(lease);
	}
	return NULL;
}

/* ---- Main's side ---- */

static void tell_losses(struct lease *lease)
{
	for (size_t i = 0; i < lease->start.seed->group_count; i++) {
		pthread_mutex_lock(&lease->lock);
		const struct lease_loss loss = lease->losses[i];
		lease->losses[i].pending = false;
		pthread_mutex_unlock(&lease->lock);
		if (loss.pending)
			lease->start.lost(lease->start.ctx, i, loss.why);
	}
}

static void on_async(uv_async_t *async)
{
	struct lease *lease = async->data;
	struct lease_note notes[LEASE_NOTES];
	char why[MACHINE_CAUSE_MAX];

	atomic_store(&lease->main_turned_ms, uv_now(async->loop));
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
	tell_losses(lease);
	if (changed)
		lease->start.alive(lease->start.ctx, alive, why);
}

struct lease *lease_new(const struct lease_start *start)
{
	struct lease *lease = mem_alloc(sizeof *lease);
	size_t routes = start->seed->route_count;

	lease->start = *start;
	lease->levels = mem_array(routes, sizeof *lease->levels);
	lease->renewed_ns = mem_array(routes, sizeof *lease->renewed_ns);
	lease->losses = mem_array(start->seed->group_count, sizeof *lease->losses);
	memcpy(lease->links, start->seed->links, sizeof lease->links);
	lease->began_ms = uv_hrtime() / LEASE_MS_NS;
	atomic_store(&lease->main_turned_ms, lease->began_ms);
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
	if (level != ROUTE_NONE && (!lease->alive || lease->losses[group_of(lease->start.seed, route)].pending)) {
		err = -EAGAIN;
	} else if (level != ROUTE_NONE && lease->links[lease_device_of(level)] == 0) {
		err = -ENODEV;
	} else if (level != ROUTE_NONE && level != was) {
		err = put(lease, route, level, false, netadmin_boottime_ns() + (uint64_t)LEASE_ANNOUNCE_MS * LEASE_MS_NS);
	}
	/* The kernel looks for what has run out once a second at most (ADDRCONF_TIMER_FUZZ_MAX): leases that end a little apart
	 * would end a second apart. So a round follows, which renews all of them together. */
	if (err == 0 && level != ROUTE_NONE && level != was)
		wake(lease);
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
	if (!lease->thread_runs)
		return;
	lease->thread_runs = false;
	atomic_store(&lease->stop, true);
	wake(lease);
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
	mem_free(lease->losses);
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
