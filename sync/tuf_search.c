/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_search.h"

#include <string.h>

#include "conf/base/mem.h"

static void push(struct tuf_visit **list, size_t *count, size_t *room, struct tuf_visit visit)
{
	void *block = *list;

	mem_grow(&block, room, *count, sizeof **list);
	*list = block;
	(*list)[(*count)++] = visit;
}

static void wait_for(struct tuf_search *search, char *role, const struct tuf_metadata *delegator)
{
	push(&search->waiting, &search->waiting_count, &search->waiting_room, (struct tuf_visit){ role, delegator });
}

static void forget(struct tuf_visit *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(list[i].role);
}

void tuf_search_init(struct tuf_search *search, const char *path, const struct tuf_metadata *root)
{
	*search = (struct tuf_search){ .path = mem_string(path) };
	if (path != NULL)
		tuf_path_digest(path, search->digest);
	wait_for(search, mem_string("targets"), root);
}

void tuf_search_fini(struct tuf_search *search)
{
	forget(search->waiting, search->waiting_count);
	forget(search->visited, search->visited_count);
	mem_free(search->waiting);
	mem_free(search->visited);
	mem_free(search->path);
	*search = (struct tuf_search){ 0 };
}

static bool was_visited(const struct tuf_search *search, const char *role)
{
	for (size_t i = 0; i < search->visited_count; i++) {
		if (strcmp(search->visited[i].role, role) == 0)
			return true;
	}
	return false;
}

const struct tuf_visit *tuf_search_next(struct tuf_search *search, unsigned roles_max)
{
	while (search->waiting_count > 0) {
		struct tuf_visit visit = search->waiting[--search->waiting_count];

		if (was_visited(search, visit.role)) {
			mem_free(visit.role);	/* 5.6.7.1: cycles end here */
			continue;
		}
		search->cut_short = search->visited_count > roles_max;
		if (search->cut_short) {
			mem_free(visit.role);
			break;
		}
		push(&search->visited, &search->visited_count, &search->visited_room, visit);
		return &search->visited[search->visited_count - 1];
	}
	return NULL;
}

void tuf_search_descend(struct tuf_search *search, const struct tuf_metadata *targets)
{
	size_t asked = 0;

	if (search->path == NULL)
		return;
	if (targets->bins.prefix != NULL) {
		wait_for(search, tuf_bins_name(&targets->bins, search->digest), targets);
		return;
	}
	/* How many of the delegations count: up to the first terminating one that is for this path. */
	for (bool terminated = false; asked < targets->role_count && !terminated; asked++) {
		const struct tuf_role *role = &targets->roles[asked];

		terminated = role->terminating && tuf_role_is_for(role, search->path, search->digest);
		if (terminated) {
			forget(search->waiting, search->waiting_count);
			search->waiting_count = 0;
		}
	}
	while (asked-- > 0) {
		const struct tuf_role *role = &targets->roles[asked];

		if (tuf_role_is_for(role, search->path, search->digest))
			wait_for(search, mem_string(role->name), targets);
	}
}
