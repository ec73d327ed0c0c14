/* SPDX-License-Identifier: Apache-2.0 */
/* Staged rollout: which nodes have the newest version of an item. In the signed data and the same wherever it is
 * asked. Pure; thread: any. */
#ifndef SYNC_ROLLOUT_H
#define SYNC_ROLLOUT_H

#include <stdbool.h>

#include "sync/json_view.h"

/* 0 … 999: BLAKE2b-64 of SALT "|" NODE as a big-endian number, modulo 1000. */
unsigned rollout_place(const char *salt, const char *node);
/* rollout: the member of an item's custom, or NULL: everybody. Named in "nodes", or its place is below "permille". */
bool rollout_selects(struct json_view *rollout, const char *node);

#endif
