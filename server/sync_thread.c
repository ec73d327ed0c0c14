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

enum { BACKOFF_MS = 300000, MS = 1000000, FIRST_MS = 20 };

static uint64_t chance(uint64_t below)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		number = clock_monotonic_ns();
	return below > 0 ? number % below : 0;
}

/* When to look next: the interval, doubled with each failure, give or take a tenth, so that a fleet does not beat in
 * step. */
static uint64_t next_due(const struct sync *sync, uint64_t now_ns)
{
	uint64_t interval = sync->conf->sync.interval_ms, most = interval > BACKOFF_MS ? interval : BACKOFF_MS;
	uint64_t wait = interval;

	for (unsigned i = 1; i < sync->failures && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most;
	return now_ns + (wait - wait / 10 + chance(wait / 5 + 1)) * MS;
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
	int64_t soak = 0;

	content_release(sync->content);
	sync->content = content;
	snprintf(status->release, sizeof status->release, "%s", manifest->release);
	status->generation = manifest->generation;
	status->timestamp = manifest->timestamp;
	status->snapshot = manifest->snapshot;
	for (size_t i = 0; i < manifest->item_count; i++)
		soak = manifest->items[i].soak_s > soak ? manifest->items[i].soak_s : soak;
	status->soak_until = soak > 0 ? clock_wall_s() + soak : 0;
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

static void look(struct sync *sync, struct sync_entry *entry)
{
	uint64_t began = clock_monotonic_ns(), bytes = web_mirrors_received(sync->mirrors);
	struct follow_outcome outcome;

	*entry = (struct sync_entry){ .at = clock_wall_s() };
	follow_refresh(&sync->settings, sync->content, entry->at, &sync->settled, &outcome);
	entry->result = outcome.result;
	if (outcome.result == FOLLOW_NEW)
		entry->result = offer(sync, outcome.content, &outcome, &outcome.note);
	if (entry->result == FOLLOW_DISK || entry->result == FOLLOW_CANCELED)
		sync->settled = 0;	/* the disk may have room next time */
	uv_mutex_lock(&sync->lock);
	if (entry->result == FOLLOW_NEW) {
		take_content(sync, outcome.content);
		sync->status.refused[0] = '\0';
	} else if (outcome.content != NULL) {
		content_release(outcome.content);
	}
	if (outcome.expires_s != 0) {
		sync->status.fetched_at = entry->at;
		sync->status.expires_at = outcome.expires_s;
	}
	snprintf(entry->release, sizeof entry->release, "%s",
		 outcome.release[0] != '\0' ? outcome.release : entry->result == FOLLOW_SAME ? sync->status.release : "");
	if (is_failure(entry->result))
		set_text(entry, &outcome.note);
	entry->took_us = (clock_monotonic_ns() - began) / 1000;
	entry->bytes = web_mirrors_received(sync->mirrors) - bytes;
	note_entry(sync, entry);
	snprintf(sync->status.from, sizeof sync->status.from, "%.255s", web_mirrors_last(sync->mirrors));
	sync->failures = is_failure(entry->result) && outcome.expires_s == 0 ? sync->failures + 1 : 0;
	uv_mutex_unlock(&sync->lock);
	if (entry->result == FOLLOW_NEW)
		state_collect(sync->state);
}

/* To the generation before what is served; the newest release of all is not taken again. */
static void roll_back(struct sync *sync, struct sync_entry *entry)
{
	uint64_t began = clock_monotonic_ns();
	struct err_list warnings = { 0 };
	struct err_note note = { 0 };
	struct content *before = NULL;

	*entry = (struct sync_entry){ .at = clock_wall_s(), .rollback = true, .result = FOLLOW_REFUSED };
	if (sync->content != NULL && sync->content->manifest->generation > 1) {
		struct follow_settings offline = sync->settings;

		offline.transport = NULL;
		offline.mirrors = NULL;
		before = follow_offline(&offline, sync->content->manifest->generation, &warnings);
	}
	if (before == NULL)
		err_note_set(&note, NULL, 0, "there is no generation before this one");
	if (before != NULL) {
		struct floors *floors = &sync->state->floors;
		char *was = mem_string(floors->refused);

		/* Written down together with the generation in force. */
		floors_refuse(floors, sync->content->manifest->release);
		entry->result = offer(sync, before, NULL, &note);
		if (entry->result != FOLLOW_NEW)
			floors_refuse(floors, was);
		mem_free(was);
	}
	err_list_fini(&warnings);
	uv_mutex_lock(&sync->lock);
	if (entry->result == FOLLOW_NEW) {
		snprintf(sync->status.refused, sizeof sync->status.refused, "%s", sync->content->manifest->release);
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

static void take_retry(struct sync *sync, const char *release)
{
	struct floors *floors = &sync->state->floors;
	struct err_note note;

	/* Who asks by hand wants to know, also what is known already. */
	sync->settled = 0;
	if (release == NULL)
		return;
	if (floors->refused == NULL || strcmp(floors->refused, release) != 0)
		return;
	floors_refuse(floors, NULL);
	if (state_save_floors(sync->state, &note) == 0) {
		uv_mutex_lock(&sync->lock);
		sync->status.refused[0] = '\0';
		uv_mutex_unlock(&sync->lock);
	}
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
	if (*ret_look && sync->pull_at_ns != 0) {
		sync->pull_at_ns = 0;
		sync->pulled_ns = clock_monotonic_ns();
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
	sync->status.next_at = clock_wall_s() + (int64_t)((sync->due_ns - clock_monotonic_ns()) / 1000 / MS);
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
				roll_back(sync, &request->entry);
			else
				take_retry(sync, request->retry);
			due = due || !request->rollback;
		}
		if (due) {
			look(sync, &entry);
			sync->due_ns = next_due(sync, clock_monotonic_ns());
		}
		for (struct sync_request *request = wanted; request != NULL; request = request->next) {
			if (!request->rollback)
				request->entry = entry;
		}
		finish(sync, wanted, false);
	}
	for (struct sync_request *request = wanted; request != NULL; request = request->next)
		request->entry = (struct sync_entry){ .result = FOLLOW_CANCELED, .text = "the node stops" };
	finish(sync, wanted, true);
}
