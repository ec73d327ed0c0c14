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
/* Whether tun_open() would have a chance: the device file, the capability, the name free or in the hands of another
 * node that runs. Changes nothing. */
int tun_check(const char *name, struct err_note *note);

#endif
