/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of operators that survive a restart: one small text file in state-dir, replaced whole with each order.
 *
 *	catchment-orders 1
 *	drain 1767225600 dns
 *
 * A file that cannot be read as such counts as an order to withdraw everything: what an operator wanted is not known, and
 * a node too many is worse than one too few. Main thread only.
 */
#ifndef SERVER_ANYCAST_ORDERS_H
#define SERVER_ANYCAST_ORDERS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "server/anycast/machine.h"

struct order {
	const char *service;	/* the configuration's name */
	enum machine_order order;
	int64_t at;		/* wall clock */
};

/* Fills in order and at of those that stand in the file; of services it does not name they stay none. Without a file
 * there are no orders. A negative code with a note when the file is damaged: then all are MACHINE_WITHDRAW. */
int orders_read(const char *state_dir, struct order *orders, size_t count, struct err_note *note);
/* The text of a file, for the former and the tests. */
int orders_parse(const char *text, struct order *orders, size_t count);
int orders_write(const char *state_dir, const struct order *orders, size_t count);

#endif
