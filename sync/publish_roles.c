/* SPDX-License-Identifier: Apache-2.0 */
/* Targets to signed files of roles. A role whose keys are not all here is left to be signed elsewhere: its file lies
 * in WORK/pending, sign(1) adds to it, and the next release takes it from there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/publish_release.h"

enum { PENDING_MAX = 64 << 20, PATH_DEPTH = 8, NEAR = 3 };	/* renewed when a third of its time is left */

struct signer {
	struct json_view *who, *keys;	/* views */
};

/* Who signs a role now: the root says it of targets, targets of the others (as it will be). */
static bool signer_of(struct publish_run *run, const char *role, struct signer *ret)
{
	struct json_view *root = publish_signed(run->repo->root);

	if (strcmp(role, "targets") == 0 || strcmp(role, "snapshot") == 0 || strcmp(role, "timestamp") == 0) {
		ret->who = json_view_member(json_view_member(root, "roles"), role);
		ret->keys = json_view_member(root, "keys");
	} else {
		ret->who = publish_work_who(run->work, role);
		ret->keys = json_view_member(ret->who, "keys");
	}
	return ret->who != NULL && ret->keys != NULL;
}

static char *pending_path(struct publish_run *run, const char *role, int64_t version)
{
	char *folder = publish_work_path(run->work, "pending"),
		*path = mem_format("%s/%" PRId64 ".%s.json", folder, version, role);

	file_make_folders(folder, 0700);
	mem_free(folder);
	return path;
}

static bool same_but_expiry(struct json_view *a, struct json_view *b)
{
	struct json_view *one = json_build_copy(a), *other = json_build_copy(b);

	json_build_remove(one, "expires");
	json_build_remove(other, "expires");
	bool same = json_build_equal(one, other);
	json_view_free(one);
	json_view_free(other);
	return same;
}

/* The file that waits for signatures, when it still says what shall be said. */
static struct json_view *take_pending(const char *path, struct json_view *body, int64_t now_s)
{
	struct json_view *file;
	struct err_note note;

	if (access(path, F_OK) != 0 || publish_json_read(path, PENDING_MAX, &file, &note) != 0)
		return NULL;
	if (same_but_expiry(publish_signed(file), body) && publish_expires(publish_signed(file)) > now_s)
		return file;
	json_view_free(file);
	return NULL;
}

static int leave_pending(struct publish_run *run, const char *path, const char *role, struct json_view *file,
			 int64_t missing)
{
	size_t len;
	uint8_t *bytes = publish_bytes(file, &len);
	int err = run->wish->dry ? 0 : file_replace(path, bytes, len, 0644);

	mem_free(bytes);
	if (err != 0)
		err_list_add(run->errors, path, 0, "cannot be written: %s", err_text(err));
	else
		err_list_add(run->errors, NULL, 0, "role %s needs %"
			     PRId64 " more signature%s: catchment-publish sign %s --key KEY, then "
			     "release again", role, missing, missing == 1 ? "" : "s", path);
	return ERR_UNAVAILABLE;
}

/* Signs a body: *ret_file when its threshold is reached. */
static int sign_body(struct publish_run *run, const char *role, struct json_view *body, struct json_view **ret_file)
{
	struct err_note note = { 0 };
	struct signer signer;
	int64_t missing;

	if (!signer_of(run, role, &signer)) {
		err_list_add(run->errors, NULL, 0, "nobody is known who signs role %s", role);
		return ERR_INVALID;
	}
	char *path = pending_path(run, role, publish_version(body));
	struct json_view *file = take_pending(path, body, run->wish->now_s);
	if (file == NULL)
		file = publish_envelope(body, json_build_list());
	int err = publish_sign_as(file, signer.who, run->ring, &missing, &note);
	if (err != 0)
		err_list_add(run->errors, note.file, 0, "%s", note.text);
	else if (missing > 0)
		err = leave_pending(run, path, role, file, missing);
	else if (publish_signed_by(file, signer.who, signer.keys) < publish_threshold(signer.who)) {
		err_list_add(run->errors, path, 0, "a signature in it is wrong: remove the file, and sign anew");
		err = ERR_INVALID;
	} else if (access(path, F_OK) == 0) {
		unlink(path);
	}
	mem_free(path);
	if (err == 0)
		*ret_file = file;
	else
		json_view_free(file);
	return err;
}

static int64_t expiry(struct publish_run *run, const char *role)
{
	return run->wish->now_s + publish_work_lifetime(run->work, role);
}

