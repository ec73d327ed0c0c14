/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a Unix stream socket on which each line is one JSON object: a request
 * {"command":["zone","show", "example.org"]} and its reply (docs/control-protocol.md). Many clients at once; each
 * has bounded buffers, so one that hangs hurts nobody. Main thread only.
 */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <sys/types.h>
#include <uv.h>

#include "conf/base/err.h"

struct control;
struct node;

enum {
	CONTROL_CLIENTS_MAX = 64,
	CONTROL_LINE_MAX = 64 << 10,	/* bytes of a request line */
	CONTROL_HANG_MS = 30000,	/* a client that reads nothing for so long while output waits is closed */
};

/* Binds path (mode 0660, group of the process) before privileges are dropped. A stale socket file is replaced;
 * one that a living process answers on is a fault. A missing folder is made when its parent is there. Gives the
 * descriptor, which listens already. -errno or ERR_LIMIT, with a note. Before threads start: it sets the umask
 * meanwhile. */
int control_bind(const char *path, int *ret_fd, struct err_note *note);
/* For the drop of privileges: gives the socket, and its folder if control_bind() made it, to the user that the node
 * becomes, so that control_close() can still remove it. -errno, and errno says the same. */
int control_chown(const char *path, uid_t uid, gid_t gid);
/* Takes fd over and serves on node's loop; path is removed again by control_close(). Has the process ignore
 * SIGPIPE. */
int control_start(struct node *node, int fd, const char *path, struct control **ret_control);
/* Stops taking commands; replies that are due (the one to "stop") are still written. Freed when its handles
 * closed. */
void control_close(struct control *control);

#endif
