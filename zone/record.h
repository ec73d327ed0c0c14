/* SPDX-License-Identifier: Apache-2.0 */
/* One resource record on its way into a zone image, as views. Who gives it out keeps what it points to until the call
 * that took it returns. Thread: any. */
#ifndef ZONE_RECORD_H
#define ZONE_RECORD_H

#include "conf/base/span.h"

struct record {
	struct span owner;	/* uncompressed wire name, any case */
	uint16_t type, class;
	uint32_t ttl;		/* seconds */
	struct span rdata;	/* wire form, names in it uncompressed */
	const char *file;	/* where it came from, for messages; "" when it has no line */
	unsigned line;
};

#endif