static bool is_stale(struct publish_run *run, const char *role, struct json_view *file)
{
	struct signer signer;

	if (publish_expires(publish_signed(file)) - run->wish->now_s < publish_work_lifetime(run->work, role) / NEAR)
		return true;
	return signer_of(run, role, &signer)
		&& publish_signed_by(file, signer.who, signer.keys) < publish_threshold(signer.who);
}

static void add_delegation(struct json_view *delegations, const char *name, struct json_view *who,
			   struct json_view *entry)
{
	struct json_view *keys = json_build_object_in(delegations, "keys");
	struct json_member key = { 0 };

	json_build_set_text(entry, "name", name);
	json_build_set(entry, "keyids", json_build_copy(json_view_member(who, "keyids")));
	json_build_set_integer(entry, "threshold", publish_threshold(who));
	json_build_set(entry, "terminating", json_build_flag(true));
	json_build_append(json_build_list_in(delegations, "roles"), entry);
	while (json_view_next(json_view_member(who, "keys"), &key)) {
		if (publish_who_has(who, key.name))
			json_build_set(keys, key.name, json_build_copy(key.value));
	}
}

static struct json_view *delegate_all(struct publish_run *run)
{
	struct json_view *delegations = json_build_object();

	for (size_t i = 0; i < 4; i++) {
		const char *role = publish_delegated[i];
		struct json_view *entry = json_build_object(), *paths = json_build_list_in(entry, "paths");
		bool deep = strcmp(role, "files") == 0 || strcmp(role, "sites") == 0;
		char *path = strcmp(role, "zones") == 0 ? mem_string("zones/*/zone") : mem_format("%s/*/*", role);

		json_build_append_text(paths, path);
		for (int depth = 0; deep && depth < PATH_DEPTH; depth++) {	/* a star never is a slash */
			char *deeper = mem_format("%s/*", path);

			json_build_append_text(paths, deeper);
			mem_free(path);
			path = deeper;
		}
		mem_free(path);
		add_delegation(delegations, role, publish_work_who(run->work, role), entry);
	}
	return delegations;
}

static struct json_view *delegate_bins(struct publish_run *run)
{
	struct json_view *delegations = json_build_object();
	char name[16], prefix[4];

	for (unsigned bin = 0; bin < PUBLISH_BINS; bin++) {
		struct json_view *entry = json_build_object();

		snprintf(prefix, sizeof prefix, "%02x", bin);
		json_build_append_text(json_build_list_in(entry, "path_hash_prefixes"), prefix);
		add_delegation(delegations, publish_bin_name(bin, name), publish_work_who(run->work, "zones"), entry);
	}
	return delegations;
}

static void tell_removed(struct publish_run *run, struct json_view *before, struct json_view *now)
{
	struct json_member target = { 0 };

	while (json_view_next(before, &target)) {
		enum publish_kind kind;
		char bin[16];

		if (json_view_member(now, target.name) != NULL)
			continue;
		/* It may have moved into a bin. */
		if (publish_path_kind(target.name, &kind) != 0)
			kind = PUBLISH_SITE;
		const char *role = publish_item_role(kind, target.name, run->bins, bin);
		if (json_view_member(json_view_member(run->wanted, role), target.name) == NULL)
			publish_change(run, target.name, "removed");
	}
}

/* One role that lists targets: a new version when it says something else, is about to expire, or its keys have
 * changed. */
static int make_role(struct publish_run *run, const char *name, struct json_view *delegations, bool *ret_changed)
{
	struct err_note note = { 0 };
	struct publish_role *role = publish_repo_role(run->repo, name, true, &note);

	if (role == NULL) {
		err_list_add(run->errors, note.file, 0, "%s", note.text);
		return ERR_FORMAT;
	}
	struct json_view *body = publish_body("targets", role->version + 1, expiry(run, name)),
		*old = publish_signed(role->file);
	struct json_view *targets = json_view_member(run->wanted, name);
	json_build_set(body, "targets", targets != NULL ? json_build_copy(targets) : json_build_object());
	if (delegations != NULL)
		json_build_set(body, "delegations", json_build_copy(delegations));
	tell_removed(run, json_view_member(old, "targets"), targets);
	bool same = role->file != NULL && json_build_equal(json_view_member(old, "targets"),
							   json_view_member(body, "targets"))
		&& json_build_equal(json_view_member(old, "delegations"), delegations)
		&& !is_stale(run, name, role->file);
	int err = same || run->wish->dry ? 0 : sign_body(run, name, body, &role->next);
	if (err == 0 && role->next != NULL)
		err = publish_repo_put_metadata(run->repo, name, role->next, &note);
	if (err != 0 && note.text[0] != '\0')
		err_list_add(run->errors, note.file, 0, "%s", note.text);
	*ret_changed |= !same;
	json_view_free(body);
	return err;
}

