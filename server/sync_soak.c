/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate of a staged release at the node: while it soaks, what clients are answered is compared with what they were
 * answered before. When many more are told that there is nothing, or that something is wrong, the node goes back by
 * itself, refuses the release, and its report says so; the publisher halts on that.
 */
#include "conf/base/clock.h"
#include "server/events.h"
#include "server/sync_inner.h"

enum {
	RESPONSES_MIN = 100,		/* on both sides, before anything is judged */
	MORE_PERMILLE = 200,		/* so many more in a thousand are too many */
};

static struct sync_answers answers_now(const struct node *node)
{
	return (struct sync_answers){
		.all = node_counter(node, COUNTER_DNS_RESPONSES),
		.bad = node_counter(node, COUNTER_DNS_SERVFAIL) + node_counter(node, COUNTER_DNS_NXDOMAIN)
			+ node_counter(node, COUNTER_DNS_REFUSED),
	};
}

static uint64_t permille(const struct sync_answers *from, const struct sync_answers *to)
{
	return (to->bad - from->bad) * 1000 / (to->all - from->all);
}

void sync_soak_begin(struct sync *sync)
{
	struct sync_answers now = answers_now(sync->node);

	/* Of the generation before: since its own switch, or the start. */
	sync->soak_before = sync->soak_at;
	sync->soak_at = now;
}

void sync_soak_look(struct sync *sync, int64_t until)
{
	struct sync_answers now = answers_now(sync->node);
	const struct sync_answers *at = &sync->soak_at;

	if (until == 0 || clock_wall_s() >= until || sync->soak_judged == until)
		return;
	if (now.all - at->all < RESPONSES_MIN || at->all - sync->soak_before.all < RESPONSES_MIN)
		return;
	uint64_t before = permille(&sync->soak_before, at), after = permille(at, &now);
	if (after <= before + MORE_PERMILLE)
		return;
	sync->soak_judged = until;
	events_add(sync->node->events, LOG_LEVEL_ERROR, "sync", "sync: the release fails while it soaks: of a thousand answers %llu"
		   " are SERVFAIL, NXDOMAIN or REFUSED, %llu were before; going back", (unsigned long long)after,
		   (unsigned long long)before);
	sync_rollback(sync, NULL, NULL);
}
