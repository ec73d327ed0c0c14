/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From records to a zone image: collect, sort canonically, check the load rules, lay out. Heap lifetime; one thread at
 * a time. The rules (RFC 1035, 2181, 2136, 4034): one SOA, at the apex; NS at the apex; every owner in the zone; class
 * IN; no meta types; CNAME alone (but for RRSIG, NSEC, KEY); one CNAME or DNAME or SOA at a name; one TTL per RRset
 * (the lowest is taken, with a warning); duplicates dropped (with a warning); nothing but glue below a cut (warning);
 * RDATA well formed for the types that carry names; at most 65535 bytes in an RRset.
 */
#ifndef ZONE_COMPILE_H
#define ZONE_COMPILE_H

#include "conf/base/err.h"
#include "zone/name.h"
#include "zone/record.h"

struct zone_compile;

struct zone_compile *zone_compile_new(const struct name *apex);
void zone_compile_free(struct zone_compile *compile);

/* Takes a copy of one record. Faults go to errors; returns 0 also then, so that the reader goes on and all faults are
 * told: ask zone_compile_finish(). Its type fits zone_text_record_fn when ctx is the compile. */
int zone_compile_add(void *compile, const struct record *record);

/* Lays the image out. Frees nothing: call zone_compile_free() behind it. On success *ret_bytes (mem_free) is a whole
 * image of *ret_size bytes. Faults of the zone go to errors, oddities that do not stop it to warnings. */
int zone_compile_finish(struct zone_compile *compile, void **ret_bytes, size_t *ret_size,
			struct err_list *errors, struct err_list *warnings);

#endif
