/* SPDX-License-Identifier: Apache-2.0 */
/* Main's side: requests to the thread, what it offers, events, freshness. */
#include "server/sync.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/anycast/anycast.h"
#include "server/events.h"
#include "server/sync_inner.h"
#include "server/sync_pull.h"

enum { TICK_MS = 1000 };

const char *sync_state_name(enum sync_state state)
{
	static const char *const names[] = { "fresh", "stale", "expired", "empty" };

	return names[state];
}

const char *sync_gate_name(enum gate_verdict verdict)
{
	static const char *const names[] = { [GATE_UNJUDGED] = "unjudged", [GATE_GOOD] = "good", [GATE_BAD] = "bad" };

	return names[verdict];
}

/* ---- what the thread says ---- */

static void tell_entry(struct sync *sync, const struct sync_entry *entry)
{
	struct events *events = sync->node->events;

	if (entry->result == FOLLOW_NEW)
		events_add(events, LOG_LEVEL_INFO, "sync", "sync: release %s%s, %" PRIu64 " bytes, in %.1f ms%s%s", entry->release,
			   entry->rollback ? " by rollback" : "", entry->bytes, (double)entry->took_us / 1e3,
			   entry->text[0] ? ": " : "", entry->text);
	else if (entry->result == FOLLOW_SAME)
		events_add(events, LOG_LEVEL_INFO, "sync", "sync: the master is followed again, release %s", entry->release);
	else if (entry->result != FOLLOW_CANCELED)
		events_add(events, LOG_LEVEL_WARN, "sync", "sync: %s%s%s%s%s%s%s", entry->release[0] ? "release " : "", entry->release,
			   entry->release[0] ? " (" : "", follow_result_name(entry->result), entry->release[0] ? ")" : "",
			   entry->text[0] ? ": " : "", entry->text);
}

static void answer(struct sync_request *request)
{
	if (request->done != NULL)
		request->done(request->ctx, &request->entry);
	mem_free(request->retry);
	mem_free(request->why);
	mem_free(request);
}

static void staged(void *ctx, const struct node_reload_result *result)
{
	struct sync *sync = ctx;

	(void)result;	/* the job has it */
	uv_mutex_lock(&sync->lock);
	/* Every worker answers from it by now, and nothing was asked in between. */
	if (sync->job->result == FOLLOW_NEW)
		sync_soak_begin(sync);
	sync->job_done = true;
	uv_cond_signal(&sync->wake);
	uv_mutex_unlock(&sync->lock);
}

static void take_news(struct sync *sync)
{
	struct sync_entry told[sizeof sync->told / sizeof sync->told[0]];
	char remarks[sizeof sync->remarks / sizeof sync->remarks[0]][SYNC_TEXT_MAX];
	struct node_sync_job *job = NULL;

	uv_mutex_lock(&sync->lock);
	struct sync_request *finished = sync->finished;
	bool over = sync->ended;
	size_t count = sync->told_count, remark_count = sync->remark_count;
	memcpy(told, sync->told, sizeof told);
	memcpy(remarks, sync->remarks, sizeof remarks);
	sync->finished = NULL;
	sync->told_count = sync->remark_count = 0;
	if (sync->job != NULL && !sync->job_taken) {
		job = sync->job;
		sync->job_taken = true;
	}
	uv_mutex_unlock(&sync->lock);

	for (size_t i = 0; i < remark_count; i++)
		events_add(sync->node->events, LOG_LEVEL_WARN, "sync", "sync: %s", remarks[i]);
	for (size_t i = 0; i < count; i++) {
		tell_entry(sync, &told[i]);
		if (told[i].result == FOLLOW_NEW)
			sync_post_want(sync);
	}
	if (job != NULL)
		node_reload_sync(sync->node, job, staged, sync);
	while (finished != NULL) {
		struct sync_request *next = finished->next;

		answer(finished);
		finished = next;
	}
	if (over)
		uv_close((uv_handle_t *)&sync->news, NULL);
}

static void on_news(uv_async_t *async)
{
	take_news(async->data);
}

/* ---- freshness ---- */

static enum machine_stale stale_of(const struct sync *sync, enum sync_state state, enum wallclock clock)
{
	static const enum machine_stale when[] = {
		[CONF_STALE_SERVE] = MACHINE_FRESH, [CONF_STALE_DEPREFER] = MACHINE_STALE_DEPREFER,
		[CONF_STALE_WITHDRAW] = MACHINE_STALE_WITHDRAW,
	};

