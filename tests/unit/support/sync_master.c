/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/sync_master.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_release.h"
#include "sync/publish_root.h"
#include "sync/publish_tree.h"

enum { FILE_MAX = 64 << 20 };

static void must(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "sync_master: %s\n", what);
	abort();
}

const char *sync_master_path(const struct sync_master *master, const char *name)
{
	static char paths[4][512];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", master->folder, name);
	return path;
}

/* ---- the files, as a network gives them ---- */

static bool is_spoiled_here(const struct sync_master *master, size_t len)
{
	return master->spoil != SYNC_MASTER_WHOLE && master->at >= master->passed && master->at < master->passed + len;
}

static int give(struct sync_master *master, uint8_t *bytes, size_t len, uint64_t max_bytes, transport_take *take,
		void *ctx, struct err_note *note)
{
	bool here = is_spoiled_here(master, len), gone = master->spoil == SYNC_MASTER_CUT && master->at < master->passed;
	size_t at = here ? (size_t)(master->at - master->passed) : 0;

	master->passed += len;
	if (here && master->spoil == SYNC_MASTER_FLIP)
		bytes[at] ^= 1;
	if (gone || (here && master->spoil != SYNC_MASTER_FLIP))
		len = gone ? 0 : at;
	if (len > max_bytes) {
		err_note_set(note, NULL, 0, "there is more of it than is taken");
		return ERR_LIMIT;
	}
	/* In two pieces, as it may come. */
	int err = take(ctx, (struct span){ bytes, len / 2 });
	if (err == 0)
		err = take(ctx, (struct span){ bytes + len / 2, len - len / 2 });
	if (err == 0 && (gone || (here && master->spoil == SYNC_MASTER_CUT))) {
		err_note_set(note, NULL, 0, "the connection has ended");
		return -ECONNRESET;
	}
	return err;
}

static int get(struct transport *transport, const char *url, uint64_t max_bytes, transport_take *take, void *ctx,
	       struct err_note *note)
{
	struct sync_master *master = (struct sync_master *)transport;
	const char *name = url + strlen(master->prefix);
	uint8_t *bytes;
	size_t len;

	if (master->asked_count < sizeof master->asked / sizeof master->asked[0])
		snprintf(master->asked[master->asked_count++], sizeof master->asked[0], "%s", name);
	if (master->spoil == SYNC_MASTER_CUT && master->passed > master->at) {
		err_note_set(note, name, 0, "nobody is there");
		return -ECONNRESET;
	}
	if (master->instead[0] != NULL && strcmp(name, master->instead[0]) == 0)
		name = master->instead[1];
	char *path = mem_format("%s/%s", master->served != NULL ? master->served : sync_master_path(master, "repo"), name);
	int err = file_read(path, FILE_MAX, &bytes, &len);
	mem_free(path);
	if (err != 0) {
		err_note_set(note, name, 0, "is not there");
		return ERR_UNKNOWN;
	}
	err = give(master, bytes, len, max_bytes, take, ctx, note);
	mem_free(bytes);
	return err;
}

void sync_master_spoil(struct sync_master *master, enum sync_master_spoil spoil, uint64_t at)
{
	master->spoil = spoil;
	master->at = at;
	master->passed = 0;
	master->asked_count = 0;
}

/* ---- keys and roots ---- */

static void new_key(const struct sync_master *master, const char *name, struct json_view **ret_public)
{
	char *path = mem_format("%s/keys/%s.key", master->folder, name), *public_path = mem_format("%s.pub", path);
	struct key_secret *secret = key_secret_new();
	struct err_note note;

	must(publish_key_write(path, secret, (struct span){ 0 }, NULL, &note) == 0, "a key cannot be written");
	must(publish_public_read(public_path, ret_public, &note) == 0, "a key cannot be read");
	key_secret_free(secret);
	mem_free(path);
	mem_free(public_path);
}

static void open_ring(const struct sync_master *master, struct publish_ring *ring)
{
	struct err_note note;

	*ring = (struct publish_ring){ 0 };
	must(publish_ring_add(ring, sync_master_path(master, "keys"), &note) == 0, "the keys cannot be read");
}

static void put_root(const struct sync_master *master, struct publish_repo *repo, struct json_view *body)
{
	struct json_view *file = publish_envelope(body, json_build_list());
	struct publish_ring ring;
	struct err_note note;
	int64_t missing;

	open_ring(master, &ring);
	must(publish_sign_as(file, publish_root_who(body, "root"), &ring, &missing, &note) == 0 && missing == 0,
	     "the root cannot be signed");
	must(publish_repo_put_metadata(repo, "root", file, &note) == 0, "the root cannot be written");
	publish_ring_fini(&ring);
	json_view_free(file);
}

static struct publish_repo *open_repo(const struct sync_master *master)
{
	struct publish_repo *repo;
	struct err_note note;

	must(publish_repo_open(sync_master_path(master, "repo"), true, &repo, &note) == 0, "the repository does not hold");
	return repo;
}

void sync_master_rotate(struct sync_master *master, const char *role)
{
	struct publish_repo *repo = open_repo(master);
	struct json_view *body = publish_root_next(publish_signed(repo->root), master->now_s + 400 * SYNC_MASTER_DAY_S);
	struct json_view *who = publish_root_who(body, role), *part;
	char *old = mem_string(json_view_text(json_view_at(json_view_member(who, "keyids"), 0)));
	char *name = mem_format("%s-%lld", role, (long long)repo->root_version + 1);

	new_key(master, name, &part);
	publish_root_add(body, role, part);
	publish_root_drop(body, old, NULL, NULL);
	put_root(master, repo, body);
	mem_free(old);
	mem_free(name);
	json_view_free(part);
	json_view_free(body);
	publish_repo_free(repo);
}

