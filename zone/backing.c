/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/base/mem.h"

struct zone_backing {
	_Atomic unsigned holders;
	char *path;			/* or NULL */
	int fd;				/* without a name; else -1 */
	size_t size;
	dev_t device;
	ino_t inode;
	struct timespec changed;
};

struct zone_backing *zone_backing_of_file(const char *path, const struct stat *stat)
{
	struct zone_backing *backing = mem_alloc(sizeof *backing);

	backing->holders = 1;
	backing->path = mem_string(path);
	backing->fd = -1;
	backing->size = (size_t)stat->st_size;
	backing->device = stat->st_dev;
	backing->inode = stat->st_ino;
	backing->changed = stat->st_mtim;
	return backing;
}

static int write_all(int fd, const uint8_t *at, size_t left)
{
	while (left > 0) {
		ssize_t written = write(fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -ENOSPC;
		at += written;
		left -= (size_t)written;
	}
	return 0;
}

int zone_backing_of_bytes(const void *bytes, size_t size, struct zone_backing **ret_backing, struct err_note *note)
{
	int fd = memfd_create("catchment zone", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : write_all(fd, bytes, size);

	if (err != 0) {
		err_note_set(note, NULL, 0, "no memory file for the zone: %s", strerror(-err));
		if (fd >= 0)
			close(fd);
		return err;
	}
	struct zone_backing *backing = mem_alloc(sizeof *backing);
	backing->holders = 1;
	backing->fd = fd;
	backing->size = size;
	*ret_backing = backing;
	return 0;
}

struct zone_backing *zone_backing_retain(struct zone_backing *backing)
{
	atomic_fetch_add(&backing->holders, 1);
	return backing;
}

void zone_backing_release(struct zone_backing *backing)
{
	if (backing == NULL || atomic_fetch_sub(&backing->holders, 1) != 1)
		return;
	if (backing->fd >= 0)
		close(backing->fd);
	mem_free(backing->path);
	mem_free(backing);
}

size_t zone_backing_size(const struct zone_backing *backing)
{
	return backing->size;
}

static bool is_same(const struct zone_backing *backing, int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && stat.st_dev == backing->device && stat.st_ino == backing->inode
		&& (size_t)stat.st_size == backing->size && stat.st_mtim.tv_sec == backing->changed.tv_sec
		&& stat.st_mtim.tv_nsec == backing->changed.tv_nsec;
}

int zone_backing_map(const struct zone_backing *backing, size_t room, void **ret_bytes, struct err_note *note)
{
	int fd = backing->path == NULL ? backing->fd : open(backing->path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (backing->path != NULL && (fd < 0 || !is_same(backing, fd))) {
		err_note_set(note, backing->path, 0, "is no longer the file that is mapped");
		err = ERR_LIMIT;
		goto close_file;
	}
	void *bytes = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes != MAP_FAILED
	    && mmap(bytes, backing->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0)
		    == MAP_FAILED) {
		err = -errno;
		munmap(bytes, room);
	} else if (bytes == MAP_FAILED) {
		err = -errno;
	}
	if (err != 0)
		err_note_set(note, backing->path, 0, "mapping failed: %s", strerror(-err));
	else
		*ret_bytes = bytes;
close_file:
	if (backing->path != NULL && fd >= 0)
		close(fd);
	return err;
}
