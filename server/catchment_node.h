/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of all workers of a node together; main only. */
#ifndef SERVER_CATCHMENT_NODE_H
#define SERVER_CATCHMENT_NODE_H

#include "server/catchment.h"
#include "server/node.h"
#include "server/textbuf.h"

/* As catchment_read(), without the networks of the node's own service addresses, which its checks ask from. */
void catchment_node_read(const struct node *node, enum catchment_service service, enum catchment_family family, size_t most,
			 struct catchment_report *ret);
uint32_t catchment_node_since(const struct node *node);
/* networks and the greatest of them, as metrics. */
void catchment_node_print(const struct node *node, struct textbuf *out);

#endif
