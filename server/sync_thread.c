/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that follows: waits until a look is due or wanted, looks, offers what is new to main and waits for its
 * word, commits it on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "server/sync_inner.h"
#include "server/sync_pull.h"
#include "server/sync_schedule.h"

enum { MS = 1000000, FIRST_MS = 20, LOOKS_IN_WINDOW = 8 };

static uint64_t chance(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		number = clock_monotonic_ns();
	return number;
}

static uint64_t next_due(const struct sync *sync, uint64_t now_ns)
{
	uint64_t within = UINT64_MAX;

	/* Whether a staged release has cost us the master is found out in time. */
	if (sync->content != NULL && sync->content->staged && sync->switched_ns != 0) {
		uint64_t window = (uint64_t)sync->content->gate.lost_master_s * 1000;

		if (now_ns < sync->switched_ns + window * MS)
			within = window / LOOKS_IN_WINDOW;
	}
	return now_ns + sync_schedule_wait_ms(sync->conf->sync.interval_ms, sync->failures, within, chance()) * MS;
}

/* ---- what came of it ---- */

static bool is_failure(enum follow_result result)
{
	return result != FOLLOW_NEW && result != FOLLOW_SAME && result != FOLLOW_CANCELED;
}

/* Under the lock. Events are for what changes: not for the tenth failure of one kind in a row. */
static void note_entry(struct sync *sync, const struct sync_entry *entry)
{
	struct sync_status *status = &sync->status;
	bool changed = entry->result != status->last.result || strcmp(entry->text, status->last.text) != 0;
	bool tell = entry->result == FOLLOW_NEW || (entry->result == FOLLOW_SAME ? is_failure(status->last.result)
			&& status->last.at != 0 && status->last.result != FOLLOW_REFUSED : changed);

	status->looks[entry->result]++;
	if (tell && sync->told_count < sizeof sync->told / sizeof sync->told[0])
		sync->told[sync->told_count++] = *entry;
	/* The history keeps what happened: a look without news is none. */
	if (entry->result != FOLLOW_SAME && (changed || entry->result == FOLLOW_NEW))
		sync->history[sync->history_count++ % SYNC_HISTORY] = *entry;
	/* A release that was refused stays so though the next look finds nothing newer. */
	if (entry->result == FOLLOW_SAME && is_failure(status->last.result) && status->last.result != FOLLOW_NETWORK
	    && status->last.result != FOLLOW_TRUST && status->last.result != FOLLOW_DISK)
		status->last.at = entry->at;
	else
		status->last = *entry;
}

static void take_content(struct sync *sync, struct content *content)
{
	struct sync_status *status = &sync->status;
	const struct manifest *manifest = content->manifest;

	content_release(sync->content);
	sync->content = content;
	snprintf(status->release, sizeof status->release, "%s", manifest->release);
	status->generation = manifest->generation;
	status->timestamp = manifest->timestamp;
	status->snapshot = manifest->snapshot;
	status->soak_until = content->soak_until_s;
	status->gate = GATE_UNJUDGED;
}

void sync_note_refused(struct sync_status *status, const char *release, const char *why)
{
	snprintf(status->refused, sizeof status->refused, "%s", release);
	snprintf(status->refused_why, sizeof status->refused_why, "%s", why);
}

/* What is new in it and not for all nodes yet soaks; what soaked before goes on. */
static void note_staging(const struct content *running, struct content *content, int64_t now_s)
{
	const struct manifest *manifest = content->manifest;

	for (size_t i = 0; i < manifest->item_count; i++) {
		const struct manifest_item *item = &manifest->items[i];
		const struct manifest_item *had = running != NULL ? manifest_find(running->manifest, item->path) : NULL;

		if (!item->staged)
			continue;
		if (had == NULL || !manifest_same_item(had, item)) {
			content->staged = true;
			if (now_s + item->soak_s > content->soak_until_s)
				content->soak_until_s = now_s + item->soak_s;
		} else if (running->soak_until_s > now_s && running->soak_until_s > content->soak_until_s) {
			content->soak_until_s = running->soak_until_s;
		}
	}
}

