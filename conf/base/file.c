/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"

int file_read_fd(int fd, size_t limit, uint8_t **ret_bytes, size_t *ret_len)
{
	uint8_t *bytes = NULL;
	size_t len = 0, room = 0;
	int err = 0;

	/* Read to the end instead of trusting st_size: it is 0 for pipes and /proc, and files grow. */
	for (;;) {
		if (len + 1 >= room) {
			size_t more = room ? room * 2 : 4096;
			void *grown = mem_try_resize(bytes, more);

			if (grown == NULL) {
				err = -ENOMEM;
				break;
			}
			room = more;
			bytes = grown;
		}
		ssize_t got = read(fd, bytes + len, room - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		len += (size_t)got;
		if (len > limit) {
			err = ERR_LIMIT;
			break;
		}
	}
	if (err != 0) {
		mem_free(bytes);
		return err;
	}
	bytes[len] = '\0';
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

int file_read(const char *path, size_t limit, uint8_t **ret_bytes, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int err = file_read_fd(fd, limit, ret_bytes, ret_len);
	close(fd);
	return err;
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

/* The rename itself is only safe from a power cut once the folder has been written out. */
static int sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? mem_string(".") : mem_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
	int err = 0;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	mem_free(folder);
	return err;
}

static int replace(const char *path, const void *bytes, size_t len, mode_t mode, bool durable)
{
	char *temporary = mem_format("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int err = 0;

	if (fd < 0) {
		err = -errno;
		goto free_name;
	}
	err = write_all(fd, bytes, len);
	if (err == 0 && durable && fsync(fd) != 0)
		err = -errno;
	if (err == 0 && fchmod(fd, mode) != 0)
		err = -errno;
	close(fd);
	if (err == 0 && rename(temporary, path) != 0)
		err = -errno;
	if (err != 0) {
		unlink(temporary);
		goto free_name;
	}
	if (durable)
		err = sync_folder_of(path);
free_name:
	mem_free(temporary);
	return err;
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	return replace(path, bytes, len, mode, true);
}

int file_replace_unsynced(const char *path, const void *bytes, size_t len, mode_t mode)
{
	return replace(path, bytes, len, mode, false);
}

int file_sync_all(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || syncfs(fd) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

int file_make_folders(const char *path, mode_t mode)
{
	char *copy = mem_string(path);
	int err = 0;

	for (char *at = copy + (copy[0] != '\0'); err == 0; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST)
			err = -errno;
		*at = was;
		if (was == '\0')
			break;
	}
	mem_free(copy);
	return err;
}

char *file_beside(const char *base, const char *path)
{
	const char *slash = strrchr(base, '/');

	if (path[0] == '/' || slash == NULL)
		return mem_string(path);
	return mem_format("%.*s/%s", (int)(slash - base), base, path);
}
