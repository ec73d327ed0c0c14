/* SPDX-License-Identifier: Apache-2.0 */
/*
 * override: what a zone is now may pass the guard rails, once. Written into the source of policy/guards.json, bound to
 * the records themselves; it holds once a release with it is signed by the offline keys.
 */
#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/guards.h"
#include "sync/tool/publish_call.h"

enum { POLICY_MAX = 64 << 20 };

/* Of what is released. */
static struct json_view *entry_of(struct publish_call *call, const char *path, const char *zone)
{
	struct err_note note = { 0 };
	struct json_view *target = publish_released(call->served, path, &note), *custom = json_view_member(target, "custom");
	const char *sum = json_view_text(json_view_member(json_view_member(custom, "state"), "sum"));
	int64_t head;

	if (sum == NULL || !json_view_integer(json_view_member(custom, "head"), &head)) {
		publish_call_say(call, "zone %s is not released: nodes are asked to let pass what they can see", zone);
		return NULL;
	}
	struct json_view *entry = json_build_object();
	json_build_set_text(entry, "zone", zone);
	json_build_set_integer(entry, "head", head);
	json_build_set_text(entry, "sum", sum);
	return entry;
}

/* In the place of what was there for the zone, and of what lifts nothing. */
static void put_entry(struct json_view *policy, struct json_view *entry)
{
	struct json_view *list = json_build_list_in(policy, "overrides");
	const char *zone = json_view_text(json_view_member(entry, "zone"));

	for (size_t i = json_view_count(list); i > 0; i--) {
		const char *other = json_view_text(json_view_member(json_view_at(list, i - 1), "zone"));

		if (other == NULL || strcmp(other, zone) == 0)
			json_build_remove_at(list, i - 1);
	}
	json_build_append(list, entry);
}

static int write_policy(struct publish_call *call, const char *file, struct json_view *policy)
{
	struct guards *guards = NULL;
	struct err_note note = { 0 };
	size_t len;
	char *text = json_build_print(policy, &len);
	int err = guards_parse((struct span){ (const uint8_t *)text, len }, &guards, &note);

	guards_free(guards);
	if (err == 0) {
		err = file_replace(file, text, len, 0644);
		if (err != 0)
			err_note_set(&note, file, 0, "cannot be written: %s", err_text(err));
	}
	mem_free(text);
	return err == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}

static int override(struct publish_call *call, const char *path, const char *zone)
{
	struct json_view *item = json_view_member(publish_work_items(call->opened), "policy/guards.json"), *policy, *entry;
	const char *file = json_view_text(json_view_member(item, "file"));
	struct err_note note = { 0 };
	uint8_t *bytes;
	size_t len;

	if (file == NULL)
		return publish_call_say(call, "there are no guard rails: nothing holds zone %s up; see add guards FILE", zone);
	int err = file_read(file, POLICY_MAX, &bytes, &len);
	if (err != 0)
		return publish_call_say(call, "%s: cannot be read: %s", file, err_text(err));
	policy = json_view_parse((struct span){ bytes, len }, &note);
	mem_free(bytes);
	if (policy == NULL || !json_view_is_object(policy)) {
		json_view_free(policy);
		return publish_call_say(call, "%s: %s", file, note.text[0] != '\0' ? note.text : "expected a JSON object");
	}
	entry = entry_of(call, path, zone);
	int exit = PUBLISH_FAILED;
	if (entry != NULL) {
		int64_t head = 0;

		json_view_integer(json_view_member(entry, "head"), &head);
		put_entry(policy, entry);
		exit = write_policy(call, file, policy);
		if (exit == PUBLISH_DONE)
			printf("%s: zone %s serial %lld may pass, with exactly the records that it has; it holds with the next "
			       "release that the keys of the role targets sign\n", file, zone, (long long)head);
	}
	json_view_free(policy);
	return exit;
}

int publish_override_command(struct publish_call *call)
{
	char path[PUBLISH_PATH_MAX], zone[PUBLISH_PATH_MAX];
	enum publish_kind kind;
	struct err_note note;

	if (call->word_count != 1)
		return publish_call_wrong(call, "override takes one zone");
	if (publish_item_parse(call->words[0], &kind, path, &note) != 0
	    && (kind = PUBLISH_ZONE, publish_item_path(PUBLISH_ZONE, call->words[0], path, &note)) != 0)
		return publish_call_fail(call, &note);
	if (kind != PUBLISH_ZONE)
		return publish_call_wrong(call, "override %s: guard rails are for zones", call->words[0]);
	int exit = publish_call_open(call);
	return exit == PUBLISH_DONE ? override(call, path, publish_path_name(path, zone)) : exit;
}
