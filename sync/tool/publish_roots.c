/* SPDX-License-Identifier: Apache-2.0 */
/* root init, root rotate, root show, root finish; delegation rotate. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/publish_root.h"
#include "sync/tool/publish_call.h"

enum { METADATA_MAX = 1 << 20, ROOT_DAYS = 400, DAY_S = 24 * 3600 };

static int64_t expiry(struct publish_call *call)
{
	uint64_t ms;

	for (size_t i = 0; i < call->expires.count; i++) {
		const char *text = call->expires.list[i], *rest = text;
		char role[32];

		if (publish_split(text, role, sizeof role, &rest) && strcmp(role, "root") != 0)
			continue;
		if (units_duration(rest, &ms) == 0)
			return call->now_s + (int64_t)(ms / 1000);
	}
	return call->now_s + (int64_t)ROOT_DAYS * DAY_S;
}

static int write_root(struct publish_call *call, struct json_view *body)
{
	struct json_view *file = publish_envelope(body, json_build_list());
	size_t len;
	uint8_t *bytes = publish_bytes(file, &len);
	int err = file_replace(call->out, bytes, len, 0644);

	mem_free(bytes);
	json_view_free(file);
	if (err != 0)
		return publish_call_say(call, "%s: cannot be written: %s", call->out, err_text(err));
	printf("%s: root version %" PRId64 ", to be signed: catchment-publish sign %s --key KEY\n", call->out,
	       publish_version(body), call->out);
	return PUBLISH_DONE;
}

/* --threshold ROLE=N */
static int set_thresholds(struct publish_call *call, struct json_view *body)
{
	for (size_t i = 0; i < call->threshold.count; i++) {
		const char *rest;
		char role[32];
		int64_t value;

		if (!publish_split(call->threshold.list[i], role, sizeof role, &rest) || !publish_root_is_role(role)
		    || (value = strtoll(rest, NULL, 10)) < 1)
			return publish_call_wrong(call,
						  "--threshold %s: expected root=N, targets=N, snapshot=N or "
						  "timestamp=N",
						  call->threshold.list[i]);
		publish_root_threshold(body, role, value);
	}
	return PUBLISH_DONE;
}

/* --add ROLE=PUB, or --add PUB to the roles that were given. */
static int add_keys(struct publish_call *call, struct json_view *body, struct publish_list *roles)
{
	struct err_note note;

	for (size_t i = 0; i < call->add.count; i++) {
		const char *text = call->add.list[i], *path = text;
		struct json_view *part;
		char role[32];
		bool named = publish_split(text, role, sizeof role, &path) && publish_root_is_role(role);

		if (!named && roles->count == 0)
			return publish_call_wrong(call, "--add %s: for which role? --add root=%s", text, text);
		if (publish_public_read(named ? path : text, &part, &note) != 0)
			return publish_call_fail(call, &note);
		if (named)
			publish_root_add(body, role, part);
		for (size_t j = 0; !named && j < roles->count; j++)
			publish_root_add(body, roles->list[j], part);
		json_view_free(part);
	}
	return PUBLISH_DONE;
}

static void print_line(void *ctx, const char *line)
{
	fprintf(ctx, "%s\n", line);
}

/* before: NULL for a first root. What is new in it is said at once: it is what has to be signed. */
static int finish_body(struct publish_call *call, struct json_view *body, struct json_view *before,
		       struct publish_list *roles)
{
	struct err_note note;
	int exit = add_keys(call, body, roles);

	if (exit == PUBLISH_DONE)
		exit = set_thresholds(call, body);
	publish_root_forget_unused(body);
	if (exit == PUBLISH_DONE && publish_root_sane(body, &note) != 0)
		exit = publish_call_fail(call, &note);
	if (exit == PUBLISH_DONE)
		publish_root_show(body, before, print_line, stdout);
	if (exit == PUBLISH_DONE)
		exit = write_root(call, body);
	return exit;
}

static int root_init(struct publish_call *call)
{
	struct publish_list none = { 0 };

	if (call->out == NULL || call->add.count == 0)
		return publish_call_wrong(call,
					  "root init takes --out FILE and --add ROLE=KEY.pub for root, targets, "
					  "snapshot, timestamp");
	struct json_view *body = publish_root_new(expiry(call));
	int exit = finish_body(call, body, NULL, &none);
	json_view_free(body);
	return exit;
}

static void take_role(void *ctx, const char *role)
{
	struct publish_list *roles = ctx;

	for (size_t i = 0; i < roles->count; i++) {
		if (strcmp(roles->list[i], role) == 0)
			return;
	}
	mem_grow((void **)&roles->list, &roles->room, roles->count, sizeof *roles->list);
	roles->list[roles->count++] = role;
}

int publish_newest_root(struct publish_call *call, struct json_view **ret_file)
{
	struct publish_repo *repo;
	struct err_note note;
	const char *folder;
	int err;

	if (call->previous != NULL) {
		err = publish_json_read(call->previous, METADATA_MAX, ret_file, &note);
		return err == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
	}
	folder = publish_call_repo(call);
	if (folder == NULL)
		return PUBLISH_USAGE;
	err = publish_repo_open(folder, false, &repo, &note);
	if (err != 0)
		return publish_call_fail(call, &note);
	*ret_file = repo->root != NULL ? json_build_copy(repo->root) : NULL;
	publish_repo_free(repo);
	return *ret_file != NULL ? PUBLISH_DONE : publish_call_say(call,
								   "%s: there is no root yet: root init makes one",
								   folder);
}

