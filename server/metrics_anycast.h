/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of the routes: catchment_service_*, catchment_lease_*. Main thread only. */
#ifndef SERVER_METRICS_ANYCAST_H
#define SERVER_METRICS_ANYCAST_H

#include "server/node.h"
#include "server/textbuf.h"

/* Nothing without the section anycast. */
void metrics_print_anycast(const struct node *node, struct textbuf *out);

#endif
