/* SPDX-License-Identifier: Apache-2.0 */
/* The names of class CH that tell who answers and with what: id.server, hostname.bind, version.server, version.bind
 * (RFC 4892), and our release.catchment and generation.catchment; for those who may know, sync.server and ZONE.sync.server
 * ("@" for the root). Any thread. */
#ifndef ZONE_CHAOS_H
#define ZONE_CHAOS_H

#include "zone/identity.h"
#include "zone/query.h"
#include "zone/respond.h"
#include "zone/writer.h"

/* Answers a CH question: RESPOND_CHAOS with one TXT, RESPOND_NODATA for another type, or RESPOND_REFUSED. client:
 * its address, 4 or 16 bytes. */
enum respond_outcome chaos_answer(const struct zone_identity *identity, const struct query *query, struct span client,
				  struct writer *writer);

#endif
