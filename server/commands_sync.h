/* SPDX-License-Identifier: Apache-2.0 */
/* What status and health say of the master. Main thread only. */
#ifndef SERVER_COMMANDS_SYNC_H
#define SERVER_COMMANDS_SYNC_H

#include "server/commands.h"

/* The member sync of status, and its line. */
json_t *commands_sync_object(struct call *call);
/* Adds it to the verdict through add; whether it is good. */
bool commands_check_sync(struct call *call,
			 bool (*add)(struct call *call, json_t *list, const char *name, bool ok, const char *text),
			 json_t *list);

#endif
