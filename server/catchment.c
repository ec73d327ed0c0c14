/* SPDX-License-Identifier: Apache-2.0 */
#include "server/catchment.h"

#include "conf/base/mem.h"

enum { IPV6_KEY_BITS = 64 };	/* a key is the first half of an IPv6 address, or the lower half of a mapped IPv4 one */

struct catchment *catchment_new(const struct conf_catchment *conf, struct siphash_key secret)
{
	struct catchment *catchment = mem_alloc(sizeof *catchment);

	catchment->secret = secret;
	catchment->window_s = conf->window_s;
	catchment->masks[CATCHMENT_IPV4] = address_mask(PREFIX_IPV4_BITS + conf->ipv4_prefix_length).low;
	catchment->masks[CATCHMENT_IPV6] = address_mask(conf->ipv6_prefix_length).high;
	for (unsigned i = 0; i < 2 * CATCHMENT_SERVICES * CATCHMENT_FAMILIES; i++)
		sketch_top_init(&catchment->windows[i & 1].counts[i / 2 % CATCHMENT_SERVICES][i / 2 / CATCHMENT_SERVICES].top,
				conf->top);
	return catchment;
}

void catchment_free(struct catchment *catchment)
{
	if (catchment == NULL)
		return;
	for (unsigned i = 0; i < 2 * CATCHMENT_SERVICES * CATCHMENT_FAMILIES; i++)
		sketch_top_fini(&catchment->windows[i & 1].counts[i / 2 % CATCHMENT_SERVICES][i / 2 / CATCHMENT_SERVICES].top);
	mem_free(catchment);
}

/* The finishing steps of MurmurHash3, between two words that nobody knows: enough to keep clients from choosing where they
 * are counted, at a fraction of what SipHash costs. What they could gain is a line in a statistic that whoever forges
 * addresses fills as well. */
static uint64_t mix(struct siphash_key secret, uint64_t key)
{
	key ^= secret.a;
	key = (key ^ key >> 33) * UINT64_C(0xff51afd7ed558ccd);
	key = (key ^ key >> 33) * (secret.b | 1);
	key = (key ^ key >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return key ^ key >> 33;
}

/* The other window becomes the current one; rare, so that its clearing (some 100 KiB) may cost a batch. */
static void __attribute__((noinline)) turn(struct catchment *catchment, uint32_t now_s)
{
	unsigned next = catchment->turn_s == 0 ? 0 : !catchment->current;
	struct catchment_window *window = &catchment->windows[next];

	for (unsigned i = 0; catchment->turn_s != 0 && i < CATCHMENT_SERVICES * CATCHMENT_FAMILIES; i++) {
		struct catchment_count *count = &window->counts[i % CATCHMENT_SERVICES][i / CATCHMENT_SERVICES];

		sketch_top_clear(&count->top);
		sketch_distinct_clear(&count->distinct);
		atomic_store_explicit(&count->requests, 0, memory_order_relaxed);
	}
	atomic_store_explicit(&window->began_s, now_s, memory_order_relaxed);
	catchment->current = next;
	catchment->turn_s = now_s + catchment->window_s;
}

void catchment_add_to(struct catchment *catchment, enum catchment_service service, const struct addr *peer, uint32_t now_s,
		      unsigned times)
{
	/* A load balancer may name no address at all. */
	if (peer->any.sa_family != AF_INET && peer->any.sa_family != AF_INET6)
		return;
	struct address address = address_of(addr_bytes(peer));
	enum catchment_family family = address_is_ipv4(address) ? CATCHMENT_IPV4 : CATCHMENT_IPV6;
	uint64_t key = (family == CATCHMENT_IPV4 ? address.low : address.high) & catchment->masks[family];
	uint64_t hash = mix(catchment->secret, key);

	if (now_s >= catchment->turn_s)
		turn(catchment, now_s);
	struct catchment_count *count = &catchment->windows[catchment->current].counts[service][family];
	atomic_store_explicit(&count->requests, atomic_load_explicit(&count->requests, memory_order_relaxed) + times,
			      memory_order_relaxed);
	sketch_distinct_add(&count->distinct, hash);
	sketch_top_add(&count->top, key, hash, times);
}

/* ---- Main's side ---- */

static struct prefix prefix_of(const struct catchment *catchment, enum catchment_family family, uint64_t key)
{
	unsigned host_bits = (unsigned)__builtin_ctzll(catchment->masks[family]);

	if (family == CATCHMENT_IPV4)
		return (struct prefix){ { 0, key }, (uint8_t)(128 - host_bits) };
	return (struct prefix){ { key, 0 }, (uint8_t)(IPV6_KEY_BITS - host_bits) };
}

void catchment_read(struct catchment *const *list, size_t count, enum catchment_service service, enum catchment_family family,
		    size_t most, struct catchment_report *ret)
{
	struct sketch_top_rows rows = { 0 };
	struct sketch_distinct *distinct = mem_alloc(sizeof *distinct);
	const struct catchment *any = NULL;

	*ret = (struct catchment_report){ 0 };
	for (size_t i = 0; i < 2 * count; i++) {
		const struct catchment *one = list[i / 2];

		if (one == NULL || atomic_load_explicit(&one->windows[i & 1].began_s, memory_order_relaxed) == 0)
			continue;
		const struct catchment_count *from = &one->windows[i & 1].counts[service][family];
		any = one;
		ret->requests += atomic_load_explicit(&from->requests, memory_order_relaxed);
		sketch_distinct_merge(distinct, &from->distinct);
		if (most > 0)
			sketch_top_read(&from->top, &rows);
	}
	ret->networks = sketch_distinct_count(distinct);
	mem_free(distinct);
	sketch_top_rank(&rows, most);
	ret->top = mem_array(rows.count, sizeof *ret->top);
	ret->top_count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		ret->top[i] = (struct catchment_network){ prefix_of(any, family, rows.list[i].key), rows.list[i].count,
							  rows.list[i].error };
	sketch_top_rows_fini(&rows);
}

uint32_t catchment_since(struct catchment *const *list, size_t count)
{
	uint32_t since = 0;

	for (size_t i = 0; i < 2 * count; i++) {
		uint32_t began = list[i / 2] == NULL
				 ? 0 : atomic_load_explicit(&list[i / 2]->windows[i & 1].began_s, memory_order_relaxed);

		if (began != 0 && (since == 0 || began < since))
			since = began;
	}
	return since;
}

const char *catchment_service_name(enum catchment_service service)
{
	static const char *const names[] = { "dns-udp", "dns-tcp", "http" };

	return names[service];
}
