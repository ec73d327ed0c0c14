/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/publish_repo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "sync/tuf_match.h"

/* A few files are waited for one by one; for many the whole file system is, once. */
enum { METADATA_MAX = 64 << 20, SYNC_ONE_BY_ONE = 16 };

#define TIMESTAMP_NEXT "timestamp.next.json"

struct json_view *publish_signed(struct json_view *envelope)
{
	return json_view_member(envelope, "signed");
}

static char *metadata_path(const struct publish_repo *repo, const char *name)
{
	return mem_format("%s/metadata/%s", repo->folder, name);
}

static char *metadata_name(const char *role, int64_t version)
{
	char *quoted = tuf_name_quote(role), *name = mem_format("%" PRId64 ".%s.json", version, quoted);

	mem_free(quoted);
	return name;
}

static int read_metadata(const struct publish_repo *repo, const char *name, struct json_view **ret_file,
			 struct err_note *note)
{
	char *path = metadata_path(repo, name);
	int err = publish_json_read(path, METADATA_MAX, ret_file, note);

	if (err == 0 && !json_view_is_object(publish_signed(*ret_file))) {
		err_note_set(note, path, 0, "is no metadata of TUF");
		json_view_free(*ret_file);
		err = ERR_FORMAT;
	}
	mem_free(path);
	return err;
}

static int64_t newest(const struct publish_repo *repo, const char *ending)
{
	char *path = metadata_path(repo, ".");
	DIR *entries = opendir(path);
	int64_t found = 0;

	mem_free(path);
	if (entries == NULL)
		return 0;
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		char *end;
		int64_t version = strtoll(entry->d_name, &end, 10);

		if (version > found && strcmp(end, ending) == 0)
			found = version;
	}
	closedir(entries);
	return found;
}

int publish_repo_read_root(struct publish_repo *repo, struct err_note *note)
{
	struct json_view *file;
	int64_t version = newest(repo, ".root.json");

	if (version == 0)
		return 0;
	char *name = metadata_name("root", version);
	int err = read_metadata(repo, name, &file, note);
	mem_free(name);
	if (err != 0)
		return err;
	json_view_free(repo->root);
	repo->root = file;
	repo->root_version = version;
	return 0;
}

void publish_repo_next_root(struct publish_repo *repo, struct json_view *file)
{
	json_view_free(repo->before_root);
	repo->before_root = repo->root;
	repo->root = json_build_copy(file);
	repo->root_version = publish_version(publish_signed(file));
}

