/* SPDX-License-Identifier: Apache-2.0 */
/* What status and health say of the routes. Main thread only. */
#ifndef SERVER_COMMANDS_ANYCAST_H
#define SERVER_COMMANDS_ANYCAST_H

#include "server/commands.h"

/* The list services of status, and its lines. */
json_t *commands_services(struct call *call);
/* Adds each check of each service, and the lease, to the verdict through add; whether all are good. */
bool commands_check_services(struct call *call,
			     bool (*add)(struct call *call, json_t *list, const char *name, bool ok, const char *text),
			     json_t *list);

#endif