/* ---- main's part ---- */

struct commit {
	struct sync *sync;
	struct content *content;
	const struct follow_outcome *outcome;	/* NULL: a rollback */
};

static int commit(void *ctx, struct err_note *note)
{
	struct commit *commit = ctx;

	return follow_commit(&commit->sync->settings, commit->content, commit->outcome, clock_wall_s(), note);
}

/* Offers content to main and waits until it is switched to, or not. */
static enum follow_result offer(struct sync *sync, struct content *content, const struct follow_outcome *outcome,
				struct err_note *note)
{
	struct commit ours = { sync, content, outcome };
	struct node_sync_job job = { .content = content, .commit = commit, .ctx = &ours, .result = FOLLOW_NEW };

	uv_mutex_lock(&sync->lock);
	if (sync->stop) {
		uv_mutex_unlock(&sync->lock);
		return FOLLOW_CANCELED;
	}
	sync->job = &job;
	sync->job_taken = sync->job_done = false;
	uv_async_send(&sync->news);
	while (!sync->job_done)
		uv_cond_wait(&sync->wake, &sync->lock);
	sync->job = NULL;
	uv_mutex_unlock(&sync->lock);
	*note = job.note;
	return job.result;
}

/* ---- a look ---- */

static void set_text(struct sync_entry *entry, const struct err_note *note)
{
	char text[sizeof *note + 16];

	snprintf(entry->text, sizeof entry->text, "%.500s", err_note_print(note, text, sizeof text));
}

/* A mirror that begins to fail, or is well again: once each. */
static void tell_mirrors(struct sync *sync)
{
	for (size_t i = 0; i < sync->conf->sync.url_count && sync->conf->sync.url_count > 1; i++) {
		struct web_mirrors_status status;
		char text[SYNC_TEXT_MAX];
		uint32_t bit = UINT32_C(1) << i;

		web_mirrors_tell(sync->mirrors, i, &status);
		bool fails = status.mirror.failures > 0;
		if (fails == ((sync->failing & bit) != 0))
			continue;
		sync->failing ^= bit;
		snprintf(text, sizeof text, "mirror %.200s %s%.250s", sync->conf->sync.urls[i],
			 fails ? "is passed over: " : "is well again", status.mirror.text);
		sync->settings.remark(sync->settings.ctx, text);
	}
}

/* Whatever came of it: a rollback waits, or the node stops. */
static void break_off(struct follow_outcome *outcome)
{
	content_release(outcome->content);
	outcome->content = NULL;
	outcome->result = FOLLOW_CANCELED;
	err_note_set(&outcome->note, NULL, 0, "the look was broken off: the node goes back, or stops");
}

/* What is known as soon as metadata is verified: before what is new is staged, for it is staged by its age. */
static void note_verified(struct sync *sync, const struct follow_outcome *outcome, int64_t now_s)
{
	uv_mutex_lock(&sync->lock);
	sync_clock_looked(sync, outcome->expires_s != 0, now_s);
	if (outcome->expires_s != 0) {
		sync->status.expires_at = outcome->expires_s;
		sync->status.verified = outcome->verified;
	}
	uv_mutex_unlock(&sync->lock);
}

/* What was refused may be good, and the clock wrong. */
static void add_clock(const struct sync *sync, struct sync_entry *entry)
{
	size_t len = strlen(entry->text);

	if (sync->status.clock != WALLCLOCK_GOOD)
		snprintf(entry->text + len, sizeof entry->text - len, "; %s", sync->status.clock_text);
}

