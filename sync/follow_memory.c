/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A release that changes one zone of ten thousand changes one of 256 bins. What the others list is known from the look
 * before: an item is looked up again only when the version of a role on the way to it is another than it was, a root has
 * come, or one of them has expired meanwhile (TUF 5.6.5). The snapshot that says so is verified in every look.
 */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/follow_inner.h"

void follow_forget(struct follow_memory *memory)
{
	manifest_free(memory->last);
	memory->last = NULL;
}

static const struct manifest *before(const struct follow *follow)
{
	const struct follow_memory *memory = follow->settings->memory;

	if (memory == NULL)
		return NULL;
	return memory->last != NULL ? memory->last : follow->running != NULL ? follow->running->manifest : NULL;
}

static bool holds(const struct follow *follow, const struct manifest_walk *walk)
{
	if (walk->root != tuf_client_version(follow->client, TUF_ROOT) || walk->expires_s <= follow->now_s)
		return false;
	for (size_t i = 0; i < walk->role_count; i++) {
		if (tuf_client_listed(follow->client, walk->roles[i].name) != walk->roles[i].version)
			return false;
	}
	return walk->role_count > 0;
}

static bool same_walk(const struct manifest_walk *a, const struct manifest_walk *b)
{
	if (a->role_count != b->role_count || a->root != b->root)
		return false;
	/* The last is the one that differs. */
	for (size_t i = a->role_count; i > 0; i--) {
		if (a->roles[i - 1].version != b->roles[i - 1].version || strcmp(a->roles[i - 1].name, b->roles[i - 1].name) != 0)
			return false;
	}
	return true;
}

/* Its place from 1 on, as one that is there already or as a copy. */
static size_t intern(struct follow *follow, const struct manifest_walk *walk)
{
	struct manifest *manifest = follow->manifest;
	void *walks = manifest->walks;

	if (follow->last_walk != 0 && same_walk(&manifest->walks[follow->last_walk - 1], walk))
		return follow->last_walk;
	for (size_t i = 0; i < manifest->walk_count; i++) {
		if (same_walk(&manifest->walks[i], walk))
			return follow->last_walk = i + 1;
	}
	mem_grow(&walks, &manifest->walk_room, manifest->walk_count, sizeof *manifest->walks);
	manifest->walks = walks;
	struct manifest_walk *ours = &manifest->walks[manifest->walk_count++];
	*ours = *walk;
	ours->roles = mem_array(walk->role_count, sizeof *ours->roles);
	for (size_t i = 0; i < walk->role_count; i++)
		ours->roles[i] = (struct manifest_role){ mem_string(walk->roles[i].name), walk->roles[i].version };
	return follow->last_walk = manifest->walk_count;
}

void follow_remember(struct follow *follow, struct manifest_item *item)
{
	enum { ROLES_MAX = 40 };	/* more than a search asks */
	struct manifest_role roles[ROLES_MAX];
	struct manifest_walk walk = {
		.roles = roles, .root = tuf_client_version(follow->client, TUF_ROOT), .expires_s = INT64_MAX,
	};
	int64_t version, expires_s;
	const char *name;

	/* Who is held back has what runs: that depends on more than metadata. */
	if (follow->settings->memory == NULL || item->held_back)
		return;
	while (walk.role_count < ROLES_MAX
	       && (name = tuf_client_asked(follow->client, walk.role_count, &version, &expires_s)) != NULL) {
		roles[walk.role_count++] = (struct manifest_role){ (char *)(uintptr_t)name, version };
		walk.expires_s = expires_s < walk.expires_s ? expires_s : walk.expires_s;
	}
	if (walk.role_count < ROLES_MAX)
		item->walk = intern(follow, &walk);
}

/* Of what the metadata said, nothing of what has become of it. */
static struct manifest_item *copy(struct manifest *manifest, const struct manifest_item *from)
{
	struct manifest_item *item = manifest_add(manifest, from->kind, from->path), plain = *from;

	plain.path = item->path;
	plain.order = 0;
	plain.steps = plain.overlay = NULL;
	plain.step_count = plain.overlay_count = 0;
	plain.image[0] = '\0';
	plain.image_serial = 0;
	plain.state = NULL;
	plain.type = mem_string(from->type);
	*item = plain;
	manifest_set_steps(&item->steps, &item->step_count, from->steps, from->step_count);
	return item;
}

struct manifest_item *follow_recall(struct follow *follow, enum manifest_kind kind, const char *path)
{
	const struct manifest *last = before(follow);
	const struct manifest_item *had = last != NULL ? manifest_find(last, path) : NULL;

	if (had == NULL || had->kind != kind || had->walk == 0 || had->held_back)
		return NULL;
	if (follow->walks == NULL)
		follow->walks = mem_array(last->walk_count, sizeof *follow->walks);
	int8_t *known = &follow->walks[had->walk - 1];
	if (*known == 0)
		*known = holds(follow, &last->walks[had->walk - 1]) ? 1 : -1;
	if (*known < 0)
		return NULL;
	struct manifest_item *item = copy(follow->manifest, had);
	item->walk = intern(follow, &last->walks[had->walk - 1]);
	return item;
}
