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
#include "sync/web_mirrors.h"

enum {
	FETCHED_EVERY_S = 600,	/* a poll without news is written down so often: no flash wears out of it */
	METADATA_MAX = 16 << 20,	/* bytes of one file, whatever is listed */
};

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
	case -ENOMEM:
		return FOLLOW_DISK;
	case ERR_INVALID:
	case ERR_SYNTAX:
	case ERR_FORMAT:
	case ERR_LIMIT:
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
	case CONTENT_CANCELED: return FOLLOW_CANCELED;
	default: return FOLLOW_CONTENT;
	}
}

static struct tuf_client *new_client(const struct follow_settings *settings, int64_t now_s)
{
	const struct floors *floors = &settings->state->floors;
	struct tuf_settings tuf;
	struct tuf_client *client;

	tuf_settings_init(&tuf, now_s);
	/* A snapshot of so many bytes lists some 300,000 roles; more only fills the memory of every node. */
	tuf.bytes_most = METADATA_MAX;
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
	outcome->verified = (struct follow_versions){
		.root = tuf_client_version(follow->client, TUF_ROOT),
		.timestamp = tuf_client_version(follow->client, TUF_TIMESTAMP),
		.snapshot = tuf_client_version(follow->client, TUF_SNAPSHOT),
	};
	bool due = follow->now_s - floors->fetched_s >= FETCHED_EVERY_S || floors->expires_s != outcome->expires_s;
	if (!due)
		return;
	floors->fetched_s = floors->time_s = follow->now_s;
	floors->expires_s = outcome->expires_s;
	if (state_save_floors(follow->settings->state, &note) != 0)
		follow_remark(follow, "%s: %s", note.file, note.text);
}

static bool is_stopped(void *mirrors)
{
	return web_mirrors_stopped(mirrors);
}

static enum follow_result build(struct follow *follow, struct content **ret)
{
	const struct follow_settings *settings = follow->settings;
	const struct content_wish wish = {
		.conf = settings->conf, .key = settings->key, .state = settings->state, .manifest = follow->manifest,
		.running = follow->running, .spare = settings->spare, .need = follow_need, .need_ctx = follow, .remark = settings->remark,
		.remark_ctx = settings->ctx, .now_s = follow->now_s,
		.canceled = settings->mirrors != NULL ? is_stopped : NULL, .canceled_ctx = settings->mirrors,
	};

	follow->manifest = NULL;
	return result_of_content(content_build(&wish, ret, follow->note));
}

/* By its own name, or because all that it changed is still there: a newer release of something else is no way around.
 * What was mended, even in a part of it, or was halted, may be taken. */
static bool is_refused(struct follow *follow)
{
	const struct floors *floors = &follow->settings->state->floors;
	const struct manifest *manifest = follow->manifest;

	for (size_t i = floors->refused_count; i > 0; i--) {
		const struct floors_refused *refused = &floors->refused[i - 1];
		bool same = strcmp(refused->release, manifest->release) == 0;

		if (!same && (refused->items == 0 || manifest_count_of(manifest, refused->release) != refused->items))
			continue;
		err_note_set(follow->note, NULL, 0, "%s%s%srelease %s was rolled back from%s%.300s: it is not taken again before "
			     "another version, or sync now --retry %s", same ? "" : "release ", same ? "" : manifest->release,
			     same ? "" : " still has all of it: ", refused->release, refused->why[0] != '\0' ? ", for " : "",
			     refused->why, refused->release);
		return true;
	}
	return false;
}

/* The story, once metadata is fresh. */
static enum follow_result make_content(struct follow *follow, struct follow_outcome *outcome)
{
	struct manifest *manifest = follow->manifest = mem_alloc(sizeof *follow->manifest);

