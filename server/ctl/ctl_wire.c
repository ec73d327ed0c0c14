/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/base/mem.h"

/* A reply line holds at most what one answer holds; beyond this somebody else is talking. */
enum { REPLY_LINE_MAX = 64 << 20, READ_BYTES = 64 << 10 };

static const char *connect_fault(int err)
{
	switch (err) {
	case ENOENT: return "no such file: is catchmentd running?";
	case ECONNREFUSED: return "nobody listens on it: catchmentd is not running";
	case EACCES: return "permission denied: its file mode says who may command the node";
	case EAGAIN: return "the node takes no more clients now";
	default: return strerror(err);
	}
}

int ctl_connect(struct ctl_wire *wire, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct ucred daemon = { 0 };
	socklen_t len = sizeof daemon;

	*wire = (struct ctl_wire){ .fd = -1 };
	if (path[0] == '\0' || strlen(path) >= sizeof addr.sun_path) {
		fprintf(stderr, "catchmentctl: %s: the path of a socket has 1 to %zu bytes\n", path,
			sizeof addr.sun_path - 1);
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path));
	wire->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (wire->fd < 0 || connect(wire->fd, (const struct sockaddr *)&addr, sizeof addr) != 0) {
		fprintf(stderr, "catchmentctl: %s: %s\n", path, connect_fault(errno));
		ctl_disconnect(wire);
		return -1;
	}
	if (getsockopt(wire->fd, SOL_SOCKET, SO_PEERCRED, &daemon, &len) == 0)
		wire->daemon = daemon.pid;
	return 0;
}

int ctl_send(struct ctl_wire *wire, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, sent = 0;

	if (text == NULL) {
		fprintf(stderr, "catchmentctl: the command is not UTF-8 text\n");
		return -1;
	}
	text[len++] = '\n';	/* in the place of its end */
	while (sent < len) {
		ssize_t n = send(wire->fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;	/* the reason why may already wait for us */
		sent += (size_t)n;
	}
	mem_free(text);
	return 0;
}

/* Reads on until there is a newline; gives its place in the bytes from start on, or -1. */
static ssize_t find_newline(struct ctl_wire *wire)
{
	size_t looked = 0;

	for (;;) {
		if (wire->len > looked) {
			char *from = wire->bytes + wire->start;
			const char *end = memchr(from + looked, '\n', wire->len - looked);

			if (end != NULL)
				return end - from;
			looked = wire->len;
			if (wire->start > 0)
				memmove(wire->bytes, from, wire->len);
		}
		wire->start = 0;
		if (wire->room - wire->len < READ_BYTES) {
			wire->room = wire->room * 2 + READ_BYTES;
			wire->bytes = mem_resize(wire->bytes, wire->room, 1);
		}

		ssize_t n = recv(wire->fd, wire->bytes + wire->len, wire->room - wire->len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || wire->len + (size_t)n > REPLY_LINE_MAX)
			return -1;
		wire->len += (size_t)n;
	}
}

json_t *ctl_receive(struct ctl_wire *wire)
{
	json_error_t error;
	ssize_t len = find_newline(wire);

	if (len < 0) {
		fprintf(stderr, "catchmentctl: the node closed the connection before it had answered\n");
		return NULL;
	}

	json_t *line = json_loadb(wire->bytes + wire->start, (size_t)len, 0, &error);
	wire->start += (size_t)len + 1;
	wire->len -= (size_t)len + 1;
	if (!json_is_object(line)) {
		fprintf(stderr, "catchmentctl: what came back is no reply of catchmentd\n");
		json_decref(line);
		return NULL;
	}
	return line;
}

void ctl_disconnect(struct ctl_wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
	mem_free(wire->bytes);
	wire->bytes = NULL;
}
