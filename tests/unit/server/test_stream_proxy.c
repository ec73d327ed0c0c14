/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of load balancers: they say first for whom they come, and nobody else may. */
#include "server/proxy.h"
#include "tests/unit/server/stream_kit.h"

#define V1(source) "PROXY TCP4 " source " 192.0.2.1 1111 80\r\n"

/* From here on 127.0.0.0/24 is a balancer's, the rest is not. */
static void trust(void)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse("127.0.0.0/24", &prefix), 0);
	prefixes_init(&kit_proxies, &prefix, 1);
}

static void the_source_is_the_peer(void **state)
{
	struct kit *kit = *state;
	static const struct {
		const char *say, *hear;
	} rows[] = {
		{ V1("198.51.100.7") "peer\n", "198.51.100.7@1111\n" },
		{ "PROXY TCP6 2001:db8::7 ::1 65535 80\r\npeer\n", "2001:db8::7@65535\n" },
		{ "PROXY TCP6 ::ffff:198.51.100.8 ::1 7 80\r\npeer\n", "198.51.100.8@7\n" },
	};

	trust();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		/* Cut in every place. */
		for (size_t cut = 0; cut <= strlen(rows[i].say); cut++) {
			int fd = kit_client(kit);

			kit_say(kit, fd, rows[i].say, cut);
			kit_say_text(kit, fd, rows[i].say + cut);
			kit_expect(kit, fd, rows[i].hear);
			kit_say_text(kit, fd, "peer\n");
			kit_expect(kit, fd, rows[i].hear);
			close(fd);
		}
	}
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_PROXY_FAULTS), 0);
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_ERRORS), 0);
}

static void the_balancers_own_connection_keeps_its_peer(void **state)
{
	struct kit *kit = *state;
	char own[ADDR_TEXT_MAX], hear[ADDR_TEXT_MAX + 1];
	struct addr addr;
	socklen_t len = sizeof addr;

	trust();
	int fd = kit_client(kit);
	assert_int_equal(getsockname(fd, &addr.any, &len), 0);
	snprintf(hear, sizeof hear, "%s\n", addr_print(&addr, own, sizeof own));
	kit_say_text(kit, fd, "PROXY UNKNOWN\r\npeer\n");
	kit_expect(kit, fd, hear);
	close(fd);
}

/* A header longer than what is copied in front of a read, and than a message of the protocol may be. */
static void a_long_header(void **state)
{
	struct kit *kit = *state;
	static uint8_t header[PROXY_HEADER_MAX] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";

	header[14] = (PROXY_HEADER_MAX - 16) >> 8;
	header[15] = (PROXY_HEADER_MAX - 16) & 255;
	memcpy(header + 16, "\xc6\x33\x64\x07\xc0\x00\x02\x01\x04\x57\x00\x50\x04", 13);
	header[29] = (PROXY_HEADER_MAX - 31) >> 8;
	header[30] = (PROXY_HEADER_MAX - 31) & 255;
	trust();
	int fd = kit_client(kit);
	for (size_t at = 0; at < sizeof header; at += 64)
		kit_say(kit, fd, (const char *)header + at, 64);
	kit_say_text(kit, fd, "peer\n");
	kit_expect(kit, fd, "198.51.100.7@1111\n");
	close(fd);
}

static void a_wrong_header_ends_without_a_word(void **state)
{
	struct kit *kit = *state;
	static const char *const rows[] = { "GET / HTTP/1.1\r\n", "one\n", "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\none\n", "\r\n\r\n\1" };

	trust();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char buf[8];
		int fd = kit_client(kit), end;

		kit_say_text(kit, fd, rows[i]);
		assert_int_equal(kit_hear(kit, fd, buf, sizeof buf, &end), 0);
		assert_true(end == 0 || end == ECONNRESET);
		assert_int_equal(kit_counter(kit, COUNTER_HTTP_PROXY_FAULTS), i + 1);
		close(fd);
	}
	assert_int_equal(stream_server_count(kit->server), 0);
}

static void others_bytes_are_not_looked_at(void **state)
{
	struct kit *kit = *state;

	prefixes_fini(&kit_proxies);
	int fd = kit_client(kit);
	kit_say_text(kit, fd, "PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\none\n");
	kit_expect(kit, fd, "PROXY TCP4 198.51.100.7 192.0.2.1 1111 80\none\n");
	close(fd);
}

static void a_late_header_ends_without_a_word(void **state)
{
	struct kit *kit = *state;

	trust();
	int fd = kit_client(kit);
	kit_say_text(kit, fd, "PROXY TC");
	kit_wait(kit, kit_oldest(kit, STREAM_BUSY) != NULL);
	kit_age(kit, kit_oldest(kit, STREAM_BUSY), kit_io_ms);
	kit_expect_end(kit, fd, "");
	assert_int_equal(kit_counter(kit, COUNTER_HTTP_TIMEOUTS), 1);
	close(fd);
	fd = kit_client(kit);
	kit_say_text(kit, fd, "PROXY TC");
	shutdown(fd, SHUT_WR);
	kit_expect_end(kit, fd, "");
	close(fd);
}

/* The balancer may have as many as it likes; those it comes for are counted each. */
static void the_limit_is_the_sources(void **state)
{
	struct kit *kit = *state;
	int fds[6], end;
	char buf[8];

	trust();
	kit_client_most = 2;
	for (int i = 0; i < 6; i++)
		fds[i] = kit_client(kit);
	for (int i = 0; i < 4; i++) {
		kit_say_text(kit, fds[i], i < 2 ? V1("198.51.100.7") : V1("198.51.100.8"));
		kit_say_text(kit, fds[i], "one\n");
		kit_expect(kit, fds[i], "one\n");
	}
	kit_say_text(kit, fds[4], V1("198.51.100.7"));
	assert_int_equal(kit_hear(kit, fds[4], buf, sizeof buf, &end), 0);
	assert_int_equal(kit_counter(kit, COUNTER_DNS_TCP_CLIENT_LIMIT), 1);
	close(fds[0]);
	kit_wait(kit, stream_server_count(kit->server) == 4);
	kit_say_text(kit, fds[5], V1("198.51.100.7") "one\n");
	kit_expect(kit, fds[5], "one\n");
	for (int i = 1; i < 6; i++)
		close(fds[i]);
	kit_wait(kit, stream_server_count(kit->server) == 0);
	assert_int_equal(kit->server->clients.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		kit_test(the_source_is_the_peer),
		kit_test(the_balancers_own_connection_keeps_its_peer),
		kit_test(a_long_header),
		kit_test(a_wrong_header_ends_without_a_word),
		kit_test(others_bytes_are_not_looked_at),
		kit_test(a_late_header_ends_without_a_word),
		kit_test(the_limit_is_the_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
