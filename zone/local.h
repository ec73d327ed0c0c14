/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local names: names inside of a zone that are answered with this node's own addresses, as far as they work now, instead
 * of what the zone says. Made with a dataset, immutable but for the health of the addresses, which others write; any
 * thread reads.
 *
 * For A and AAAA a local name answers with the addresses that are up, and with all of them when none is; for HTTPS and
 * SVCB (RFC 9460) with a record that hints at the same ones; _http._tcp and _https._tcp below it answer SRV (RFC 2782).
 * All else at the name is the zone's own. In a signed zone only what the zone carries signed for this node is local:
 * zone/local_variant.h.
 */
#ifndef ZONE_LOCAL_H
#define ZONE_LOCAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "zone/answer.h"
#include "zone/image.h"

enum { LOCAL_ADDRESSES_MAX = 64, LOCAL_SERVICES_MAX = 64 };

struct local_address {
	uint8_t len;			/* 4 or 16 */
	uint8_t bytes[16];
	const _Atomic uint8_t *up;	/* 0: down; stands as long as the set */
};

/* A content server, for SRV: where and with which share. */
struct local_service {
	const char *host;		/* a domain name */
	uint16_t port, weight;
	bool https;
	const _Atomic uint8_t *up;
};

struct local_wish {
	const char *name;		/* text */
	uint32_t ttl_s;
	const char *node;		/* whose variants a signed zone carries */
	int64_t now_s;			/* wall clock: signatures must be in time */
	const struct local_address *addresses;
	size_t address_count;
	const struct local_service *services;
	size_t service_count;
};

/* The local names of one zone. */
struct local_set;
struct local_set *local_set_new(const struct zone_image_header *base);	/* base stands as long as the set */
void local_set_free(struct local_set *set);				/* NULL is fine */
/* ERR_INVALID and a sentence in note when the name cannot be local there: it is not in the zone, below a zone cut or a
 * DNAME, an alias, given twice; it has no address; the zone is signed and carries no variant for this node. */
int local_set_add(struct local_set *set, const struct local_wish *wish, struct err_note *note);
size_t local_set_count(const struct local_set *set);

/* What a look-up meets. */
struct local;
enum local_kind {
	LOCAL_NONE,	/* the zone answers */
	LOCAL_HERE,	/* *ret_local has the type asked for */
	LOCAL_NODATA,	/* the name is local, or above a local one, and has nothing of that type; nor does the zone */
	LOCAL_NO_NAME,	/* below a local name that the zone does not know: a wildcard of the zone does not reach it */
};
/* name is not below a cut or a DNAME of the zone; hit is what the image knows of it. */
enum local_kind local_find(const struct local_set *set, const struct name *name, const struct zone_hit *hit, uint16_t type,
			   const struct local **ret_local);
/* Writes the records, signatures too where the zone carries them and dnssec asks for them. False: no room. */
bool local_write(const struct local *local, uint16_t type, bool dnssec, struct writer_owner owner, struct writer *writer);

#endif