static int compare_roles(const void *a, const void *b)
{
	const struct publish_role *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static void list_roles(struct publish_repo *repo)
{
	struct json_view *meta = json_view_member(publish_signed(repo->snapshot), "meta");
	struct json_member member = { 0 };

	while (json_view_next(meta, &member)) {
		size_t len = strlen(member.name);

		if (len <= 5)
			continue;
		mem_grow((void **)&repo->roles, &repo->role_room, repo->role_count, sizeof *repo->roles);
		repo->roles[repo->role_count++] = (struct publish_role){
			.name = mem_format("%.*s", (int)(len - 5), member.name),
			.version = publish_version(member.value),
		};
	}
	if (repo->role_count > 0)
		qsort(repo->roles, repo->role_count, sizeof *repo->roles, compare_roles);
}

static int read_all(struct publish_repo *repo, struct err_note *note)
{
	char *path = metadata_path(repo, "timestamp.json");
	bool is_new = access(path, F_OK) != 0 && errno == ENOENT;
	int err = publish_repo_read_root(repo, note);

	mem_free(path);
	/* A first release that was cut short has made nothing above version 1. Begun anew, all versions would be lower
	 * than what nodes have seen, and they would take none of it. */
	int64_t snapshot = is_new ? newest(repo, ".snapshot.json") : 0;
	if (err == 0 && snapshot > 1) {
		err_note_set(note, repo->folder, 0,
			     "metadata/timestamp.json is missing, though there is a snapshot of version %" PRId64
			     ": put it back from a copy or a mirror; one made anew would be older than what nodes have",
			     snapshot);
		return ERR_FORMAT;
	}
	if (err != 0 || is_new)
		return err;
	err = read_metadata(repo, "timestamp.json", &repo->timestamp, note);
	if (err != 0)
		return err;
	struct json_view *meta = json_view_member(publish_signed(repo->timestamp), "meta");
	char *name = metadata_name("snapshot", publish_version(json_view_member(meta, "snapshot.json")));
	err = read_metadata(repo, name, &repo->snapshot, note);
	mem_free(name);
	if (err == 0)
		list_roles(repo);
	return err;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* timestamp.next.json becomes timestamp.json: from then on the release is seen. */
static int show(const struct publish_repo *repo)
{
	char *next = metadata_path(repo, TIMESTAMP_NEXT), *path = metadata_path(repo, "timestamp.json");
	char *folder = metadata_path(repo, ".");
	int err = rename(next, path) != 0 ? -errno : sync_path(folder, O_RDONLY | O_DIRECTORY);

	mem_free(folder);
	mem_free(path);
	mem_free(next);
	return err;
}

/* What was about to be seen when the power failed may have been seen: then other versions of the same number would never
 * be taken by those who did. So that release is completed. A folder that cannot be written is read as it is. */
static void complete(const struct publish_repo *repo)
{
	char *path = metadata_path(repo, TIMESTAMP_NEXT);
	struct json_view *next, *now = NULL;
	struct err_note note;

	if (access(path, F_OK) == 0 && read_metadata(repo, TIMESTAMP_NEXT, &next, &note) == 0) {
		bool has = read_metadata(repo, "timestamp.json", &now, &note) == 0;

		if (publish_version(publish_signed(next)) > (has ? publish_version(publish_signed(now)) : 0))
			show(repo);
		else
			unlink(path);
		if (has)
			json_view_free(now);
		json_view_free(next);
	}
	mem_free(path);
}

int publish_repo_open(const char *folder, bool make, struct publish_repo **ret_repo, struct err_note *note)
{
	struct publish_repo *repo = mem_alloc(sizeof *repo);
	int err = 0;

	repo->folder = mem_string(folder);
	for (int i = 0; make && err == 0 && i < 2; i++) {
		char *path = mem_format("%s/%s", folder, i == 0 ? "metadata" : "targets");

		err = file_make_folders(path, 0755);
		if (err != 0)
			err_note_set(note, path, 0, "the folder cannot be made: %s", err_text(err));
		mem_free(path);
	}
	if (err == 0 && make)
		complete(repo);
	if (err == 0)
		err = read_all(repo, note);
	if (err != 0) {
		publish_repo_free(repo);
		return err;
	}
	*ret_repo = repo;
	return 0;
}

void publish_repo_free(struct publish_repo *repo)
{
	if (repo == NULL)
		return;
	for (size_t i = 0; i < repo->role_count; i++) {
		mem_free(repo->roles[i].name);
		json_view_free(repo->roles[i].file);
		json_view_free(repo->roles[i].next);
	}
	for (size_t i = 0; i < repo->written_count; i++)
		mem_free(repo->written[i]);
	json_view_free(repo->root);
	json_view_free(repo->before_root);
	json_view_free(repo->timestamp);
	json_view_free(repo->snapshot);
	mem_free(repo->written);
	mem_free(repo->roles);
	mem_free(repo->folder);
	mem_free(repo);
}

static struct publish_role *find_role(struct publish_repo *repo, const char *name, size_t *ret_place)
{
	size_t low = 0, high = repo->role_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(repo->roles[middle].name, name);

		if (order == 0)
			return &repo->roles[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_place = low;
	return NULL;
}

struct publish_role *publish_repo_role(struct publish_repo *repo, const char *name, bool make, struct err_note *note)
{
	size_t place;
	struct publish_role *role = find_role(repo, name, &place);

	if (role == NULL && !make) {
		err_note_set(note, NULL, 0, "the repository has no role %s", name);
		return NULL;
	}
	if (role == NULL) {
		mem_grow((void **)&repo->roles, &repo->role_room, repo->role_count, sizeof *repo->roles);
		role = &repo->roles[place];
		memmove(role + 1, role, (repo->role_count++ - place) * sizeof *role);
		*role = (struct publish_role){ .name = mem_string(name) };
	}
	if (role->file == NULL && role->version != 0
	    && publish_repo_old_role(repo, name, role->version, &role->file, note) != 0)
		return NULL;
	return role;
}

int publish_repo_old_role(const struct publish_repo *repo, const char *name, int64_t version,
			  struct json_view **ret_file,
			  struct err_note *note)
{
	char *file = metadata_name(name, version);
	int err = read_metadata(repo, file, ret_file, note);

	mem_free(file);
	return err;
}

char *publish_target_file(const char *path, const char *sha256)
{
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash + 1 - path);

	return mem_format("targets/%.*s%s.%s", folder, path, sha256, path + folder);
}

int publish_repo_target(const struct publish_repo *repo, const char *file, int64_t length, const char *sha256,
			uint8_t **ret_bytes, struct err_note *note)
{
	char *path = mem_format("%s/%s", repo->folder, file), digits[PUBLISH_KEYID_MAX];
	uint8_t digest[HASH_SHA256_BYTES], *bytes;
	size_t len;
	int err = file_read(path, length > 0 ? (size_t)length : 0, &bytes, &len);

	if (err != 0) {
		err_note_set(note, path, 0, "the released file cannot be read: %s", err_text(err));
	} else {
		hash_sha256((struct span){ bytes, len }, digest);
		hash_put_hex((struct span){ digest, sizeof digest }, digits);
		if ((int64_t)len != length || strcmp(digits, sha256) != 0) {
			err_note_set(note, path, 0, "is not the file that was released: its hash is another");
			mem_free(bytes);
			err = ERR_FORMAT;
		} else {
			*ret_bytes = bytes;
		}
	}
	mem_free(path);
	return err;
}

static bool has_bytes(const char *path, struct span bytes)
{
	uint8_t *there;
	size_t len;

	if (file_read(path, bytes.len, &there, &len) != 0)
		return false;
	bool same = span_equal((struct span){ there, len }, bytes);
	mem_free(there);
	return same;
}

static int make_folder_of(struct publish_repo *repo, const char *path)
{
	char *folder = mem_format("%.*s", (int)(strrchr(path, '/') - path), path);
	int err = 0;

	if (access(folder, F_OK) != 0) {
		repo->folders_made = true;
		err = file_make_folders(folder, 0755);
	}
	mem_free(folder);
	return err;
}

int publish_repo_put(struct publish_repo *repo, const char *file, struct span bytes, struct err_note *note)
{
	if (repo->dry)
		return 0;
	char *path = mem_format("%s/%s", repo->folder, file);
	int err = make_folder_of(repo, path);

	if (err == 0 && !has_bytes(path, bytes)) {
		err = file_replace_unsynced(path, bytes.at, bytes.len, 0644);
		repo->bytes_written += bytes.len;
		repo->files_written++;
	}
	if (err != 0)
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
	mem_grow((void **)&repo->written, &repo->written_room, repo->written_count, sizeof *repo->written);
	repo->written[repo->written_count++] = path;
	return err;
}

int publish_repo_put_metadata(struct publish_repo *repo, const char *role, struct json_view *envelope,
			      struct err_note *note)
{
	size_t len;
	uint8_t *bytes = publish_bytes(envelope, &len);
	char *name = metadata_name(role, publish_version(publish_signed(envelope)));
	char *file = mem_format("metadata/%s", name);
	int err = publish_repo_put(repo, file, (struct span){ bytes, len }, note);

	mem_free(file);
	mem_free(name);
	mem_free(bytes);
	return err;
}

static int sync_one_by_one(struct publish_repo *repo)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < repo->written_count; i++) {
		char *folder = mem_format("%.*s", (int)(strrchr(repo->written[i], '/') - repo->written[i]),
					  repo->written[i]);

		err = sync_path(repo->written[i], O_RDONLY);
		if (err == 0)
			err = sync_path(folder, O_RDONLY | O_DIRECTORY);
		mem_free(folder);
	}
	return err;
}

