/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill: an accident and the way out of it, on a throw-away repository with the same sources and keys of its own,
 * with a client that has been there all the time. Nothing of the real one is touched. It is good when every step went
 * as it must: what has to be refused was, what has to be taken was.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_root.h"
#include "sync/tool/fetch_web.h"
#include "sync/tool/publish_call.h"
#include "sync/publish_tree.h"
#include "sync/tuf_drive.h"

enum { DAY_S = 24 * 3600, ROOT_DAYS = 400, ROOT_KEYS = 3, ROOT_THRESHOLD = 2 };

struct drill {
	struct publish_call *call;
	char *folder, *repository;
	struct publish_work *work;
	struct publish_repo *repo;
	struct publish_ring ring;
	struct json_view *body;		/* the newest root's */
	int64_t now_s;
	unsigned step;
	bool failed;
};

/* err: what was tried gave it; wanted: it had to succeed. The reason of a refusal is told. */
static void step(struct drill *drill, int err, bool wanted, const struct err_note *note, const char *what)
{
	bool good = (err == 0) == wanted;

	printf("%2u. %s: %s%s%s, %s\n", ++drill->step, what, err != 0 ? "refused (" : "done", err != 0 ? note->text : "",
	       err != 0 ? ")" : "", good ? "as it must be" : "NOT AS IT MUST BE");
	drill->failed |= !good;
}

static const struct publish_key *new_key(struct drill *drill)
{
	struct publish_key *key = mem_alloc(sizeof *key);

	key->secret = key_secret_new();
	key->path = mem_string("");
	key->public_part = publish_public_of(key->secret);
	publish_keyid(key->public_part, key->keyid);
	mem_grow((void **)&drill->ring.list, &drill->ring.room, drill->ring.count, sizeof *drill->ring.list);
	drill->ring.list[drill->ring.count++] = key;
	return key;
}

static void lose_key(struct drill *drill, const char *keyid)
{
	for (size_t i = 0; i < drill->ring.count; i++) {
		if (strcmp(drill->ring.list[i]->keyid, keyid) != 0)
			continue;
		publish_key_free(drill->ring.list[i]);
		drill->ring.list[i] = drill->ring.list[--drill->ring.count];
		return;
	}
}

/* Signed by whoever of before and of now has a key here; installed when a client would take it. */
static int install_root(struct drill *drill, struct json_view *body, struct err_note *note)
{
	struct json_view *file = publish_envelope(body, json_build_list());
	size_t len, before_len = 0;
	uint8_t *bytes, *before = drill->repo->root != NULL ? publish_bytes(drill->repo->root, &before_len) : NULL;

	for (size_t i = 0; i < drill->ring.count; i++) {
		const char *keyid = drill->ring.list[i]->keyid;

		if (publish_who_has(publish_root_who(body, "root"), keyid)
		    || (drill->body != NULL && publish_who_has(publish_root_who(drill->body, "root"), keyid)))
			publish_sign(file, keyid, drill->ring.list[i]->secret);
	}
	bytes = publish_bytes(file, &len);
	int err = publish_root_check((struct span){ bytes, len }, (struct span){ before, before_len }, drill->now_s,
				     note);
	if (err == 0)
		err = publish_repo_put_metadata(drill->repo, "root", file, note);
	if (err == 0)
		err = publish_repo_read_root(drill->repo, note);
	if (err == 0) {
		json_view_free(drill->body);
		drill->body = json_build_copy(body);
	}
	mem_free(bytes);
	mem_free(before);
	json_view_free(file);
	return err;
}

static int release(struct drill *drill, struct err_note *note)
{
	struct publish_wish wish = { .now_s = drill->now_s, .refresh = true };
	struct publish_result result;
	struct err_list errors = { 0 };
	int err = publish_release(drill->work, drill->repo, &drill->ring, &wish, &result, &errors);

	if (err != 0 && errors.kept > 0)
		*note = errors.notes[0];
	err_list_fini(&errors);
	publish_result_fini(&result);
	return err;
}

