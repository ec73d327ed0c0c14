/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reloads. The configuration is read, checked and built into a dataset in the thread pool; main then switches. One runs
 * at a time, others wait in node->reloads: two never build on the same running dataset.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/events.h"
#include "server/node.h"
#include "server/notify.h"
#include "server/publish.h"
#include "server/sync.h"
#include "server/tls_stage.h"
#include "server/watch.h"
#include "sync/probes.h"
#include "sync/stage.h"

enum { RESTART_KEYS_MAX = 16 };

enum reload_kind {
	RELOAD_CONF,	/* the configuration and all that it names */
	RELOAD_ZONES,
	RELOAD_SYNC,	/* content from the master; what is local stays as it runs */
	RELOAD_AGE,	/* the same content, that has grown too old, or has been heard of again */
	RELOAD_SECRETS,	/* cookie secrets, ticket keys, OCSP responses; zones are not looked at */
};

struct reload {
	struct reload *next;
	uv_work_t work;
	struct node *node;
	enum reload_kind kind;
	struct node_sync_job *job;	/* RELOAD_SYNC */
	char *zone;		/* RELOAD_ZONES: only this one, or NULL */
	node_reload_fn *done;
	void *ctx;
	/* What the thread pool made. */
	int err;
	struct conf *conf;
	struct dataset *dataset;
	unsigned zones_failed;
	struct err_list errors;
	const char *restart_keys[RESTART_KEYS_MAX];
	size_t restart_key_count;
};

static void start_first(struct node *node);
static void finish(void *ctx);

static bool same_tickets(const struct content *a, const struct content *b)
{
	size_t a_count = a != NULL ? a->ticket_count : 0, b_count = b != NULL ? b->ticket_count : 0;

	return a_count == b_count && (a_count == 0 || memcmp(a->tickets, b->tickets, a_count * sizeof *a->tickets) == 0);
}

/* What is left to do for content, once it is staged: probes over the candidate itself, then the disk. */
static void finish_sync(struct reload *reload, const struct conf *conf)
{
	struct node_sync_job *job = reload->job;
	const struct dataset *running = reload->node->dataset;
	int err = 0;

	if (same_tickets(running->content, job->content))
		tls_stage_keep(running, reload->dataset);
	else
		err = tls_stage_secrets(conf, running, reload->dataset, &reload->errors);
	if (err != 0) {
		job->result = FOLLOW_STAGING;
		job->note = reload->errors.notes[0];
	} else if ((err = probes_run(job->content->probes, &reload->dataset->respond, (uint32_t)clock_wall_s(), &job->note)) != 0) {
		job->result = FOLLOW_PROBE;
	} else if ((err = probes_run_web(job->content->probes, reload->dataset->sites, NULL, &job->note)) != 0) {
		job->result = FOLLOW_PROBE;
	} else if ((err = job->commit(job->ctx, &job->note)) != 0) {
		job->result = FOLLOW_DISK;
	}
	reload->err = err;
}

/* In the thread pool. node->conf and node->dataset stand still while a reload runs. */
static void build(uv_work_t *work)
{
	struct reload *reload = work->data;
	struct node *node = reload->node;

	if (reload->kind == RELOAD_CONF)
		reload->err = conf_load(node->conf_path, &reload->conf, &reload->errors);
	if (reload->err != 0)
		return;

	struct stage_wish wish = {
		.conf = reload->conf ? reload->conf : node->conf,
		.running = node->dataset,
		.only_zone = reload->zone,
		.keep_secrets = reload->kind != RELOAD_CONF && reload->kind != RELOAD_SECRETS,
		.keep_local = reload->kind == RELOAD_SYNC || reload->kind == RELOAD_AGE,
		.content_age_s = sync_age(node->sync),
		.board = sync_board(node->sync),
		.content = reload->job != NULL ? reload->job->content : node->dataset->content,
		.keep_zones = reload->kind == RELOAD_SECRETS,
		.images = true,
	};
	reload->err = stage_dataset(&wish, &reload->dataset, &reload->zones_failed, &reload->errors);
	if (reload->err != 0 && reload->job != NULL) {
		reload->job->result = FOLLOW_STAGING;
		reload->job->note = reload->errors.notes[0];
	}
	if (reload->err != 0)
		return;
	if (reload->kind == RELOAD_SYNC)
		finish_sync(reload, wish.conf);
	else if (reload->kind == RELOAD_CONF)
		tls_stage_reload(wish.conf, node->dataset, reload->dataset);
	else if (reload->kind == RELOAD_SECRETS)
		reload->err = tls_stage_secrets(wish.conf, node->dataset, reload->dataset, &reload->errors);
	else
		tls_stage_keep(node->dataset, reload->dataset);
}