	/* Never start empty and announce. */
	if (state == SYNC_EMPTY)
		return MACHINE_EMPTY;
	/* A clock that is not believed moves no route. */
	return state == SYNC_EXPIRED && clock == WALLCLOCK_GOOD ? when[sync->conf->sync.when_stale] : MACHINE_FRESH;
}

static void on_tick(uv_timer_t *timer)
{
	struct sync *sync = timer->data;
	struct node *node = sync->node;
	char clock_text[WALLCLOCK_TEXT_MAX];
	int64_t now_s = clock_wall_s();

	uv_mutex_lock(&sync->lock);
	sync_clock_judge(sync, now_s);
	enum sync_state state = sync_state_of(sync, now_s);
	enum wallclock clock = sync->status.clock;
	int64_t age_s = sync_age_of(sync, now_s);
	sync_clock_show(sync, state);
	memcpy(clock_text, sync->status.clock_text, sizeof clock_text);
	uv_mutex_unlock(&sync->lock);
	sync_soak_look(sync);
	sync_age_look(sync, age_s);
	sync_post_look(sync);
	if (node->anycast != NULL)
		anycast_set_stale(node->anycast, stale_of(sync, state, clock));
	sync_clock_tell(sync, clock, clock_text);
	if (state == sync->shown)
		return;
	if (state != SYNC_EMPTY)
		events_add(node->events, state == SYNC_FRESH ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "sync", "sync: content is %s%s",
			   sync_state_name(state), state == SYNC_FRESH ? "" : state == SYNC_STALE
			   ? ": the master was not asked with success for a while; it is served on"
			   : ": what the master signed last has expired; it is served on");
	sync->shown = state;
}

/* ---- requests ---- */

static void add_request(struct sync *sync, struct sync_request *request)
{
	struct sync_request **at = &sync->wanted;

	uv_mutex_lock(&sync->lock);
	while (*at != NULL)
		at = &(*at)->next;
	*at = request;
	/* Who goes back does not wait for what a slow master gives. The thread takes up transfers again once it has seen it. */
	if (request->rollback)
		web_mirrors_stop(sync->mirrors);
	uv_cond_signal(&sync->wake);
	uv_mutex_unlock(&sync->lock);
}

void sync_now(struct sync *sync, const char *retry, sync_done_fn *done, void *ctx)
{
	struct sync_request *request = mem_alloc(sizeof *request);

	*request = (struct sync_request){ .retry = mem_string(retry), .done = done, .ctx = ctx };
	add_request(sync, request);
}

void sync_rollback(struct sync *sync, sync_done_fn *done, void *ctx)
{
	struct sync_request *request = mem_alloc(sizeof *request);

	*request = (struct sync_request){ .rollback = true, .done = done, .ctx = ctx };
	add_request(sync, request);
}

void sync_go_back(struct sync *sync, uint64_t generation, const char *why)
{
	struct sync_request *request = mem_alloc(sizeof *request);

	*request = (struct sync_request){ .rollback = true, .generation = generation, .why = mem_string(why) };
	add_request(sync, request);
}

void sync_notified(struct sync *sync, bool has_version, uint32_t version)
{
	uint64_t now = clock_monotonic_ns();

	uv_mutex_lock(&sync->lock);
	sync->status.notifies++;
	/* RFC 1982 in spirit: the hint is the timestamp's version modulo 2^32. One that was looked at to the end is known,
	 * whether it brought news, brought none, or was refused. */
	bool known = has_version && (int32_t)(version - (uint32_t)sync->hinted) <= 0;
	sync->status.notifies_known += known;
	if (!known && has_version && (!sync->has_hint || (int32_t)(version - sync->hint) > 0)) {
		sync->has_hint = true;
		sync->hint = version;
	}
	if (!known && sync->pull_at_ns == 0) {
		sync->pull_at_ns = sync_pull_at(sync->pulled_ns, now, now >> 10);
		uv_cond_signal(&sync->wake);
	}
	uv_mutex_unlock(&sync->lock);
}

void sync_status(struct sync *sync, struct sync_status *ret)
{
	uv_mutex_lock(&sync->lock);
	int64_t now_s = clock_wall_s();
	sync_clock_judge(sync, now_s);
	*ret = sync->status;
	ret->state = sync_state_of(sync, now_s);
	ret->age_s = sync_age_of(sync, now_s);
	uv_mutex_unlock(&sync->lock);
	ret->bytes = web_mirrors_received(sync->mirrors);
	age_count(sync->node != NULL ? sync->node->dataset->content : NULL, ret->age_s, &ret->aged);
}

const struct sync_board *sync_board(const struct sync *sync)
{
	return sync != NULL ? &sync->board : NULL;
}

size_t sync_mirror_count(const struct sync *sync)
{
	return sync->conf->sync.url_count;
}