/* A node that was there before, and keeps what it has seen. */
static int refresh(struct drill *drill, bool first, struct err_note *note)
{
	struct fetch_web *web = fetch_web_new(NULL);
	char *folder = mem_format("%s/client", drill->folder),
		*url = mem_format("file://%s/metadata/", drill->repository);
	struct tuf_settings settings;
	struct tuf_store *store = NULL;
	uint8_t *root;
	size_t len;
	int err = web != NULL ? tuf_store_open(folder, true, &store, note) : ERR_UNAVAILABLE;

	if (err == 0 && first) {
		char *path = mem_format("%s/metadata/1.root.json", drill->repository);

		err = file_read(path, 1 << 20, &root, &len);
		if (err == 0) {
			err = tuf_drive_init(store, (struct span){ root, len }, note);
			mem_free(root);
		}
		mem_free(path);
	}
	if (err == 0) {
		tuf_settings_init(&settings, drill->now_s);
		struct tuf_drive drive = {
			.client = tuf_client_new(&settings), .store = store, .transport = fetch_web_transport(web),
			.metadata_url = url,
		};
		err = tuf_drive_on(&drive, note);
		tuf_client_free(drive.client);
	}
	tuf_store_close(store);
	fetch_web_free(web);
	mem_free(folder);
	mem_free(url);
	return err;
}

static int set_up(struct drill *drill, struct err_note *note)
{
	struct json_view *roles, *real = drill->call->opened->config;
	static const char *const top[] = { "targets", "snapshot", "timestamp" };
	char *folder = mem_format("%s/work", drill->folder);
	int err = publish_work_open(folder, true, drill->repository, &drill->work, note);

	mem_free(folder);
	if (err == 0)
		err = publish_repo_open(drill->repository, true, &drill->repo, note);
	if (err != 0)
		return err;
	json_build_set(drill->work->config, "items", json_build_copy(json_view_member(real, "items")));
	json_build_set(drill->work->config, "groups", json_build_copy(json_view_member(real, "groups")));
	json_build_set(drill->work->config, "nodes", json_build_copy(json_view_member(real, "nodes")));
	roles = json_build_object_in(drill->work->config, "roles");
	for (size_t i = 0; i < 4; i++) {
		struct json_view *who = json_build_object_in(roles, publish_delegated[i]);

		json_build_set_integer(who, "threshold", 1);
		publish_who_add(who, json_build_object_in(who, "keys"), new_key(drill)->public_part);
	}
	struct json_view *body = publish_root_new(drill->now_s + (int64_t)ROOT_DAYS * DAY_S);
	for (int i = 0; i < ROOT_KEYS; i++)
		publish_root_add(body, "root", new_key(drill)->public_part);
	publish_root_threshold(body, "root", ROOT_THRESHOLD);
	for (size_t i = 0; i < 3; i++)
		publish_root_add(body, top[i], new_key(drill)->public_part);
	err = install_root(drill, body, note);
	json_view_free(body);
	if (err == 0)
		err = release(drill, note);
	return err;
}

static const char *keyid_at(struct drill *drill, const char *role, size_t index)
{
	return json_view_text(json_view_at(json_view_member(publish_root_who(drill->body, role), "keyids"), index));
}

static struct json_view *next_root(struct drill *drill)
{
	return publish_root_next(drill->body, drill->now_s + (int64_t)ROOT_DAYS * DAY_S);
}

/* One of three holders has lost the key: the two others make a root without it. */
static void lost_key(struct drill *drill)
{
	struct err_note note = { 0 };
	char *lost = mem_string(keyid_at(drill, "root", 0));
	struct json_view *next = next_root(drill);

	lose_key(drill, lost);
	publish_root_drop(next, lost, NULL, NULL);
	publish_root_add(next, "root", new_key(drill)->public_part);
	publish_root_forget_unused(next);
	step(drill, install_root(drill, next, &note), true, &note,
	     "a root by the two holders that are left, with a new third one");
	json_view_free(next);
	step(drill, release(drill, &note), true, &note, "a release under it");
	step(drill, refresh(drill, false, &note), true, &note, "the node that trusts the old root takes it");
	lose_key(drill, keyid_at(drill, "root", 0));
	lose_key(drill, keyid_at(drill, "root", 1));
	next = next_root(drill);
	step(drill, install_root(drill, next, &note), false, &note, "one holder alone makes a root");
	json_view_free(next);
	mem_free(lost);
}

/* The file that is served says something else, signed by this key. */
static int forge(struct drill *drill, const struct publish_key *thief, int64_t version)
{
	char *path = mem_format("%s/metadata/timestamp.json", drill->repository);
	struct json_view *file = json_build_copy(drill->repo->timestamp);
	size_t len;

	json_build_set_integer(publish_signed(file), "version", version);
	json_build_set(file, "signatures", json_build_list());
	publish_sign(file, thief->keyid, thief->secret);
	uint8_t *bytes = publish_bytes(file, &len);
	int err = file_replace(path, bytes, len, 0644);
	mem_free(bytes);
	mem_free(path);
	json_view_free(file);
	return err;
}

