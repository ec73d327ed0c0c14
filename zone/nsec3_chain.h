/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are links of the NSEC3 chain that answers are made from. Pure; thread: any. */
#ifndef ZONE_NSEC3_CHAIN_H
#define ZONE_NSEC3_CHAIN_H

#include "zone/image.h"

/* The hash that a node's own label is. False: it is none. */
bool nsec3_chain_hash(const struct zone_node *node, uint8_t out[ZONE_NSEC3_HASH_BYTES]);
/* Whether the node has an NSEC3 with the parameters of that NSEC3PARAM RDATA, flags left aside; then adds the NSEC3's
 * flags to *flags. */
bool nsec3_chain_has(const struct zone_node *node, struct span parameters, unsigned *flags);

#endif
