/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: what each phase may take, and that an idle loop has nothing to wake for. */
#include "tests/unit/server/stream_kit.h"

static void without_clients_nothing_wakes_the_loop(void **state)
{
	struct kit *kit = *state;

	kit_turn(kit);
	assert_int_equal(uv_backend_timeout(&kit->worker.loop), -1);
	int fd = kit_client(kit);
	kit_turn(kit);
	assert_in_range(uv_backend_timeout(&kit->worker.loop), 1, kit_idle_ms);
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	kit_turn(kit);
	assert_int_equal(uv_backend_timeout(&kit->worker.loop), -1);
}

static void an_idle_client_is_closed_without_a_word(void **state)
{
	struct kit *kit = *state;

	kit_idle_ms = 20;
	int fd = kit_client(kit);
	kit_expect_end(kit, fd, "");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 0);
	close(fd);
}

static void each_message_begins_the_idle_time_anew(void **state)
{
	struct kit *kit = *state;
	int first = kit_client(kit), second = kit_client(kit);

	struct stream *stream = kit_oldest(kit, STREAM_IDLE);
	stream->since -= 900 * 1000;
	kit_say_text(kit, first, "here\n");
	kit_expect(kit, first, "here\n");
	assert_ptr_equal(kit->server->phases[STREAM_IDLE].newest, stream);
	kit_age(kit, stream, 900 * 1000);
	assert_int_equal(stream_server_count(kit->server), 2);
	close(first);
	close(second);
}

/* Bytes that drip in do not extend it: a message has its time from its first byte. */
static void a_slow_message_is_told_and_closed(void **state)
{
	struct kit *kit = *state;

	kit_io_ms = 30;
	int fd = kit_client(kit);
	for (int i = 0; i < 100 && send(fd, "d", 1, MSG_NOSIGNAL) == 1; i++)
		kit_turn(kit);
	kit_wait(kit, kit_counter(kit, COUNTER_HTTP_TIMEOUTS) == 1);
	kit_expect_end(kit, fd, "late\n");
	close(fd);
}

static void a_next_message_has_its_own_time(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "on");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	struct stream *stream = kit_oldest(kit, STREAM_BUSY);
	stream->since -= 900 * 1000;
	uint64_t since = stream->since;
	kit_say_text(kit, fd, "e");
	kit_wait(kit, stream->held_len == 3);
	assert_int_equal(stream->since, since);
	kit_say_text(kit, fd, "\ntw");
	kit_expect(kit, fd, "one\n");
	assert_int_equal(stream->phase, STREAM_BUSY);
	assert_true(stream->since > since);
	kit_age(kit, stream, 900 * 1000);
	kit_say_text(kit, fd, "o\n");
	kit_expect(kit, fd, "two\n");
	close(fd);
}

static void a_reader_that_takes_nothing_is_reset(void **state)
{
	struct kit *kit = *state;
	char buf[1000];
	int fd = kit_client(kit), end;

	kit_io_ms = 30;
	kit_say_text(kit, fd, "big 50000000\n");
	kit_wait(kit, kit_counter(kit, COUNTER_HTTP_TIMEOUTS) == 1);
	while (kit_hear(kit, fd, buf, sizeof buf, &end) == sizeof buf)
		;
	assert_int_equal(end, ECONNRESET);
	close(fd);
}

/* At each look it has taken some, so it may go on, until the whole write is too old. */
static void a_slow_reader_lives_while_it_moves(void **state)
{
	struct kit *kit = *state;
	struct stream *stream;
	int fd = kit_client(kit);

	kit_idle_ms = 5000 * 1000;
	kit_say_text(kit, fd, "big 9000000\n");
	kit_wait(kit, (stream = kit_oldest(kit, STREAM_WRITING)) != NULL);
	for (int look = 0; look < 3; look++) {
		stream->out->left++;	/* as if there had been one byte more */
		kit_age(kit, stream, 1001 * 1000);
		assert_ptr_equal(kit_oldest(kit, STREAM_WRITING), stream);
	}
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 0);

	stream->out->left++;
	stream->out->began -= 6000 * 1000;
	kit_age(kit, stream, 1001 * 1000);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 1);
	assert_int_equal(stream_server_count(kit->server), 0);
	close(fd);
}

static void lingering_has_an_end(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "close\n");
	kit_wait(kit, kit_oldest(kit, STREAM_LINGERING) != NULL);
	assert_int_equal(stream_server_count(kit->server), 1);
	kit_age(kit, kit_oldest(kit, STREAM_LINGERING), STREAM_LINGER_MS);
	assert_int_equal(stream_server_count(kit->server), 0);
	kit_expect_end(kit, fd, "bye\n");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(without_clients_nothing_wakes_the_loop),
		kit_test(an_idle_client_is_closed_without_a_word),
		kit_test(each_message_begins_the_idle_time_anew),
		kit_test(a_slow_message_is_told_and_closed),
		kit_test(a_next_message_has_its_own_time),
		kit_test(a_reader_that_takes_nothing_is_reset),
		kit_test(a_slow_reader_lives_while_it_moves),
		kit_test(lingering_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
