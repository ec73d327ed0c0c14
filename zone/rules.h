/* SPDX-License-Identifier: Apache-2.0 */
/* The load rules that look at more than one record: what makes a zone faulty, and what is only odd. Inside
 * zone/compile; one thread. */
#ifndef ZONE_RULES_H
#define ZONE_RULES_H

#include "zone/layout.h"

/* "OWNER TYPE: WHAT" with the place of the record. */
void zone_rules_error(struct zone_layout_work *work, const struct zone_key *owner, const struct zone_stored *stored,
		      const char *what);
void zone_rules_warn(struct zone_layout_work *work, const struct zone_key *owner, const struct zone_stored *stored,
		     const char *what);

/* The rules for one node, whose groups are laid out. flags are the node's. */
void zone_rules_node(struct zone_layout_work *work, const struct zone_key *owner, unsigned flags);

#endif
