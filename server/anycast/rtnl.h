/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses, links and routes of the kernel, over rtnetlink(7). The only door to it. Changes need CAP_NET_ADMIN, reading and
 * watching need nothing. All failures are -errno. Each descriptor has one user at a time; thread: any.
 */
#ifndef SERVER_ANYCAST_RTNL_H
#define SERVER_ANYCAST_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/prefix.h"

enum {
	RTNL_FOREVER = 0xffffffff,	/* a lifetime, as the kernel writes it */
	/* IFA_PROTO of what we add (kernel 5.18 and newer; older ones keep 0): tells ours from other people's addresses.
	 * Not one of those that rtnetlink.h or FRR and BIRD use. */
	RTNL_OURS = 0xca,
};

struct rtnl_address {
	struct prefix prefix;		/* the address, and the bits it stands with on the interface */
	int link;			/* ifindex */
	uint32_t valid_s;		/* RTNL_FOREVER, or seconds until the kernel removes it */
	uint8_t proto;			/* found: IFA_PROTO, 0 without */
};

struct rtnl_link {
	int link;
	bool up;
	char name[16];
};

/* What the kernel says changed; one of both is not NULL. */
typedef void rtnl_address_fn(void *ctx, const struct rtnl_address *address, bool gone);
typedef void rtnl_link_fn(void *ctx, const struct rtnl_link *link, bool gone);

int rtnl_open(int *ret_fd);
/* Adds it, or renews its lifetime. Never preferred as a source, without a prefix route, without duplicate detection:
 * others have the same address, that is the point. */
int rtnl_address_put(int fd, const struct rtnl_address *address);
/* -EADDRNOTAVAIL when it is not there. */
int rtnl_address_drop(int fd, const struct rtnl_address *address);
/* All of a prefix into the device, and no longer. 0 also when there is none to drop. */
int rtnl_route_put(int fd, const struct rtnl_address *address);
int rtnl_route_drop(int fd, const struct rtnl_address *address);
/* Up, and without an address of its own making (no fe80:: on a carrier). */
int rtnl_link_raise(int fd, int link);
enum rtnl_kind { RTNL_NONE, RTNL_TUN, RTNL_TUN_PERSISTENT, RTNL_OTHER };
/* What interface has that name here, if any. */
enum rtnl_kind rtnl_link_kind(int fd, const char *name);
/* The interface of that index. -ENODEV when there is none. */
int rtnl_link_look(int fd, int link, struct rtnl_link *ret);
/* Calls found for every address of the machine. */
int rtnl_address_list(int fd, rtnl_address_fn *found, void *ctx);

/* A descriptor that becomes readable with each change of addresses and links of this network namespace. */
int rtnl_watch_open(int *ret_fd);
/* Tells all that is waiting. -ENOBUFS when the kernel had to drop some: look at everything again. */
int rtnl_watch_read(int fd, rtnl_address_fn *address, rtnl_link_fn *link, void *ctx);

#endif
