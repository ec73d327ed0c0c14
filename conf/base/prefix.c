/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/base/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/err.h"
#include "conf/base/mem.h"

struct address_range {
	struct address first, last;
};

enum { IPV4_BITS_MAX = 32, BITS_MAX = 128 };

/* A decimal number of at most three digits and nothing behind it; -1 when it is none. */
static int length_of(const char *text)
{
	int value = 0;

	if (text[0] == '\0' || strlen(text) > 3)
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

int prefix_parse(const char *text, struct prefix *ret)
{
	size_t host_len = strcspn(text, "/");
	char host[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (host_len >= sizeof host)
		return ERR_SYNTAX;
	memcpy(host, text, host_len);
	host[host_len] = '\0';

	bool ipv4 = inet_pton(AF_INET, host, bytes) == 1;
	if (!ipv4 && inet_pton(AF_INET6, host, bytes) != 1)
		return ERR_SYNTAX;
	int most = ipv4 ? IPV4_BITS_MAX : BITS_MAX;
	int length = text[host_len] == '/' ? length_of(text + host_len + 1) : most;
	if (length < 0 || length > most)
		return ERR_SYNTAX;

	unsigned bits = (unsigned)length + (ipv4 ? PREFIX_IPV4_BITS : 0);
	struct address first = address_of((struct span){ bytes, ipv4 ? 4 : 16 }), mask = address_mask(bits);
	*ret = (struct prefix){ { first.high & mask.high, first.low & mask.low }, (uint8_t)bits };
	return 0;
}

const char *prefix_print(const struct prefix *prefix, char buf[PREFIX_TEXT_MAX])
{
	bool ipv4 = address_is_ipv4(prefix->first) && prefix->bits >= PREFIX_IPV4_BITS;
	char host[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(prefix->first.high >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(prefix->first.low >> (56 - 8 * i));
	}
	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? bytes + 12 : bytes, host, sizeof host);
	snprintf(buf, PREFIX_TEXT_MAX, "%s/%d", host, prefix->bits - (ipv4 ? PREFIX_IPV4_BITS : 0));
	return buf;
}

static int compare(struct address a, struct address b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return (a.low > b.low) - (a.low < b.low);
}

static int by_first(const void *a, const void *b)
{
	return compare(((const struct address_range *)a)->first, ((const struct address_range *)b)->first);
}

void prefixes_init(struct prefixes *set, const struct prefix *list, size_t count)
{
	struct address_range *ranges = mem_array(count, sizeof *ranges);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct address mask = address_mask(list[i].bits), first = list[i].first;

		ranges[i] = (struct address_range){ first, { first.high | ~mask.high, first.low | ~mask.low } };
	}
	if (count > 0)
		qsort(ranges, count, sizeof *ranges, by_first);
	/* Prefixes are apart or one inside the other, never half. */
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || compare(ranges[i].first, ranges[kept - 1].last) > 0)
			ranges[kept++] = ranges[i];
	}
	*set = (struct prefixes){ ranges, kept };
}

void prefixes_copy(struct prefixes *set, const struct prefixes *from)
{
	struct address_range *ranges = mem_array(from->count, sizeof *ranges);

	if (from->count > 0)
		memcpy(ranges, from->ranges, from->count * sizeof *ranges);
	*set = (struct prefixes){ ranges, from->count };
}

void prefixes_fini(struct prefixes *set)
{
	mem_free(set->ranges);
	*set = (struct prefixes){ 0 };
}

bool prefixes_have(const struct prefixes *set, struct address address)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(set->ranges[middle].last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->count && compare(set->ranges[low].first, address) <= 0;
}