static void note_restart_key(void *ctx, const char *key)
{
	struct reload *reload = ctx;

	if (reload->restart_key_count < RESTART_KEYS_MAX)
		reload->restart_keys[reload->restart_key_count++] = key;
	events_add(reload->node->events, LOG_LEVEL_WARN, "reload", "reload: %s changed: it takes effect at the next start",
		   key);
}

/* What happened to one zone, as an event: new, another version, or a source that could not be used. */
static void tell_zone(struct node *node, const struct dataset *next, size_t i)
{
	const struct zone_entry *entry = zone_set_at(next->zones, i);
	const struct zone_entry *before = zone_set_same(node->dataset->zones, entry);
	const struct dataset_zone *info = &next->zone_infos[i];

	if (!info->current && info->fault != NULL
	    && (before == NULL || node->dataset->zone_infos[zone_set_index(node->dataset->zones, before)].current))
		events_add(node->events, LOG_LEVEL_WARN, "zone", "zone %s: not reloaded: %s", info->name, info->fault);
	if (entry->base == NULL || (before != NULL && before->image == entry->image))
		return;
	if (before == NULL || before->base == NULL)
		events_add(node->events, LOG_LEVEL_INFO, "zone", "zone %s: serial %u, %u records, in %.1f ms", info->name,
			   entry->base->serial, entry->base->records, (double)info->took_ns / 1e6);
	else
		events_add(node->events, LOG_LEVEL_INFO, "zone", "zone %s: serial %u -> %u, %u records, in %.1f ms",
			   info->name, before->base->serial, entry->base->serial, entry->base->records,
			   (double)info->took_ns / 1e6);
}

static void tell_zones(struct node *node, const struct dataset *next)
{
	for (size_t i = 0; i < zone_set_count(next->zones); i++)
		tell_zone(node, next, i);
	for (size_t i = 0; i < zone_set_count(node->dataset->zones); i++) {
		if (zone_set_same(next->zones, zone_set_at(node->dataset->zones, i)) == NULL)
			events_add(node->events, LOG_LEVEL_INFO, "zone", "zone %s: no longer served",
				   node->dataset->zone_infos[i].name);
	}
}

static void take_conf(struct reload *reload)
{
	struct node *node = reload->node;

	if (reload->conf == NULL)
		return;
	conf_restart_keys(node->boot, reload->conf, note_restart_key, reload);
	if (reload->conf->log_level != node->conf->log_level)
		log_set_level(reload->conf->log_level);
	if (node->conf != node->boot)
		conf_free(node->conf);
	node->conf = reload->conf;
	reload->conf = NULL;
}

static void switch_over(struct reload *reload)
{
	struct node *node = reload->node;

	tell_zones(node, reload->dataset);
	if (reload->kind == RELOAD_CONF && tls_stage_fault(reload->dataset) != NULL)
		events_add(node->events, LOG_LEVEL_WARN, "tls", "tls: certificates not reloaded, those in use stay: %s",
			   tls_stage_fault(reload->dataset));
	publish_dataset(node->publish, reload->dataset, finish, reload);
	take_conf(reload);
	if (reload->kind == RELOAD_CONF || reload->kind == RELOAD_SECRETS)
		watch_secrets(node->watch, node->conf);
	if (reload->kind == RELOAD_CONF)
		node_open_access_log(node);
	events_add(node->events, LOG_LEVEL_INFO, "reload", "node %s: generation %" PRIu64 ", %zu zones%s",
		   node->conf->node.name, node->dataset->generation, zone_set_count(node->dataset->zones),
		   reload->zones_failed ? ", some of them as before" : "");
}

