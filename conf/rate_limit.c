/* SPDX-License-Identifier: Apache-2.0 */
/* The group dns.rate-limit of conf/build.h. */
#include "conf/build.h"

#include "conf/base/mem.h"
#include "conf/value.h"

static void build_whitelist(const struct conf_raw_rate_limit *raw, struct prefixes *ret)
{
	struct prefix *list = mem_array(raw->whitelist_count, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < raw->whitelist_count; i++)
		count += raw->whitelist[i] != NULL && prefix_parse(raw->whitelist[i], &list[count]) == 0;
	prefixes_init(ret, list, count);
	mem_free(list);
}

void conf_build_rate_limit(struct conf_build *build)
{
	static const struct conf_raw_rate_limit none;
	const struct conf_raw_rate_limit *raw = build->raw->dns->rate_limit ? build->raw->dns->rate_limit : &none;
	struct conf_rate_limit *limit = &build->conf->dns.rate_limit;

	limit->responses_per_second =
		(unsigned)conf_value_number("dns.rate-limit.responses-per-second", raw->responses_per_second);
	limit->slip = (unsigned)conf_value_number("dns.rate-limit.slip", raw->slip);
	limit->ipv4_prefix_length =
		(uint8_t)conf_value_number("dns.rate-limit.ipv4-prefix-length", raw->ipv4_prefix_length);
	limit->ipv6_prefix_length =
		(uint8_t)conf_value_number("dns.rate-limit.ipv6-prefix-length", raw->ipv6_prefix_length);
	limit->dry_run = conf_value_bool("dns.rate-limit.dry-run", raw->dry_run);
	build_whitelist(raw, &limit->whitelist);
}
