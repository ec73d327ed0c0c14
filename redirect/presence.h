/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the server behind a target have the file at all? The question of the answer path, and its three answers. Who
 * knows is server/presence; here only the shape, so that redirect stays pure.
 */
#ifndef REDIRECT_PRESENCE_H
#define REDIRECT_PRESENCE_H

#include "conf/base/span.h"

struct redirect_target;

enum redirect_present {
	REDIRECT_PRESENT,		/* it has, or nobody can say in time: send the client there */
	REDIRECT_ABSENT,		/* it answered that it does not have it */
	REDIRECT_PRESENT_SOON,		/* being asked: the request waits, and is served again when the caller is told */
};

/* url: the Location that would be sent, without its query; whole and legal. In the worker's thread; does not block. */
typedef enum redirect_present redirect_present_fn(void *ctx, const struct redirect_target *target, struct span url);

#endif
