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

/* RFC 1034, 3.6.2 and RFC 4034, 3 and 4: what may stand beside a CNAME. */
bool zone_rules_may_join_cname(uint16_t type);
/* Whether an RRset of count RRs whose RDATA takes so many bytes fits into a message. Names may shrink to pointers there,
 * so a few RRs of names cannot be too large, whatever the names. */
bool zone_rules_fits(uint16_t type, size_t count, size_t rdata_bytes);

/* The rules for one node, whose groups are laid out. flags are the node's. */
void zone_rules_node(struct zone_layout_work *work, const struct zone_key *owner, unsigned flags);

#endif