int publish_roles(struct publish_run *run, bool *ret_changed)
{
	struct json_view *all = delegate_all(run), *bins = run->bins ? delegate_bins(run) : NULL;
	int err = make_role(run, "targets", all, ret_changed);
	int worst = err;
	char name[16];

	for (size_t i = 0; i < 4; i++) {
		const char *role = publish_delegated[i];

		err = make_role(run, role, strcmp(role, "zones") == 0 ? bins : NULL, ret_changed);
		worst = worst == 0 ? err : worst;
	}
	for (unsigned bin = 0; run->bins && bin < PUBLISH_BINS; bin++) {
		err = make_role(run, publish_bin_name(bin, name), NULL, ret_changed);
		worst = worst == 0 ? err : worst;
	}
	json_view_free(all);
	json_view_free(bins);
	return worst;
}

/* The role's version of the release being made. */
static int64_t version_of(const struct publish_role *role)
{
	return role->next != NULL ? publish_version(publish_signed(role->next)) : role->version;
}

static int make_snapshot(struct publish_run *run, bool changed, struct json_view **ret_snapshot)
{
	struct publish_repo *repo = run->repo;
	struct err_note note = { 0 };

	if (!changed && repo->snapshot != NULL && !is_stale(run, "snapshot", repo->snapshot))
		return 0;
	struct json_view *body = publish_body("snapshot", publish_version(publish_signed(repo->snapshot)) + 1,
					      expiry(run, "snapshot"));
	struct json_view *meta = json_build_object_in(body, "meta");
	for (size_t i = 0; i < repo->role_count; i++) {
		char *name = mem_format("%s.json", repo->roles[i].name);

		json_build_set_integer(json_build_object_in(meta, name), "version", version_of(&repo->roles[i]));
		mem_free(name);
	}
	int err = sign_body(run, "snapshot", body, ret_snapshot);
	if (err == 0 && (err = publish_repo_put_metadata(repo, "snapshot", *ret_snapshot, &note)) != 0)
		err_list_add(run->errors, note.file, 0, "%s", note.text);
	json_view_free(body);
	return err;
}

static int make_timestamp(struct publish_run *run, struct json_view *snapshot, struct json_view **ret_timestamp)
{
	struct json_view *body = publish_body("timestamp", publish_version(publish_signed(run->repo->timestamp)) + 1,
					      expiry(run, "timestamp"));
	struct json_view *entry = json_build_object_in(json_build_object_in(body, "meta"), "snapshot.json");
	uint8_t digest[HASH_SHA256_BYTES], *bytes;
	char digits[PUBLISH_KEYID_MAX];
	size_t len;

	bytes = publish_bytes(snapshot, &len);
	hash_sha256((struct span){ bytes, len }, digest);
	hash_put_hex((struct span){ digest, sizeof digest }, digits);
	mem_free(bytes);
	json_build_set_integer(entry, "version", publish_version(publish_signed(snapshot)));
	json_build_set_integer(entry, "length", (int64_t)len);
	json_build_set_text(json_build_object_in(entry, "hashes"), "sha256", digits);
	int err = sign_body(run, "timestamp", body, ret_timestamp);
	json_view_free(body);
	return err;
}

int publish_finish(struct publish_run *run, bool changed)
{
	struct publish_repo *repo = run->repo;
	struct json_view *snapshot = NULL, *timestamp = NULL;
	struct err_note note = { 0 };
	int err = make_snapshot(run, changed, &snapshot);

	if (err == 0 && snapshot == NULL && !run->wish->refresh && repo->timestamp != NULL
	    && !is_stale(run, "timestamp", repo->timestamp))
		return 0;
	if (err == 0)
		err = make_timestamp(run, snapshot != NULL ? snapshot : repo->snapshot, &timestamp);
	if (err == 0) {
		err = publish_repo_commit(repo, snapshot != NULL ? snapshot : repo->snapshot, timestamp, &note);
		if (err != 0)
			err_list_add(run->errors, note.file, 0, "%s", note.text);
	}
	run->result->released = err == 0;
	json_view_free(snapshot);
	json_view_free(timestamp);
	return err;
}
