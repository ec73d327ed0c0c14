/* SPDX-License-Identifier: Apache-2.0 */
/* status, gc. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/mem.h"
#include "conf/base/units.h"
#include "sync/publish_chain.h"
#include "sync/tool/publish_call.h"

enum { DAY_S = 24 * 3600, ROOT_ALARM_DAYS = 90, KEEP_DAYS = 7 };

static const char *left(int64_t expires_s, int64_t now_s, char *buf, size_t size)
{
	int64_t seconds = expires_s - now_s;

	if (seconds <= 0)
		snprintf(buf, size, "EXPIRED");
	else if (seconds >= 2 * DAY_S)
		snprintf(buf, size, "%" PRId64 " days left", seconds / DAY_S);
	else
		snprintf(buf, size, "%" PRId64 " h %" PRId64 " min left", seconds / 3600, seconds / 60 % 60);
	return buf;
}

static void add_role(struct json_view *out, const char *name, struct json_view *file)
{
	struct json_view *entry = json_build_object_in(out, name);

	json_build_set_integer(entry, "version", publish_version(publish_signed(file)));
	json_build_set_text(entry, "expires", json_view_text(json_view_member(publish_signed(file), "expires")));
	json_build_set_integer(entry, "expires_s", publish_expires(publish_signed(file)));
	json_build_set_integer(entry, "targets", (int64_t)json_view_count(json_view_member(publish_signed(file),
											   "targets")));
}

static void add_item(struct publish_call *call, struct json_view *out, const char *path, struct json_view *item)
{
	static const char *const taken[] = { "release", "head", "serial", "rollout" };
	struct json_view *entry = json_build_object_in(out, path), *custom;
	struct err_note note;
	struct json_view *target = publish_released(call->served, path, &note);

	json_build_set_text(entry, "file", json_view_text(json_view_member(item, "file")));
	if (json_view_member(item, "held") != NULL)
		json_build_set(entry, "held", json_build_copy(json_view_member(item, "held")));
	custom = json_view_member(target, "custom");
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		struct json_view *value = json_view_member(custom, taken[i]);

		if (value != NULL)
			json_build_set(entry, taken[i], json_build_copy(value));
	}
	if (target != NULL)
		json_build_set(entry, "length", json_build_copy(json_view_member(target, "length")));
	if (json_view_member(custom, "cs") != NULL)
		json_build_set_integer(entry, "changesets", (int64_t)json_view_count(json_view_member(custom, "cs")));
}

static int gather(struct publish_call *call, struct json_view *out)
{
	struct publish_repo *repo = call->served;
	struct json_view *roles = json_build_object_in(out, "roles"), *items = json_build_object_in(out, "items");
	struct json_member item = { 0 };
	struct err_note note;

	add_role(roles, "root", repo->root);
	add_role(roles, "timestamp", repo->timestamp);
	add_role(roles, "snapshot", repo->snapshot);
	for (size_t i = 0; i < repo->role_count; i++) {
		struct publish_role *role = publish_repo_role(repo, repo->roles[i].name, false, &note);

		if (role == NULL)
			return publish_call_fail(call, &note);
		add_role(roles, role->name, role->file);
	}
	while (json_view_next(publish_work_items(call->opened), &item))
		add_item(call, items, item.name, item.value);
	return PUBLISH_DONE;
}

static int64_t integer_of(struct json_view *object, const char *name)
{
	int64_t value;

	return json_view_integer(json_view_member(object, name), &value) ? value : 0;
}

static void print_roles(struct publish_call *call, struct json_view *roles)
{
	struct json_member role = { 0 };
	char text[64];
	size_t bins = 0;

	while (json_view_next(roles, &role)) {
		int64_t expires_s = integer_of(role.value, "expires_s");

		if (strncmp(role.name, "zones-", 6) == 0) {
			bins++;
			continue;
		}
		printf("%-10s version %-6" PRId64 " expires %s, %s%s\n", role.name, integer_of(role.value, "version"),
		       json_view_text(json_view_member(role.value, "expires")),
		       left(expires_s, call->now_s, text, sizeof text),
		       strcmp(role.name, "root") == 0 && expires_s - call->now_s < (int64_t)ROOT_ALARM_DAYS * DAY_S
		       ? ": ROTATE IT NOW (root rotate)" : "");
	}
	if (bins > 0)
		printf("%-10s %zu roles, by the hash of the zone's path\n", "zones-XX", bins);
}

static void print_items(struct json_view *items)
{
	struct json_member item = { 0 };

	while (json_view_next(items, &item)) {
		struct json_view *rollout = json_view_member(item.value, "rollout");
		char name[PUBLISH_PATH_MAX];
		enum publish_kind kind = PUBLISH_FILE;

		publish_path_kind(item.name, &kind);
		printf("%s %s: ", publish_kind_text(kind), publish_path_name(item.name, name));
		if (json_view_member(item.value, "length") == NULL)
			printf("not released yet");
		else
			printf("release %" PRId64, integer_of(item.value, "release"));
		if (json_view_member(item.value, "head") != NULL)
			printf(", serial %" PRId64 " (checkpoint %" PRId64 ", %" PRId64 " changesets)",
			       integer_of(item.value, "head"),
			       integer_of(item.value, "serial"), integer_of(item.value, "changesets"));
		if (json_view_member(item.value, "held") != NULL)
			printf(", HELD at release %" PRId64,
			       integer_of(json_view_member(item.value, "held"), "release"));
		if (rollout != NULL)
			printf(", STAGED for %" PRId64 " permille and %zu nodes", integer_of(rollout, "permille"),
			       json_view_count(json_view_member(rollout, "nodes")));
		printf(" <- %s\n", json_view_text(json_view_member(item.value, "file")));
	}
}

int publish_status_command(struct publish_call *call)
{
	int exit = publish_call_alone(call);

	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (call->served->timestamp == NULL)
		return publish_call_say(call, "nothing has been released yet");
	struct json_view *out = json_build_object();
	exit = gather(call, out);
	if (exit == PUBLISH_DONE && call->json) {
		size_t len;
		char *text = json_build_print(out, &len);

		fputs(text, stdout);
		mem_free(text);
	} else if (exit == PUBLISH_DONE) {
		print_roles(call, json_view_member(out, "roles"));
		print_items(json_view_member(out, "items"));
	}
	json_view_free(out);
	return exit;
}

/* What is named by what is served: never removed, however old. */
static void keep_target(struct json_view *kept, const char *path, struct json_view *target)
{
	struct json_view *custom = json_view_member(target, "custom"), *cs = json_view_member(custom, "cs");
	struct json_view *prev = json_view_member(json_view_member(custom, "rollout"), "prev");
	const char *sha256 = json_view_text(json_view_member(json_view_member(target, "hashes"), "sha256"));
	const char *before = json_view_text(json_view_member(prev, "sha256"));

	for (int i = 0; i < 2; i++) {
		const char *hash = i == 0 ? sha256 : before;
		char *file = hash != NULL ? publish_target_file(path, hash) : NULL;

		if (file != NULL)
			json_build_set(kept, file, json_build_flag(true));
		mem_free(file);
	}
	for (size_t i = 0; i < json_view_count(cs); i++) {
		struct publish_step step;

		if (!publish_step_read(json_view_at(cs, i), &step))
			continue;
		char *file = publish_chain_file(path, &step);
		json_build_set(kept, file, json_build_flag(true));
		mem_free(file);
	}
}

