/* SPDX-License-Identifier: Apache-2.0 */
/* What a zone that keeps the load rules must pass besides, before it is kept and served: the digest it carries
 * (ZONEMD, by the policy of the zone), and a look at its DNSSEC, whose faults are told but refuse nothing. Pure;
 * thread: any. */
#ifndef ZONE_ACCEPT_H
#define ZONE_ACCEPT_H

#include "conf/base/err.h"
#include "conf/conf.h"
#include "zone/image.h"

struct zone_accept {
	enum conf_zonemd zonemd;
	bool dnssec;		/* look at it */
	int64_t now_s;		/* wall clock */
};

/* 0, or ERR_INVALID with the reason in errors. DNSSEC has one line in warnings at most: its worst fault, the first of
 * its kind, and how many more there are. name is the zone's, as configured. */
int zone_accept(const struct zone_accept *accept, const char *name, const struct zone_image_header *base,
		struct err_list *errors, struct err_list *warnings);

#endif
