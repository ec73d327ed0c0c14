/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LISTEN_BACKLOG = 511,		/* a burst while the worker sleeps; net.core.somaxconn caps it */
	LISTEN_UDP_RCVBUF = 4 << 20,	/* about 5000 queries: 10 ms of a line-rate burst */
	LISTEN_UDP_SNDBUF = 1 << 20,	/* several batches of 64 of the largest answers */
	/* Answers are short. Without a bound the kernel would grow the buffer of a client that asks and does not
	 * read to megabytes. The kernel doubles both for its own overhead. */
	LISTEN_TCP_SNDBUF = 128 << 10,
	LISTEN_TCP_RCVBUF = 32 << 10,
	LISTEN_TCP_UNREAD_MS = 30 * 1000,	/* a path that carries nothing for so long is dead */
	LISTEN_DEFER_S = 1,		/* one SYN-ACK more; a client on a good path has asked long before */
	LISTEN_IPV6_MTU = 1280,		/* every IPv6 path carries it (RFC 8200, 5) */
};

/* Options of one kind and value, set in order; a required one that fails ends the socket. */
struct option {
	int level, name, value;
	bool required;
	const char *text;
};

static const char *advice(int err)
{
	switch (err) {
	case EADDRINUSE: return "address in use by another process";
	case EACCES: return "ports below 1024 need CAP_NET_BIND_SERVICE or root";
	case EADDRNOTAVAIL: case EINVAL: return "not an address to listen on here: a link-local one needs its "
						"interface, as in fe80::1%eth0";
	case EAFNOSUPPORT: return "this machine does not have the address family";
	case EMFILE: return "too many open files: raise the limit of descriptors (LimitNOFILE)";
	default: return strerror(err);
	}
}

static int fault(const char *key, const struct addr *addr, int socktype, int err, const char *at,
		 struct err_note *note)
{
	char text[ADDR_TEXT_MAX];

	addr_print(addr, text, sizeof text);
	err_note_set(note, "", 0, "%s %s/%s: %s%s%s%s", key, text, socktype == SOCK_DGRAM ? "udp" : "tcp",
		     advice(err), at ? " (" : "", at ? at : "", at ? ")" : "");
	return -err;
}

static int set_options(int fd, const struct option *options, size_t count, const char **ret_failed)
{
	for (size_t i = 0; i < count; i++) {
		const struct option *option = &options[i];

		if (setsockopt(fd, option->level, option->name, &option->value, sizeof option->value) == 0
		    || !option->required)
			continue;
		*ret_failed = option->text;
		return -errno;
	}
	return 0;
}

/* What every socket has before bind. Freebind, because the routing daemon's or our own address may come later;
 * V6ONLY, because an IPv4 client is served by the IPv4 address, and 0.0.0.0 may stand beside ::. */
