/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of all workers of a node together; main only. */
#ifndef SERVER_CATCHMENT_NODE_H
#define SERVER_CATCHMENT_NODE_H

#include "server/catchment.h"
#include "server/node.h"
#include "server/textbuf.h"

/* What is told: CATCHMENT_BY_PROTOCOL reports, each service and family of server/catchment.h; then the services of the section
 * anycast, each family: who asked at their addresses, by whatever protocol. */
enum { CATCHMENT_BY_PROTOCOL = CATCHMENT_SERVICES * CATCHMENT_FAMILIES };
size_t catchment_node_reports(const struct node *node);
void catchment_node_read(const struct node *node, size_t report, size_t most, struct catchment_report *ret);
const char *catchment_node_service(const struct node *node, size_t report);	/* "dns-udp", or the service's name */
enum catchment_family catchment_node_family(size_t report);
uint32_t catchment_node_since(const struct node *node);
/* networks and the greatest of them, as metrics. */
void catchment_node_print(const struct node *node, struct textbuf *out);

#endif
