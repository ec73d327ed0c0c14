/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/tool/publish_control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/base/clock.h"
#include "conf/base/mem.h"
#include "sync/json_build.h"

enum { PIECE_BYTES = 65536, LINE_TIMES = 10 };

static int open_socket(const char *path, uint64_t timeout_ms)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = (time_t)(timeout_ms / 1000), .tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000) };

	if (strlen(path) >= sizeof addr.sun_path)
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0)
		return fd;
	int err = -errno;
	close(fd);
	return err;
}

/* One line; its newline is cut off. Whoever answers must do so in LINE_TIMES the time that is waited for a byte of it. */
static int read_line(int fd, uint64_t timeout_ms, uint64_t max_bytes, uint8_t **ret_bytes, size_t *ret_len)
{
	uint64_t until_ns = clock_monotonic_ns() + LINE_TIMES * timeout_ms * 1000000;
	uint8_t *bytes = NULL;
	size_t len = 0, room = 0;
	int err = 0;

	while (err == 0 && (len == 0 || bytes[len - 1] != '\n')) {
		if (room - len < PIECE_BYTES) {
			room = room * 2 + PIECE_BYTES;
			bytes = mem_resize(bytes, room, 1);
		}
		ssize_t got = recv(fd, bytes + len, room - len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			err = got == 0 ? -ECONNRESET : errno == EAGAIN ? -ETIMEDOUT : -errno;
		else if (clock_monotonic_ns() > until_ns)
			err = -ETIMEDOUT;
		else if ((len += (size_t)got) > max_bytes)
			err = ERR_LIMIT;
	}
	if (err != 0) {
		mem_free(bytes);
		return err;
	}
	*ret_bytes = bytes;
	*ret_len = len - 1;
	return 0;
}

static struct json_view *take_reply(const char *path, struct span line, struct err_note *note)
{
	struct json_view *reply = json_view_parse(line, note), *report = NULL;
	bool ok = false;

	if (reply == NULL)
		return NULL;
	json_view_flag(json_view_member(reply, "ok"), &ok);
	const char *error = json_view_text(json_view_member(reply, "error"));
	struct json_view *data = json_view_member(json_view_member(reply, "data"), "report");
	if (ok && data != NULL)
		report = json_build_copy(data);
	else
		err_note_set(note, path, 0, "%.300s", error != NULL ? error : "what answers there is no node of ours");
	json_view_free(reply);
	return report;
}

struct json_view *publish_control_report(const char *path, uint64_t timeout_ms, uint64_t max_bytes, struct err_note *note)
{
	static const char request[] = "{\"command\":[\"sync\",\"report\"]}\n";
	int fd = open_socket(path, timeout_ms), err = fd < 0 ? fd : 0;
	struct json_view *report = NULL;
	uint8_t *line;
	size_t len;

	if (err == 0 && send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
		err = -errno;
	if (err == 0)
		err = read_line(fd, timeout_ms, max_bytes, &line, &len);
	if (err != 0) {
		err_note_set(note, path, 0, "the control socket does not answer: %s", err_text(err));
	} else {
		report = take_reply(path, (struct span){ line, len }, note);
		mem_free(line);
	}
	if (fd >= 0)
		close(fd);
	return report;
}