static int open_socket(const struct addr *addr, int socktype, const char **ret_failed)
{
	static const struct option v4[] = { { IPPROTO_IP, IP_FREEBIND, 1, true, "IP_FREEBIND" } };
	static const struct option v6[] = {
		{ IPPROTO_IPV6, IPV6_V6ONLY, 1, true, "IPV6_V6ONLY" },
		{ IPPROTO_IPV6, IPV6_FREEBIND, 1, true, "IPV6_FREEBIND" },
	};
	bool is_v6 = addr->any.sa_family == AF_INET6;
	int fd = socket(addr->any.sa_family, socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int err = is_v6 ? set_options(fd, v6, 2, ret_failed) : set_options(fd, v4, 1, ret_failed);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int listen_taken(const char *key, const struct addr *addr, int socktype, struct err_note *note)
{
	/* For TCP, REUSEADDR steps over connections in TIME_WAIT, but not over a listening socket; for UDP it would
	 * hide the holder. */
	static const struct option reuse_addr = { SOL_SOCKET, SO_REUSEADDR, 1, true, "SO_REUSEADDR" };
	const char *failed = NULL;
	int fd = open_socket(addr, socktype, &failed);

	if (fd < 0)
		return fault(key, addr, socktype, -fd, failed, note);
	int err = socktype == SOCK_STREAM ? set_options(fd, &reuse_addr, 1, &failed) : 0;
	if (err == 0 && bind(fd, &addr->any, addr_len(addr)) != 0)
		err = -errno;
	close(fd);
	return err == 0 ? 0 : fault(key, addr, socktype, -err, failed, note);
}

static int bind_group(int fd, const struct addr *addr, const char **ret_failed)
{
	static const struct option reuse_port = { SOL_SOCKET, SO_REUSEPORT, 1, true, "SO_REUSEPORT" };
	int err = set_options(fd, &reuse_port, 1, ret_failed);

	if (err == 0 && bind(fd, &addr->any, addr_len(addr)) != 0)
		err = -errno;
	return err;
}

/* Past the limits of net.core where we may (CAP_NET_ADMIN), up to them where not. */
static void set_buffer(int fd, int force_name, int name, int size)
{
	if (setsockopt(fd, SOL_SOCKET, force_name, &size, sizeof size) != 0)
		(void)setsockopt(fd, SOL_SOCKET, name, &size, sizeof size);
}

/*
 * Against fragments (RFC 9715): a forged ICMP "fragmentation needed" must not make us send answers in pieces, the
 * second of which an attacker can replace unseen. PMTUDISC_OMIT ignores what is told about the path and sends
 * without DF: only our own interface counts. IPv6 sends in pieces above 1280 bytes, so that nothing needs telling at
 * all; the default payload of 1232 bytes fits that whole. Linux has IPV6_MTU in the place of IPV6_USE_MIN_MTU (RFC
 * 3542).
 */
static int set_udp_options(int fd, const struct addr *addr, const char **ret_failed)
{
	static const struct option v4[] = {
		{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, true, "IP_MTU_DISCOVER" },
		{ IPPROTO_IP, IP_PKTINFO, 1, true, "IP_PKTINFO" },
	};
	static const struct option v6[] = {
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, true, "IPV6_MTU_DISCOVER" },
		{ IPPROTO_IPV6, IPV6_MTU, LISTEN_IPV6_MTU, false, "IPV6_MTU" },
		{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, true, "IPV6_RECVPKTINFO" },
	};
	size_t without = addr_is_wildcard(addr) ? 0 : 1;	/* the last one is for wildcard sockets only */

	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, LISTEN_UDP_RCVBUF);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, LISTEN_UDP_SNDBUF);
	return addr->any.sa_family == AF_INET6 ? set_options(fd, v6, 3 - without, ret_failed)
					       : set_options(fd, v4, 2 - without, ret_failed);
}

/* The receive buffer comes before listen(): it decides the window scale that the handshake offers. The time-out is for
 * answers that the kernel still holds when we have closed: a peer that does not read would keep them for minutes. */
static int set_tcp_options(int fd, const char **ret_failed)
{
	static const struct option options[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1, true, "SO_REUSEADDR" },	/* a restart finds old TIME_WAITs */
		{ IPPROTO_TCP, TCP_NODELAY, 1, true, "TCP_NODELAY" },	/* each write is a whole answer */
		{ SOL_SOCKET, SO_SNDBUF, LISTEN_TCP_SNDBUF, false, "SO_SNDBUF" },
		{ SOL_SOCKET, SO_RCVBUF, LISTEN_TCP_RCVBUF, false, "SO_RCVBUF" },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, LISTEN_TCP_UNREAD_MS, false, "TCP_USER_TIMEOUT" },
	};

	return set_options(fd, options, sizeof options / sizeof options[0], ret_failed);
}

int listen_udp(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note)
{
	const char *failed = NULL;
	int fd = open_socket(addr, SOCK_DGRAM, &failed);

	if (fd < 0)
		return fault(key, addr, SOCK_DGRAM, -fd, failed, note);
	int err = set_udp_options(fd, addr, &failed);
	if (err == 0)
		err = bind_group(fd, addr, &failed);
	if (err != 0)
		goto close_socket;
	*ret_fd = fd;
	return 0;

close_socket:
	close(fd);
	return fault(key, addr, SOCK_DGRAM, -err, failed, note);
}

int listen_tcp(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note)
{
	const char *failed = NULL;
	int fd = open_socket(addr, SOCK_STREAM, &failed);

	if (fd < 0)
		return fault(key, addr, SOCK_STREAM, -fd, failed, note);
	int err = set_tcp_options(fd, &failed);
	if (err == 0)
		err = bind_group(fd, addr, &failed);
	if (err == 0 && listen(fd, LISTEN_BACKLOG) != 0)
		err = -errno;
	if (err != 0)
		goto close_socket;
	*ret_fd = fd;
	return 0;

close_socket:
	close(fd);
	return fault(key, addr, SOCK_STREAM, -err, failed, note);
}

int listen_tcp_asked(const char *key, const struct addr *addr, int *ret_fd, struct err_note *note)
{
	static const struct option defer = { IPPROTO_TCP, TCP_DEFER_ACCEPT, LISTEN_DEFER_S, false, "TCP_DEFER_ACCEPT" };
	const char *failed;
	int err = listen_tcp(key, addr, ret_fd, note);

	if (err == 0)
		(void)set_options(*ret_fd, &defer, 1, &failed);
	return err;
}
