/* SPDX-License-Identifier: Apache-2.0 */
/* add secret, roll: secrets that nodes share. Nothing is published by it. */
#include <stdio.h>
#include <string.h>

#include "conf/base/mem.h"
#include "sync/publish_secret.h"
#include "sync/tool/publish_call.h"

static int save(struct publish_call *call)
{
	struct err_note note;

	return publish_work_save(call->opened, &note) == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}

static int add_readers(struct publish_call *call, struct json_view *item)
{
	struct json_view *to, *nodes = json_view_member(call->opened->config, "nodes");

	if (call->all && call->to.count == 0) {
		json_build_set_text(item, "to", "*");
		return PUBLISH_DONE;
	}
	if (call->to.count == 0)
		return publish_call_wrong(call, "add secret takes --to NODE, as often as there are readers, or --all");
	json_build_set(item, "to", json_build_list());
	to = json_view_member(item, "to");
	for (size_t i = 0; i < call->to.count; i++) {
		if (json_view_member(json_view_member(nodes, call->to.list[i]), "box") == NULL)
			return publish_call_say(call,
						"--to %s: there is no such node, or its box key is not known; add "
						"node %s --box HEX",
						call->to.list[i], call->to.list[i]);
		json_build_append_text(to, call->to.list[i]);
	}
	return PUBLISH_DONE;
}

/* Without a file a secret is made, and kept in the work folder; it stays when only its readers change. */
int publish_add_secret(struct publish_call *call)
{
	char path[PUBLISH_PATH_MAX], *name, *file = NULL;
	struct err_note note;

	if (call->word_count != 3 && call->word_count != 4)
		return publish_call_wrong(call, "add secret takes cookies or tickets, a name, and a file or none");
	name = mem_format("%s/%s", call->words[1], call->words[2]);
	int err = publish_item_path(PUBLISH_SECRET, name, path, &note);
	mem_free(name);
	if (err != 0)
		return publish_call_fail(call, &note);
	if (call->word_count == 4 && (file = publish_call_path(call, call->words[3])) == NULL)
		return PUBLISH_FAILED;
	struct json_view *item = json_build_object_in(publish_work_items(call->opened), path);
	int exit = add_readers(call, item);
	json_build_remove(item, "held");
	if (exit == PUBLISH_DONE && file != NULL) {
		json_build_set_text(item, "file", file);
		json_build_remove(item, "made");
	} else if (exit == PUBLISH_DONE && json_view_member(item, "made") == NULL
		   && publish_secret_new(call->opened, item, path, &note) != 0) {
		exit = publish_call_fail(call, &note);
	}
	mem_free(file);
	return exit == PUBLISH_DONE ? save(call) : exit;
}

/* --force: nothing of before is taken any more, as when a node that knew it was lost. */
static int roll_one(struct publish_call *call, struct json_view *item, const char *path)
{
	bool anew = call->force && json_view_member(item, "made") != NULL;
	struct err_note note;
	int err = anew ? publish_secret_new(call->opened, item, path, &note)
		: publish_secret_roll(call->opened, item, path, &note);

	if (err != 0)
		return publish_call_fail(call, &note);
	printf("%s: %s with the next release\n", path, anew ? "all of it is another" : "the next one comes into use");
	return PUBLISH_DONE;
}

static int roll_all(struct publish_call *call)
{
	struct json_member item = { 0 };
	int exit = PUBLISH_DONE;
	size_t rolled = 0;

	while (exit == PUBLISH_DONE && json_view_next(publish_work_items(call->opened), &item)) {
		if (json_view_member(item.value, "made") == NULL)
			continue;
		exit = roll_one(call, item.value, item.name);
		rolled++;
	}
	return rolled > 0 ? exit : publish_call_say(call,
						    "no secret was made here: add secret without a file makes one");
}

int publish_roll_command(struct publish_call *call)
{
	char path[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;

	if ((call->word_count == 0) != call->all)
		return publish_call_wrong(call,
					  "roll takes secrets, as secret:cookies/NAME, or --all that were made here");
	int exit = publish_call_open(call);
	for (size_t i = 0; exit == PUBLISH_DONE && i < call->word_count; i++) {
		if (publish_item_parse(call->words[i], &kind, path, &note) != 0)
			return publish_call_fail(call, &note);
		struct json_view *item = json_view_member(publish_work_items(call->opened), path);
		if (kind != PUBLISH_SECRET || item == NULL)
			return publish_call_say(call, "%s is no secret that is published", call->words[i]);
		exit = roll_one(call, item, path);
	}
	if (exit == PUBLISH_DONE && call->all)
		exit = roll_all(call);
	return exit == PUBLISH_DONE ? save(call) : exit;
}
