/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NSEC and NSEC3 records that prove a denial or the absence of a closer name (RFC 4035, 3.1.3; RFC 5155, 7.2): as few
 * as will do, none twice. They are collected while aliases are followed and written when the answer section is complete.
 * Zones without proofs give none. Transaction lifetime; any thread.
 */
#ifndef ZONE_PROOF_H
#define ZONE_PROOF_H

#include "zone/name.h"
#include "zone/writer.h"

enum { PROOFS_MAX = 24 };	/* in one response: each alias may add one, for the wildcard it comes from */

struct proof {
	const struct zone_image_header *base;
	unsigned count;
	zref nodes[PROOFS_MAX];		/* whose NSEC or NSEC3 it takes */
};

/* The name does not exist below its closest encloser (hit of ZONE_ENCLOSER), nor a wildcard for it. */
void proof_no_name(struct proof *proof, const struct name *name, const struct zone_hit *hit);
/* node, which is the name or above it, exists, but has not the type. Also for a cut without DS, asked for or referred
 * to: then the delegation is insecure (RFC 5155, 7.2.7). */
void proof_no_type(struct proof *proof, const struct name *name, const struct zone_node *node);
/* The name does not exist, and the wildcard that stands in for it has no such type. */
void proof_wildcard_no_type(struct proof *proof, const struct name *name, const struct zone_hit *hit,
			    const struct zone_node *wildcard);
/* The answer is from a wildcard: there is no closer match (RFC 4035, 3.1.3.3; RFC 5155, 7.2.6). */
void proof_no_closer(struct proof *proof, const struct name *name, const struct zone_hit *hit);

/* Writes what was collected, with signatures, into the authority section. False: not all of it fits. */
bool proof_write(const struct proof *proof, struct writer *writer);

#endif
