/* SPDX-License-Identifier: Apache-2.0 */
/* How to come from one version of a zone to another along signed changesets, moving the fewest bytes. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/content_inner.h"

enum { NEVER = -1 };

/* For each step the bytes from its beginning to head, along the best way; NEVER: it leads elsewhere. */
static void weigh(const struct manifest_item *item, int64_t cost[MANIFEST_STEPS_MAX], int next[MANIFEST_STEPS_MAX])
{
	const struct manifest_step *steps = item->steps;
	bool better = true;

	for (size_t i = 0; i < item->step_count; i++) {
		cost[i] = steps[i].to == item->head ? (int64_t)steps[i].blob.length : NEVER;
		next[i] = NEVER;
	}
	/* As often as the longest way has steps; a circle only grows dearer. */
	for (size_t round = 0; better && round < item->step_count; round++) {
		better = false;
		for (size_t i = 0; i < item->step_count; i++) {
			for (size_t j = 0; j < item->step_count; j++) {
				int64_t whole = cost[j] + (int64_t)steps[i].blob.length;

				if (steps[j].from != steps[i].to || cost[j] == NEVER || (cost[i] != NEVER && cost[i] <= whole))
					continue;
				cost[i] = whole;
				next[i] = (int)j;
				better = true;
			}
		}
	}
}

static bool find_path(const struct manifest_item *item, uint32_t from, const struct manifest_step *path[MANIFEST_STEPS_MAX],
		      size_t *ret_count, int64_t *ret_cost)
{
	int64_t cost[MANIFEST_STEPS_MAX];
	int next[MANIFEST_STEPS_MAX], best = NEVER;
	size_t count = 0;

	*ret_cost = 0;
	*ret_count = 0;
	if (from == item->head)
		return true;
	weigh(item, cost, next);
	for (size_t i = 0; i < item->step_count; i++) {
		if (item->steps[i].from == from && cost[i] != NEVER && (best == NEVER || cost[i] < cost[best]))
			best = (int)i;
	}
	if (best == NEVER)
		return false;
	*ret_cost = cost[best];
	for (int at = best; at != NEVER && count < MANIFEST_STEPS_MAX; at = next[at])
		path[count++] = &item->steps[at];
	*ret_count = count;
	return true;
}

enum content_plan content_plan(const struct manifest_item *item, const struct content *running,
			       const struct manifest_step *path[MANIFEST_STEPS_MAX], size_t *ret_count)
{
	const struct manifest_item *was = running != NULL ? manifest_find(running->manifest, item->path) : NULL;
	const struct manifest_step *way[MANIFEST_STEPS_MAX];
	int64_t cost, behind;
	size_t way_count;

	*ret_count = 0;
	if (was != NULL && was->head == item->head
	    && (item->sum[0] != '\0' && was->sum[0] != '\0' ? strcmp(item->sum, was->sum) == 0
		: item->held_back || strcmp(item->blob.sha256, was->blob.sha256) == 0))
		return CONTENT_PLAN_KEEP;
	/* A checkpoint that leads nowhere is no way, however small it is. */
	bool leads = find_path(item, item->serial, way, &way_count, &behind);
	if (was != NULL && was->head != item->head && find_path(item, was->head, path, ret_count, &cost)
	    && (!leads || cost < (int64_t)item->blob.length + behind))
		return CONTENT_PLAN_STEPS;
	*ret_count = leads ? way_count : 0;
	if (*ret_count > 0)
		memcpy(path, way, way_count * sizeof *way);
	return CONTENT_PLAN_CHECKPOINT;	/* without a way its serial is not head: it is refused when it is built */
}
