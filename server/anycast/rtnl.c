/* SPDX-License-Identifier: Apache-2.0 */
#include "server/anycast/rtnl.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	REQUEST_BYTES = 256,
	REPLY_BYTES = 32 << 10,		/* what the kernel fills at most in one message of a dump */
	WATCH_BYTES = 1 << 20,		/* of the socket: a routing daemon may change thousands at once */
	REPLY_S = 2,
	IFA_PROTO_ATTRIBUTE = 11,	/* IFA_PROTO, newer than some headers */
	NODAD = 0x02,			/* IFA_F_NODAD, whose header does not go with the others */
	NOPREFIXROUTE = 0x200,
	PERMANENT_METRIC = 4096,
};

/* The kernel's macros cast const away; these are for what is only read. */
static const void *body_of(const struct nlmsghdr *header)
{
	return (const uint8_t *)header + NLMSG_HDRLEN;
}

static const struct rtattr *first_of(const struct nlmsghdr *header, size_t body)
{
	return (const struct rtattr *)(const void *)((const uint8_t *)header + NLMSG_HDRLEN + NLMSG_ALIGN(body));
}

static const void *data_of(const struct rtattr *attribute)
{
	return (const uint8_t *)attribute + RTA_LENGTH(0);
}

static const struct rtattr *behind(const struct rtattr *attribute, int *left)
{
	int len = (int)RTA_ALIGN(attribute->rta_len);

	*left -= len;
	return (const struct rtattr *)(const void *)((const uint8_t *)attribute + len);
}

struct request {
	struct nlmsghdr header;
	uint8_t rest[REQUEST_BYTES];
};

static void *request_body(struct request *request, uint16_t type, uint16_t flags, size_t body)
{
	memset(request, 0, sizeof *request);
	request->header = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(body),
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = 1,
	};
	return NLMSG_DATA(&request->header);
}

/* bytes may be NULL: the attribute begins a nest, which request_end() ends. */
static struct rtattr *request_add(struct request *request, unsigned short type, const void *bytes, size_t len)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *)(void *)((uint8_t *)request + at);

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len > 0)
		memcpy(RTA_DATA(attribute), bytes, len);
	request->header.nlmsg_len = (uint32_t)(at + RTA_ALIGN(attribute->rta_len));
	return attribute;
}

static void request_end(const struct request *request, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)((const uint8_t *)request + request->header.nlmsg_len - (uint8_t *)nest);
}

static int open_socket(unsigned groups, int flags, int *ret_fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = groups };
	struct timeval wait = { .tv_sec = REPLY_S };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int rtnl_open(int *ret_fd)
{
	return open_socket(0, 0, ret_fd);
}

int rtnl_watch_open(int *ret_fd)
{
	int bytes = WATCH_BYTES;
	int err = open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, SOCK_NONBLOCK, ret_fd);

	/* As large as we are allowed to; too small is told by ENOBUFS. */
	if (err == 0)
		(void)setsockopt(*ret_fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	return err;
}

/* Sends and waits for the acknowledgement; replies to older requests, which had timed out, are passed over. */
static int ask(int fd, struct request *request)
{
	static _Thread_local uint32_t seq;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t more[1024];	/* the request, quoted */
	} reply;

	request->header.nlmsg_seq = ++seq;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t len = recv(fd, &reply, sizeof reply, 0);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if ((size_t)len >= NLMSG_LENGTH(sizeof reply.error) && reply.header.nlmsg_type == NLMSG_ERROR
		    && reply.header.nlmsg_seq == request->header.nlmsg_seq)
			return reply.error.error;
	}
}

static size_t address_bytes(const struct prefix *prefix, uint8_t bytes[16])
{
	uint64_t high = htobe64(prefix->first.high), low = htobe64(prefix->first.low);

	memcpy(bytes, &high, 8);
	memcpy(bytes + 8, &low, 8);
	if (!address_is_ipv4(prefix->first))
		return 16;
	memmove(bytes, bytes + 12, 4);
	return 4;
}

static struct ifaddrmsg *address_request(struct request *request, uint16_t type, uint16_t flags,
					 const struct rtnl_address *address)
{
	struct ifaddrmsg *message = request_body(request, type, NLM_F_ACK | flags, sizeof *message);
	bool ipv4 = address_is_ipv4(address->prefix.first);
	uint8_t bytes[16];
	size_t len = address_bytes(&address->prefix, bytes);

	message->ifa_family = ipv4 ? AF_INET : AF_INET6;
	message->ifa_prefixlen = (uint8_t)(address->prefix.bits - (ipv4 ? PREFIX_IPV4_BITS : 0));
	message->ifa_scope = RT_SCOPE_UNIVERSE;
	message->ifa_index = (unsigned)address->link;
	request_add(request, IFA_LOCAL, bytes, len);
	request_add(request, IFA_ADDRESS, bytes, len);
	return message;
}