	manifest->timestamp = tuf_client_version(follow->client, TUF_TIMESTAMP);
	manifest->snapshot = tuf_client_version(follow->client, TUF_SNAPSHOT);
	manifest->fetched_s = follow->now_s;
	follow->listing = true;
	enum follow_result result = follow_items(follow);
	follow->listing = false;
	if (result != FOLLOW_NEW)
		return result;
	snprintf(outcome->release, sizeof outcome->release, "%s", manifest->release);
	if (is_refused(follow))
		return FOLLOW_REFUSED;
	if (follow->running != NULL && manifest_same(manifest, follow->running->manifest))
		return FOLLOW_SAME;
	result = follow_blobs(follow);
	if (result == FOLLOW_NEW && follow->settings->memory != NULL)
		follow_forget(follow->settings->memory);	/* what is built has it all */
	return result == FOLLOW_NEW ? build(follow, &outcome->content) : result;
}

/* Whether the next look, over the same snapshot, would say the same again. */
static bool is_settled(const struct follow *follow, enum follow_result result)
{
	if (result == FOLLOW_CONTENT && follow->damaged)
		return false;	/* what was signed may come yet, from this server or another */
	return result != FOLLOW_NETWORK && result != FOLLOW_DISK && result != FOLLOW_CANCELED && result != FOLLOW_TRUST;
}

/* One way through, by the mirrors as they are chosen. *elsewhere: may another one be asked for what is newer, and in the
 * end: has one, so that all begins anew. */
static enum follow_result attempt(struct follow *follow, int64_t *settled_snapshot, struct follow_outcome *ret,
				  bool *elsewhere)
{
	enum follow_result result;

	follow->client = new_client(follow->settings, follow->now_s);
	result = follow_metadata(follow);
	*elsewhere = *elsewhere && result == FOLLOW_NEW && follow_look_elsewhere(follow);
	if (result == FOLLOW_NEW && !*elsewhere) {
		int64_t snapshot = tuf_client_version(follow->client, TUF_SNAPSHOT);

		note_fresh(follow, ret);
		follow_judge_mirrors(follow);
		result = snapshot == *settled_snapshot ? FOLLOW_SAME : make_content(follow, ret);
		if (is_settled(follow, result))
			*settled_snapshot = snapshot;
	}
	if (result == FOLLOW_SAME && follow->manifest != NULL && follow->settings->memory != NULL) {
		follow_forget(follow->settings->memory);
		follow->settings->memory->last = follow->manifest;
	} else {
		manifest_free(follow->manifest);
	}
	follow->manifest = NULL;
	mem_free(follow->walks);
	follow->walks = NULL;
	follow->last_walk = 0;
	tuf_client_free(follow->client);
	return result;
}

/* What was refused of one mirror, another may have right. */
static bool try_another(struct follow *follow, enum follow_result result, unsigned *attempts)
{
	struct web_mirrors *mirrors = follow->settings->mirrors;

	if (mirrors == NULL || result != FOLLOW_TRUST)
		return false;
	size_t len = strlen(follow->note->text);

	web_mirrors_blame(mirrors, 0, follow->note->text);
	snprintf(follow->note->text + len, sizeof follow->note->text - len, ", says %.150s", web_mirrors_last(mirrors));
	follow->suspect = 0;
	return ++*attempts < web_mirrors_count(mirrors);
}

void follow_refresh(const struct follow_settings *settings, const struct content *running, int64_t now_s,
		    int64_t *settled_snapshot, struct follow_outcome *ret)
{
	struct follow follow = { .settings = settings, .running = running, .note = &ret->note };
	bool elsewhere = settings->mirrors != NULL, once = elsewhere;
	unsigned attempts = 0;

	*ret = (struct follow_outcome){ .result = FOLLOW_SAME };
	state_refresh(settings->state);
	if (settings->mirrors != NULL)
		web_mirrors_begin(settings->mirrors, settings->by_hand, settings->by_hand || settings->has_hint);
	/* A clock that stands before what was seen is not believed (5.1). */
	follow.now_s = state_now(settings->state, now_s);
	follow.timestamp_before = floors_version(&settings->state->floors, "timestamp");
	do {
		elsewhere = once;
		ret->result = attempt(&follow, settled_snapshot, ret, &elsewhere);
		once = once && !elsewhere;
	} while (elsewhere || try_another(&follow, ret->result, &attempts));
	ret->again = !is_settled(&follow, ret->result);
	mem_free(follow.failed);
}

