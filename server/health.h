/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of targets: each endpoint of a target with a check is asked in turn, on main's loop, and what is found
 * goes into the redirect_health of the dataset in force, which the workers read. What several sites ask in the same way
 * is asked once. Main thread only.
 *
 * An endpoint nobody has asked yet is used; its first check decides alone and at once, afterwards `fall` bad checks in
 * a row take it out of rotation and `rise` good ones bring it back. A check begins at most `interval` after the one
 * before, so that a dead target is out after fall x interval + timeout. What is known of an endpoint survives a reload
 * that does not change its URL, address and check.
 */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "redirect/health.h"
#include "redirect/sites.h"

struct dataset;
struct health;
struct node;

enum health_is { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };
enum { HEALTH_TEXT_MAX = 320, HEALTH_AT_MAX = 72 };

/* What is known of one endpoint. */
struct health_state {
	enum health_is is;
	int64_t since;		/* wall clock, seconds */
	int64_t checked_at;	/* end of the last check; 0: none yet */
	uint64_t took_us;	/* of the last check */
	uint64_t checks, failures, transitions;	/* since it was first seen; transitions: from up to down and back */
	unsigned streak;	/* checks in a row that say otherwise than `is` */
	char at[HEALTH_AT_MAX];	/* "192.0.2.1", "IPv4 by name" */
	char text[HEALTH_TEXT_MAX];	/* last words: "503 Service Unavailable", "connection refused" */
};

/* NULL when libcurl does not start. */
struct health *health_new(struct node *node);
/* dataset is about to be published, or the first: takes over what is known, begins to ask for what is new. NULL is
 * fine for health. The dataset before is not touched any more. */
void health_use(struct health *health, struct dataset *dataset);
/* At the start, before clients are let in: runs the loop until every endpoint was asked once, at most so long. */
void health_first_look(struct health *health, uint64_t limit_ms);
void health_close(struct health *health);	/* NULL is fine, here and below */
void health_free(struct health *health);	/* after health_close(), when the loop has run out */

/* Of the dataset in force. NULL: it is not checked. */
const struct health_state *health_of(const struct health *health, const struct redirect_endpoint *endpoint);
const char *health_is_name(enum health_is is);	/* "unknown" "up" "down" */
/* Clients of this family, any of them for REDIRECT_ANY_FAMILY, find a target of the site's own, or that or a fallback. */
bool health_site_up(const struct redirect_health *table, const struct redirect_site *site, uint8_t family);
bool health_site_served(const struct redirect_health *table, const struct redirect_site *site, uint8_t family);

#endif