static void look(struct sync *sync, bool by_hand, struct sync_entry *entry)
{
	uint64_t began = clock_monotonic_ns(), bytes = web_mirrors_received(sync->mirrors);
	struct follow_outcome outcome;

	*entry = (struct sync_entry){ .at = clock_wall_s() };
	sync_merge_take(sync);
	sync->settings.by_hand = by_hand;
	uv_mutex_lock(&sync->lock);
	sync->settings.has_hint = sync->has_hint;
	sync->settings.hint = sync->hint;
	sync->has_hint = false;
	uv_mutex_unlock(&sync->lock);
	follow_refresh(&sync->settings, sync->content, entry->at, &sync->settled, &outcome);
	if (web_mirrors_stopped(sync->mirrors))
		break_off(&outcome);
	entry->result = outcome.result;
	note_verified(sync, &outcome, entry->at);
	if (outcome.result == FOLLOW_NEW) {
		note_staging(sync->content, outcome.content, entry->at);
		entry->result = offer(sync, outcome.content, &outcome, &outcome.note);
	}
	if (entry->result == FOLLOW_DISK || entry->result == FOLLOW_CANCELED)
		sync->settled = 0;	/* the disk may have room next time */
	uv_mutex_lock(&sync->lock);
	if (entry->result == FOLLOW_NEW) {
		take_content(sync, outcome.content);
		sync_note_refused(&sync->status, "", "");
		sync->switched_ns = clock_monotonic_ns();
	} else if (outcome.content != NULL) {
		content_release(outcome.content);
	}
	/* A hint at this one is answered by what came of it now, unless that may change by itself. */
	if (outcome.expires_s != 0 && !outcome.again && sync->settled != 0)
		sync->hinted = outcome.verified.timestamp;
	snprintf(entry->release, sizeof entry->release, "%s",
		 outcome.release[0] != '\0' ? outcome.release : entry->result == FOLLOW_SAME ? sync->status.release : "");
	if (is_failure(entry->result) || entry->result == FOLLOW_CANCELED)
		set_text(entry, &outcome.note);
	if (entry->result == FOLLOW_TRUST)
		add_clock(sync, entry);
	entry->took_us = (clock_monotonic_ns() - began) / 1000;
	entry->bytes = web_mirrors_received(sync->mirrors) - bytes;
	note_entry(sync, entry);
	snprintf(sync->status.from, sizeof sync->status.from, "%.255s", web_mirrors_last(sync->mirrors));
	/* A file that cannot be had, or that no disk has room for, is not asked for every few seconds either. */
	bool lost = is_failure(entry->result) && outcome.expires_s == 0;
	bool again = entry->result == FOLLOW_DISK || (is_failure(entry->result) && outcome.again);
	sync->failures = lost || again ? sync->failures + 1 : 0;
	sync->lost = lost ? sync->lost + 1 : 0;
	uv_mutex_unlock(&sync->lock);
	tell_mirrors(sync);
	if (entry->result != FOLLOW_NEW)
		return;
	if (!sync_merge_runs(sync))
		state_collect(sync->state);
	sync_merge_look(sync);
}

/* To the generation before what is served; what is left is not taken again. */
static void roll_back(struct sync *sync, const struct sync_request *request, struct sync_entry *entry)
{
	uint64_t began = clock_monotonic_ns();
	struct err_list warnings = { 0 };
	struct err_note note = { 0 };
	struct content *before = NULL;
	const char *why = request->why != NULL ? request->why : "";

	*entry = (struct sync_entry){ .at = clock_wall_s(), .rollback = true, .result = FOLLOW_REFUSED };
	bool gone = sync->content == NULL || sync->content->manifest->generation != request->generation;
	if (request->generation != 0 && gone) {
		entry->result = FOLLOW_CANCELED;	/* it is gone already */
		return;
	}
	if (sync->content != NULL && sync->content->manifest->generation > 1) {
		struct follow_settings offline = sync->settings;

		offline.transport = NULL;
		offline.mirrors = NULL;
		before = follow_offline(&offline, sync->content, sync->content->manifest->generation, &warnings);
	}
	if (before == NULL)
		err_note_set(&note, NULL, 0, "there is no generation before this one");
	if (before != NULL) {
		struct floors *floors = &sync->state->floors;
		const struct manifest *left = sync->content->manifest;

		/* Written down together with the generation in force. */
		floors_refuse(floors, left->release, manifest_count_of(left, left->release), why);
		entry->result = offer(sync, before, NULL, &note);
		if (entry->result != FOLLOW_NEW)
			floors_allow(floors, left->release);
	}
	err_list_fini(&warnings);
	uv_mutex_lock(&sync->lock);
	if (entry->result == FOLLOW_NEW) {
		sync_note_refused(&sync->status, sync->content->manifest->release, why);
		snprintf(entry->text, sizeof entry->text, "%s", why);
		take_content(sync, before);
	} else {
		content_release(before);
		set_text(entry, &note);
	}
	snprintf(entry->release, sizeof entry->release, "%s", sync->status.release);
	entry->took_us = (clock_monotonic_ns() - began) / 1000;
	if (entry->result == FOLLOW_NEW)
		note_entry(sync, entry);
	uv_mutex_unlock(&sync->lock);
}

