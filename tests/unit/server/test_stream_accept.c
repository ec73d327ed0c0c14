/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, who has to go for it, and what happens without descriptors. */
#include <sys/resource.h>

#include "tests/unit/server/stream_kit.h"

static void the_longest_idle_makes_room(void **state)
{
	struct kit *kit = *state;

	kit_max_clients = 2;
	int first = kit_client(kit), second = kit_client(kit);
	kit_say_text(kit, first, "active\n");
	kit_expect(kit, first, "active\n");
	int third = kit_client(kit);
	kit_expect_end(kit, second, "");
	kit_say_text(kit, first, "one\n");
	kit_expect(kit, first, "one\n");
	kit_say_text(kit, third, "three\n");
	kit_expect(kit, third, "three\n");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_EVICTED), 1);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_REJECTED), 0);
	assert_int_equal(stream_server_count(kit->server), 2);
	close(first);
	close(second);
	close(third);
}

static void who_lingers_goes_before_who_is_idle(void **state)
{
	struct kit *kit = *state;

	kit_max_clients = 2;
	int idle = kit_client(kit), done = kit_client(kit);
	kit_say_text(kit, done, "close\n");
	kit_wait(kit, kit_oldest(kit, STREAM_LINGERING) != NULL);
	int third = kit_client(kit);
	kit_expect_end(kit, done, "bye\n");
	kit_say_text(kit, idle, "here\n");
	kit_expect(kit, idle, "here\n");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_EVICTED), 0);
	close(idle);
	close(done);
	close(third);
}

static void nobody_busy_has_to_go(void **state)
{
	struct kit *kit = *state;

	kit_max_clients = 1;
	int busy = kit_client(kit);
	kit_say_text(kit, busy, "hal");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	int fd = kit_connect(kit);
	assert_int_equal(send(fd, "hello\n", 6, 0), 6);
	kit_expect_end(kit, fd, "full\n");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_REJECTED), 1);
	kit_say_text(kit, busy, "f\n");
	kit_expect(kit, busy, "half\n");
	close(fd);
	close(busy);
}

/* As a reload may do. */
static void a_lower_limit_takes_hold_at_the_next_client(void **state)
{
	struct kit *kit = *state;
	int fds[5];

	for (int i = 0; i < 5; i++)
		fds[i] = kit_client(kit);
	kit_max_clients = 2;
	int last = kit_client(kit);
	assert_int_equal(stream_server_count(kit->server), 2);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_EVICTED), 4);
	kit_say_text(kit, fds[4], "newest\n");
	kit_expect(kit, fds[4], "newest\n");
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	close(last);
}

/* More at once than one turn accepts and one slab holds; slots come back. */
static void one_client_has_its_share(void **state)
{
	struct kit *kit = *state;
	uint64_t accepted;

	kit_client_most = 2;
	kit_max_clients = 4;
	int first = kit_client(kit), second = kit_client(kit), third = kit_connect(kit);
	kit_expect_end(kit, third, "");
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TCP_CLIENT_LIMIT), 1);
	assert_int_equal(stream_server_count(kit->server), 2);

	/* Others are not concerned; and who has enough makes nobody go. */
	int other = kit_connect_from(kit, 2), another = kit_connect_from(kit, 3), fourth = kit_connect(kit);
	kit_say_text(kit, other, "other\n");
	kit_expect(kit, other, "other\n");
	kit_say_text(kit, another, "another\n");
	kit_expect(kit, another, "another\n");
	kit_expect_end(kit, fourth, "");
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TCP_CLIENT_LIMIT), 2);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_EVICTED), 0);
	assert_int_equal(stream_server_count(kit->server), 4);

	/* One that ends makes room for the next of the same client. */
	close(first);
	kit_wait(kit, stream_server_count(kit->server) == 3);
	accepted = kit_counter(kit, COUNTER_HTTP_ACCEPTED);
	int fifth = kit_connect(kit);
	kit_wait(kit, kit_counter(kit, COUNTER_HTTP_ACCEPTED) == accepted + 1);
	close(second);
	close(third);
	close(other);
	close(another);
	close(fourth);
	close(fifth);
}

/* One that was refused for all being busy is not counted among its client's any more. */
static void who_is_refused_is_not_counted(void **state)
{
	struct kit *kit = *state;

	kit_client_most = 2;
	kit_max_clients = 1;
	int busy = kit_client(kit);
	kit_say_text(kit, busy, "half");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	for (int i = 0; i < 5; i++) {
		int fd = kit_connect(kit);

		kit_expect_end(kit, fd, "full\n");
		close(fd);
	}
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TCP_CLIENT_LIMIT), 0);
	close(busy);
}

