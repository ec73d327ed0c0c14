/* SPDX-License-Identifier: Apache-2.0 */
#include "server/control.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/base/mem.h"

enum { BACKLOG = 256, LOCK_TRIES = 100, LOCK_EVERY_US = 10000 };

/* Whether control_bind() made the folder of the socket; once in a process, before threads. */
static bool made_folder;

static char *folder_of(const char *path)
{
	char *copy = mem_string(path);
	char *folder = mem_string(dirname(copy));

	mem_free(copy);
	return folder;
}

static int make_folder(const char *folder, struct err_note *note)
{
	int err = 0;

	if (mkdir(folder, 0755) == 0) {
		made_folder = true;
	} else if (errno != EEXIST) {
		err = -errno;
		err_note_set(note, NULL, 0, "control-socket: the folder %s does not exist and cannot be made: %s",
			     folder, err_text(err));
	}
	return err;
}

/* Two nodes that start together must not both find the old socket stale and remove each other's: they look one behind
 * the other. A lock that somebody keeps is not worth failing for. */
static int lock_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
		usleep(LOCK_EVERY_US);
	return fd;
}

static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t old = umask(0117);	/* 0660: the file's mode is who may command */
	int err = bind(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 ? 0 : -errno;

	umask(old);
	return err;
}

/* The name is taken: 0 when what has it was a socket nobody listens on, and it is gone now. */
static int remove_stale(const struct sockaddr_un *addr, struct err_note *note)
{
	struct ucred owner = { 0 };
	socklen_t len = sizeof owner;
	struct stat st;

	if (lstat(addr->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		err_note_set(note, NULL, 0, "control-socket: %s exists and is no socket", addr->sun_path);
		return -EEXIST;
	}

	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0) {
		int err = -errno;

		err_note_set(note, NULL, 0, "control-socket: %s", err_text(err));
		return err;
	}
	int refused = connect(probe, (const struct sockaddr *)addr, sizeof *addr) == 0 ? 0 : errno;
	if (refused == 0 && getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &owner, &len) != 0)
		owner.pid = 0;
	close(probe);
	if (refused == ECONNREFUSED || refused == ENOENT) {
		if (unlink(addr->sun_path) == 0 || errno == ENOENT)
			return 0;
		refused = errno;
	}
	if (refused == 0 && owner.pid > 0)
		err_note_set(note, NULL, 0, "another node is running on %s (pid %ld)", addr->sun_path,
			     (long)owner.pid);
	else if (refused == 0 || refused == EAGAIN)	/* EAGAIN: alive, with a full queue */
		err_note_set(note, NULL, 0, "another node is running on %s", addr->sun_path);
	else
		err_note_set(note, NULL, 0, "control-socket: %s: %s", addr->sun_path, err_text(-refused));
	return refused == 0 || refused == EAGAIN ? -EADDRINUSE : -refused;
}

/* Binds and listens: a socket that is bound and does not listen yet would look stale to another node. */
static int take_name(int fd, const struct sockaddr_un *addr, struct err_note *note)
{
	int err = bind_private(fd, addr);

	if (err == -EADDRINUSE) {
		err = remove_stale(addr, note);
		if (err != 0)
			return err;
		err = bind_private(fd, addr);
	}
	if (err == 0 && listen(fd, BACKLOG) != 0)
		err = -errno;
	if (err != 0)
		err_note_set(note, NULL, 0, "control-socket: cannot bind %s: %s", addr->sun_path, err_text(err));
	return err;
}

int control_bind(const char *path, int *ret_fd, struct err_note *note)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof addr.sun_path) {
		err_note_set(note, NULL, 0, "control-socket: a path of %zu bytes; a socket's has 1 to %zu", len,
			     sizeof addr.sun_path - 1);
		return ERR_LIMIT;
	}
	memcpy(addr.sun_path, path, len);

	char *folder = folder_of(path);
	int err = make_folder(folder, note);
	if (err != 0)
		goto free_folder;

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err = -errno;
		err_note_set(note, NULL, 0, "control-socket: %s", err_text(err));
		goto free_folder;
	}
	int lock = lock_folder(folder);
	err = take_name(fd, &addr, note);
	if (lock >= 0)
		close(lock);
	if (err == 0)
		*ret_fd = fd;
	else
		close(fd);
free_folder:
	mem_free(folder);
	return err;
}

int control_chown(const char *path, uid_t uid, gid_t gid)
{
	char *folder = folder_of(path);
	int err = lchown(path, uid, gid) == 0 ? 0 : errno;

	if (err == 0 && made_folder && lchown(folder, uid, gid) != 0)
		err = errno;
	mem_free(folder);
	errno = err;
	return -err;
}