/* A full key id, or enough of its beginning. */
static const char *full_keyid(struct json_view *body, const char *begin)
{
	struct json_member key = { 0 };
	const char *found = NULL;

	while (strlen(begin) >= 8 && json_view_next(json_view_member(body, "keys"), &key)) {
		if (strncmp(key.name, begin, strlen(begin)) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = key.name;
	}
	return found;
}

static int root_rotate(struct publish_call *call)
{
	struct publish_list roles = { 0 };
	struct json_view *file;

	if (call->out == NULL)
		return publish_call_wrong(call,
					  "root rotate takes --out FILE, and --drop KEYID, --add PUB, --threshold or "
					  "--expires");
	int exit = publish_newest_root(call, &file);
	if (exit != PUBLISH_DONE)
		return exit;
	struct json_view *body = publish_root_next(publish_signed(file), expiry(call));
	for (size_t i = 0; exit == PUBLISH_DONE && i < call->drop.count; i++) {
		const char *keyid = full_keyid(body, call->drop.list[i]);

		if (keyid == NULL || !publish_root_drop(body, keyid, take_role, &roles))
			exit = publish_call_say(call,
						"--drop %s: no key of this root, or more than one; root show lists "
						"them (keys of "
						"zones, sites, files and secrets: delegation rotate)",
						call->drop.list[i]);
	}
	if (exit == PUBLISH_DONE)
		exit = finish_body(call, body, publish_signed(file), &roles);
	mem_free(roles.list);
	json_view_free(body);
	json_view_free(file);
	return exit;
}

static int root_show(struct publish_call *call)
{
	struct json_view *file = NULL, *before = NULL;
	struct err_note note;
	int exit = PUBLISH_DONE;

	if (call->word_count == 2 && publish_json_read(call->words[1], METADATA_MAX, &file, &note) != 0)
		return publish_call_fail(call, &note);
	if (call->word_count != 2)
		exit = publish_newest_root(call, &file);
	else if (call->previous != NULL)
		exit = publish_newest_root(call, &before);
	if (exit == PUBLISH_DONE) {
		publish_root_show(publish_signed(file), publish_signed(before), print_line, stdout);
		struct json_view *who = publish_root_who(publish_signed(file), "root");

		printf("signed by %" PRId64 " of the %" PRId64 " root keys that it takes\n",
		       publish_signed_by(file, who, json_view_member(publish_signed(file), "keys")),
		       publish_threshold(who));
	}
	json_view_free(file);
	json_view_free(before);
	return exit;
}

int publish_root_command(struct publish_call *call)
{
	const char *verb = call->word_count > 0 ? call->words[0] : "";

	if (strcmp(verb, "init") == 0)
		return root_init(call);
	if (strcmp(verb, "rotate") == 0)
		return root_rotate(call);
	if (strcmp(verb, "show") == 0)
		return root_show(call);
	if (strcmp(verb, "finish") == 0)
		return publish_root_finish(call);
	return publish_call_wrong(call, "root init, root rotate, root show or root finish");
}

static int change_who(struct publish_call *call, struct json_view *who)
{
	struct json_view *keys = json_build_object_in(who, "keys");
	struct err_note note;

	for (size_t i = 0; i < call->drop.count; i++) {
		const char *keyid = full_keyid(who, call->drop.list[i]);

		if (keyid == NULL)
			return publish_call_say(call, "--drop %s: no key of role %s, or more than one",
						call->drop.list[i], call->role);
		publish_who_drop(who, keyid);
		json_build_remove(keys, keyid);
	}
	for (size_t i = 0; i < call->add.count; i++) {
		struct json_view *part;

		if (publish_public_read(call->add.list[i], &part, &note) != 0)
			return publish_call_fail(call, &note);
		publish_who_add(who, keys, part);
		json_view_free(part);
	}
	if (call->threshold.count > 0)
		json_build_set_integer(who, "threshold", strtoll(call->threshold.list[call->threshold.count - 1],
								 NULL, 10));
	size_t count = json_view_count(json_view_member(who, "keyids"));
	if (publish_threshold(who) < 1 || (size_t)publish_threshold(who) > count)
		return publish_call_say(call, "role %s would have %zu keys and a threshold of %"
					PRId64 ": nothing was changed", call->role,
					count, publish_threshold(who));
	return PUBLISH_DONE;
}

int publish_delegation_command(struct publish_call *call)
{
	struct err_note note;

	if (call->word_count != 1 || strcmp(call->words[0], "rotate") != 0 || call->role == NULL)
		return publish_call_wrong(call,
					  "delegation rotate takes --role zones, sites, files or secrets, and --add "
					  "PUB, --drop KEYID, "
					  "--threshold N");
	if (call->add.count == 0 && call->drop.count == 0 && call->threshold.count == 0)
		return publish_call_wrong(call, "nothing to change: --add PUB, --drop KEYID or --threshold N");
	int exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	struct json_view *who = publish_work_who(call->opened, call->role);
	if (who == NULL)
		return publish_call_say(call,
					"there is no delegated role %s: expected zones, sites, files or secrets",
					call->role);
	exit = change_who(call, who);
	if (exit == PUBLISH_DONE && publish_work_save(call->opened, &note) != 0)
		exit = publish_call_fail(call, &note);
	if (exit == PUBLISH_DONE)
		printf("role %s: %" PRId64 " of %zu keys, from the next release on (it takes the keys of targets)\n",
		       call->role,
		       publish_threshold(who), json_view_count(json_view_member(who, "keyids")));
	return exit;
}