static int wait_for_disk(struct publish_repo *repo, struct err_note *note)
{
	bool few = repo->written_count <= SYNC_ONE_BY_ONE && !repo->folders_made;
	int err = few ? sync_one_by_one(repo) : file_sync_all(repo->folder);

	if (err != 0)
		err_note_set(note, repo->folder, 0, "what was written is not safe on disk (%s): nothing is released",
			     err_text(err));
	for (size_t i = 0; err == 0 && i < repo->written_count; i++)
		mem_free(repo->written[i]);
	if (err == 0) {
		repo->written_count = 0;
		repo->folders_made = false;
	}
	return err;
}

static int put_timestamp(struct publish_repo *repo, struct json_view *timestamp, struct err_note *note)
{
	size_t len;
	uint8_t *bytes = publish_bytes(timestamp, &len);
	char *next = metadata_path(repo, TIMESTAMP_NEXT), *path = metadata_path(repo, "timestamp.json");
	int err = file_replace(next, bytes, len, 0644);

	/* It is on disk under that name before anybody sees it: complete() finds it there. */
	if (err == 0)
		err = show(repo);
	if (err != 0) {
		err_note_set(note, path, 0, "cannot be written: %s", err_text(err));
		unlink(next);
	}
	repo->bytes_written += len;
	repo->files_written++;
	mem_free(bytes);
	mem_free(next);
	mem_free(path);
	return err;
}

static void take_next(struct publish_role *role)
{
	if (role->next == NULL)
		return;
	json_view_free(role->file);
	role->file = role->next;
	role->next = NULL;
	role->version = publish_version(publish_signed(role->file));
}

int publish_repo_commit(struct publish_repo *repo, struct json_view *snapshot, struct json_view *timestamp,
			struct err_note *note)
{
	int err = wait_for_disk(repo, note);

	/* From here to the rename a client may see the new root above what the old one's keys have signed, as it may
	 * when this process ends in between: it refuses that, and takes all of it at its next look. */
	if (err == 0 && repo->before_root != NULL) {
		err = publish_repo_put_metadata(repo, "root", repo->root, note);
		if (err == 0)
			err = wait_for_disk(repo, note);
	}
	if (err == 0)
		err = put_timestamp(repo, timestamp, note);
	if (err != 0)
		return err;
	for (size_t i = 0; i < repo->role_count; i++)
		take_next(&repo->roles[i]);
	if (snapshot != repo->snapshot) {
		json_view_free(repo->snapshot);
		repo->snapshot = json_build_copy(snapshot);
	}
	json_view_free(repo->timestamp);
	repo->timestamp = json_build_copy(timestamp);
	json_view_free(repo->before_root);
	repo->before_root = NULL;
	return 0;
}
