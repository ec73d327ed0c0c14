/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes one version of a zone into another: records that go and records that come, each at most once, in canonical
 * order (owner, RFC 4034, 6.1; type, RRSIGs behind what they cover; RDATA). A changed TTL is a removal and an addition.
 * Heap lifetime; filled by one thread, then immutable.
 */
#ifndef ZONE_CHANGES_H
#define ZONE_CHANGES_H

#include <stdbool.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"
#include "zone/record.h"

struct zone_change {
	bool add;		/* else: remove */
	uint16_t type;
	uint32_t key;		/* zone_type_key() */
	uint32_t ttl;		/* seconds */
	struct span owner;	/* wire, lower case */
	struct span rdata;	/* wire, as it was written */
	struct span canonical;	/* the same in canonical form (RFC 4034, 6.2) */
};

struct zone_changes {
	struct zone_change *list;
	size_t count, capacity;
	struct arena arena;
};

/* The order of RRsets at a name: by type, an RRSIG by the type it covers and behind it. */
static inline uint32_t zone_type_key(uint16_t type, uint16_t covers)
{
	return (uint32_t)(covers ? covers : type) << 1 | (covers != 0);
}

/* Appends a copy of one change. ERR_INVALID when the record breaks a rule that can be seen from it alone: an owner that
 * is no name, another class, a meta type, a TTL or RDATA that is not well formed. */
int zone_changes_add(struct zone_changes *changes, bool add, const struct record *record, struct err_note *note);
/* Puts them into order once all are added. ERR_INVALID when one stands there twice. */
int zone_changes_sort(struct zone_changes *changes, struct err_note *note);
/* What first and then second do together, as *ret_both (zone_changes_fini() it): what one adds and the other removes is
 * in neither. Both are in order. ERR_INVALID when second adds what first has added, or removes what it has removed. */
int zone_changes_combine(const struct zone_changes *first, const struct zone_changes *second,
			 struct zone_changes *ret_both, struct err_note *note);
void zone_changes_fini(struct zone_changes *changes);

/* The record of a change in canonical wire form: owner, type, class, TTL, RDLENGTH, RDATA. out has CANONICAL_RR_MAX
 * bytes; gives how many. */
size_t zone_change_wire(const struct zone_change *change, uint8_t *out);
/* <0, 0, >0: the order above, removals in front of additions. */
int zone_change_compare(const struct zone_change *a, const struct zone_change *b);

#endif
