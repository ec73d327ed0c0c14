/* SPDX-License-Identifier: Apache-2.0 */
/* Input of a connection: messages however they are cut, limits, turns, and stopping. */
#include "tests/unit/server/stream_kit.h"

static void answers_lines_however_they_are_cut(void **state)
{
	struct kit *kit = *state;
	static const char text[] = "one\ntwo\nthree\n";

	for (size_t cut = 0; cut < sizeof text; cut++) {
		int fd = kit_client(kit);

		kit_say(kit, fd, text, cut);
		kit_say(kit, fd, text + cut, sizeof text - 1 - cut);
		kit_expect(kit, fd, text);
		close(fd);
	}
	int fd = kit_client(kit);
	for (size_t i = 0; i < sizeof text - 1; i++)
		kit_say(kit, fd, text + i, 1);
	kit_expect(kit, fd, text);
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
}

static void an_idle_connection_holds_no_bytes(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "par");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	assert_int_equal(kit_oldest(kit, STREAM_BUSY)->held_len, 3);
	assert_int_equal(kit_oldest(kit, STREAM_BUSY)->held_room, 3);
	kit_say_text(kit, fd, "t\n");
	kit_expect(kit, fd, "part\n");
	assert_null(kit_oldest(kit, STREAM_IDLE)->held);
	/* What a node pays for each client that only waits, beside its protocol's state. */
	assert_true(sizeof(struct stream) <= 96);
	close(fd);
}

/* Long enough to leave the shared buffer for one of its own. */
static void a_long_message_in_pieces(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);
	char text[KIT_PENDING + 2];

	memset(text, 'y', sizeof text);
	text[KIT_PENDING - 1] = '\n';
	text[KIT_PENDING] = '\0';
	for (size_t at = 0; at < KIT_PENDING; at += 100) {
		kit_say(kit, fd, text + at, KIT_PENDING - at < 100 ? KIT_PENDING - at : 100);
		for (int i = 0; i < 3; i++)
			kit_turn(kit);
		for (struct stream *stream = kit_oldest(kit, STREAM_BUSY); stream != NULL; stream = stream->newer)
			assert_true(stream->held_room <= KIT_PENDING + 1);
	}
	kit_expect(kit, fd, text);
	kit_say_text(kit, fd, "after\n");
	kit_expect(kit, fd, "after\n");
	close(fd);
}

static void a_message_too_long_ends_the_connection(void **state)
{
	struct kit *kit = *state;
	char text[KIT_PENDING + 1];
	int fd = kit_client(kit), end;

	memset(text, 'y', sizeof text);
	kit_say(kit, fd, text, KIT_PENDING);
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL && kit_oldest(kit, STREAM_BUSY)->held_len == KIT_PENDING);
	kit_say(kit, fd, text, 1);
	assert_int_equal(kit_hear(kit, fd, text, sizeof text, &end), 0);
	assert_int_equal(end, 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 1);
	close(fd);
}

static void a_half_closed_client_gets_what_is_complete(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "one\nbig 300000\ntwo\npart");
	shutdown(fd, SHUT_WR);

	char *buf = calloc(1, 400000);
	int end;
	assert_int_equal(kit_hear(kit, fd, buf, 400000, &end), 4 + 300000 + 4);
	assert_int_equal(end, 0);
	assert_memory_equal(buf, "one\nxxx", 7);
	assert_string_equal(buf + 300003, "\ntwo\n");
	free(buf);
	close(fd);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
}

static void a_fault_is_counted_after_what_was_right(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "one\nfault\ntwo\n");
	kit_expect_end(kit, fd, "one\n");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 1);
	close(fd);
}

static void a_reset_is_an_error_of_that_client_alone(void **state)
{
	struct kit *kit = *state;
	struct linger at_once = { 1, 0 };
	int good = kit_client(kit), bad = kit_client(kit);

	setsockopt(bad, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(bad);
	kit_wait(kit, stream_server_count(kit->server) == 1);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 1);
	kit_say_text(kit, good, "still\n");
	kit_expect(kit, good, "still\n");
	close(good);
}

