/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long an item is served without word from the master: for ever, unless its custom says otherwise ("serve_max",
 * "on_aged"). The age is that of the last look at the master that was verified, news or none, and so the same for all
 * items: what SOA EXPIRE counts too (RFC 1035, 3.3.13). Pure; any thread.
 */
#ifndef SYNC_AGE_H
#define SYNC_AGE_H

#include "sync/content.h"
#include "sync/json_view.h"

/* serve_max: seconds, or "soa-expire" for a zone; on_aged: "serve" or "servfail". False: neither, or servfail of what is
 * no zone. */
bool age_read(struct json_view *custom, struct manifest_item *item);
/* Seconds; 0: for ever. base: of a zone that is loaded, else NULL. */
int64_t age_limit(const struct manifest_item *item, const struct zone_image_header *base);
/* Once content is built: the smallest limit in it, 0 without any. */
int64_t age_first_limit(const struct content *content);

struct age_count {
	size_t aged;		/* items that are older than they may be */
	size_t refused;		/* of them, zones that are no longer answered for */
	const struct manifest_item *first;	/* the first that is aged; NULL: none */
};
void age_count(const struct content *content, int64_t age_s, struct age_count *ret);	/* content NULL: nothing is */
bool age_is_over(const struct content *content, const struct manifest_item *item, int64_t age_s);	/* of that content */
/* Whether the zone is answered with SERVFAIL at this age. */
bool age_refuses(const struct content_zone *zone, int64_t age_s);

#endif
