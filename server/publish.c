/* SPDX-License-Identifier: Apache-2.0 */
#include "server/publish.h"

#include <uv.h>

#include "conf/base/mem.h"
#include "server/health.h"
#include "server/node.h"
#include "server/worker.h"

struct retired {
	struct retired *next;
	struct dataset *dataset;
	uint64_t until;		/* every worker has seen this generation: nobody can see the dataset */
};

struct publish {
	struct node *node;
	uv_async_t taken;
	struct retired *retired;
	/* Who waits for the newest dataset to be taken by all. */
	void (*when_taken)(void *ctx);
	void *ctx;
};

static uint64_t oldest_seen(const struct node *node)
{
	uint64_t oldest = UINT64_MAX;

	for (unsigned i = 0; i < node->worker_count; i++) {
		uint64_t seen = atomic_load(&node->workers[i].seen);

		if (seen < oldest)
			oldest = seen;
	}
	return oldest;
}

static void free_unseen(struct publish *publish, uint64_t seen)
{
	struct retired **at = &publish->retired;

	while (*at != NULL) {
		struct retired *retired = *at;

		if (retired->until > seen) {
			at = &retired->next;
			continue;
		}
		*at = retired->next;
		dataset_free(retired->dataset);
		mem_free(retired);
	}
}

static void tell_taken(struct publish *publish)
{
	void (*when_taken)(void *ctx) = publish->when_taken;

	publish->when_taken = NULL;
	if (when_taken != NULL)
		when_taken(publish->ctx);
}

static void on_taken(uv_async_t *async)
{
	struct publish *publish = async->data;
	uint64_t seen = oldest_seen(publish->node);

	free_unseen(publish, seen);
	if (seen >= publish->node->dataset->generation)
		tell_taken(publish);
}

struct publish *publish_new(struct node *node)
{
	struct publish *publish = mem_alloc(sizeof *publish);

	publish->node = node;
	uv_async_init(node->loop, &publish->taken, on_taken);
	publish->taken.data = publish;
	return publish;
}

void publish_dataset(struct publish *publish, struct dataset *dataset, void (*taken)(void *ctx), void *ctx)
{
	struct node *node = publish->node;
	struct retired *retired = mem_alloc(sizeof *retired);

	*retired = (struct retired){ .next = publish->retired, .dataset = node->dataset, .until = dataset->generation };
	publish->retired = retired;
	publish->when_taken = taken;
	publish->ctx = ctx;
	health_use(node->health, dataset);
	node->dataset = dataset;
	for (unsigned i = 0; i < node->worker_count; i++)
		worker_give(&node->workers[i], dataset);
}

uv_async_t *publish_taken(struct publish *publish)
{
	return &publish->taken;
}

void publish_close(struct publish *publish)
{
	tell_taken(publish);
	uv_close((uv_handle_t *)&publish->taken, NULL);
}

void publish_free(struct publish *publish)
{
	free_unseen(publish, UINT64_MAX);
	mem_free(publish);
}
