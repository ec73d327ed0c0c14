/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a new dataset to all workers, and freeing the old one when no worker can still see it. A worker takes a
 * dataset between two callbacks of its loop, so what it used before is out of sight once it says so: the same promise
 * as RCU's quiescent state, by message. (libuv runs callbacks inside its wait for events, so there is no one place
 * where a loop could go offline and come back; and thread sanitizers understand messages.) Main thread only.
 */
#ifndef SERVER_PUBLISH_H
#define SERVER_PUBLISH_H

#include "sync/dataset.h"

struct node;
struct publish;

struct publish *publish_new(struct node *node);
/* node->dataset becomes dataset; the one before is freed when every worker has taken the new one. Then taken(ctx) is
 * called, from the loop: from now on every answer is from the new dataset. One publication at a time. */
void publish_dataset(struct publish *publish, struct dataset *dataset, void (*taken)(void *ctx), void *ctx);
/* What workers send when they took a dataset. */
struct uv_async_s *publish_taken(struct publish *publish);
/* Closes its handle; workers that end take no dataset any more, so a publication under way ends here. What is retired is freed by publish_free(), after the workers have ended. */
void publish_close(struct publish *publish);
void publish_free(struct publish *publish);

#endif
