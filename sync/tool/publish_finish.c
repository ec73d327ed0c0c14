/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root finish: a root that was signed elsewhere comes into force. It is checked as a client would, and becomes
 * visible together with what its keys have signed: a client that has seen the new root must not find the old
 * signatures below.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_root.h"
#include "sync/tool/publish_call.h"

enum { METADATA_MAX = 1 << 20 };

/* Each holder may have signed a copy: what they signed must be the same. */
static int add_copy(struct publish_call *call, struct json_view *file, const char *path)
{
	struct json_view *copy, *list = json_build_list_in(file, "signatures"), *more;
	struct err_note note;

	if (publish_json_read(path, METADATA_MAX, &copy, &note) != 0)
		return publish_call_fail(call, &note);
	if (!json_build_equal(publish_signed(copy), publish_signed(file))) {
		json_view_free(copy);
		return publish_call_say(call, "%s: is not a copy of %s: another root was signed", path, call->words[1]);
	}
	more = json_view_member(copy, "signatures");
	for (size_t i = 0; i < json_view_count(more); i++) {
		const char *keyid = json_view_text(json_view_member(json_view_at(more, i), "keyid"));
		bool known = keyid == NULL;

		for (size_t j = 0; !known && j < json_view_count(list); j++) {
			const char *other = json_view_text(json_view_member(json_view_at(list, j), "keyid"));

			known = other != NULL && strcmp(other, keyid) == 0;
		}
		if (!known)
			json_build_append(list, json_build_copy(json_view_at(more, i)));
	}
	json_view_free(copy);
	return PUBLISH_DONE;
}

static int read_copies(struct publish_call *call, struct json_view **ret_file)
{
	struct err_note note;
	int exit = PUBLISH_DONE;

	if (publish_json_read(call->words[1], METADATA_MAX, ret_file, &note) != 0)
		return publish_call_fail(call, &note);
	for (size_t i = 2; exit == PUBLISH_DONE && i < call->word_count; i++)
		exit = add_copy(call, *ret_file, call->words[i]);
	if (exit != PUBLISH_DONE)
		json_view_free(*ret_file);
	return exit;
}

/* *ret_again: it is the one that is in force, and only what its keys sign is left to do. */
static int check(struct publish_call *call, const struct publish_repo *repo, struct json_view *file, bool *ret_again)
{
	struct err_note note = { 0 };
	size_t len, before_len = 0;
	uint8_t *bytes = publish_bytes(file, &len);
	uint8_t *before = repo->root != NULL ? publish_bytes(repo->root, &before_len) : NULL;
	int err = 0;

	*ret_again = before != NULL
		&& json_build_equal(publish_signed(file), publish_signed(repo->root));
	if (!*ret_again)
		err = publish_root_check((struct span){ bytes, len }, (struct span){ before, before_len }, call->now_s,
					 &note);
	mem_free(bytes);
	mem_free(before);
	return err == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}

/* Nothing is served yet: init makes the rest. */
static int install_first(struct publish_call *call, struct publish_repo *repo, struct json_view *file)
{
	struct err_note note = { 0 };
	int err = publish_repo_put_metadata(repo, "root", file, &note);

	if (err == 0 && (err = file_sync_all(repo->folder)) != 0)
		err_note_set(&note, repo->folder, 0, "is not safe on disk: %s", err_text(err));
	return err == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}

/* Sources are not looked at: a zone with a fault must not stand in the way. */
static int install(struct publish_call *call, struct json_view *file, bool again)
{
	struct publish_wish wish = { .now_s = call->now_s, .refresh = true, .as_released = true };
	int exit = publish_call_open(call);

	if (exit != PUBLISH_DONE)
		return exit;
	if (!again)
		publish_repo_next_root(call->served, file);
	exit = publish_run_release(call, &wish);
	if (call->release_err == ERR_UNAVAILABLE)
		publish_call_say(call, "the root is not in force before that: then root finish again");
	return call->release_err == 0 ? exit : PUBLISH_FAILED;
}

int publish_root_finish(struct publish_call *call)
{
	struct publish_repo *repo;
	struct json_view *file;
	struct err_note note;
	const char *folder;
	bool again;

	if (call->word_count < 2)
		return publish_call_wrong(call, "root finish takes the signed file, or its signed copies, and --repo REPO");
	folder = publish_call_repo(call);
	if (folder == NULL)
		return PUBLISH_USAGE;
	int exit = read_copies(call, &file);
	if (exit != PUBLISH_DONE)
		return exit;
	if (publish_repo_open(folder, true, &repo, &note) != 0) {
		json_view_free(file);
		return publish_call_fail(call, &note);
	}
	exit = check(call, repo, file, &again);
	if (exit == PUBLISH_DONE)
		exit = repo->timestamp == NULL ? install_first(call, repo, file) : install(call, file, again);
	if (exit == PUBLISH_DONE || (call->release_err == 0 && call->served != NULL))
		printf("root version %" PRId64 " is in force\n", publish_version(publish_signed(file)));
	publish_repo_free(repo);
	json_view_free(file);
	return exit;
}