void sync_mirror(struct sync *sync, size_t index, struct sync_mirror *ret)
{
	uint64_t now = clock_monotonic_ns();
	struct web_mirrors_status status;

	web_mirrors_tell(sync->mirrors, index, &status);
	*ret = (struct sync_mirror){
		.url = sync->conf->sync.urls[index], .used = status.used, .failures = status.mirror.failures,
		.files = status.files, .same = status.same, .bytes = status.bytes,
	};
	if (mirror_rests(&status.mirror, now))
		ret->rests_s = (unsigned)((status.mirror.rests_until_ns - now) / 1000000000 + 1);
	snprintf(ret->text, sizeof ret->text, "%s", status.mirror.text);
}

size_t sync_history(struct sync *sync, struct sync_entry *ret, size_t room)
{
	uv_mutex_lock(&sync->lock);
	size_t count = sync->history_count < SYNC_HISTORY ? sync->history_count : SYNC_HISTORY;
	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++)
		ret[i] = sync->history[(sync->history_count - 1 - i) % SYNC_HISTORY];
	uv_mutex_unlock(&sync->lock);
	return count;
}

const struct node_key *sync_key(const struct sync *sync)
{
	return sync->key;
}

/* ---- life ---- */

/* From the thread, or from main before it runs. */
static void remark(void *ctx, const char *text)
{
	struct sync *sync = ctx;

	if (!sync->threaded) {
		log_warn("sync: %s", text);
		return;
	}
	uv_mutex_lock(&sync->lock);
	if (sync->remark_count < sizeof sync->remarks / sizeof sync->remarks[0])
		snprintf(sync->remarks[sync->remark_count++], SYNC_TEXT_MAX, "%s", text);
	uv_mutex_unlock(&sync->lock);
}

static int open_parts(struct sync *sync, struct err_note *note, struct err_list *warnings)
{
	const struct conf_sync *conf = &sync->conf->sync;
	int err = state_open(sync->conf->state_dir, &sync->state, note, warnings);

	if (err == 0)
		err = state_anchor(sync->state, conf->root, note, warnings);
	if (err != 0)
		return err;
	state_own(sync->state, sync->conf->node.name, warnings);
	err = conf->node_key != NULL ? node_key_open(conf->node_key, false, &sync->key, note)
		: state_node_key(sync->state, &sync->key, note, warnings);
	if (err != 0)
		return err;
	sync->mirrors = web_mirrors_new(&(struct web_mirrors_settings){
		.urls = (const char *const *)conf->urls, .url_count = conf->url_count, .ca = conf->ca,
		.cert = conf->client_cert, .key = conf->client_key, .proxy = conf->proxy,
		.patience_ms = conf->patience_ms, .deadline_ms = conf->deadline_ms,
	});
	if (sync->mirrors == NULL)
		err_note_set(note, NULL, 0, "sync: libcurl does not start");
	return sync->mirrors != NULL ? 0 : ERR_UNAVAILABLE;
}

static void note_content(struct sync *sync, const struct content *content)
{
	const struct floors *floors = &sync->state->floors;

	snprintf(sync->status.release, sizeof sync->status.release, "%s", content->manifest->release);
	sync->status.generation = content->manifest->generation;
	sync->status.timestamp = content->manifest->timestamp;
	sync->status.snapshot = content->manifest->snapshot;
	sync->status.fetched_at = floors->fetched_s != 0 ? floors->fetched_s : content->manifest->fetched_s;
	sync->status.expires_at = floors->expires_s;
	sync->hinted = content->manifest->timestamp;
	if (floors->soak_s > clock_wall_s()) {
		/* What was staged before this start is watched on: it may be why there was one. */
		sync->status.soak_until = sync->content->soak_until_s = floors->soak_s;
		sync->content->staged = true;
		sync->switched_ns = sync->soak_begun_ns = clock_monotonic_ns();
	}
	if (floors->refused_count > 0) {
		const struct floors_refused *newest = &floors->refused[floors->refused_count - 1];

		/* What is served is newer: it is behind us, though not forgotten. */
		if (strverscmp(newest->release, sync->status.release) > 0)
			sync_note_refused(&sync->status, newest->release, newest->why);
	}
}

