/* SPDX-License-Identifier: Apache-2.0 */
/* init: keys that are not there yet, a root signed by them, publish.json, a first release. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/publish_root.h"
#include "sync/tool/publish_call.h"

enum { ROOT_MAX = 1 << 20 };

/* The first two are for people, and wrapped; the others for the machine that publishes. */
static const char *const key_roles[] = { "root", "targets", "snapshot", "timestamp", "zones", "sites", "files",
	"secrets" };
enum { KEY_ROLES = sizeof key_roles / sizeof key_roles[0], OFFLINE = 2, TOP = 4 };

static int make_key(struct publish_call *call, const char *path, bool offline)
{
	char *passphrase = NULL;
	struct err_note note;

	if (offline && !call->no_passphrase) {
		passphrase = publish_call_ask_new(call, path, &note);
		if (passphrase == NULL)
			return publish_call_fail(call, &note);
	}
	struct key_secret *secret = key_secret_new();
	int err = publish_key_write(path, secret, passphrase != NULL ? span_string(passphrase) : (struct span){ 0 },
				    NULL, &note);
	key_secret_free(secret);
	if (passphrase != NULL)
		key_wipe(passphrase, strlen(passphrase));
	mem_free(passphrase);
	return err == 0 ? PUBLISH_DONE : publish_call_fail(call, &note);
}

/* KEYS/ROLE.key: its public part, made when there is no such key. */
static int public_of(struct publish_call *call, const char *folder, size_t role, struct json_view **ret_part)
{
	char *path = mem_format("%s/%s.key", folder, key_roles[role]), *beside = mem_format("%s.pub", path);
	struct err_note note;
	int exit = PUBLISH_DONE;

	/* The public part alone is enough: then others sign. */
	if (access(beside, F_OK) != 0 && access(path, F_OK) != 0)
		exit = make_key(call, path, role < OFFLINE);
	if (exit == PUBLISH_DONE && publish_public_read(access(beside, F_OK) == 0 ? beside : path, ret_part,
							&note) != 0)
		exit = publish_call_fail(call, &note);
	mem_free(beside);
	mem_free(path);
	return exit;
}

static int make_keys(struct publish_call *call, const char *folder, struct json_view *root)
{
	int exit = PUBLISH_DONE;

	for (size_t i = root != NULL ? 0 : TOP; exit == PUBLISH_DONE && i < KEY_ROLES; i++) {
		struct json_view *part;

		exit = public_of(call, folder, i, &part);
		if (exit != PUBLISH_DONE)
			break;
		if (i < TOP) {
			publish_root_add(root, key_roles[i], part);
		} else {
			struct json_view *who = json_build_object_in(json_build_object_in(call->opened->config,
											  "roles"), key_roles[i]);

			json_build_set_integer(who, "threshold", 1);
			publish_who_add(who, json_build_object_in(who, "keys"), part);
		}
		json_view_free(part);
	}
	return exit;
}

static int set_expires(struct publish_call *call)
{
	struct json_view *expires = json_build_object_in(call->opened->config, "expires");

	for (size_t i = 0; i < call->expires.count; i++) {
		const char *rest;
		char role[32];
		uint64_t ms;

		if (!publish_split(call->expires.list[i], role, sizeof role, &rest) || units_duration(rest, &ms) != 0
		    || ms < 1000)
			return publish_call_wrong(call, "--expires %s: expected ROLE=TIME, as in timestamp=2d",
						  call->expires.list[i]);
		json_build_set_text(expires, role, rest);
	}
	return PUBLISH_DONE;
}

