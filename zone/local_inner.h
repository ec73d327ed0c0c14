/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of zone/local share: names and what they lead to (local.c), and the records made of it
 * (local_write.c). */
#ifndef ZONE_LOCAL_INNER_H
#define ZONE_LOCAL_INNER_H

#include "zone/local.h"
#include "zone/local_variant.h"

/* What one wish became. */
struct local_group {
	uint32_t ttl;
	bool is_signed;			/* only what the variants have is local */
	struct local_address *addresses;
	size_t address_count;
	struct local_service *services;
	struct span *hosts;		/* of the services: wire names */
	size_t service_count;
	struct local_variants variants;
};

enum local_role { LOCAL_ROLE_NAME, LOCAL_ROLE_SRV_HTTP, LOCAL_ROLE_SRV_HTTPS, LOCAL_ROLE_ABOVE /* only names below it are local */ };

struct local {
	const struct local_group *group;	/* NULL: ABOVE */
	enum local_role role;
	uint32_t hash;
	uint8_t len;
	const uint8_t *wire;
};

/* The type that stands for ANY (RFC 8482, 4.1); every other as it is. */
uint16_t local_concrete_type(const struct local *local, uint16_t type);

#endif
