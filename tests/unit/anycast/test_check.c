/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of a check in a loop of its own: how many make a state, how long one may take, how far apart they are. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/anycast/check.h"
#include "server/node.h"

enum { RUNS = 40 };

static struct node node;
static struct conf_service service;
static struct conf_service_check kind;
static struct check subject;
static unsigned changes;
static uint64_t began[RUNS];
static size_t begun;

static void changed(void *ctx, struct check *check)
{
	assert_ptr_equal(ctx, &changes);
	assert_ptr_equal(check, &subject);
	changes++;
}

/* *port 0: any, which is told. */
static int listen_at(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1000), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void begin(enum conf_service_check_kind what, uint16_t port, unsigned rise, unsigned fall)
{
	static uv_loop_t loop;

	assert_int_equal(uv_loop_init(&loop), 0);
	node = (struct node){ .loop = &loop };
	service = (struct conf_service){ .name = "x", .interval_ms = 50, .timeout_ms = 40, .rise = rise, .fall = fall };
	kind = (struct conf_service_check){ .kind = what, .text = "a check", .path = "/" };
	kind.addr.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	changes = 0;
	begun = 0;
	check_start(&subject, &node, &service, &kind, changed, &changes);
	assert_int_equal(subject.state, CHECK_NEW);
}

/* Turns the loop until it has run so many times. */
static void run_until(uint64_t runs)
{
	while (subject.runs < runs) {
		uint64_t before = subject.began_ns;

		uv_run(node.loop, UV_RUN_ONCE);
		if (subject.began_ns != before && begun < RUNS)
			began[begun++] = subject.began_ns;
	}
}

static void end(void)
{
	check_close(&subject);
	uv_run(node.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(node.loop), 0);
}

static void test_rise_and_fall(void **state)
{
	uint16_t port = 0;
	int fd = listen_at(&port);

	(void)state;
	begin(CONF_CHECK_TCP_AT, port, 3, 2);
	run_until(2);
	assert_int_equal(subject.state, CHECK_NEW);
	run_until(3);
	assert_int_equal(subject.state, CHECK_UP);
	assert_true(strstr(subject.words, "connected") != NULL);
	assert_int_equal(subject.failures, 0);
	close(fd);
	run_until(4);
	assert_int_equal(subject.state, CHECK_UP);
	run_until(5);
	assert_int_equal(subject.state, CHECK_DOWN);
	assert_true(strstr(subject.words, "connection refused") != NULL);
	assert_int_equal(subject.failures, 2);
	/* What is told: both states, and each bad run. */
	assert_int_equal(changes, 3);
	run_until(7);
	assert_int_equal(subject.state, CHECK_DOWN);
	end();
}

/* One good run among bad ones begins the row again. */
static void test_rows(void **state)
{
	uint16_t port = 0;
	int fd = listen_at(&port);

	(void)state;
	begin(CONF_CHECK_TCP_AT, port, 1, 3);
	run_until(1);
	assert_int_equal(subject.state, CHECK_UP);
	close(fd);
	run_until(3);
	assert_int_equal(subject.failures, 2);
	fd = listen_at(&port);
	run_until(4);
	close(fd);
	run_until(6);
	assert_int_equal(subject.failures, 4);
	assert_int_equal(subject.state, CHECK_UP);
	run_until(7);
	assert_int_equal(subject.state, CHECK_DOWN);
	end();
}

/* A server that takes connections and says nothing. */
static void test_time_limit(void **state)
{
	uint16_t port = 0;
	int fd = listen_at(&port);

	(void)state;
	begin(CONF_CHECK_HTTP_AT, port, 1, 1);
	run_until(1);
	assert_int_equal(subject.state, CHECK_DOWN);
	assert_true(strstr(subject.words, "no answer within 40 ms") != NULL);
	assert_true(subject.took_ns >= 39 * UINT64_C(1000000));
	close(fd);
	end();
}

/* Never sooner than the interval less a tenth, and not all alike: nodes that start together do not stay together. */
static void test_jitter(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;
	uint16_t port = 0;
	int fd = listen_at(&port);

	(void)state;
	begin(CONF_CHECK_TCP_AT, port, 1, 1);
	run_until(RUNS);
	for (size_t i = 1; i < begun; i++) {
		uint64_t gap = began[i] - began[i - 1];

		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}
	/* The loop's clock has whole milliseconds. */
	assert_true(least >= 43 * UINT64_C(1000000));
	assert_true(most - least >= 2 * UINT64_C(1000000));
	close(fd);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rise_and_fall),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
