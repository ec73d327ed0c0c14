/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tuf_target.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/mem.h"

enum { PIECE_BYTES = 1 << 16, LEFT_OVER_S = 3600 };

/* No target is named so: a percent-encoded name has no hash mark. */
#define TEMPORARY "#XXXXXX"

struct tuf_target {
	struct tuf_file file;
	struct hash_run *run;
	char *path, *folder, *temporary;
	int64_t len;
	int fd;
	bool is_part;	/* temporary has a name that is found again */
	int err;	/* the first that was met */
	bool unsynced;
};

bool tuf_target_is_there(const char *path, const struct tuf_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	ssize_t got = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode) || stat.st_size != file->length) {
		close(fd);
		return false;
	}
	struct hash_run *run = hash_run_new(&file->hashes);
	uint8_t *piece = mem_alloc(PIECE_BYTES);
	int64_t len = 0;
	while (len <= file->length && (got = read(fd, piece, PIECE_BYTES)) > 0) {
		hash_run_take(run, (struct span){ piece, (size_t)got });
		len += got;
	}
	bool same = got == 0 && len == file->length && hash_run_mismatch(run) == NULL;
	mem_free(piece);
	hash_run_free(run);
	close(fd);
	return same;
}

static void target_free(struct tuf_target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	hash_run_free(target->run);
	mem_free(target->path);
	mem_free(target->folder);
	mem_free(target->temporary);
	mem_free(target);
}

static struct tuf_target *target_new(const char *path, const struct tuf_file *file)
{
	const char *slash = strrchr(path, '/');
	struct tuf_target *target = mem_alloc(sizeof *target);

	*target = (struct tuf_target){ .file = *file, .path = mem_string(path) };
	target->folder =
		slash == NULL ? mem_string(".") : mem_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
	target->run = hash_run_new(&file->hashes);
	return target;
}

static int no_file(struct tuf_target *target, int err, struct err_note *note)
{
	err_note_set(note, target->folder, 0, "no file can be written there: %s", err_text(err));
	target_free(target);
	return err;
}

int tuf_target_begin(const char *path, const struct tuf_file *file, struct tuf_target **ret_target,
		     struct err_note *note)
{
	struct tuf_target *target = target_new(path, file);

	target->temporary = mem_format("%s/" TEMPORARY, target->folder);
	target->fd = mkostemp(target->temporary, O_CLOEXEC);
	if (target->fd < 0)
		return no_file(target, -errno, note);
	*ret_target = target;
	return 0;
}

/* Through the hashes, to its end. One that cannot be this file's begins anew. */
static int take_part(struct tuf_target *target)
{
	uint8_t *piece = mem_alloc(PIECE_BYTES);
	struct stat stat;
	ssize_t got = 0;
	int err = fstat(target->fd, &stat) != 0 ? -errno : S_ISREG(stat.st_mode) ? 0 : -EEXIST;

	if (err == 0 && stat.st_size > target->file.length && ftruncate(target->fd, 0) != 0)
		err = -errno;
	while (err == 0 && (got = read(target->fd, piece, PIECE_BYTES)) > 0) {
		hash_run_take(target->run, (struct span){ piece, (size_t)got });
		target->len += got;
	}
	mem_free(piece);
	return err == 0 && got < 0 ? -errno : err;
}

int tuf_target_resume(const char *path, const char *part, const struct tuf_file *file, struct tuf_target **ret_target,
		      struct err_note *note)
{
	struct tuf_target *target = target_new(path, file);

	target->temporary = mem_string(part);
	target->is_part = true;
	struct stat stat;
	if (lstat(part, &stat) == 0 && !S_ISREG(stat.st_mode))
		unlink(part);	/* not ours */
	target->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = target->fd < 0 ? -errno : take_part(target);
	if (err != 0) {
		unlink(part);
		return no_file(target, err, note);
	}
	*ret_target = target;
	return 0;
}

int64_t tuf_target_have(const struct tuf_target *target)
{
	return target->len;
}

static int write_all(int fd, struct span piece)
{
	while (piece.len > 0) {
		ssize_t put = write(fd, piece.at, piece.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		piece.at += put;
		piece.len -= (size_t)put;
	}
	return 0;
}

int tuf_target_take(struct tuf_target *target, struct span piece)
{
	if (target->err == 0 && piece.len > (uint64_t)(target->file.length - target->len))
		target->err = ERR_LIMIT;
	if (target->err != 0)
		return target->err;
	hash_run_take(target->run, piece);
	target->len += (int64_t)piece.len;
	target->err = write_all(target->fd, piece);
	return target->err;
}

int tuf_target_fault(const struct tuf_target *target)
{
	return target->err;
}

static int check(struct tuf_target *target, struct err_note *note)
{
	if (target->err != 0 && target->err != ERR_LIMIT) {
		err_note_set(note, target->path, 0, "cannot be written: %s", err_text(target->err));
		return target->err;
	}
	if (target->err == ERR_LIMIT || target->len != target->file.length) {
		err_note_set(note, target->path, 0, "%s than the %" PRId64 " bytes that are listed (TUF 5.7.2)",
			     target->err == ERR_LIMIT ? "more" : "less", target->file.length);
		return ERR_INVALID;
	}
	const struct hash *wrong = hash_run_mismatch(target->run);
	if (wrong != NULL) {
		err_note_set(note, target->path, 0, "its %s is not the one that is listed (TUF 5.7.2)",
			     hash_name(wrong->kind));
		return ERR_INVALID;
	}
	return 0;
}

static int give_name(struct tuf_target *target)
{
	int folder, err = 0;

	if (fchmod(target->fd, 0644) != 0 || (!target->unsynced && fsync(target->fd) != 0)
	    || rename(target->temporary, target->path) != 0)
		return -errno;
	if (target->unsynced)
		return 0;
	folder = open(target->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fsync(folder) != 0)
		err = -errno;
	if (folder >= 0)
		close(folder);
	return err;
}

int tuf_target_end(struct tuf_target *target, struct err_note *note)
{
	int err = check(target, note);

	if (err == 0) {
		err = give_name(target);
		if (err != 0)
			err_note_set(note, target->path, 0, "cannot be stored: %s", err_text(err));
	}
	if (err != 0)
		unlink(target->temporary);
	target_free(target);
	return err;
}

void tuf_target_unsynced(struct tuf_target *target)
{
	target->unsynced = true;
}

void tuf_target_abandon(struct tuf_target *target)
{
	if (target == NULL)
		return;
	unlink(target->temporary);
	target_free(target);
}

void tuf_target_set_aside(struct tuf_target *target)
{
	if (!target->is_part || target->err != 0 || target->len < TUF_PART_MIN)
		unlink(target->temporary);
	target_free(target);
}

static bool is_left_over(int folder, const char *name, int64_t now_s)
{
	struct stat stat;

	if (name[0] != '#' || strlen(name) != sizeof TEMPORARY - 1)
		return false;
	for (const char *at = name + 1; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at))
			return false;
	}
	return fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(stat.st_mode)
		&& stat.st_mtime <= now_s - LEFT_OVER_S;
}

void tuf_target_sweep(const char *folder, int64_t now_s)
{
	DIR *entries = opendir(folder);

	if (entries == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(entries)) != NULL; ) {
		if (is_left_over(dirfd(entries), entry->d_name, now_s))
			unlinkat(dirfd(entries), entry->d_name, 0);
	}
	closedir(entries);
}
