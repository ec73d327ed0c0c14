/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the workers live? A worker that sleeps and one that hangs look the same from outside their loop, so each is
 * woken and must turn once in time. Main thread only.
 */
#ifndef SERVER_PULSE_H
#define SERVER_PULSE_H

#include <stdbool.h>
#include <stdint.h>

struct node;

enum { PULSE_MS = 1000 };	/* for who has no limit of its own: a worker that does not turn in a second answers nobody */

/* turned[i]: of worker i, valid in the callback; standing: how many did not. */
typedef void pulse_fn(void *ctx, const bool *turned, unsigned standing);

/* Asks all, for limit_ms at most; done is called once, later, also when the node stops meanwhile. */
void pulse_ask(struct node *node, uint64_t limit_ms, pulse_fn *done, void *ctx);

#endif