/* Not on disk is no reason not to serve: it is known as long as this process lives. */
static void note_past(const struct follow_settings *settings, struct content *content, int64_t now_s)
{
	struct err_note note;
	char text[sizeof note + 16];

	for (size_t i = 0; i < content->past_count; i++)
		content->past[i].at_s = state_now(settings->state, now_s);
	if (ledger_add(&settings->state->served, content->past, content->past_count, state_now(settings->state, now_s), &note) != 0
	    && settings->remark != NULL)
		settings->remark(settings->ctx, err_note_print(&note, text, sizeof text));
	content_forget_past(content);
}

int follow_commit(const struct follow_settings *settings, struct content *content, const struct follow_outcome *outcome,
		  int64_t now_s, struct err_note *note)
{
	struct state *state = settings->state;
	struct floors *floors = &state->floors;
	bool is_new = content->manifest->generation == 0;
	int err = is_new ? state_sync(state, note) : 0;

	if (err == 0 && is_new)
		err = state_write_generation(state, content->manifest, note);
	if (err != 0)
		return err;
	int64_t soak_s = floors->soak_s;
	floors->soak_s = content->soak_until_s;
	if (outcome != NULL) {
		floors->fetched_s = floors->time_s = state_now(state, now_s);
		floors->expires_s = outcome->expires_s;
	}
	err = state_activate(state, content->manifest->generation, note);
	if (err != 0)
		floors->soak_s = soak_s;
	if (err == 0 && is_new)
		note_past(settings, content, now_s);
	if (err != 0 && is_new) {
		state_drop_generation(state, content->manifest->generation);
		content->manifest->generation = 0;
	}
	return err;
}

/* refused: one that was gone back from will do as well. */
static struct content *load(const struct follow_settings *settings, const struct content *running, uint64_t generation,
			    bool refused, struct err_list *warnings)
{
	struct content_wish wish = {
		.conf = settings->conf, .key = settings->key, .state = settings->state, .running = running, .offline = true,
		.remark = settings->remark, .remark_ctx = settings->ctx, .now_s = clock_wall_s(),
	};
	struct content *content;
	struct err_note note;

	if (state_read_generation(settings->state, generation, &wish.manifest, &note) != 0) {
		if (!refused)
			err_list_add(warnings, note.file, 0, "%s", note.text);
		return NULL;
	}
	if ((floors_refused(&settings->state->floors, wish.manifest->release) != NULL) != refused) {
		manifest_free(wish.manifest);
		return NULL;
	}
	if (content_build(&wish, &content, &note) != CONTENT_GOOD) {
		err_list_add(warnings, note.file, 0, "generation %llu is not whole: %s", (unsigned long long)generation, note.text);
		return NULL;
	}
	return content;
}

struct content *follow_offline(const struct follow_settings *settings, const struct content *running, uint64_t before,
			       struct err_list *warnings)
{
	uint64_t active = settings->state->floors.active, all[64];
	size_t count = state_generations(settings->state, all, sizeof all / sizeof all[0]);
	struct content *content = NULL;
	bool there = false;

	for (size_t i = 0; i < count; i++)
		there = there || all[i] == active;
	if (before == 0 && active != 0 && !there)
		err_list_add(warnings, settings->state->folder, 0, "generation %llu was in force and is not there",
			     (unsigned long long)active);
	/* The one in force, which a rollback may have made an older one; then downwards. Without a floor: the newest. What was
	 * gone back from comes last, and only where there would be nothing without it. */
	for (int refused = 0; refused < 2 && content == NULL; refused++) {
		for (size_t i = 0; i < count && content == NULL; i++) {
			if ((before != 0 && (all[i] >= before || refused)) || (before == 0 && active != 0 && all[i] > active))
				continue;
			content = load(settings, running, all[i], refused, warnings);
		}
	}
	return content;
}
