/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: their options, that a foreign holder is noticed, and the sentences of faults. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "server/listen.h"

typedef int listen_fn(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note);

static struct addr addr_of(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, 0, &addr), 0);
	return addr;
}

static struct addr addr_without_port(const char *text)
{
	struct addr addr = addr_of(text);

	addr.v4.sin_port = 0;	/* stands at the same place in both */
	return addr;
}

static struct addr own_addr(int fd)
{
	struct addr addr = { 0 };
	socklen_t len = sizeof addr;

	assert_int_equal(getsockname(fd, &addr.any, &len), 0);
	return addr;
}

static int option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static int open_one(listen_fn *listen_one, const char *text)
{
	struct addr addr = addr_without_port(text);
	struct err_note note = { 0 };
	int fd = -1, err = listen_one("dns.listen", &addr, &fd, &note);

	if (err != 0)
		fail_msg("%s", note.text);
	return fd;
}

static void both_have_what_every_socket_needs(void **state)
{
	static listen_fn *const listens[] = { listen_udp, listen_tcp };
	static const char *const texts[] = { "127.0.0.1@1", "::1@1", "0.0.0.0@1", "::@1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < 4; j++) {
			int fd = open_one(listens[i], texts[j]);

			assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 1);
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
			if (strchr(texts[j], ':') != NULL)
				assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
			close(fd);
		}
	}
}

