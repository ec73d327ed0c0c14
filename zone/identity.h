/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers: what NSID (RFC 5001) and the CH names (RFC 4892) say. Dataset lifetime, immutable; any thread reads. */
#ifndef ZONE_IDENTITY_H
#define ZONE_IDENTITY_H

#include <stdint.h>

#include "conf/base/span.h"

struct zone_identity {
	struct span nsid;	/* empty: disabled */
	struct span node;	/* id.server, hostname.bind; at most 255 bytes */
	struct span version;	/* version.server, version.bind; empty: refused */
	struct span release;	/* release.catchment: the release served, "local" without sync */
	uint64_t generation;	/* generation.catchment */
};

#endif
