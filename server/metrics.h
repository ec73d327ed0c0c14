/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node in the Prometheus text format 0.0.4: all counters of server/counter_list.h, and what is told here beside
 * them. Main thread only.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "server/textbuf.h"

struct node;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
enum { METRICS_PREFIXES_MAX = 20 };	/* limited prefixes that are told */

void metrics_print(const struct node *node, struct textbuf *out);
/* Of the process: processor time, memory, descriptors, under the names that all exporters use. */
void metrics_print_process(const struct node *node, struct textbuf *out);

#endif
