/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket itself: binding, many clients, and clients that behave badly. One thread: the loop is
 * turned until what is waited for has happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/server/fake_node.h"

static char folder[64];
static char path[96];
static uv_loop_t loop;
static struct node node;

static int connect_to(const char *where)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", where);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turns the loop until fd has given a line (without its newline; test's buffer) or its end (""). */
static const char *hear(int fd)
{
	static char line[4 << 20];
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, line + len, 1, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno == ECONNRESET)) {
			line[len] = '\0';
			return line;
		}
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			uv_run(&loop, UV_RUN_NOWAIT);
			continue;
		}
		if (line[len] == '\n') {
			line[len] = '\0';
			return line;
		}
		len++;
		assert_true(len < sizeof line);
	}
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in: %.300s", part, text);
}

static int start(void **state)
{
	struct err_note note;
	int fd;

	(void)state;
	uv_loop_init(&loop);
	fake_init(&node, &loop, 20000);
	if (control_bind(path, &fd, &note) != 0)
		return -1;
	return control_start(&node, fd, path, &node.control);
}

static int stop(void **state)
{
	(void)state;
	control_close(node.control);
	uv_run(&loop, UV_RUN_DEFAULT);
	fake_fini(&node);
	return uv_loop_close(&loop);
}

static void test_bind(void **state)
{
	struct err_note note;
	struct stat st;
	int fd, other;
	char text[200];

	(void)state;
	assert_int_equal(control_bind(path, &fd, &note), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);

	/* A living one is left alone, and named. */
	assert_int_equal(control_bind(path, &other, &note), -EADDRINUSE);
	snprintf(text, sizeof text, "another node is running on %s (pid %ld)", path, (long)getpid());
	assert_string_equal(note.text, text);

	/* A dead one is replaced. */
	close(fd);
	assert_int_equal(control_bind(path, &fd, &note), 0);
	assert_int_equal(control_chown(path, getuid(), getgid()), 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(control_chown(path, getuid(), getgid()), -ENOENT);
}

static void test_bind_faults(void **state)
{
	struct err_note note;
	char text[300];
	int fd = -1;

	(void)state;
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
	assert_int_equal(control_bind(path, &fd, &note), -EEXIST);
	assert_has(note.text, "is no socket");
	assert_int_equal(unlink(path), 0);

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(control_bind(text, &fd, &note), ERR_LIMIT);
	assert_has(note.text, "299 bytes; a socket's has 1 to 107");
	assert_int_equal(control_bind("", &fd, &note), ERR_LIMIT);

	snprintf(text, sizeof text, "%s/a/b/control.sock", folder);
	assert_int_equal(control_bind(text, &fd, &note), -ENOENT);
	assert_has(note.text, "/a/b does not exist and cannot be made");
	assert_int_equal(fd, -1);

	/* One level is made, for /run/catchment. */
	snprintf(text, sizeof text, "%s/a/control.sock", folder);
	assert_int_equal(control_bind(text, &fd, &note), 0);
	close(fd);
	unlink(text);
	*strrchr(text, '/') = '\0';
	assert_int_equal(rmdir(text), 0);
}

static void test_lines(void **state)
{
	static const char status[] = "{\"command\":[\"status\"]}\n";
	int fd = connect_to(path);

	(void)state;
	say(fd, status);
	assert_has(hear(fd), "fake1");
	say(fd, "{\"command\":[\"status\"],\"id\":1}\r\n{\"command\":[\"reload\"],\"id\":2}\n"
		"{\"command\":[\"status\"],\"id\":3}\n");
	assert_has(hear(fd), "\"id\":1");
	assert_has(hear(fd), "\"id\":2");
	assert_has(hear(fd), "\"id\":3");
	for (size_t i = 0; i < sizeof status - 1; i++) {
		assert_int_equal(send(fd, status + i, 1, 0), 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_has(hear(fd), "fake1");
	say(fd, "garbage\n");
	assert_has(hear(fd), "not a line of JSON");
	/* Half-closed, without a newline: still answered, then closed. */
	say(fd, "{\"command\":[\"reload\"]}");
	shutdown(fd, SHUT_WR);
	assert_has(hear(fd), "\"generation\":6");
	assert_string_equal(hear(fd), "");
	close(fd);
}

static void test_long_lines(void **state)
{
	static char line[CONTROL_LINE_MAX + 2];
	int fd = connect_to(path);

	(void)state;
	/* The longest there may be. */
	memset(line, ' ', CONTROL_LINE_MAX);
	memcpy(line, "{\"command\":[\"status\"]}", 22);
	line[CONTROL_LINE_MAX] = '\n';
	for (int i = 0; i < 2; i++) {
		for (size_t sent = 0; sent < CONTROL_LINE_MAX + 1; sent += 4096) {
			size_t piece = CONTROL_LINE_MAX + 1 - sent < 4096 ? CONTROL_LINE_MAX + 1 - sent : 4096;

			assert_int_equal(send(fd, line + sent, piece, 0), piece);
			uv_run(&loop, UV_RUN_NOWAIT);
		}
		assert_has(hear(fd), "fake1");
	}
	/* One more. */
	line[CONTROL_LINE_MAX] = ' ';
	line[CONTROL_LINE_MAX + 1] = '\n';
	assert_int_equal(send(fd, line, CONTROL_LINE_MAX + 2, 0), CONTROL_LINE_MAX + 2);
	assert_has(hear(fd), "at most 65536 bytes");
	assert_string_equal(hear(fd), "");
	close(fd);
}

static void test_too_many(void **state)
{
	int fds[CONTROL_CLIENTS_MAX + 1];

	(void)state;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = connect_to(path);
		say(fds[i], "{\"command\":[\"log\"]}\n{\"comm");
		assert_has(hear(fds[i]), "\"level\"");
	}
	fds[CONTROL_CLIENTS_MAX] = connect_to(path);
	assert_has(hear(fds[CONTROL_CLIENTS_MAX]), "too many clients");
	assert_string_equal(hear(fds[CONTROL_CLIENTS_MAX]), "");
	close(fds[0]);
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_NOWAIT);
	close(fds[CONTROL_CLIENTS_MAX]);
	fds[0] = connect_to(path);
	say(fds[0], "{\"command\":[\"log\"]}\n");
	assert_has(hear(fds[0]), "\"level\"");
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}

/* One that never reads stops being read from and costs others nothing; it then leaves in the middle of it all. */
static void test_deaf(void **state)
{
	static const char ask[] = "{\"command\":[\"help\"]}\n";
	int deaf = connect_to(path), other = connect_to(path);
	size_t sent = 0;

	(void)state;
	for (int refused = 0; refused < 50;) {
		if (send(deaf, ask, sizeof ask - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			assert_int_equal(errno, EAGAIN);
			refused++;
		} else {
			sent += sizeof ask - 1;
			refused = 0;
		}
		uv_run(&loop, UV_RUN_NOWAIT);
		assert_true(sent < 16 << 20);
	}
	say(other, "{\"command\":[\"status\"]}\n");
	assert_has(hear(other), "fake1");
	close(deaf);
	say(other, "{\"command\":[\"status\"]}\n");
	assert_has(hear(other), "fake1");
	close(other);
}

static void test_gone_in_the_middle(void **state)
{
	static const char *const lines[] = {
		"{\"command\":[\"reload\"]}\n{\"command\":[\"reload\"]}\n{\"command\":[\"status\"]}\n",
		"{\"command\":[\"zone\",\"dump\",\"example.org\"]}\n",
		"{\"command\":[\"zone\",\"check\",\"example.org\"]}\n",
		"{\"command\":[\"events\",\"--follow\"]}\n",
		"{\"command\":[\"health\"]}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		for (int turns = 0; turns < 6; turns++) {
			int fd = connect_to(path), other = connect_to(path);

			say(fd, lines[i]);
			for (int turn = 0; turn < turns; turn++)
				uv_run(&loop, UV_RUN_NOWAIT);
			close(fd);
			events_add(node.events, LOG_LEVEL_INFO, "zone", "zone example.org: changed");
			say(other, "{\"command\":[\"reload\"]}\n");
			assert_has(hear(other), "\"ok\":true");
			close(other);
		}
	}
}

static void test_dump_over_the_socket(void **state)
{
	int fd = connect_to(path);
	size_t lines = 0;
	const char *line;

	(void)state;
	say(fd, "{\"command\":[\"zone\",\"dump\",\"example.org\"],\"id\":\"d\"}\n");
	do {
		line = hear(fd);
		assert_has(line, "\"id\":\"d\"");
		lines++;
	} while (strstr(line, "\"more\":true") != NULL);
	assert_true(lines > 5);
	assert_has(line, "\"serial\":7");
	close(fd);
}

static void test_follow_and_stop(void **state)
{
	int follower = connect_to(path), stopper = connect_to(path);

	(void)state;
	say(follower, "{\"command\":[\"events\",\"--follow\"]}\n");
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_NOWAIT);
	events_add(node.events, LOG_LEVEL_INFO, "zone", "zone example.org: the last thing");
	for (const char *line = ""; strstr(line, "the last thing") == NULL;) {
		line = hear(follower);
		assert_has(line, "\"live\":true");
	}
	say(stopper, "{\"command\":[\"stop\"]}\n{\"command\":[\"status\"]}\n");
	assert_has(hear(stopper), "stopping");
	assert_string_equal(hear(stopper), "");
	assert_has(hear(follower), "control: stop");
	assert_has(hear(follower), "\"ok\":true");
	assert_string_equal(hear(follower), "");
	assert_int_equal(fake.stops, 1);
	assert_int_equal(access(path, F_OK), -1);
	close(follower);
	close(stopper);
	uv_run(&loop, UV_RUN_DEFAULT);	/* comes to its end: no handle is left */
	fake_fini(&node);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* A reload under way when the stop comes: its client gets the truth before the socket closes. */
static void test_stop_waits_for_a_reload(void **state)
{
	int fd = connect_to(path);

	(void)state;
	say(fd, "{\"command\":[\"reload\"]}\n");
	while (fake.reloads == 0)
		uv_run(&loop, UV_RUN_NOWAIT);
	control_close(node.control);
	assert_has(hear(fd), "\"generation\":6");
	assert_string_equal(hear(fd), "");
	close(fd);
	uv_run(&loop, UV_RUN_DEFAULT);
	fake_fini(&node);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_bind_faults),
		cmocka_unit_test_setup_teardown(test_lines, start, stop),
		cmocka_unit_test_setup_teardown(test_long_lines, start, stop),
		cmocka_unit_test_setup_teardown(test_too_many, start, stop),
		cmocka_unit_test_setup_teardown(test_deaf, start, stop),
		cmocka_unit_test_setup_teardown(test_gone_in_the_middle, start, stop),
		cmocka_unit_test_setup_teardown(test_dump_over_the_socket, start, stop),
		cmocka_unit_test_setup(test_follow_and_stop, start),
		cmocka_unit_test_setup(test_stop_waits_for_a_reload, start),
	};

	log_setup(LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	snprintf(folder, sizeof folder, "/tmp/catchment-control-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/control.sock", folder);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