static void nearly_full_each_has_one_turn(void **state)
{
	struct kit *kit = *state;
	int fds[10];

	kit_max_clients = 10;
	kit_protocol.hurry = true;
	for (int i = 0; i < 8; i++) {
		fds[i] = kit_client(kit);
		kit_say_text(kit, fds[i], "calm\n");
		kit_expect(kit, fds[i], "calm\n");
	}
	assert_int_equal(stream_server_count(kit->server), 8);
	fds[8] = kit_client(kit);
	kit_say_text(kit, fds[8], "nine\ntimes\n");
	kit_expect_end(kit, fds[8], "nine\ntimes\n");
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TCP_OVERLOAD), 1);
	close(fds[8]);
	kit_wait(kit, stream_server_count(kit->server) == 8);
	/* Those from before are not concerned until they ask while it is full. */
	kit_say_text(kit, fds[0], "calm\n");
	kit_expect(kit, fds[0], "calm\n");
	fds[8] = kit_client(kit);
	fds[9] = kit_client(kit);
	kit_say_text(kit, fds[1], "full\n");
	kit_expect_end(kit, fds[1], "full\n");
	/* An answer that the peer has to take first is given whole. */
	kit_say_text(kit, fds[2], "big 3000000\n");
	size_t len = 3000000;
	char *big = malloc(len + 1);
	int end;
	assert_int_equal(kit_hear(kit, fds[2], big, len + 1, &end), len);
	assert_int_equal(end, 0);
	free(big);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TCP_OVERLOAD), 3);
	for (int i = 0; i < 10; i++)
		close(fds[i]);
}

static void many_clients_twice(void **state)
{
	enum { MANY = 200 };
	struct kit *kit = *state;
	int fds[MANY];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++)
			fds[i] = kit_connect(kit);
		kit_wait(kit, stream_server_count(kit->server) == MANY);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(send(fds[i], "hello\n", 6, 0), 6);
		for (int i = 0; i < MANY; i++)
			kit_expect(kit, fds[i], "hello\n");
		for (int i = 0; i < MANY; i++)
			close(fds[i]);
		kit_wait(kit, stream_server_count(kit->server) == 0);
	}
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ACCEPTED), 2 * MANY);
}

static void out_of_descriptors_it_waits(void **state)
{
	struct kit *kit = *state;
	struct rlimit before, none;
	int idle = kit_client(kit), busy = kit_client(kit), fd = kit_connect(kit);

	kit_say_text(kit, idle, "idle\n");
	kit_expect(kit, idle, "idle\n");
	close(fd);
	kit_wait(kit, kit_counter(kit, COUNTER_HTTP_ACCEPTED) == 3);
	kit_say_text(kit, busy, "hal");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL && stream_server_count(kit->server) == 2);

	fd = kit_connect(kit);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	kit_wait(kit, kit->server->accept_again != 0);
	kit_say_text(kit, busy, "f\n");
	kit_expect(kit, busy, "half\n");
	kit_expect_end(kit, idle, "");	/* gave its descriptor back */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	kit_say_text(kit, fd, "patient\n");
	kit_expect(kit, fd, "patient\n");
	assert_int_equal(kit->server->accept_again, 0);
	close(idle);
	close(busy);
	close(fd);
}

/* The last ones are for the checks of content servers, not for clients. */
static void it_leaves_some_descriptors(void **state)
{
	struct kit *kit = *state;
	int idle = kit_client(kit), end = kit->server->fd_end;
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(end > 0 && (rlim_t)end < limit.rlim_cur);
	kit_say_text(kit, idle, "idle\n");
	kit_expect(kit, idle, "idle\n");
	kit->server->fd_end = 0;
	int fd = kit_connect(kit);
	kit_expect_end(kit, fd, "full\n");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_REJECTED), 1);
	assert_true(kit->server->accept_again != 0);
	kit_expect_end(kit, idle, "");	/* gave its descriptor back */
	kit->server->fd_end = end;
	close(fd);
	fd = kit_client(kit);
	kit_say_text(kit, fd, "next\n");
	kit_expect(kit, fd, "next\n");
	close(idle);
	close(fd);
}

/* A kernel that refuses to watch a socket; here one that cannot be watched. */
static void a_socket_that_cannot_be_watched(void **state)
{
	struct kit *kit = *state;
	int file = open("/dev/null", O_RDONLY), listening;
	struct err_note note;
	struct addr addr;

	assert_int_equal(addr_parse("127.0.0.1@1", 0, &addr), 0);
	addr.v4.sin_port = 0;
	assert_int_equal(listen_tcp("test", &addr, &listening, &note), 0);
	assert_null(stream_server_new(&kit->worker, &kit_protocol, (const int[]){ listening, file }, 2));
	assert_int_equal(fcntl(file, F_GETFD), -1);
	assert_int_equal(fcntl(listening, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(the_longest_idle_makes_room),
		kit_test(who_lingers_goes_before_who_is_idle),
		kit_test(nobody_busy_has_to_go),
		kit_test(a_lower_limit_takes_hold_at_the_next_client),
		kit_test(one_client_has_its_share),
		kit_test(who_is_refused_is_not_counted),
		kit_test(nearly_full_each_has_one_turn),
		kit_test(many_clients_twice),
		kit_test(out_of_descriptors_it_waits),
		kit_test(it_leaves_some_descriptors),
		kit_test(a_socket_that_cannot_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