static void keep_metadata(struct json_view *kept, const char *role, int64_t version)
{
	char *file = mem_format("metadata/%" PRId64 ".%s.json", version, role);

	json_build_set(kept, file, json_build_flag(true));
	mem_free(file);
}

static void keep_targets(struct json_view *kept, struct json_view *file)
{
	struct json_member target = { 0 };

	while (json_view_next(json_view_member(publish_signed(file), "targets"), &target))
		keep_target(kept, target.name, target.value);
}

/* A file is wanted until it was replaced so long ago that nobody is still fetching: that is when the next version
 * came, not when it was written itself. */
static void keep_versions(const struct publish_repo *repo, struct json_view *kept, const char *role, int64_t version,
			  int64_t older_s)
{
	for (; version > 0; version--) {
		char *path = mem_format("%s/metadata/%" PRId64 ".%s.json", repo->folder, version, role);
		struct stat stat_buf;
		bool is_old = stat(path, &stat_buf) != 0 || stat_buf.st_mtime <= older_s;
		struct json_view *file;
		struct err_note note;

		mem_free(path);
		keep_metadata(kept, role, version);
		if (publish_repo_old_role(repo, role, version, &file, &note) == 0) {
			keep_targets(kept, file);
			json_view_free(file);
		}
		if (is_old)
			return;
	}
}

