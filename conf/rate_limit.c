/* SPDX-License-Identifier: Apache-2.0 */
/* The group dns.rate-limit of conf/build.h. */
#include "conf/build.h"

#include "conf/base/mem.h"
#include "conf/value.h"

static void add_prefixes(char **texts, size_t text_count, struct prefix **list, size_t *count)
{
	*list = mem_resize(*list, *count + text_count + 1, sizeof **list);
	for (size_t i = 0; i < text_count; i++)
		*count += texts[i] != NULL && prefix_parse(texts[i], &(*list)[*count]) == 0;
}

/* The node's own checks ask from the service address itself: a flood in its prefix's name must not fail them. Whoever
 * forges such a source makes us answer ourselves. */
static void build_whitelist(const struct conf_raw_rate_limit *raw, const struct conf_raw_anycast *anycast,
			    struct prefixes *ret)
{
	struct prefix *list = NULL;
	size_t count = 0;

	add_prefixes(raw->whitelist, raw->whitelist_count, &list, &count);
	for (size_t i = 0; anycast != NULL && i < anycast->services_count; i++)
		add_prefixes(anycast->services[i].addresses, anycast->services[i].addresses_count, &list, &count);
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
	build_whitelist(raw, build->raw->anycast, &limit->whitelist);
}