int rtnl_address_put(int fd, const struct rtnl_address *address)
{
	struct request request;
	/* preferred 0: our own connections do not choose it as their source; routing daemons export it all the same. */
	struct ifa_cacheinfo life = { .ifa_prefered = 0, .ifa_valid = address->valid_s };
	/* An expired IPv6 address would leave its prefix route behind. */
	uint32_t flags = NOPREFIXROUTE | (address_is_ipv4(address->prefix.first) ? 0 : NODAD);
	/* FRR knows one connected route of a prefix, the one of the least metric: that must be the carrier's, not the one that
	 * is there for ever (and never the one of lo, which it takes before all others). */
	uint32_t metric = address->valid_s == RTNL_FOREVER ? PERMANENT_METRIC : 0;
	uint8_t proto = RTNL_OURS;

	address_request(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address);
	request_add(&request, IFA_CACHEINFO, &life, sizeof life);
	request_add(&request, IFA_FLAGS, &flags, sizeof flags);
	if (metric != 0)
		request_add(&request, IFA_RT_PRIORITY, &metric, sizeof metric);
	request_add(&request, IFA_PROTO_ATTRIBUTE, &proto, sizeof proto);
	return ask(fd, &request);
}

int rtnl_address_drop(int fd, const struct rtnl_address *address)
{
	struct request request;

	address_request(&request, RTM_DELADDR, 0, address);
	return ask(fd, &request);
}

/* In the main table, of the device itself: it goes with it. */
static int route_request(int fd, uint16_t type, uint16_t flags, const struct rtnl_address *address)
{
	struct request request;
	struct rtmsg *message = request_body(&request, type, NLM_F_ACK | flags, sizeof *message);
	bool ipv4 = address_is_ipv4(address->prefix.first);
	uint32_t link = (uint32_t)address->link;
	uint8_t bytes[16];
	size_t len = address_bytes(&address->prefix, bytes);

	message->rtm_family = ipv4 ? AF_INET : AF_INET6;
	message->rtm_dst_len = (uint8_t)(address->prefix.bits - (ipv4 ? PREFIX_IPV4_BITS : 0));
	message->rtm_table = RT_TABLE_MAIN;
	message->rtm_protocol = RTNL_OURS;
	message->rtm_scope = ipv4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	message->rtm_type = RTN_UNICAST;
	request_add(&request, RTA_DST, bytes, len);
	request_add(&request, RTA_OIF, &link, sizeof link);
	return ask(fd, &request);
}

int rtnl_route_put(int fd, const struct rtnl_address *address)
{
	return route_request(fd, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, address);
}

int rtnl_route_drop(int fd, const struct rtnl_address *address)
{
	int err = route_request(fd, RTM_DELROUTE, 0, address);

	return err == -ESRCH || err == -ENODEV ? 0 : err;
}

int rtnl_link_raise(int fd, int link)
{
	struct request request;
	struct ifinfomsg *message = request_body(&request, RTM_NEWLINK, NLM_F_ACK, sizeof *message);
	uint8_t none = IN6_ADDR_GEN_MODE_NONE;

	message->ifi_index = link;
	struct rtattr *spec = request_add(&request, IFLA_AF_SPEC, NULL, 0);
	struct rtattr *inet6 = request_add(&request, AF_INET6, NULL, 0);
	request_add(&request, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
	request_end(&request, inet6);
	request_end(&request, spec);
	/* Without IPv6 in the kernel there is nothing to keep from being made. */
	(void)ask(fd, &request);

	message = request_body(&request, RTM_NEWLINK, NLM_F_ACK, sizeof *message);
	message->ifi_index = link;
	message->ifi_flags = message->ifi_change = IFF_UP;
	return ask(fd, &request);
}

static bool read_address(const struct nlmsghdr *header, struct rtnl_address *ret)
{
	const struct ifaddrmsg *message = body_of(header);
	int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message);
	const uint8_t *local = NULL, *address = NULL;

	if (left < 0 || (message->ifa_family != AF_INET && message->ifa_family != AF_INET6))
		return false;
	size_t want = message->ifa_family == AF_INET ? 4 : 16;
	*ret = (struct rtnl_address){ .link = (int)message->ifa_index, .valid_s = RTNL_FOREVER };
	for (const struct rtattr *a = first_of(header, sizeof *message); RTA_OK(a, left); a = behind(a, &left)) {
		const struct ifa_cacheinfo *life = data_of(a);

		if (a->rta_type == IFA_LOCAL && RTA_PAYLOAD(a) == want)
			local = data_of(a);
		else if (a->rta_type == IFA_ADDRESS && RTA_PAYLOAD(a) == want)
			address = data_of(a);
		else if (a->rta_type == IFA_CACHEINFO && RTA_PAYLOAD(a) >= sizeof *life)
			ret->valid_s = life->ifa_valid;
		else if (a->rta_type == IFA_PROTO_ATTRIBUTE && RTA_PAYLOAD(a) >= 1)
			ret->proto = *(const uint8_t *)data_of(a);
	}
	local = local ? local : address;
	if (local == NULL)
		return false;
	ret->prefix.first = address_of((struct span){ local, want });
	ret->prefix.bits = (uint8_t)(message->ifa_prefixlen + (want == 4 ? PREFIX_IPV4_BITS : 0));
	return true;
}

