/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dns_limit.h"

#include "conf/base/clock.h"
#include "conf/base/log.h"
#include "server/worker.h"

enum { KPASSWD_PORT = 464 };	/* answers errors with errors */

_Static_assert(COUNTER_DNS_LIMIT_DROP_ERROR - COUNTER_DNS_LIMIT_DROP_ANSWER == LIMITER_CLASSES - 1
		       && COUNTER_DNS_LIMIT_SLIP_ANSWER - COUNTER_DNS_LIMIT_DROP_ANSWER == LIMITER_CLASSES
		       && COUNTER_DNS_LIMIT_DRY_ANSWER - COUNTER_DNS_LIMIT_SLIP_ANSWER == LIMITER_CLASSES,
	       "counters by action and class");

static enum limiter_class class_of(enum respond_outcome outcome)
{
	switch (outcome) {
	case RESPOND_ANSWER:
	case RESPOND_CHAOS: return LIMITER_ANSWER;
	case RESPOND_NODATA:
	case RESPOND_COOKIE:
	case RESPOND_BADCOOKIE: /* the last two: no more than a word */ return LIMITER_NODATA;
	case RESPOND_NXDOMAIN: return LIMITER_NXDOMAIN;
	case RESPOND_REFERRAL: return LIMITER_REFERRAL;
	default: return LIMITER_ERROR;
	}
}

/* Types of one name are different answers; there are few. Errors are alike whatever was asked. */
static uint32_t like_of(const struct respond_result *result, enum limiter_class class)
{
	if (class == LIMITER_ANSWER)
		return result->like + result->type * UINT32_C(0x9e3779b1);
	return class == LIMITER_ERROR ? 0 : result->like;
}

static void tell(const struct worker *worker, const struct respond_result *result, const struct prefix *prefix,
		 enum limiter_class class, enum limiter_action action, uint64_t now_ns)
{
	static struct log_gate gate;
	char client[PREFIX_TEXT_MAX], zone[DNS_NAME_TEXT_MAX];

	log_limited(&gate, now_ns, LOG_LEVEL_INFO, "rate-limit %s: %s (%s%s%s, worker %u)",
		    prefix_print(prefix, client), action == LIMITER_DRY_RUN ? "would be limited" : "limited",
		    limiter_class_name(class), result->zone != NULL ? " in zone " : "",
		    result->zone != NULL ? name_print(result->zone->apex.wire, zone) : "", worker->index);
}

static bool limit(struct worker *worker, const struct addr *peer, uint8_t *out, struct respond_result *result,
		  uint64_t now_ns)
{
	static const enum counter counters[] = {
		[LIMITER_DROP] = COUNTER_DNS_LIMIT_DROP_ANSWER,
		[LIMITER_SLIP] = COUNTER_DNS_LIMIT_SLIP_ANSWER,
		[LIMITER_DRY_RUN] = COUNTER_DNS_LIMIT_DRY_ANSWER,
	};
	enum limiter_class class = class_of(result->outcome);
	struct address client = address_of(addr_bytes(peer));
	enum limiter_action action = limiter_check(&worker->limiter, client, class, like_of(result, class), now_ns);
	struct prefix prefix;

	if (action == LIMITER_PASS)
		return true;
	counters_bump(&worker->counters, counters[action] + class);
	if (limiter_note(&worker->limiter, client, class, action, now_ns, clock_wall_s(), &prefix))
		tell(worker, result, &prefix, class, action, now_ns);
	/* An error truncated would say no more than it does as it is. */
	if (action == LIMITER_SLIP && class != LIMITER_ERROR)
		result->len = respond_truncate(out, result);
	return action != LIMITER_DROP;
}

bool dns_limit(struct worker *worker, const struct addr *peer, uint8_t *out, struct respond_result *result,
	       uint64_t now_ns)
{
	if (addr_port(peer) == KPASSWD_PORT && class_of(result->outcome) == LIMITER_ERROR) {
		counters_bump(&worker->counters, COUNTER_DNS_REFLECTION);
		return false;
	}
	/* A valid cookie shows that the address is not forged (RFC 7873, 5.2.3). */
	if (!limiter_is_on(&worker->limiter) || result->cookie_valid)
		return true;
	return limit(worker, peer, out, result, now_ns);
}
