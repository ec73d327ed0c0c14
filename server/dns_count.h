/* SPDX-License-Identifier: Apache-2.0 */
/* What one DNS exchange adds to the counters, for every transport. The worker's own thread. */
#ifndef SERVER_DNS_COUNT_H
#define SERVER_DNS_COUNT_H

#include "server/counters.h"
#include "zone/respond.h"

struct worker;

/* queries: COUNTER_DNS_UDP4_QUERIES, ... of the transport it came by. Of the zone too, when zones are counted. */
void dns_count(struct worker *worker, const struct respond_result *result, enum counter queries);

#endif
