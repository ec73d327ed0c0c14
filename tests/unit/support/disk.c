/* SPDX-License-Identifier: Apache-2.0 */
/* The calls, wrapped: counted, failed, written down. What becomes of it is told by tests/unit/support/disk_model.c. */
#include "tests/unit/support/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/disk_model.h"

int __real_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __real_link(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);
int __real_mkostemp(char *path, int flags);
int __real_open(const char *path, int flags, ...);
int __real_rename(const char *from, const char *to);
int __real_rmdir(const char *path);
int __real_syncfs(int fd);
int __real_unlink(const char *path);
int __real_unlinkat(int folder, const char *name, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __wrap_fsync(int fd);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_link(const char *from, const char *to);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkostemp(char *path, int flags);
int __wrap_open(const char *path, int flags, ...);
int __wrap_rename(const char *from, const char *to);
int __wrap_rmdir(const char *path);
int __wrap_syncfs(int fd);
int __wrap_unlink(const char *path);
int __wrap_unlinkat(int folder, const char *name, int flags);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

static struct {
	char folder[512];	/* "": nothing is watched */
	size_t calls, at;
	enum disk_fault fault;
	bool failed, full;
} disk;

const char *disk_fault_name(enum disk_fault fault)
{
	static const char *const names[DISK_FAULTS] = { "none", "eio", "full", "short", "kill", "kill behind" };

	return names[fault];
}

void disk_watch(const char *folder, size_t at, enum disk_fault fault)
{
	disk.folder[0] = '\0';
	if (folder == NULL)
		return;
	disk_model_begin(folder);
	disk.calls = 0;
	disk.at = at;
	disk.fault = fault;
	disk.failed = disk.full = false;
	snprintf(disk.folder, sizeof disk.folder, "%s", folder);
}

size_t disk_calls(void)
{
	return disk.calls;
}

bool disk_has_failed(void)
{
	return disk.failed;
}

static bool is_below(const char *path)
{
	size_t len = strlen(disk.folder);

	return len > 0 && strncmp(path, disk.folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool is_ours(int fd)
{
	return disk.folder[0] != '\0' && disk_model_has(fd);
}

/* What this call shall do. */
static enum disk_fault next(void)
{
	if (++disk.calls != disk.at)
		return DISK_NO_FAULT;
	disk.failed = true;
	if (disk.fault == DISK_KILL)
		raise(SIGKILL);
	disk.full = disk.fault == DISK_FULL;
	return disk.fault;
}

static bool fails(enum disk_fault fault, bool takes_room)
{
	if (fault == DISK_EIO || fault == DISK_FULL)
		errno = fault == DISK_EIO ? EIO : ENOSPC;
	else if (disk.full && takes_room)
		errno = ENOSPC;
	else
		return false;
	disk_model_note(&(struct disk_op){ .what = DISK_OP_FAILED });
	return true;
}

/* The call was made; op is what it did, when it did it. */
static int made(enum disk_fault fault, int result, const struct disk_op *op)
{
	int error = errno;

	if (fault == DISK_KILL_BEHIND)
		raise(SIGKILL);
	disk_model_note(result >= 0 ? op : &(struct disk_op){ .what = DISK_OP_FAILED });
	errno = error;
	return result;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	if (!is_ours(fd))
		return __real_write(fd, bytes, len);
	bool kill = disk.calls + 1 == disk.at && disk.fault == DISK_KILL;
	if (kill && __real_write(fd, bytes, len / 2) >= 0)
		raise(SIGKILL);
	enum disk_fault fault = next();
	if (fault == DISK_FULL || (fault == DISK_SHORT && len > 1)) {
		ssize_t half = __real_write(fd, bytes, len / 2);

		disk_model_note(&(struct disk_op){ .what = DISK_OP_WRITE, .fd = fd, .bytes = bytes, .len = len / 2 });
		errno = ENOSPC;
		return fault == DISK_FULL ? -1 : half;
	}
	if (fails(fault, true))
		return -1;
	return made(fault, (int)__real_write(fd, bytes, len),
		    &(struct disk_op){ .what = DISK_OP_WRITE, .fd = fd, .bytes = bytes, .len = len });
}

#define WRAPPED(ours, takes_room, call, ...)			\
	if (!(ours))						\
		return call;					\
	enum disk_fault fault = next();				\
	if (fails(fault, takes_room))				\
		return -1;					\
	return made(fault, call, &(struct disk_op){ __VA_ARGS__ })

int __wrap_fsync(int fd)
{
	WRAPPED(is_ours(fd), false, __real_fsync(fd), .what = DISK_OP_FSYNC, .fd = fd);
}

int __wrap_syncfs(int fd)
{
	WRAPPED(is_ours(fd), false, __real_syncfs(fd), .what = DISK_OP_SYNCFS);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	WRAPPED(is_ours(fd), false, __real_fchmod(fd, mode), .what = DISK_OP_NONE);
}

int __wrap_mkostemp(char *path, int flags)
{
	WRAPPED(is_below(path), true, __real_mkostemp(path, flags), .what = DISK_OP_CREATE, .path = path);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	/* Of those that are there it changes nothing. */
	if (!is_below(path) || access(path, F_OK) == 0)
		return __real_mkdir(path, mode);
	WRAPPED(true, true, __real_mkdir(path, mode), .what = DISK_OP_MKDIR, .path = path);
}

int __wrap_link(const char *from, const char *to)
{
	WRAPPED(is_below(to), true, __real_link(from, to), .what = DISK_OP_LINK, .path = from, .to = to);
}

int __wrap_rename(const char *from, const char *to)
{
	WRAPPED(is_below(to), false, __real_rename(from, to), .what = DISK_OP_RENAME, .path = from, .to = to);
}

int __wrap_unlink(const char *path)
{
	WRAPPED(is_below(path), false, __real_unlink(path), .what = DISK_OP_UNLINK, .path = path);
}

int __wrap_rmdir(const char *path)
{
	WRAPPED(is_below(path), false, __real_rmdir(path), .what = DISK_OP_UNLINK, .path = path);
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
	char path[1024], link[64];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
	len = readlink(link, path, sizeof path - 1 - strlen(name));
	if (len < 0)
		return __real_unlinkat(folder, name, flags);
	snprintf(path + len, sizeof path - (size_t)len, "/%s", name);
	WRAPPED(is_below(path), false, __real_unlinkat(folder, name, flags), .what = DISK_OP_UNLINK, .path = path);
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (!(flags & O_CREAT) || !is_below(path) || access(path, F_OK) == 0)
		return __real_open(path, flags, mode);
	WRAPPED(true, true, __real_open(path, flags, mode), .what = DISK_OP_CREATE, .path = path);
}
