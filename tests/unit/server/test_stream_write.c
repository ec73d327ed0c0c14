/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to slow readers, and ends that lose nothing. */
#include "tests/unit/server/stream_kit.h"

static void a_close_answers_first(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "one\nclose\nignored\n");
	kit_expect_end(kit, fd, "one\nbye\n");
	assert_int_equal(stream_server_count(kit->server), 1);
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
}

/* Who has said that nothing follows is not waited for; a line behind is its own fault, and still no reset. */
static void a_last_message_needs_no_lingering(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "one\nfinal\n");
	kit_wait(kit, stream_server_count(kit->server) == 0);
	kit_expect_end(kit, fd, "one\nbye\n");
	close(fd);

	char *more = malloc(2 * STREAM_IN_BYTES);
	memset(more, 'm', 2 * STREAM_IN_BYTES);
	memcpy(more, "final\n", 6);
	fd = kit_client(kit);
	assert_int_equal(send(fd, more, 2 * STREAM_IN_BYTES, 0), 2 * STREAM_IN_BYTES);
	kit_wait(kit, kit_oldest(kit, STREAM_LINGERING) != NULL);
	kit_expect_end(kit, fd, "bye\n");
	close(fd);
	free(more);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
}

/* What the client still sends is read, or a reset would destroy "bye" before the client reads it. */
static void the_last_answer_survives_more_input(void **state)
{
	struct kit *kit = *state;
	char more[1000];
	int fd = kit_client(kit);

	memset(more, 'm', sizeof more);
	kit_say_text(kit, fd, "close\n");
	kit_wait(kit, kit_oldest(kit, STREAM_LINGERING) != NULL);
	for (int i = 0; i < 100; i++)
		kit_say(kit, fd, more, sizeof more);
	kit_wait(kit, kit_oldest(kit, STREAM_LINGERING)->discarded == 100 * sizeof more);
	kit_expect_end(kit, fd, "bye\n");
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
}

static void lingering_discards_a_bounded_amount(void **state)
{
	struct kit *kit = *state;
	char more[10000] = "";
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "close\n");
	kit_wait(kit, kit_oldest(kit, STREAM_LINGERING) != NULL);
	kit_wait(kit, (send(fd, more, sizeof more, MSG_NOSIGNAL), stream_server_count(kit->server) == 0));
	close(fd);
}

/* One that asks and does not read: one out buffer is copied, nothing more is read from it, and when it reads again
 * all comes in order. */
static void a_slow_reader_costs_one_buffer(void **state)
{
	enum { BIG = 5000000, TEXT = BIG + 200000 };
	struct kit *kit = *state;
	struct stream *stream;
	char *buf = calloc(1, TEXT), line[16];
	int fd = kit_client(kit), end;
	size_t len = 0;

	kit_say_text(kit, fd, "one\nbig 5000000\n");
	kit_wait(kit, (stream = kit_oldest(kit, STREAM_WRITING)) != NULL);
	assert_true(stream->out->len <= KIT_OUT);
	for (int i = 0; i < 1000; i++) {
		sprintf(line, "%d\n", i);
		if (send(fd, line, strlen(line), MSG_NOSIGNAL) > 0)
			len += strlen(line);
		kit_turn(kit);
	}
	assert_ptr_equal(kit_oldest(kit, STREAM_WRITING), stream);
	assert_true(stream->held_len <= STREAM_IN_BYTES);

	assert_int_equal(kit_hear(kit, fd, buf, 4 + BIG + len, &end), 4 + BIG + len);
	assert_memory_equal(buf, "one\nxxxx", 8);
	assert_memory_equal(buf + 4 + BIG - 2, "x\n0\n1\n2\n", 8);
	assert_memory_equal(buf + 4 + BIG + len - 8, "998\n999\n", 8);
	kit_wait(kit, kit_oldest(kit, STREAM_IDLE) == stream);
	assert_null(stream->out);
	assert_null(stream->held);
	free(buf);
	close(fd);
}

static void a_close_waits_for_a_slow_reader(void **state)
{
	enum { BIG = 5000000 };
	struct kit *kit = *state;
	char *buf = calloc(1, BIG + 100);
	int fd = kit_client(kit), end;

	kit_say_text(kit, fd, "big 5000000\nclose\nnever\n");
	kit_wait(kit, kit_oldest(kit, STREAM_WRITING) != NULL);
	assert_int_equal(kit_hear(kit, fd, buf, BIG + 100, &end), BIG + 4);
	assert_int_equal(end, 0);
	assert_string_equal(buf + BIG, "bye\n");
	free(buf);
	close(fd);
}

static void a_slow_reader_that_goes_away_is_noticed(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "big 5000000\n");
	kit_wait(kit, kit_oldest(kit, STREAM_WRITING) != NULL);
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 1);
}

static void a_stop_cuts_a_slow_reader_off(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "big 5000000\n");
	kit_wait(kit, kit_oldest(kit, STREAM_WRITING) != NULL);
	stream_server_stop(kit->server, 1);
	assert_int_equal(uv_run(&kit->worker.loop, UV_RUN_DEFAULT), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(a_close_answers_first),
		kit_test(a_last_message_needs_no_lingering),
		kit_test(the_last_answer_survives_more_input),
		kit_test(lingering_discards_a_bounded_amount),
		kit_test(a_slow_reader_costs_one_buffer),
		kit_test(a_close_waits_for_a_slow_reader),
		kit_test(a_slow_reader_that_goes_away_is_noticed),
		kit_test(a_stop_cuts_a_slow_reader_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
