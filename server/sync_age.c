/* SPDX-License-Identifier: Apache-2.0 */
/* What has grown too old (sync/age): told when it does, and zones that are then no longer answered for taken out of the
 * dataset; put back as soon as the master was heard. */
#include "conf/base/clock.h"
#include "server/events.h"
#include "server/sync_inner.h"

static void reloaded(void *ctx, const struct node_reload_result *result)
{
	struct sync *sync = ctx;

	(void)result;	/* what did not work is in the log, and is tried again in a second */
	sync->aging = false;
}

static void tell(struct sync *sync, const struct age_count *now, int64_t age_s)
{
	char age[WALLCLOCK_SPAN_MAX];

	if (now->aged == sync->shown_aged && now->refused == sync->shown_refused)
		return;
	sync->shown_aged = now->aged;
	sync->shown_refused = now->refused;
	if (now->aged == 0)
		events_add(sync->node->events, LOG_LEVEL_INFO, "sync", "sync: nothing is too old any more");
	else
		events_add(sync->node->events, LOG_LEVEL_WARN, "sync", "sync: no word from the master for %s: %zu item%s older than"
			   " serve_max allows, %.200s first; %zu zone%s answered with SERVFAIL",
			   wallclock_print_span(age_s, age, sizeof age), now->aged, now->aged == 1 ? " is" : "s are",
			   now->first->path, now->refused, now->refused == 1 ? " is" : "s are");
}

void sync_age_look(struct sync *sync, int64_t age_s)
{
	const struct dataset *dataset = sync->node->dataset;
	struct age_count now;

	age_count(dataset->content, age_s, &now);
	tell(sync, &now, age_s);
	/* At a larger age the same zones and more: their number says which. */
	if (sync->aging || sync->node->stopping || dataset->aged_refused == now.refused)
		return;
	sync->aging = true;
	node_reload_age(sync->node, reloaded, sync);
}

int64_t sync_age(struct sync *sync)
{
	if (sync == NULL)
		return 0;
	uv_mutex_lock(&sync->lock);
	int64_t age_s = sync_age_of(sync, clock_wall_s());
	uv_mutex_unlock(&sync->lock);
	return age_s > 0 ? age_s : 0;
}
