/* SPDX-License-Identifier: Apache-2.0 */
/* A zone whose changesets have piled up is merged in a thread beside the one that follows: releases go on meanwhile, and
 * the next one is built on the outcome. One at a time. */
#include <string.h>

#include "conf/base/log.h"
#include "conf/base/mem.h"
#include "server/sync_inner.h"

static void merge(void *ctx)
{
	struct sync *sync = ctx;

	sync->merge_err = content_spare_make(sync->merging, sync->state);
	atomic_store(&sync->merged, true);
}

static void join(struct sync *sync)
{
	uv_thread_join(&sync->merge_thread);
	atomic_store(&sync->merged, false);
}

static void drop(struct sync *sync)
{
	sync->settings.spare = NULL;
	sync->state->spare[0] = '\0';
	content_spare_free(sync->merging);
	sync->merging = NULL;
}

void sync_merge_take(struct sync *sync)
{
	if (sync->merging == NULL || !atomic_load(&sync->merged))
		return;
	join(sync);
	if (sync->merge_err == 0) {
		sync->settings.spare = sync->merging;
		memcpy(sync->state->spare, sync->merging->digest, sizeof sync->state->spare);
		return;
	}
	/* The next version tries again, or merges at once. */
	log_warn("sync: %s", sync->merging->note.text);
	drop(sync);
}

void sync_merge_look(struct sync *sync)
{
	const struct manifest_item *item;

	if (sync->merging != NULL && sync->settings.spare != NULL) {
		item = manifest_find(sync->content->manifest, sync->merging->path);
		/* Taken by what runs now, or of no use to it any more. */
		if (!content_spare_fits(sync->merging, item))
			drop(sync);
	}
	if (sync->merging != NULL)
		return;
	sync->merging = content_spare_new(sync->content);
	if (sync->merging != NULL && uv_thread_create(&sync->merge_thread, merge, sync) != 0) {
		content_spare_free(sync->merging);
		sync->merging = NULL;
	}
}

bool sync_merge_runs(const struct sync *sync)
{
	return sync->merging != NULL && sync->settings.spare == NULL;
}

void sync_merge_free(struct sync *sync)
{
	if (sync_merge_runs(sync))
		join(sync);
	content_spare_free(sync->merging);
	sync->merging = NULL;
}
