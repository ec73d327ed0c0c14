/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper that keeps CAP_NET_ADMIN: a process with one netlink socket, one socketpair to the service process and
 * nothing else. It puts and drops addresses of a table that is fixed before it is forked, so that whoever took over the
 * service process could switch the node's own addresses on and off and do nothing more. It ends when the service
 * process does (end of the socketpair, PR_SET_PDEATHSIG); it never renews by itself, so a service process that hangs
 * still loses its leases. It holds no carrier device: those vanish with the service process. One that somebody deleted is
 * made again on a descriptor that the service process lends for the moment.
 *
 * Forked by main before threads start and before privileges are dropped. Calls: main and the refresher, any order.
 */
#ifndef SERVER_ANYCAST_NETADMIN_H
#define SERVER_ANYCAST_NETADMIN_H

#include <stdint.h>
#include <sys/types.h>

#include "conf/base/err.h"
#include "conf/base/prefix.h"
#include "conf/conf.h"

enum netadmin_device { NETADMIN_LOOPBACK, NETADMIN_CARRIER, NETADMIN_LOW, NETADMIN_DEVICES };

struct netadmin_plan {
	int links[NETADMIN_DEVICES];	/* ifindex; 0: no such device */
	const char *names[NETADMIN_DEVICES];	/* of those that are ours to make; else NULL */
	const struct prefix *routes;	/* addresses with the bits they are announced with */
	size_t route_count;
};

struct netadmin;

/* Forks. -errno with a note. */
int netadmin_start(const struct netadmin_plan *plan, const struct conf *conf, struct netadmin **ret, struct err_note *note);
/* Ends the helper and waits for it, but not long: one that hangs is killed. NULL is fine. Addresses stay as they are. */
void netadmin_stop(struct netadmin *netadmin);
pid_t netadmin_pid(const struct netadmin *netadmin);

/* Adds for valid_s seconds (RTNL_FOREVER on the loopback interface), and brings the carrier up. Refused with -ETIME when
 * the helper only comes to it after not_after_ns of CLOCK_BOOTTIME (0: no limit), for what is late must not announce. -EPIPE: the helper is gone; -ETIMEDOUT: it hangs. */
int netadmin_put(struct netadmin *netadmin, enum netadmin_device device, size_t route, uint32_t valid_s,
		 uint64_t not_after_ns);
/* The same of what is there already, on a carrier that is up. */
int netadmin_renew(struct netadmin *netadmin, enum netadmin_device device, size_t route, uint32_t valid_s,
		   uint64_t not_after_ns);
/* 0 also when it is not there. */
int netadmin_drop(struct netadmin *netadmin, enum netadmin_device device, size_t route);

/* Makes a device that is gone again, on tun, a descriptor of /dev/net/tun that has none. -EEXIST: it has one;
 * -EBUSY: another interface has the name. */
int netadmin_make(struct netadmin *netadmin, enum netadmin_device device, int tun, int *ret_link);

/* Goes on while the machine sleeps. Lifetimes may not, but who slept must not renew: it sees the gap. */
uint64_t netadmin_boottime_ns(void);

#endif