/* The root that was signed elsewhere, else one by the keys here. */
static int make_root(struct publish_call *call, const char *keys)
{
	struct json_view *file = NULL, *body = NULL;
	struct err_note note = { 0 };
	int64_t missing = 0;
	int exit = PUBLISH_DONE;

	if (call->root != NULL) {
		if (publish_json_read(call->root, ROOT_MAX, &file, &note) != 0)
			return publish_call_fail(call, &note);
	} else {
		body = publish_root_new(call->now_s + publish_work_lifetime(call->opened, "root"));
	}
	exit = make_keys(call, keys, body);
	if (exit == PUBLISH_DONE)
		exit = publish_call_open_keys(call);
	if (exit == PUBLISH_DONE && file == NULL) {
		file = publish_envelope(body, json_build_list());
		if (publish_sign_as(file, publish_root_who(body, "root"), &call->ring, &missing, &note) != 0)
			exit = publish_call_fail(call, &note);
		else if (missing > 0)
			exit = publish_call_say(call,
						"%s/root.key is not here: a root that was signed elsewhere comes "
						"with --root FILE", keys);
	}
	if (exit == PUBLISH_DONE) {
		size_t len;
		uint8_t *bytes = publish_bytes(file, &len);
		int err = publish_root_check((struct span){ bytes, len }, (struct span){ 0 }, call->now_s, &note);

		mem_free(bytes);
		if (err == 0)
			err = publish_repo_put_metadata(call->served, "root", file, &note);
		if (err == 0)
			err = publish_repo_read_root(call->served, &note);
		if (err != 0)
			exit = publish_call_fail(call, &note);
	}
	json_view_free(file);
	json_view_free(body);
	return exit;
}

static void set_defaults(struct publish_call *call, const char *keys)
{
	static const char *const all[] = { "zones", "sites", "files", "secrets" };
	struct json_view *config = call->opened->config;
	struct json_view *group = json_build_object_in(json_build_object_in(config, "groups"), "default");

	json_build_append_text(json_build_list_in(config, "keys"), keys);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		json_build_set_text(group, all[i], "*");
	json_build_list_in(group, "nodes");
	json_build_object_in(config, "nodes");
}

static int init_in(struct publish_call *call, const char *repo, const char *keys)
{
	char *work = publish_call_work(call, repo);
	struct err_note note;
	int err = publish_work_open(work, true, repo, &call->opened, &note);

	mem_free(work);
	if (err == 0)
		err = publish_repo_open(repo, true, &call->served, &note);
	if (err != 0)
		return publish_call_fail(call, &note);
	if (call->served->timestamp != NULL)
		return publish_call_say(call, "%s: is a repository already; init makes new ones", repo);
	set_defaults(call, keys);
	int exit = set_expires(call);
	/* A root that an earlier try has left is as good as one that is made now. */
	if (exit == PUBLISH_DONE && call->served->root != NULL && call->root == NULL) {
		exit = make_keys(call, keys, NULL);
		if (exit == PUBLISH_DONE)
			exit = publish_call_open_keys(call);
	} else if (exit == PUBLISH_DONE) {
		exit = make_root(call, keys);
	}
	if (exit == PUBLISH_DONE && publish_work_save(call->opened, &note) != 0)
		exit = publish_call_fail(call, &note);
	return exit;
}

int publish_init_command(struct publish_call *call)
{
	if (call->word_count == 1 && call->repo == NULL)
		call->repo = call->words[0];
	else if (call->word_count == 1 && strcmp(call->repo, call->words[0]) != 0)
		return publish_call_wrong(call, "init takes one repository, not %s and --repo %s", call->words[0],
					  call->repo);
	if (call->repo == NULL || call->word_count > 1 || call->keys.count != 1)
		return publish_call_wrong(call, "init takes the folder of the repository and --keys DIR");
	int err = file_make_folders(call->repo, 0755);
	if (err != 0)
		return publish_call_say(call, "%s: the folder cannot be made: %s", call->repo, err_text(err));
	err = file_make_folders(call->keys.list[0], 0700);
	if (err != 0)
		return publish_call_say(call, "%s: the folder cannot be made: %s", call->keys.list[0], err_text(err));
	char *repo = publish_call_path(call, call->repo), *keys = publish_call_path(call, call->keys.list[0]);
	call->keys.count = 0;	/* from now on they are those of publish.json */
	int exit = repo != NULL && keys != NULL ? init_in(call, repo, keys) : PUBLISH_FAILED;
	if (exit == PUBLISH_DONE) {
		struct publish_wish wish = { .now_s = call->now_s };

		exit = publish_run_release(call, &wish);
		if (exit == PUBLISH_DONE)
			printf("%s is a repository now; its root for the nodes is %s/metadata/1.root.json\n", repo,
			       repo);
	}
	mem_free(repo);
	mem_free(keys);
	return exit;
}
