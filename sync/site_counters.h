/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted of one site and its targets. Datasets share it from generation to generation while the site stays what
 * it is (its first host, its targets), so that a reload forgets nothing; the last that releases it frees it. Each worker
 * writes its own line, anybody reads.
 */
#ifndef SYNC_SITE_COUNTERS_H
#define SYNC_SITE_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "redirect/serve.h"

/* X(NAME, metric, label): the label is empty for none */
#define SITE_STATUSES(X) \
	X(200) X(204) X(206) X(302) X(303) X(304) X(307) X(400) X(404) X(405) X(412) X(413) X(416) X(421) X(503)
#define SITE_METHODS(X) X(GET) X(HEAD) X(OPTIONS) X(OTHER)
#define SITE_PROTOCOLS(X) X(HTTP_1_0, "HTTP/1.0") X(HTTP_1_1, "HTTP/1.1") X(HTTP_2, "HTTP/2")

enum site_counter {
#define X(status) SITE_COUNTER_##status,
	SITE_STATUSES(X)
#undef X
	SITE_COUNTER_OTHER_STATUS,
#define X(method) SITE_COUNTER_##method,
	SITE_METHODS(X)
#undef X
#define X(protocol, text) SITE_COUNTER_##protocol, SITE_COUNTER_##protocol##_TLS,
	SITE_PROTOCOLS(X)
#undef X
	SITE_COUNTER_COUNT,	/* behind them: one for each target, then for each fallback, then writes */
	SITE_COUNTER_STATUS_FIRST = 0, SITE_COUNTER_METHOD_FIRST = SITE_COUNTER_GET,
	SITE_COUNTER_PROTOCOL_FIRST = SITE_COUNTER_HTTP_1_0,
};
/* "302", "other"; "GET"; "HTTP/1.1": what the counter is of. */
const char *site_counter_label(enum site_counter counter);

struct site_counters;
/* The same as before when site is the same there; before may be NULL. */
struct site_counters *site_counters_take(const struct redirect_site *site, unsigned workers,
					 const struct redirect_site *site_before, struct site_counters *before);
void site_counters_release(struct site_counters *counters);	/* NULL is fine */

/* The worker's: a request to the site was answered. */
void site_counters_add(struct site_counters *counters, unsigned worker, const struct redirect_answer *answer);
uint64_t site_counters_sum(const struct site_counters *counters, enum site_counter counter);
/* Redirects to a target of the site. */
uint64_t site_counters_target(const struct site_counters *counters, const struct redirect_site *site,
			      const struct redirect_target *target);

#endif