/* Who has the key signs a version far ahead, so that no true one is ever newer. */
static void stolen_timestamp(struct drill *drill)
{
	static const char *const both[] = { "timestamp", "snapshot" };
	const struct publish_key *thief = publish_ring_find(&drill->ring, keyid_at(drill, "timestamp", 0));
	struct err_note note = { 0 };
	struct json_view *next;
	int err;

	step(drill, forge(drill, thief, 1000000000), true, &note, "the thief signs timestamp version 1000000000");
	step(drill, refresh(drill, false, &note), true, &note, "the node takes it: it cannot know");
	step(drill, release(drill, &note), true, &note, "a true release");
	step(drill, refresh(drill, false, &note), false, &note, "the node takes it");
	next = next_root(drill);
	for (size_t i = 0; i < 2; i++) {
		publish_root_drop(next, keyid_at(drill, both[i], 0), NULL, NULL);
		publish_root_add(next, both[i], new_key(drill)->public_part);
	}
	publish_root_forget_unused(next);
	err = install_root(drill, next, &note);
	json_view_free(next);
	step(drill, err == 0 ? release(drill, &note) : err, true, &note,
	     "a root with new keys for timestamp and snapshot, and a release");
	step(drill, refresh(drill, false, &note), true, &note, "the node takes the true, lower version");
	step(drill, forge(drill, thief, 2000000000), true, &note, "the thief signs once more");
	step(drill, refresh(drill, false, &note), false, &note, "the node takes it");
}

static void expired_root(struct drill *drill)
{
	struct err_note note = { 0 };
	struct json_view *next;

	drill->now_s += (int64_t)(ROOT_DAYS + 1) * DAY_S;
	step(drill, refresh(drill, false, &note), false, &note, "401 days later the node takes what is there");
	step(drill, release(drill, &note), false, &note, "a release under the expired root");
	next = next_root(drill);
	step(drill, install_root(drill, next, &note), true, &note, "the holders sign a new root");
	json_view_free(next);
	step(drill, release(drill, &note), true, &note, "a release under it");
	step(drill, refresh(drill, false, &note), true, &note, "the node goes from the expired root to the new one");
}

static void run(struct drill *drill, void (*accident)(struct drill *drill))
{
	struct err_note note = { 0 };

	step(drill, set_up(drill, &note), true, &note, "a copy with keys of its own, its root by two of three");
	if (!drill->failed)
		step(drill, refresh(drill, true, &note), true, &note, "a node takes it");
	if (!drill->failed)
		accident(drill);
}

int publish_drill_command(struct publish_call *call)
{
	static const struct {
		const char *name;
		void (*accident)(struct drill *drill);
		const char *shown;
	} drills[] = {
		{ "lost-key", lost_key,
			"two of three holders replace the key that is lost, nodes that trust the root before go along, and "
			"one holder alone can do nothing" },
		{ "stolen-ts", stolen_timestamp,
			"a thief with the timestamp key can stop nodes but give them nothing; a root with other keys makes "
			"them take true, lower versions again, and nothing of the thief's any more" },
		{ "expired-root", expired_root,
			"nodes take nothing under an expired root, nothing can be released under it, and the next version "
			"of it brings them back" },
	};
	void (*accident)(struct drill *drill) = NULL;
	const char *shown = "";

	for (size_t i = 0; call->word_count == 1 && i < 3; i++) {
		if (strcmp(drills[i].name, call->words[0]) == 0)
			accident = drills[i].accident, shown = drills[i].shown;
	}
	if (accident == NULL)
		return publish_call_wrong(call, "drill takes one of lost-key, stolen-ts, expired-root");
	int exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	struct drill drill = { .call = call, .folder = publish_tree_make("catchment-drill"), .now_s = call->now_s };
	if (drill.folder == NULL)
		return publish_call_say(call, "no folder for it can be made below TMPDIR: %s", err_text(-errno));
	drill.repository = mem_format("%s/repository", drill.folder);
	run(&drill, accident);
	if (drill.failed)
		printf("THE DRILL FAILED\n");
	else
		printf("the drill is good: %s\n", shown);
	publish_ring_fini(&drill.ring);
	publish_repo_free(drill.repo);
	publish_work_close(drill.work);
	json_view_free(drill.body);
	publish_tree_remove(drill.folder);
	mem_free(drill.repository);
	mem_free(drill.folder);
	return drill.failed ? PUBLISH_FAILED : PUBLISH_DONE;
}
