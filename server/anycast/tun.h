/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrier devices: TUN interfaces that nobody reads and that are gone when their descriptor is (not persistent). Whoever
 * holds the descriptor holds the routes of the addresses on it: exactly the service process, so it is close-on-exec and
 * the helper closes it. Opening needs CAP_NET_ADMIN and /dev/net/tun; holding needs nothing.
 */
#ifndef SERVER_ANYCAST_TUN_H
#define SERVER_ANYCAST_TUN_H

#include "conf/base/err.h"

/* -errno with a sentence in note when it cannot be had. */
int tun_open(const char *name, int *ret_fd, int *ret_link, struct err_note *note);
/* Makes the device on a descriptor of /dev/net/tun that has none; it stays the caller's. -errno: -EINVAL when it is no such
 * descriptor, -EEXIST when it has a device, -EBUSY when another interface has the name. Needs CAP_NET_ADMIN. */
int tun_make(int fd, const char *name, int *ret_link);
/* Another descriptor under the same number, so that a device it still holds, wherever that is, is gone. -errno. */
int tun_renew(int fd);
/* Whether tun_open() would have a chance: the device file, the capability, the name free or in the hands of another
 * node that runs. Changes nothing. */
int tun_check(const char *name, struct err_note *note);

#endif
