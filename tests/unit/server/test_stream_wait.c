/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that wait for something that is not their client's. */
#include "tests/unit/server/stream_kit.h"

static void wait_for_one(struct kit *kit)
{
	kit_wait(kit, kit_oldest(kit, STREAM_WAITING) != NULL);
}

static void woken_it_is_fed_what_was_held(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "one\nwait\ntwo\n");
	kit_expect(kit, fd, "one\n");
	wait_for_one(kit);
	assert_int_equal(kit_oldest(kit, STREAM_WAITING)->held_len, 9);
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect(kit, fd, "wait\ntwo\n");
	assert_non_null(kit_oldest(kit, STREAM_IDLE));
	assert_null(kit_oldest(kit, STREAM_IDLE)->held);
	close(fd);
}

static void woken_it_is_fed_nothing(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "sleep\n");
	wait_for_one(kit);
	assert_int_equal(kit_oldest(kit, STREAM_WAITING)->held_len, 0);
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect(kit, fd, "slept\n");
	kit_say_text(kit, fd, "awake\n");
	kit_expect(kit, fd, "awake\n");
	close(fd);
}

/* What came meanwhile is in the kernel, not with us, and nothing tells again that it is there. */
static void nothing_is_read_meanwhile(void **state)
{
	struct kit *kit = *state;
	char more[3000];
	int fd = kit_client(kit);

	memset(more, 'm', sizeof more);
	more[sizeof more - 1] = '\n';
	kit_say_text(kit, fd, "wait\n");
	wait_for_one(kit);
	for (int i = 0; i < 20; i++)
		kit_say(kit, fd, more, sizeof more);
	assert_int_equal(kit_oldest(kit, STREAM_WAITING)->held_len, 5);
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect(kit, fd, "wait\nmmm");
	char rest[20 * sizeof more];
	int end;
	assert_int_equal(kit_hear(kit, fd, rest, sizeof rest - 3, &end), sizeof rest - 3);
	assert_int_equal(rest[sizeof rest - 4], '\n');
	close(fd);
}

static void woken_too_early_it_waits_in_the_same_time(void **state)
{
	struct kit *kit = *state;
	int first = kit_client(kit), second = kit_client(kit);

	kit_say_text(kit, first, "wait\n");
	wait_for_one(kit);
	kit_say_text(kit, second, "sleep\n");
	kit_wait(kit, kit_oldest(kit, STREAM_WAITING)->newer != NULL);
	struct stream *stream = kit_oldest(kit, STREAM_WAITING);
	uint64_t since = stream->since -= 1000;
	for (int i = 0; i < 3; i++)
		stream_server_wake(kit->server);
	assert_ptr_equal(kit_oldest(kit, STREAM_WAITING), stream);
	assert_int_equal(stream->since, since);
	assert_null(stream->newer->newer);
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect(kit, first, "wait\n");
	kit_expect(kit, second, "slept\n");
	close(first);
	close(second);
}

/* The next one has its own time, though the connection waited for the one before it as well. */
static void each_message_may_wait(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "wait\ngone\nsleep\n");
	wait_for_one(kit);
	kit_oldest(kit, STREAM_WAITING)->since -= kit_io_ms - 1;
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect(kit, fd, "wait\ngone\n");
	assert_non_null(kit_oldest(kit, STREAM_WAITING));
	kit_age(kit, kit_oldest(kit, STREAM_WAITING), kit_io_ms / 2);
	assert_non_null(kit_oldest(kit, STREAM_WAITING));
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect(kit, fd, "slept\n");
	close(fd);
}

static void waiting_has_an_end(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "wait\n");
	wait_for_one(kit);
	kit_age(kit, kit_oldest(kit, STREAM_WAITING), kit_io_ms);
	kit_expect_end(kit, fd, "late\n");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 1);
	close(fd);
}

static void a_client_that_breaks_off_is_noticed(void **state)
{
	struct kit *kit = *state;
	struct linger at_once = { 1, 0 };
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "wait\n");
	wait_for_one(kit);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	stream_server_wake(kit->server);
}

/* The end of its side is no refusal of the answer: before it waits, or meanwhile. */
static void a_half_closed_client_gets_its_answer(void **state)
{
	struct kit *kit = *state;

	for (int meanwhile = 0; meanwhile < 2; meanwhile++) {
		int fd = kit_client(kit);

		kit_there = false;
		assert_int_equal(send(fd, "wait\nand\n", 9, 0), 9);
		if (meanwhile)
			wait_for_one(kit);
		shutdown(fd, SHUT_WR);
		wait_for_one(kit);
		kit_turn(kit);
		kit_turn(kit);
		assert_non_null(kit_oldest(kit, STREAM_WAITING));
		kit_there = true;
		stream_server_wake(kit->server);
		kit_expect_end(kit, fd, "wait\nand\n");
		close(fd);
		kit_wait(kit, stream_server_count(kit->server) == 0);
	}
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
}

/* Who waits is busy: for the one who wants in, and for a stop. */
static void who_waits_is_not_sent_away(void **state)
{
	struct kit *kit = *state;

	kit_max_clients = 1;
	int fd = kit_client(kit);
	kit_say_text(kit, fd, "wait\n");
	wait_for_one(kit);
	int second = kit_connect(kit);
	kit_expect_end(kit, second, "full\n");
	close(second);
	stream_server_stop(kit->server, 100000);
	kit_turn(kit);
	assert_int_equal(stream_server_count(kit->server), 1);
	kit_there = true;
	stream_server_wake(kit->server);
	kit_expect_end(kit, fd, "wait\n");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(woken_it_is_fed_what_was_held),
		kit_test(woken_it_is_fed_nothing),
		kit_test(nothing_is_read_meanwhile),
		kit_test(woken_too_early_it_waits_in_the_same_time),
		kit_test(each_message_may_wait),
		kit_test(waiting_has_an_end),
		kit_test(a_client_that_breaks_off_is_noticed),
		kit_test(a_half_closed_client_gets_its_answer),
		kit_test(who_waits_is_not_sent_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
