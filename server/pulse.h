/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the workers live? A worker that sleeps and one that hangs look the same from outside their loop, so each is
 * woken and must turn once within PULSE_MS. Main thread only.
 */
#ifndef SERVER_PULSE_H
#define SERVER_PULSE_H

#include <stdbool.h>

struct node;

enum { PULSE_MS = 1000 };	/* a worker that does not turn in a second answers nobody */

/* turned[i]: of worker i, valid in the callback; standing: how many did not. */
typedef void pulse_fn(void *ctx, const bool *turned, unsigned standing);

/* Asks all; done is called once, later, also when the node stops meanwhile. */
void pulse_ask(struct node *node, pulse_fn *done, void *ctx);

#endif