static bool read_link(const struct nlmsghdr *header, struct rtnl_link *ret)
{
	const struct ifinfomsg *message = body_of(header);
	int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message);

	if (left < 0)
		return false;
	*ret = (struct rtnl_link){ .link = message->ifi_index, .up = message->ifi_flags & IFF_UP };
	for (const struct rtattr *a = first_of(header, sizeof *message); RTA_OK(a, left); a = behind(a, &left)) {
		if (a->rta_type == IFLA_IFNAME && RTA_PAYLOAD(a) <= sizeof ret->name) {
			memcpy(ret->name, data_of(a), RTA_PAYLOAD(a));
			ret->name[sizeof ret->name - 1] = '\0';
		}
	}
	return true;
}

static void tell(const struct nlmsghdr *header, rtnl_address_fn *address, rtnl_link_fn *link, void *ctx)
{
	struct rtnl_address found;
	struct rtnl_link changed;

	switch (header->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (address != NULL && read_address(header, &found))
			address(ctx, &found, header->nlmsg_type == RTM_DELADDR);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (link != NULL && read_link(header, &changed))
			link(ctx, &changed, header->nlmsg_type == RTM_DELLINK);
		break;
	default: break;
	}
}

/* One datagram of the kernel. 0: more may come; 1: it was the last; else -errno. */
static int read_some(int fd, uint8_t *buf, rtnl_address_fn *address, rtnl_link_fn *link, void *ctx)
{
	ssize_t got = recv(fd, buf, REPLY_BYTES, 0);

	if (got < 0)
		return -errno;
	size_t len = (size_t)got;
	for (struct nlmsghdr *header = (void *)buf; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)body_of(header))->error;
		tell(header, address, link, ctx);
	}
	return 0;
}

/* The attribute of that type among those behind message, or NULL. */
static const struct rtattr *find(const struct rtattr *a, int left, unsigned short type)
{
	for (; RTA_OK(a, left); a = behind(a, &left)) {
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

static const struct rtattr *find_in(const struct rtattr *nest, unsigned short type)
{
	return nest != NULL ? find(data_of(nest), (int)RTA_PAYLOAD(nest), type) : NULL;
}

/* The one interface that is asked for, in buf. -ENODEV when there is none. */
static int get_link(int fd, const struct request *request, uint8_t buf[REPLY_BYTES])
{
	const struct nlmsghdr *header = (const void *)buf;

	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	ssize_t got = recv(fd, buf, REPLY_BYTES, 0);
	if (got < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return NLMSG_OK(header, (size_t)got) && header->nlmsg_type == RTM_NEWLINK ? 0 : -ENODEV;
}

int rtnl_link_look(int fd, int link, struct rtnl_link *ret)
{
	_Alignas(struct nlmsghdr) uint8_t buf[REPLY_BYTES];
	struct request request;
	struct ifinfomsg *message = request_body(&request, RTM_GETLINK, 0, sizeof *message);

	message->ifi_index = link;
	int err = get_link(fd, &request, buf);
	if (err != 0)
		return err;
	return read_link((const void *)buf, ret) ? 0 : -ENODEV;
}

enum rtnl_kind rtnl_link_kind(int fd, const char *name)
{
	_Alignas(struct nlmsghdr) uint8_t buf[REPLY_BYTES];
	struct request request;
	const struct nlmsghdr *header = (const void *)buf;
	const struct ifinfomsg *message = body_of(header);

	request_body(&request, RTM_GETLINK, 0, sizeof *message);
	request_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	if (get_link(fd, &request, buf) != 0)
		return RTNL_NONE;
	const struct rtattr *info = find(first_of(header, sizeof *message), (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message),
					 IFLA_LINKINFO);
	const struct rtattr *kind = find_in(info, IFLA_INFO_KIND);
	const struct rtattr *persist = find_in(find_in(info, IFLA_INFO_DATA), IFLA_TUN_PERSIST);
	if (kind == NULL || strncmp(data_of(kind), "tun", RTA_PAYLOAD(kind)) != 0)
		return RTNL_OTHER;
	return persist != NULL && *(const uint8_t *)data_of(persist) != 0 ? RTNL_TUN_PERSISTENT : RTNL_TUN;
}

int rtnl_address_list(int fd, rtnl_address_fn *found, void *ctx)
{
	_Alignas(struct nlmsghdr) uint8_t buf[REPLY_BYTES];
	struct request request;
	struct ifaddrmsg *message = request_body(&request, RTM_GETADDR, NLM_F_DUMP, sizeof *message);
	int err;

	message->ifa_family = AF_UNSPEC;
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	do
		err = read_some(fd, buf, found, NULL, ctx);
	while (err == 0 || err == -EINTR);
	return err == 1 ? 0 : err == -EAGAIN ? -ETIMEDOUT : err;
}

int rtnl_watch_read(int fd, rtnl_address_fn *address, rtnl_link_fn *link, void *ctx)
{
	_Alignas(struct nlmsghdr) uint8_t buf[REPLY_BYTES];
	int err;

	do
		err = read_some(fd, buf, address, link, ctx);
	while (err >= 0 || err == -EINTR);
	return err == -EAGAIN ? 0 : err;
}