static void list_kept(struct publish_call *call, struct json_view *kept, int64_t older_s)
{
	struct publish_repo *repo = call->served;

	json_build_set(kept, "metadata/timestamp.json", json_build_flag(true));
	keep_versions(repo, kept, "snapshot", publish_version(publish_signed(repo->snapshot)), older_s);
	for (size_t i = 0; i < repo->role_count; i++)
		keep_versions(repo, kept, repo->roles[i].name, repo->roles[i].version, older_s);
}

struct sweep {
	const char *top;
	struct json_view *kept;
	int64_t older_s;
	size_t removed, left, stuck;
	struct err_note note;		/* of the first that is stuck */
	int64_t bytes;
};

static bool is_root(const char *file)
{
	size_t len = strlen(file);

	return len > 10 && strcmp(file + len - 10, ".root.json") == 0;
}

static void sweep_folder(struct sweep *sweep, const char *folder)
{
	char *path = mem_format("%s/%s", sweep->top, folder);
	DIR *entries = opendir(path);

	mem_free(path);
	if (entries == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		char *file, *full;
		struct stat stat_buf;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		file = mem_format("%s/%s", folder, entry->d_name);
		full = mem_format("%s/%s", sweep->top, file);
		if (lstat(full, &stat_buf) == 0 && S_ISDIR(stat_buf.st_mode))
			sweep_folder(sweep, file);
		else if (is_root(file) || json_view_member(sweep->kept, file) != NULL
			 || stat_buf.st_mtime > sweep->older_s)
			sweep->left++;
		else if (unlink(full) == 0) {
			sweep->removed++;
			sweep->bytes += stat_buf.st_size;
		} else if (sweep->stuck++ == 0) {
			err_note_set(&sweep->note, full, 0, "cannot be removed: %s", err_text(-errno));
		}
		mem_free(full);
		mem_free(file);
	}
	closedir(entries);
}

int publish_gc_command(struct publish_call *call)
{
	uint64_t keep_ms = (uint64_t)KEEP_DAYS * DAY_S * 1000;
	int exit = publish_call_alone(call);

	if (exit == PUBLISH_DONE)
		exit = publish_call_open(call);
	if (exit != PUBLISH_DONE)
		return exit;
	if (call->keep != NULL && units_duration(call->keep, &keep_ms) != 0)
		return publish_call_wrong(call, "--keep %s: expected a time, as in 7d", call->keep);
	struct sweep sweep = {
		.top = call->served->folder, .kept = json_build_object(),
		.older_s = call->now_s - (int64_t)(keep_ms / 1000),
	};
	if (call->served->timestamp != NULL) {
		list_kept(call, sweep.kept, sweep.older_s);
		sweep_folder(&sweep, "metadata");
		sweep_folder(&sweep, "targets");
		printf("%zu files with %" PRId64 " bytes removed, %zu kept\n", sweep.removed, sweep.bytes,
		       sweep.left);
	}
	if (sweep.stuck > 0) {
		publish_call_fail(call, &sweep.note);
		exit = publish_call_say(call, "%zu file%s could not be removed", sweep.stuck, sweep.stuck == 1 ? "" : "s");
	}
	json_view_free(sweep.kept);
	return exit;
}
