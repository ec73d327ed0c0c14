/* SPDX-License-Identifier: Apache-2.0 */
/* Idle connections to an address that leaves end; all others, and new ones, do not. */
#include "tests/unit/server/stream_kit.h"

struct leaving {
	struct address address;
	unsigned asked;
};

static bool leaves(void *ctx, struct address local)
{
	struct leaving *leaving = ctx;

	leaving->asked++;
	return local.high == leaving->address.high && local.low == leaving->address.low;
}

static struct leaving of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, 0, &addr), 0);
	return (struct leaving){ .address = address_of(addr_bytes(&addr)) };
}

static void idle_ones_end(void **state)
{
	struct kit *kit = *state;
	struct leaving leaving = of("127.0.0.1@1");
	int idle = kit_client(kit), answered = kit_client(kit), busy = kit_client(kit), arrived = kit_client(kit);

	kit_say_text(kit, answered, "one\n");
	kit_expect(kit, answered, "one\n");
	kit_say_text(kit, busy, "tw");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	assert_int_equal(send(arrived, "here\n", 5, MSG_NOSIGNAL), 5);	/* and not read yet */
	stream_server_dismiss(kit->server, leaves, &leaving);
	assert_int_equal(leaving.asked, 2);
	kit_expect_end(kit, idle, "");
	kit_expect_end(kit, answered, "");
	kit_say_text(kit, busy, "o\n");
	kit_expect(kit, busy, "two\n");
	kit_expect(kit, arrived, "here\n");
	int fresh = kit_client(kit);
	kit_say_text(kit, fresh, "three\n");
	kit_expect(kit, fresh, "three\n");
	/* What crosses our end on its way meets no reset before the client has seen it. */
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
	close(idle);
	close(answered);
	close(busy);
	close(arrived);
	close(fresh);
	kit_wait(kit, stream_server_count(kit->server) == 0);
}

static void other_addresses_stay(void **state)
{
	struct kit *kit = *state;
	struct leaving leaving = of("127.0.0.2@1");
	int fd = kit_client(kit);

	stream_server_dismiss(kit->server, leaves, &leaving);
	assert_int_equal(leaving.asked, 1);
	kit_say_text(kit, fd, "on\n");
	kit_expect(kit, fd, "on\n");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(idle_ones_end),
		kit_test(other_addresses_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
