/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of server/health: health.c (which endpoints), health_check.c (one check), health_tell.c (what changed). */
#ifndef SERVER_HEALTH_INNER_H
#define SERVER_HEALTH_INNER_H

#include <nettle/sha2.h>
#include <uv.h>

#include "conf/conf.h"
#include "server/health.h"
#include "server/siphash.h"
#include "sync/web.h"

/* Who wants to know. Dataset lifetime. */
struct health_user {
	struct health_user *next;	/* of the same probe */
	const struct redirect_site *site;
	const struct redirect_target *target;
	const struct redirect_endpoint *endpoint;
};

/* What is asked. */
struct health_probe {
	struct health_probe *next;	/* with the same hash */
	struct health *health;
	char *url;			/* as asked; owned */
	struct redirect_endpoint endpoint;	/* its id is of no use */
	const struct conf_check *check;	/* of the dataset in force */
	struct health_user *users;	/* none: it is no longer in the configuration */
	uv_timer_t timer;
	struct web_transfer *asking;	/* NULL: none under way */
	uint64_t began_ns;		/* the last check; 0: none yet */
	struct sha256_ctx digest;	/* of the content, so far */
	struct health_state state;
};

struct health {
	struct node *node;
	struct web *web;
	struct siphash_key key;
	uint64_t randoms;		/* drawn so far */
	struct redirect_health *table;	/* of the dataset in force */
	struct health_probe **buckets;
	size_t bucket_count;		/* a power of 2 */
	struct health_probe **by_endpoint;
	size_t endpoint_count;
	struct health_user *users;	/* all */
	size_t unknown;			/* probes never asked */
	bool looking;			/* health_first_look() runs */
	uv_timer_t look;
};

/* health_check.c: now, and again after each end. */
void health_check_begin(struct health_probe *probe);
/* health_tell.c: another state came from a check: into the table, to the log and the events. */
void health_tell(struct health_probe *probe, bool up, uint64_t lasted_s);

#endif