static void refuse(struct reload *reload)
{
	char text[sizeof(struct err_note) + 16];

	for (size_t i = 0; i < reload->errors.kept; i++)
		log_error("%s", err_note_print(&reload->errors.notes[i], text, sizeof text));
	if (reload->job == NULL)	/* else its own event says more */
		events_add(reload->node->events, LOG_LEVEL_ERROR, "reload", "reload: refused, nothing was changed: %zu faults",
		   reload->errors.count);
	conf_free(reload->conf);
	dataset_free(reload->dataset);
}

static void tell_caller(const struct reload *reload)
{
	const struct node_reload_result result = {
		.err = reload->err,
		.errors = &reload->errors,
		.tls_fault = reload->err == 0 && reload->kind == RELOAD_CONF ? tls_stage_fault(reload->node->dataset) : NULL,
		.zones_failed = reload->zones_failed,
		.restart_keys = reload->restart_keys,
		.restart_key_count = reload->restart_key_count,
		.generation = reload->node->dataset->generation,
	};

	if (reload->done != NULL)
		reload->done(reload->ctx, &result);
}

/* The reload is over; the next one begins. */
static void finish(void *ctx)
{
	struct reload *reload = ctx;
	struct node *node = reload->node;

	if (!node->stopping)
		notify_ready("serving");
	tell_caller(reload);
	node->reloads = reload->next;
	err_list_fini(&reload->errors);
	mem_free(reload->zone);
	mem_free(reload);
	start_first(node);
}

static void on_built(uv_work_t *work, int status)
{
	struct reload *reload = work->data;

	if (status == 0 && reload->node->stopping) {
		reload->err = UV_ECANCELED;
		err_list_add(&reload->errors, NULL, 0, "the node is stopping");
		if (reload->job != NULL)
			reload->job->result = FOLLOW_CANCELED;
	}
	if (reload->err == 0) {
		switch_over(reload);	/* finish() comes when every worker answers from the new dataset */
	} else {
		refuse(reload);
		finish(reload);
	}
}

static void start_first(struct node *node)
{
	struct reload *reload = node->reloads;

	if (reload == NULL)
		return;
	notify_reloading();
	reload->work.data = reload;
	uv_queue_work(node->loop, &reload->work, build, on_built);
}

static void enqueue(struct node *node, enum reload_kind kind, const char *zone, struct node_sync_job *job,
		    node_reload_fn *done, void *ctx)
{
	struct reload *reload = mem_alloc(sizeof *reload);
	struct reload **at = &node->reloads;

	*reload = (struct reload){
		.node = node, .kind = kind, .zone = mem_string(zone), .job = job, .done = done, .ctx = ctx,
	};
	while (*at != NULL)
		at = &(*at)->next;
	*at = reload;
	if (node->reloads == reload)
		start_first(node);
}

void node_reload(struct node *node, node_reload_fn *done, void *ctx)
{
	enqueue(node, RELOAD_CONF, NULL, NULL, done, ctx);
}

void node_reload_zones(struct node *node, const char *zone, node_reload_fn *done, void *ctx)
{
	enqueue(node, RELOAD_ZONES, zone, NULL, done, ctx);
}

void node_reload_secrets(struct node *node, node_reload_fn *done, void *ctx)
{
	enqueue(node, RELOAD_SECRETS, NULL, NULL, done, ctx);
}

void node_reload_age(struct node *node, node_reload_fn *done, void *ctx)
{
	enqueue(node, RELOAD_AGE, NULL, NULL, done, ctx);
}

void node_reload_sync(struct node *node, struct node_sync_job *job, node_reload_fn *done, void *ctx)
{
	enqueue(node, RELOAD_SYNC, NULL, job, done, ctx);
}