/* False: it is none that is refused. */
static bool take_retry(struct sync *sync, const char *release)
{
	struct floors *floors = &sync->state->floors;
	struct err_note note;

	/* Who asks by hand wants to know, also what is known already. */
	sync->settled = 0;
	if (release == NULL)
		return true;
	if (!floors_allow(floors, release))
		return false;
	if (state_save_floors(sync->state, &note) == 0) {
		uv_mutex_lock(&sync->lock);
		if (strcmp(sync->status.refused, release) == 0)
			sync_note_refused(&sync->status, "", "");
		uv_mutex_unlock(&sync->lock);
	}
	return true;
}

/* ---- the loop ---- */

/* Until there is something to do. Gives what is wanted; *ret_look: a look is due. False: the end. */
static bool wait(struct sync *sync, struct sync_request **ret_wanted, bool *ret_look)
{
	bool stop;

	uv_mutex_lock(&sync->lock);
	for (;;) {
		uint64_t now = clock_monotonic_ns(), due = sync->due_ns;

		if (sync->pull_at_ns != 0 && sync->pull_at_ns < due)
			due = sync->pull_at_ns;
		if (sync->stop || sync->wanted != NULL || now >= due)
			break;
		uv_cond_timedwait(&sync->wake, &sync->lock, due - now);
	}
	stop = sync->stop;
	*ret_wanted = sync->wanted;
	*ret_look = sync->wanted == NULL;
	sync->wanted = NULL;
	if (!stop)
		web_mirrors_resume(sync->mirrors);
	if (*ret_look && sync->pull_at_ns != 0) {
		sync->pull_at_ns = 0;
		sync->pulled_ns = sync_pull_take(sync->pulled_ns, clock_monotonic_ns());
	}
	sync->status.running = true;
	uv_mutex_unlock(&sync->lock);
	return !stop;
}

static void finish(struct sync *sync, struct sync_request *wanted, bool ended)
{
	struct sync_request **at = &sync->finished;

	uv_mutex_lock(&sync->lock);
	while (*at != NULL)
		at = &(*at)->next;
	*at = wanted;
	sync->status.running = false;
	sync->status.next_at = clock_wall_s() + ((int64_t)(sync->due_ns - clock_monotonic_ns())) / 1000 / MS;	/* it may be over */
	sync->ended = ended;
	uv_async_send(&sync->news);
	uv_mutex_unlock(&sync->lock);
}

void sync_thread(void *ctx)
{
	struct sync *sync = ctx;
	struct sync_request *wanted;
	struct sync_entry entry;
	bool due;

	sync->due_ns = clock_monotonic_ns() + FIRST_MS * MS;
	while (wait(sync, &wanted, &due)) {
		for (struct sync_request *request = wanted; request != NULL; request = request->next) {
			if (request->rollback)
				roll_back(sync, request, &request->entry);
			else
				request->in_vain = !take_retry(sync, request->retry);
			due = due || !request->rollback;
		}
		if (due) {
			look(sync, wanted != NULL, &entry);
			sync->due_ns = next_due(sync, clock_monotonic_ns());
		}
		for (struct sync_request *request = wanted; request != NULL; request = request->next) {
			if (request->rollback)
				continue;
			request->entry = entry;
			request->entry.in_vain = request->in_vain;
		}
		finish(sync, wanted, false);
	}
	for (struct sync_request *request = wanted; request != NULL; request = request->next)
		request->entry = (struct sync_entry){ .result = FOLLOW_CANCELED, .text = "the node stops" };
	finish(sync, wanted, true);
}
