/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node in the Prometheus text format 0.0.4: all counters of server/counter_list.h, and what is told here beside
 * them. Main thread only.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "server/latency.h"
#include "server/textbuf.h"

struct node;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
enum { METRICS_PREFIXES_MAX = 20 };	/* limited prefixes that are told */

void metrics_print(const struct node *node, struct textbuf *out);
/* What the parts of it share: the head of a metric; a histogram whole. */
void metrics_family(struct textbuf *out, const char *name, const char *type, const char *help);
void metrics_histogram(struct textbuf *out, const char *name, const char *help, const struct latency_sum *sum);
/* Of the targets that are checked: server/metrics_targets.c. */
void metrics_print_targets(const struct node *node, struct textbuf *out);
/* Of the master that is followed: server/metrics_sync.c. */
void metrics_print_sync(const struct node *node, struct textbuf *out);
/* Of the process: processor time, memory, descriptors, under the names that all exporters use. */
void metrics_print_process(const struct node *node, struct textbuf *out);

#endif