static void udp_against_fragments_and_for_bursts(void **state)
{
	int v4 = open_one(listen_udp, "127.0.0.1@1"), v6 = open_one(listen_udp, "::1@1");

	(void)state;
	assert_int_equal(option_of(v4, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_OMIT);
	assert_int_equal(option_of(v6, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_OMIT);
	int plain = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(option_of(v4, SOL_SOCKET, SO_RCVBUF) >= option_of(plain, SOL_SOCKET, SO_RCVBUF));
	close(plain);
	close(v4);
	close(v6);
}

static void only_wildcard_sockets_pay_for_packet_information(void **state)
{
	static const struct {
		const char *text;
		int level, name, value;
	} rows[] = {
		{ "127.0.0.1@1", IPPROTO_IP, IP_PKTINFO, 0 },
		{ "0.0.0.0@1", IPPROTO_IP, IP_PKTINFO, 1 },
		{ "::1@1", IPPROTO_IPV6, IPV6_RECVPKTINFO, 0 },
		{ "::@1", IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int fd = open_one(listen_udp, rows[i].text);

		assert_int_equal(option_of(fd, rows[i].level, rows[i].name), rows[i].value);
		close(fd);
	}
}

static void accepted_sockets_inherit(void **state)
{
	int listening = open_one(listen_tcp, "127.0.0.1@1"), client = socket(AF_INET, SOCK_STREAM, 0);
	struct addr addr = own_addr(listening);

	(void)state;
	assert_int_equal(option_of(listening, SOL_SOCKET, SO_ACCEPTCONN), 1);
	assert_int_equal(connect(client, &addr.any, addr_len(&addr)), 0);
	int fd = accept(listening, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_true(option_of(fd, SOL_SOCKET, SO_SNDBUF) <= 256 << 10);
	close(fd);
	close(client);
	close(listening);
}

/* 192.0.2.0/24 and 2001:db8::/32 are nobody's. */
static void an_address_may_come_later(void **state)
{
	(void)state;
	close(open_one(listen_udp, "192.0.2.53@1"));
	close(open_one(listen_tcp, "192.0.2.53@1"));
	close(open_one(listen_udp, "2001:db8::53@1"));
	close(open_one(listen_tcp, "2001:db8::53@1"));
}

static void workers_share_but_a_foreign_holder_is_noticed(void **state)
{
	static const struct {
		listen_fn *listen_one;
		int socktype;
		const char *text, *kind;
	} rows[] = {
		{ listen_udp, SOCK_DGRAM, "127.0.0.1@1", "udp" }, { listen_tcp, SOCK_STREAM, "127.0.0.1@1", "tcp" },
		{ listen_udp, SOCK_DGRAM, "::1@1", "udp" }, { listen_tcp, SOCK_STREAM, "::1@1", "tcp" },
	};
	struct err_note note = { 0 };
	char text[ADDR_TEXT_MAX], expected[256];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int first = open_one(rows[i].listen_one, rows[i].text), second = -1;
		struct addr addr = own_addr(first);

		assert_int_equal(listen_taken("dns.listen", &addr, rows[i].socktype, &note), -EADDRINUSE);
		snprintf(expected, sizeof expected, "dns.listen %s/%s: address in use by another process",
			 addr_print(&addr, text, sizeof text), rows[i].kind);
		assert_string_equal(note.text, expected);
		assert_int_equal(rows[i].listen_one("dns.listen", &addr, &second, &note), 0);
		close(second);
		close(first);
		assert_int_equal(listen_taken("dns.listen", &addr, rows[i].socktype, &note), 0);
		/* The probe holds nothing: a second one finds the same. */
		assert_int_equal(listen_taken("dns.listen", &addr, rows[i].socktype, &note), 0);
	}
}

/* With its first bytes at once, without any a little later; and what nobody reads does not stay for ever. */
static void who_speaks_first_is_handed_over_with_it(void **state)
{
	int listening = open_one(listen_tcp_asked, "127.0.0.1@1");
	int silent = socket(AF_INET, SOCK_STREAM, 0), asking = socket(AF_INET, SOCK_STREAM, 0);
	struct addr addr = own_addr(listening), peer, own;
	struct pollfd ready = { .fd = listening, .events = POLLIN };
	socklen_t len = sizeof peer;
	unsigned unread_ms = 0;
	char text[3];

	(void)state;
	assert_int_equal(connect(silent, &addr.any, addr_len(&addr)), 0);
	assert_int_equal(connect(asking, &addr.any, addr_len(&addr)), 0);
	assert_int_equal(send(asking, "ask", 3, 0), 3);
	assert_int_equal(poll(&ready, 1, 10000), 1);
	int fd = accept(listening, &peer.any, &len);
	own = own_addr(asking);
	assert_true(addr_equal(&peer, &own));
	assert_int_equal(recv(fd, text, 3, MSG_DONTWAIT), 3);
	len = sizeof unread_ms;
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unread_ms, &len), 0);
	assert_in_range(unread_ms, 1000, 60 * 1000);
	close(fd);

	assert_int_equal(poll(&ready, 1, 20000), 1);
	len = sizeof peer;
	fd = accept(listening, &peer.any, &len);
	own = own_addr(silent);
	assert_true(addr_equal(&peer, &own));
	close(fd);
	close(silent);
	close(asking);
	close(listening);
}

/* A restart finds connections of its predecessor in TIME_WAIT: no reason to refuse. */
static void old_connections_do_not_hold_an_address(void **state)
{
	int listening = open_one(listen_tcp, "127.0.0.1@1"), client = socket(AF_INET, SOCK_STREAM, 0);
	struct addr addr = own_addr(listening);
	struct err_note note = { 0 };
	char byte;

	(void)state;
	assert_int_equal(connect(client, &addr.any, addr_len(&addr)), 0);
	int fd = accept(listening, NULL, NULL);
	close(fd);	/* first: TIME_WAIT stays on this side */
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	close(client);
	close(listening);
	if (listen_taken("dns.listen", &addr, SOCK_STREAM, &note) != 0)
		fail_msg("%s", note.text);
	assert_int_equal(listen_tcp("dns.listen", &addr, &listening, &note), 0);
	close(listening);
}

/* A socket of somebody who does not share; also that *ret_fd is left alone. */
static void faults_name_the_setting_and_say_why(void **state)
{
	int holder = socket(AF_INET, SOCK_DGRAM, 0), fd = -7;
	struct addr addr = addr_without_port("127.0.0.1@1");
	struct err_note note = { 0 };

	(void)state;
	assert_int_equal(bind(holder, &addr.any, addr_len(&addr)), 0);
	addr = own_addr(holder);
	assert_int_equal(listen_udp("dns.listen", &addr, &fd, &note), -EADDRINUSE);
	assert_non_null(strstr(note.text, "/udp: address in use by another process"));
	assert_int_equal(fd, -7);
	close(holder);

	addr = addr_of("fe80::1@5353");
	assert_true(listen_tcp("redirect.listen", &addr, &fd, &note) < 0);
	assert_non_null(strstr(note.text, "redirect.listen fe80::1@5353/tcp: "));
	assert_non_null(strstr(note.text, "interface"));
	assert_int_equal(fd, -7);
}

static void low_ports_need_a_capability(void **state)
{
	struct addr addr = addr_of("127.0.0.1@1");
	struct err_note note = { 0 };
	bool root = geteuid() == 0;
	int fd = -1;

	(void)state;
	/* Root's capabilities go with the effective user and come back with it. */
	if (root)
		assert_int_equal(seteuid(65534), 0);
	int err = listen_udp("dns.listen", &addr, &fd, &note);
	if (root)
		assert_int_equal(seteuid(0), 0);
	if (err == 0) {
		close(fd);	/* a system that lets everybody: net.ipv4.ip_unprivileged_port_start */
		skip();
	}
	assert_int_equal(err, -EACCES);
	assert_string_equal(note.text,
			    "dns.listen 127.0.0.1@1/udp: ports below 1024 need CAP_NET_BIND_SERVICE or root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_have_what_every_socket_needs),
		cmocka_unit_test(udp_against_fragments_and_for_bursts),
		cmocka_unit_test(only_wildcard_sockets_pay_for_packet_information),
		cmocka_unit_test(accepted_sockets_inherit),
		cmocka_unit_test(an_address_may_come_later),
		cmocka_unit_test(workers_share_but_a_foreign_holder_is_noticed),
		cmocka_unit_test(who_speaks_first_is_handed_over_with_it),
		cmocka_unit_test(old_connections_do_not_hold_an_address),
		cmocka_unit_test(faults_name_the_setting_and_say_why),
		cmocka_unit_test(low_ports_need_a_capability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