int sync_check(const struct conf *conf, struct err_list *errors)
{
	const char *const files[] = { conf->sync.ca, conf->sync.client_cert, conf->sync.client_key, conf->sync.node_key };
	struct err_note note = { 0 };
	size_t before = errors->count;

	if (!conf->sync.present)
		return 0;
	if (state_check_root(conf->sync.root, &note) != 0)
		err_list_add(errors, note.file, note.line, "%s", note.text);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (files[i] != NULL && access(files[i], R_OK) != 0)
			err_list_add(errors, files[i], 0, "named by sync, and cannot be read: %s", err_text(-errno));
	}
	if (conf->sync.notify.present && sync_notify_check(conf, &note) != 0)
		err_list_add(errors, note.file, note.line, "%s", note.text);
	return errors->count == before ? 0 : ERR_INVALID;
}

int sync_open(const struct conf *conf, struct sync **ret_sync, struct content **ret_content, struct err_list *errors)
{
	struct sync *sync = mem_alloc(sizeof *sync);
	struct err_list warnings = { 0 };
	struct err_note note = { 0 };
	char text[sizeof note + 16];

	sync->conf = conf;
	uv_mutex_init(&sync->lock);
	uv_cond_init(&sync->wake);
	int err = open_parts(sync, &note, &warnings);
	if (err == 0) {
		sync->settings = (struct follow_settings){
			.conf = conf, .key = sync->key, .state = sync->state,
			.transport = web_mirrors_transport(sync->mirrors), .mirrors = sync->mirrors, .remark = remark, .ctx = sync,
			.memory = &sync->memory,
		};
		struct follow_settings offline = sync->settings;
		offline.transport = NULL;
		offline.mirrors = NULL;
		sync->content = follow_offline(&offline, NULL, 0, &warnings);
		*ret_content = sync->content;
		sync->status.floor_s = state_floor(sync->state);
		sync->status.verified = (struct follow_versions){
			.root = floors_version(&sync->state->floors, "root"),
			.timestamp = floors_version(&sync->state->floors, "timestamp"),
			.snapshot = floors_version(&sync->state->floors, "snapshot"),
		};
		if (sync->content != NULL)
			note_content(sync, sync->content);
		sync_clock_show(sync, sync_state_of(sync, clock_wall_s()));
		*ret_sync = sync;
	} else {
		err_list_add(errors, note.file, note.line, "%s", note.text);
		sync_free(sync);
	}
	for (size_t i = 0; i < warnings.kept; i++)
		log_warn("sync: %s", err_note_print(&warnings.notes[i], text, sizeof text));
	err_list_fini(&warnings);
	return err;
}

int sync_start(struct sync *sync, struct node *node, const struct worker_sockets *sockets)
{
	sync->node = node;
	sync->shown = SYNC_EMPTY;
	uv_async_init(node->loop, &sync->news, on_news);
	uv_timer_init(node->loop, &sync->tick);
	sync->news.data = sync->tick.data = sync;
	sync->open = true;
	uv_timer_start(&sync->tick, on_tick, 0, TICK_MS);
	int err = sync_notify_start(sync, sockets);
	if (err == 0)
		err = sync_post_start(sync);
	if (err != 0)
		return err;
	sync->threaded = true;	/* before it may say something */
	err = uv_thread_create(&sync->thread, sync_thread, sync);
	if (err != 0)
		sync->threaded = false;
	return err;
}

void sync_close(struct sync *sync)
{
	if (sync == NULL || !sync->open)
		return;
	sync->open = false;
	uv_mutex_lock(&sync->lock);
	sync->stop = true;
	if (sync->job != NULL && !sync->job_taken) {
		sync->job->result = FOLLOW_CANCELED;
		sync->job_taken = sync->job_done = true;
	}
	uv_cond_signal(&sync->wake);
	uv_mutex_unlock(&sync->lock);
	web_mirrors_stop(sync->mirrors);
	sync_notify_close(sync);
	sync_post_close(sync);
	uv_close((uv_handle_t *)&sync->tick, NULL);
	/* The thread's last word closes it: who waits for an answer gets one. */
	if (!sync->threaded)
		uv_close((uv_handle_t *)&sync->news, NULL);
}

static void free_requests(struct sync_request *request)
{
	while (request != NULL) {
		struct sync_request *next = request->next;

		mem_free(request->retry);
		mem_free(request->why);
		mem_free(request);
		request = next;
	}
}

void sync_free(struct sync *sync)
{
	if (sync == NULL)
		return;
	if (sync->threaded)
		uv_thread_join(&sync->thread);
	free_requests(sync->wanted);
	free_requests(sync->finished);
	sync_notify_free(sync);
	sync_post_free(sync);
	web_mirrors_free(sync->mirrors);
	sync_merge_free(sync);
	content_release(sync->content);
	follow_forget(&sync->memory);
	node_key_free(sync->key);
	state_close(sync->state);
	uv_cond_destroy(&sync->wake);
	uv_mutex_destroy(&sync->lock);
	mem_free(sync);
}