/* Whoever sends more than a buffer gives way once a turn: another's line is answered before the flood is. */
static void a_flood_gives_way(void **state)
{
	struct kit *kit = *state;
	enum { LINES = 12000 };
	char *flood = malloc(LINES * 2), *back = malloc(LINES * 2);
	int fd = kit_client(kit), other = kit_client(kit), end;
	bool yielded = false;
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < LINES; i++)
		memcpy(flood + 2 * i, (char[]){ (char)('a' + i % 26), '\n' }, 2);
	while (sent < LINES * 2) {
		ssize_t n = send(fd, flood + sent, LINES * 2 - sent, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		kit_turn(kit);
		yielded = yielded || kit->server->phases[STREAM_YIELDED].oldest != NULL;
		while ((n = recv(fd, back + got, LINES * 2 - got, 0)) > 0)
			got += (size_t)n;
	}
	assert_true(yielded);
	kit_say_text(kit, other, "me too\n");
	kit_expect(kit, other, "me too\n");
	got += kit_hear(kit, fd, back + got, LINES * 2 - got, &end);
	assert_int_equal(got, LINES * 2);
	assert_memory_equal(back, flood, LINES * 2);
	kit_turn(kit);
	kit_turn(kit);
	assert_null(kit_oldest(kit, STREAM_YIELDED));
	assert_false(uv_is_active((uv_handle_t *)&kit->server->next_turn));
	close(fd);
	close(other);
	free(flood);
	free(back);
}

static void stop_answers_what_is_in_flight(void **state)
{
	struct kit *kit = *state;
	int idle = kit_client(kit), busy = kit_client(kit), asking = kit_client(kit), never = kit_client(kit);
	int late = kit_connect(kit);	/* still in the backlog */

	kit_say_text(kit, busy, "hal");
	kit_say_text(kit, never, "nev");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL && kit_oldest(kit, STREAM_BUSY)->newer != NULL);
	/* In the kernel, not read yet. */
	assert_int_equal(send(asking, "ask\n", 4, 0), 4);
	assert_int_equal(send(late, "late\n", 5, 0), 5);
	kit_wait(kit, true);
	stream_server_stop(kit->server, 100000);

	kit_expect_end(kit, idle, "");
	kit_expect_end(kit, asking, "ask\n");
	kit_expect_end(kit, late, "late\n");
	kit_say_text(kit, busy, "f\n");
	kit_expect_end(kit, busy, "half\n");
	close(idle);
	close(asking);
	close(late);
	close(busy);
	kit_wait(kit, stream_server_count(kit->server) == 1);

	int refused = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(refused, &kit->addr.any, addr_len(&kit->addr)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(refused);

	kit->server->grace_due = 0;
	kit->server->timer.timer_cb(&kit->server->timer);
	kit_expect_end(kit, never, "");
	close(never);
	assert_int_equal(uv_run(&kit->worker.loop, UV_RUN_DEFAULT), 0);
}

static void the_grace_ends_by_itself(void **state)
{
	struct kit *kit = *state;
	int fd = kit_client(kit);

	kit_say_text(kit, fd, "nev");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	stream_server_stop(kit->server, 20);
	assert_int_equal(uv_run(&kit->worker.loop, UV_RUN_DEFAULT), 0);
	close(fd);
}

static void shares_are_rounded_up(void **state)
{
	(void)state;
	assert_int_equal(stream_share(1000, 1), 1000);
	assert_int_equal(stream_share(1000, 3), 334);
	assert_int_equal(stream_share(999, 3), 333);
	assert_int_equal(stream_share(2, 16), 1);
	assert_int_equal(stream_share(0, 4), 1);
	assert_int_equal(stream_share(UINT32_MAX, 2), UINT32_MAX / 2 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(answers_lines_however_they_are_cut),
		kit_test(an_idle_connection_holds_no_bytes),
		kit_test(a_long_message_in_pieces),
		kit_test(a_message_too_long_ends_the_connection),
		kit_test(a_half_closed_client_gets_what_is_complete),
		kit_test(a_fault_is_counted_after_what_was_right),
		kit_test(a_reset_is_an_error_of_that_client_alone),
		kit_test(a_flood_gives_way),
		kit_test(stop_answers_what_is_in_flight),
		kit_test(the_grace_ends_by_itself),
		cmocka_unit_test(shares_are_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
