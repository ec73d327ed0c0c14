/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers: what NSID (RFC 5001) and the CH names (RFC 4892) say. Dataset lifetime, immutable; any thread reads. */
#ifndef ZONE_IDENTITY_H
#define ZONE_IDENTITY_H

#include <stdint.h>

#include "conf/base/span.h"

struct name;
struct prefixes;

/* What sync.server. and ZONE.sync.server. say of where the content comes from. */
struct zone_tell {
	const struct prefixes *allow;	/* who may ask; all others are refused */
	/* apex: of the zone; NULL: of the node. Gives the length of the text, 0: there is no such zone. Any thread. */
	size_t (*text)(const struct zone_tell *tell, const struct name *apex, char *buf, size_t size);
};

struct zone_identity {
	struct span nsid;	/* empty: disabled */
	struct span node;	/* id.server, hostname.bind; at most 255 bytes */
	struct span version;	/* version.server, version.bind; empty: refused */
	struct span release;	/* release.catchment: the release served, "local" without sync */
	uint64_t generation;	/* generation.catchment */
	const struct zone_tell *tell;	/* sync.server; NULL: refused */
};

#endif