/* As catchment-publish init does it. */
static void set_up(struct sync_master *master)
{
	static const char *const top[] = { "root", "targets", "snapshot", "timestamp" };
	struct json_view *body = publish_root_new(master->now_s + 400 * SYNC_MASTER_DAY_S), *part;
	struct publish_repo *repo = open_repo(master);
	struct publish_work *work;
	struct err_note note;

	must(publish_work_open(sync_master_path(master, "repo.publish"), true, sync_master_path(master, "repo"), &work,
			       &note) == 0, "the work folder cannot be made");
	json_build_append_text(json_build_list_in(work->config, "keys"), sync_master_path(master, "keys"));
	struct json_view *group = json_build_object_in(json_build_object_in(work->config, "groups"), "default");
	for (size_t i = 0; i < 4; i++) {
		new_key(master, top[i], &part);
		publish_root_add(body, top[i], part);
		json_view_free(part);
		new_key(master, publish_delegated[i], &part);
		struct json_view *who =
			json_build_object_in(json_build_object_in(work->config, "roles"), publish_delegated[i]);
		json_build_set_integer(who, "threshold", 1);
		publish_who_add(who, json_build_object_in(who, "keys"), part);
		json_view_free(part);
		json_build_set_text(group, publish_delegated[i], "*");
	}
	json_build_list_in(group, "nodes");
	json_build_object_in(work->config, "nodes");
	put_root(master, repo, body);
	must(publish_work_save(work, &note) == 0, "publish.json cannot be written");
	publish_work_close(work);
	publish_repo_free(repo);
	json_view_free(body);
}

struct sync_master *sync_master_new(int64_t now_s)
{
	struct sync_master *master = mem_alloc(sizeof *master);

	*master = (struct sync_master){ .transport = { get }, .prefix = "", .now_s = now_s };
	master->folder = publish_tree_make("sync-master");
	must(master->folder != NULL, "no folder");
	must(mkdir(sync_master_path(master, "keys"), 0700) == 0 && mkdir(sync_master_path(master, "sources"), 0700) == 0,
	     "no folders");
	set_up(master);
	return master;
}

void sync_master_free(struct sync_master *master)
{
	publish_tree_remove(master->folder);
	mem_free(master->folder);
	mem_free(master);
}

/* ---- releases ---- */

void sync_master_put(struct sync_master *master, const char *item, const char *text)
{
	char *source = mem_format("%s/sources/%s", master->folder, item);
	struct publish_work *work;
	struct err_note note;

	for (char *at = source + strlen(master->folder) + sizeof "/sources/"; *at != '\0'; at++)
		*at = *at == '/' ? '-' : *at;
	must(file_replace_unsynced(source, text, strlen(text), 0600) == 0, "a source cannot be written");
	must(publish_work_open(sync_master_path(master, "repo.publish"), false, NULL, &work, &note) == 0, "publish.json");
	if (json_view_member(publish_work_items(work), item) == NULL) {
		json_build_set_text(json_build_object_in(publish_work_items(work), item), "file", source);
		must(publish_work_save(work, &note) == 0, "publish.json cannot be written");
	}
	publish_work_close(work);
	mem_free(source);
}

int sync_master_try(struct sync_master *master, char said[512])
{
	const struct publish_wish wish = { .now_s = master->now_s, .refresh = true };
	struct publish_result result = { 0 };
	struct err_list errors = { 0 };
	struct publish_repo *repo = NULL;
	struct publish_work *work;
	struct publish_ring ring;
	struct err_note note = { 0 };
	char text[sizeof note + 16];
	int err = publish_work_open(sync_master_path(master, "repo.publish"), false, NULL, &work, &note);

	if (err != 0)
		goto say;
	open_ring(master, &ring);
	err = publish_repo_open(sync_master_path(master, "repo"), true, &repo, &note);
	if (err == 0)
		err = publish_release(work, repo, &ring, &wish, &result, &errors);
	if (errors.kept > 0)
		note = errors.notes[0];
	publish_result_fini(&result);
	publish_repo_free(repo);
	publish_ring_fini(&ring);
	publish_work_close(work);
	err_list_fini(&errors);
say:
	if (said != NULL)
		snprintf(said, 512, "%.500s", err != 0 ? err_note_print(&note, text, sizeof text) : "");
	return err;
}

void sync_master_release(struct sync_master *master)
{
	char said[512];

	must(sync_master_try(master, said) == 0, said);
}

/* ---- folders ---- */

static void copy_file(const char *from, const char *to)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	struct stat stat_of;

	must(stat(from, &stat_of) == 0 && file_read(from, FILE_MAX, &bytes, &len) == 0, "a file cannot be copied");
	must(file_replace_unsynced(to, bytes, len, stat_of.st_mode & 07777) == 0, "a file cannot be copied");
	mem_free(bytes);
}

static void copy_folder(const char *from, const char *to)
{
	DIR *entries = opendir(from);

	must(entries != NULL && file_make_folders(to, 0755) == 0, "a folder cannot be copied");
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char *a = mem_format("%s/%s", from, entry->d_name), *b = mem_format("%s/%s", to, entry->d_name);
		struct stat stat_of;

		must(lstat(a, &stat_of) == 0, "a file is gone");
		if (S_ISDIR(stat_of.st_mode))
			copy_folder(a, b);
		else
			copy_file(a, b);
		mem_free(a);
		mem_free(b);
	}
	closedir(entries);
}

void sync_master_copy(const char *from, const char *to)
{
	publish_tree_remove(to);
	copy_folder(from, to);
}
