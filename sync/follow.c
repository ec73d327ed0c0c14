/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/follow.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/content_inner.h"
#include "sync/follow_inner.h"

enum { FETCHED_EVERY_S = 600 };	/* a poll without news is written down so often: no flash wears out of it */

const char *follow_result_name(enum follow_result result)
{
	static const char *const names[FOLLOW_RESULTS] = {
		[FOLLOW_NEW] = "new", [FOLLOW_SAME] = "same", [FOLLOW_NETWORK] = "network", [FOLLOW_TRUST] = "trust",
		[FOLLOW_CONTENT] = "content", [FOLLOW_GUARD] = "guard", [FOLLOW_PROBE] = "probe",
		[FOLLOW_STAGING] = "staging", [FOLLOW_DISK] = "disk", [FOLLOW_REFUSED] = "refused",
		[FOLLOW_CANCELED] = "canceled",
	};

	return names[result];
}

void follow_remark(const struct follow *follow, const char *format, ...)
{
	char text[512];
	va_list args;

	if (follow->settings->remark == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	follow->settings->remark(follow->settings->ctx, text);
}

enum follow_result follow_result_of(int err)
{
	switch (err) {
	case -ECANCELED:
		return FOLLOW_CANCELED;
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
	case -EACCES:
	case -EMFILE:
	case -ENOENT:
		return FOLLOW_DISK;
	case ERR_INVALID:
	case ERR_SYNTAX:
	case ERR_FORMAT:
		return FOLLOW_CONTENT;
	default:
		return FOLLOW_NETWORK;
	}
}

static enum follow_result result_of_content(enum content_fault what)
{
	switch (what) {
	case CONTENT_GOOD: return FOLLOW_NEW;
	case CONTENT_NETWORK: return FOLLOW_NETWORK;
	case CONTENT_DISK: return FOLLOW_DISK;
	case CONTENT_GUARD: return FOLLOW_GUARD;
	default: return FOLLOW_CONTENT;
	}
}

static struct tuf_client *new_client(const struct follow_settings *settings, int64_t now_s)
{
	const struct floors *floors = &settings->state->floors;
	struct tuf_settings tuf;
	struct tuf_client *client;

	tuf_settings_init(&tuf, now_s);
	client = tuf_client_new(&tuf);
	for (size_t i = 0; i < floors->role_count; i++)
		tuf_client_set_floor(client, floors->roles[i].name, floors->roles[i].version);
	return client;
}

/* All is as it should be: for how long, and that it was so now. Written down with what is written anyway, else seldom. */
static void note_fresh(const struct follow *follow, struct follow_outcome *outcome)
{
	struct floors *floors = &follow->settings->state->floors;
	struct err_note note;

	outcome->expires_s = tuf_client_expires(follow->client);
	bool due = follow->now_s - floors->fetched_s >= FETCHED_EVERY_S || floors->expires_s != outcome->expires_s;
	if (!due)
		return;
	floors->fetched_s = floors->time_s = follow->now_s;
	floors->expires_s = outcome->expires_s;
	if (state_save_floors(follow->settings->state, &note) != 0)
		follow_remark(follow, "%s: %s", note.file, note.text);
}

static enum follow_result build(struct follow *follow, struct content **ret)
{
	const struct follow_settings *settings = follow->settings;
	const struct content_wish wish = {
		.conf = settings->conf, .key = settings->key, .state = settings->state, .manifest = follow->manifest,
		.running = follow->running, .need = follow_need, .need_ctx = follow, .remark = settings->remark,
		.remark_ctx = settings->ctx, .now_s = follow->now_s,
	};

	follow->manifest = NULL;
	return result_of_content(content_build(&wish, ret, follow->note));
}

/* The story, once metadata is fresh. */
static enum follow_result make_content(struct follow *follow, struct follow_outcome *outcome)
{
	struct manifest *manifest = follow->manifest = mem_alloc(sizeof *follow->manifest);
	const char *refused = follow->settings->state->floors.refused;

	manifest->timestamp = tuf_client_version(follow->client, TUF_TIMESTAMP);
	manifest->snapshot = tuf_client_version(follow->client, TUF_SNAPSHOT);
	manifest->fetched_s = follow->now_s;
	enum follow_result result = follow_items(follow);
	if (result != FOLLOW_NEW)
		return result;
	snprintf(outcome->release, sizeof outcome->release, "%s", manifest->release);
	if (refused != NULL && strcmp(refused, manifest->release) == 0) {
		err_note_set(follow->note, NULL, 0, "release %s was rolled back from: it is not taken again before sync now --retry",
			     manifest->release);
		return FOLLOW_REFUSED;
	}
	if (follow->running != NULL && manifest_same(manifest, follow->running->manifest))
		return FOLLOW_SAME;
	result = follow_blobs(follow);
	return result == FOLLOW_NEW ? build(follow, &outcome->content) : result;
}

/* Whether the next look, over the same snapshot, would say the same again. */
static bool is_settled(enum follow_result result)
{
	return result != FOLLOW_NETWORK && result != FOLLOW_DISK && result != FOLLOW_CANCELED && result != FOLLOW_TRUST;
}

void follow_refresh(const struct follow_settings *settings, const struct content *running, int64_t now_s,
		    int64_t *settled_snapshot, struct follow_outcome *ret)
{
	struct follow follow = { .settings = settings, .running = running, .note = &ret->note };

	*ret = (struct follow_outcome){ .result = FOLLOW_SAME };
	/* A clock that stands before what was seen is not believed (5.1). */
	follow.now_s = state_now(settings->state, now_s);
	follow.client = new_client(settings, follow.now_s);
	ret->result = follow_metadata(&follow);
	if (ret->result == FOLLOW_NEW) {
		int64_t snapshot = tuf_client_version(follow.client, TUF_SNAPSHOT);

		note_fresh(&follow, ret);
		ret->result = snapshot == *settled_snapshot ? FOLLOW_SAME : make_content(&follow, ret);
		if (is_settled(ret->result))
			*settled_snapshot = snapshot;
	}
	manifest_free(follow.manifest);
	tuf_client_free(follow.client);
}

int follow_commit(const struct follow_settings *settings, struct content *content, const struct follow_outcome *outcome,
		  int64_t now_s, struct err_note *note)
{
	struct state *state = settings->state;
	struct floors *floors = &state->floors;
	bool is_new = content->manifest->generation == 0;
	int err = is_new ? state_sync_images(state, note) : 0;

	if (err == 0 && is_new)
		err = state_write_generation(state, content->manifest, note);
	if (err != 0)
		return err;
	char *refused = mem_string(floors->refused);
	if (outcome != NULL) {
		floors_refuse(floors, NULL);	/* what was refused is behind us */
		floors->fetched_s = floors->time_s = state_now(state, now_s);
		floors->expires_s = outcome->expires_s;
	}
	err = state_activate(state, content->manifest->generation, note);
	if (err != 0)
		floors_refuse(floors, refused);
	mem_free(refused);
	if (err != 0 && is_new) {
		state_drop_generation(state, content->manifest->generation);
		content->manifest->generation = 0;
	}
	return err;
}

static struct content *load(const struct follow_settings *settings, uint64_t generation, struct err_list *warnings)
{
	struct content_wish wish = {
		.conf = settings->conf, .key = settings->key, .state = settings->state, .offline = true,
		.remark = settings->remark, .remark_ctx = settings->ctx, .now_s = clock_wall_s(),
	};
	struct content *content;
	struct err_note note;

	if (state_read_generation(settings->state, generation, &wish.manifest, &note) != 0) {
		err_list_add(warnings, note.file, 0, "%s", note.text);
		return NULL;
	}
	if (content_build(&wish, &content, &note) != CONTENT_GOOD) {
		err_list_add(warnings, note.file, 0, "generation %llu is not whole: %s", (unsigned long long)generation, note.text);
		return NULL;
	}
	return content;
}

struct content *follow_offline(const struct follow_settings *settings, uint64_t before, struct err_list *warnings)
{
	uint64_t active = settings->state->floors.active, all[64];
	size_t count = state_generations(settings->state, all, sizeof all / sizeof all[0]);
	struct content *content = NULL;

	/* The one in force, which a rollback may have made an older one; then downwards. Without a floor: the newest. */
	for (size_t i = 0; i < count && content == NULL; i++) {
		if ((before != 0 && all[i] >= before) || (before == 0 && active != 0 && all[i] > active))
			continue;
		content = load(settings, all[i], warnings);
	}
	return content;
}
