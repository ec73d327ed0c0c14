/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/files_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/base/file.h"
#include "conf/base/mem.h"
#include "redirect/files.h"

#define fault(note, err, ...) (err_note_set(note, NULL, 0, __VA_ARGS__), (err))

/* Opening a pipe would wait for its other end. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static int read_regular(int fd, const char *path, uint8_t **ret_bytes, size_t *ret_len, struct err_note *note)
{
	int err = file_read_fd(fd, REDIRECT_FILE_MAX, ret_bytes, ret_len);

	if (err == ERR_LIMIT)
		return fault(note, err, "\"%s\" is larger than %d bytes, the most of a static answer", path,
			     REDIRECT_FILE_MAX);
	return err != 0 ? fault(note, err, "\"%s\": %s", path, err_text(err)) : 0;
}

static bool is_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

int redirect_files_read_one(const char *path, uint8_t **ret_bytes, size_t *ret_len, struct err_note *note)
{
	int fd = open(path, OPEN_FLAGS);

	if (fd < 0)
		return fault(note, -errno, "\"%s\": %s", path, err_text(-errno));
	int err = is_regular(fd) ? read_regular(fd, path, ret_bytes, ret_len, note)
				 : fault(note, ERR_INVALID, "\"%s\" is no regular file", path);
	close(fd);
	return err;
}

/* ---- folders ---- */

struct walk {
	const char *folder;
	int top;		/* of the folder */
	redirect_files_fn *each;
	void *ctx;
	struct err_note *note;
	size_t seen;		/* entries, of any kind */
	char name[REDIRECT_NAME_MAX + 1];	/* below the folder, of what is looked at */
};

/* The kernel holds the path below the folder: whoever may write there cannot make us publish another file by
 * swapping a link while we read. Without openat2(2) no link is followed at all. */
static int open_below(const struct walk *walk, int folder, const char *last)
{
	struct open_how how = { .flags = OPEN_FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, walk->top, walk->name, &how, sizeof how);

	return fd < 0 && (errno == ENOSYS || errno == EPERM) ? openat(folder, last, OPEN_FLAGS | O_NOFOLLOW) : fd;
}

static int read_file(struct walk *walk, int folder, const char *last)
{
	int fd = open_below(walk, folder, last), err = 0;
	uint8_t *bytes = NULL;
	size_t len = 0;

	if (fd < 0 && (errno == ENOENT || errno == ENXIO))	/* gone meanwhile; a link to nothing; a socket */
		return 0;
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return fault(walk->note, -errno, "\"%s/%s\" is a symbolic link out of the folder", walk->folder,
			     walk->name);
	char *path = mem_format("%s/%s", walk->folder, walk->name);
	if (fd < 0)
		err = fault(walk->note, -errno, "\"%s\": %s", path, err_text(-errno));
	else if (is_regular(fd))
		err = read_regular(fd, path, &bytes, &len, walk->note);
	if (err == 0 && bytes != NULL)
		err = walk->each(walk->ctx, walk->name, path, bytes, len, walk->note);
	if (fd >= 0)
		close(fd);
	mem_free(path);
	return err;
}

static int read_entries(struct walk *walk, int fd, size_t name_len, unsigned depth);

static int read_entry(struct walk *walk, int folder, const char *last, size_t name_len, unsigned depth)
{
	struct stat status;
	size_t len = strlen(last);

	if (last[0] == '.')
		return 0;
	if (++walk->seen > REDIRECT_FILES_COUNT_MAX)
		return fault(walk->note, ERR_LIMIT, "\"%s\" has more than %d entries", walk->folder,
			     REDIRECT_FILES_COUNT_MAX);
	if (name_len + len > REDIRECT_NAME_MAX)
		return fault(walk->note, ERR_LIMIT, "\"%s/%s\": names below are longer than %d bytes", walk->folder,
			     walk->name, REDIRECT_NAME_MAX);
	memcpy(walk->name + name_len, last, len + 1);
	if (fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0
				       : fault(walk->note, -errno, "\"%s/%s\": %s", walk->folder, walk->name,
					       err_text(-errno));
	if (!S_ISDIR(status.st_mode))
		return read_file(walk, folder, last);
	if (depth == REDIRECT_FOLDER_DEPTH_MAX || name_len + len + 1 > REDIRECT_NAME_MAX)
		return fault(walk->note, ERR_LIMIT, "\"%s/%s\" is deeper than %d folders", walk->folder, walk->name,
			     REDIRECT_FOLDER_DEPTH_MAX);
	int fd = openat(folder, last, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return fault(walk->note, -errno, "\"%s/%s\": %s", walk->folder, walk->name, err_text(-errno));
	memcpy(walk->name + name_len + len, "/", 2);
	return read_entries(walk, fd, name_len + len + 1, depth + 1);
}

/* Takes fd. */
static int read_entries(struct walk *walk, int fd, size_t name_len, unsigned depth)
{
	DIR *entries = fdopendir(fd);
	struct dirent *entry;
	int err = 0;

	if (entries == NULL) {
		err = fault(walk->note, -errno, "\"%s\": %s", walk->folder, err_text(-errno));
		close(fd);
		return err;
	}
	while (err == 0 && (errno = 0, entry = readdir(entries)) != NULL)
		err = read_entry(walk, fd, entry->d_name, name_len, depth);
	if (err == 0 && errno != 0)
		err = fault(walk->note, -errno, "\"%s\": %s", walk->folder, err_text(-errno));
	closedir(entries);
	return err;
}

int redirect_files_read_folder(const char *folder, redirect_files_fn *each, void *ctx, struct err_note *note)
{
	struct walk *walk = mem_alloc(sizeof *walk);

	*walk = (struct walk){ .folder = folder, .each = each, .ctx = ctx, .note = note };
	walk->top = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	int err = walk->top < 0 ? fault(note, -errno, "folder \"%s\": %s", folder, err_text(-errno)) : 0;
	if (err == 0) {
		int fd = fcntl(walk->top, F_DUPFD_CLOEXEC, 0);

		err = fd < 0 ? fault(note, -errno, "folder \"%s\": %s", folder, err_text(-errno))
			     : read_entries(walk, fd, 0, 0);
		close(walk->top);
	}
	mem_free(walk);
	return err;
}
