/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dns_count.h"

#include "server/worker.h"
#include "zone/wire.h"

_Static_assert(COUNTER_COUNT <= UINT8_MAX, "the tables below hold counters in a byte");
_Static_assert(COUNTER_DNS_UDP4_QUERIES == 0, "0 stands for no counter of its own in the tables below");

static const uint8_t by_rcode[] = {
	[DNS_NOERROR] = COUNTER_DNS_NOERROR,
	[DNS_FORMERR] = COUNTER_DNS_FORMERR,
	[DNS_SERVFAIL] = COUNTER_DNS_SERVFAIL,
	[DNS_NXDOMAIN] = COUNTER_DNS_NXDOMAIN,
	[DNS_NOTIMP] = COUNTER_DNS_NOTIMP,
	[DNS_REFUSED] = COUNTER_DNS_REFUSED,
	[DNS_YXDOMAIN] = COUNTER_DNS_YXDOMAIN,
	[DNS_NOTAUTH] = COUNTER_DNS_NOTAUTH,
	[DNS_BADVERS] = COUNTER_DNS_BADVERS,
	[DNS_BADCOOKIE] = COUNTER_DNS_BADCOOKIE,
};

static const uint8_t by_type[] = {
	[DNS_A] = COUNTER_DNS_TYPE_A,
	[DNS_NS] = COUNTER_DNS_TYPE_NS,
	[DNS_SOA] = COUNTER_DNS_TYPE_SOA,
	[DNS_PTR] = COUNTER_DNS_TYPE_PTR,
	[DNS_MX] = COUNTER_DNS_TYPE_MX,
	[DNS_TXT] = COUNTER_DNS_TYPE_TXT,
	[DNS_AAAA] = COUNTER_DNS_TYPE_AAAA,
	[DNS_SRV] = COUNTER_DNS_TYPE_SRV,
	[DNS_DS] = COUNTER_DNS_TYPE_DS,
	[DNS_DNSKEY] = COUNTER_DNS_TYPE_DNSKEY,
	[DNS_SVCB] = COUNTER_DNS_TYPE_SVCB,
	[DNS_HTTPS] = COUNTER_DNS_TYPE_HTTPS,
	[DNS_ANY] = COUNTER_DNS_TYPE_ANY,
	[DNS_CAA] = COUNTER_DNS_TYPE_CAA,
};

static inline enum counter look_up(const uint8_t *table, size_t count, uint16_t number, enum counter other)
{
	return number < count && table[number] != 0 ? (enum counter)table[number] : other;
}

static enum zone_counter zone_counter_of(enum respond_outcome outcome)
{
	switch (outcome) {
	case RESPOND_ANSWER: return ZONE_COUNTER_ANSWER;
	case RESPOND_NODATA: return ZONE_COUNTER_NODATA;
	case RESPOND_NXDOMAIN: return ZONE_COUNTER_NXDOMAIN;
	case RESPOND_REFERRAL: return ZONE_COUNTER_REFERRAL;
	default: return ZONE_COUNTER_ERROR;
	}
}

static void count_zone(const struct worker *worker, const struct respond_result *result)
{
	const struct dataset *dataset = worker->dataset;
	struct zone_counters *counters = dataset->zone_infos[zone_set_index(dataset->zones, result->zone)].counters;

	zone_counters_bump(counters, worker->index, ZONE_COUNTER_QUERIES);
	zone_counters_bump(counters, worker->index, zone_counter_of(result->outcome));
	if (result->truncated)
		zone_counters_bump(counters, worker->index, ZONE_COUNTER_TRUNCATED);
}

void dns_count(struct worker *worker, const struct respond_result *result, enum counter queries)
{
	struct counters *counters = &worker->counters;

	counters_bump(counters, queries);
	if (result->len == 0) {
		counters_bump(counters, COUNTER_DNS_SILENT);
		return;
	}
	counters_bump(counters, COUNTER_DNS_RESPONSES);
	counters_bump(counters, look_up(by_rcode, sizeof by_rcode, result->rcode, COUNTER_DNS_OTHER_RCODE));
	if (result->type != 0)
		counters_bump(counters, look_up(by_type, sizeof by_type, result->type, COUNTER_DNS_TYPE_OTHER));
	/* Adding 0 or 1 costs less than a branch that half of the queries miss. */
	counters_add(counters, COUNTER_DNS_EDNS, result->edns);
	counters_add(counters, COUNTER_DNS_DO, result->dnssec_ok);
	if (result->nsid)
		counters_bump(counters, COUNTER_DNS_NSID);
	if (result->cookie) {
		counters_bump(counters, COUNTER_DNS_COOKIE);
		counters_add(counters, COUNTER_DNS_COOKIE_VALID, result->cookie_valid);
	}
	if (result->truncated)
		counters_bump(counters, COUNTER_DNS_TRUNCATED);
	if (result->outcome == RESPOND_NODATA)
		counters_bump(counters, COUNTER_DNS_NODATA);
	else if (result->outcome == RESPOND_REFERRAL)
		counters_bump(counters, COUNTER_DNS_REFERRAL);
	if (result->zone != NULL && worker->dataset->zone_statistics)
		count_zone(worker, result);
}
