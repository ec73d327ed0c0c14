/* SPDX-License-Identifier: Apache-2.0 */
#include "server/catchment.h"

#include "conf/base/mem.h"

enum { IPV6_KEY_BITS = 64 };	/* a key is the first half of an IPv6 address, or the lower half of a mapped IPv4 one */

static size_t count_of(const struct catchment *catchment)
{
	return (size_t)catchment->owners * CATCHMENT_SERVICES * CATCHMENT_FAMILIES;
}

static struct catchment_count *count_at(const struct catchment_window *window, enum catchment_service service, unsigned owner,
					enum catchment_family family)
{
	return &window->counts[(owner * CATCHMENT_SERVICES + service) * CATCHMENT_FAMILIES + family];
}

struct catchment *catchment_new(const struct conf_catchment *conf, size_t services, struct siphash_key secret)
{
	struct catchment *catchment = mem_alloc(sizeof *catchment);

	catchment->secret = secret;
	catchment->window_s = conf->window_s;
	catchment->masks[CATCHMENT_IPV4] = address_mask(PREFIX_IPV4_BITS + conf->ipv4_prefix_length).low;
	catchment->masks[CATCHMENT_IPV6] = address_mask(conf->ipv6_prefix_length).high;
	catchment->owners = CATCHMENT_FIRST_OWNER + (unsigned)services;
	for (unsigned i = 0; i < 2; i++) {
		struct catchment_window *window = &catchment->windows[i];

		window->counts = mem_array(count_of(catchment), sizeof *window->counts);
		for (size_t j = 0; j < count_of(catchment); j++)
			sketch_top_init(&window->counts[j].top, conf->top);
	}
	return catchment;
}

void catchment_free(struct catchment *catchment)
{
	if (catchment == NULL)
		return;
	for (unsigned i = 0; i < 2; i++) {
		for (size_t j = 0; j < count_of(catchment); j++)
			sketch_top_fini(&catchment->windows[i].counts[j].top);
		mem_free(catchment->windows[i].counts);
	}
	mem_free(catchment->own);
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

static uint64_t key_of(const struct catchment *catchment, enum catchment_family family, struct address address)
{
	return (family == CATCHMENT_IPV4 ? address.low : address.high) & catchment->masks[family];
}

static uint64_t bit_of(uint64_t hash)
{
	return UINT64_C(1) << (hash & 63);
}

void catchment_leave_out(struct catchment *catchment, struct address own)
{
	enum catchment_family family = address_is_ipv4(own) ? CATCHMENT_IPV4 : CATCHMENT_IPV6;

	catchment->own = mem_resize(catchment->own, catchment->own_count + 1, sizeof own);
	catchment->own[catchment->own_count++] = own;
	catchment->own_bits |= bit_of(mix(catchment->secret, key_of(catchment, family, own)));
}

static bool __attribute__((noinline)) is_own(const struct catchment *catchment, struct address address)
{
	for (size_t i = 0; i < catchment->own_count; i++) {
		if (catchment->own[i].high == address.high && catchment->own[i].low == address.low)
			return true;
	}
	return false;
}

/* The other window becomes the current one; rare, so that its clearing (some 100 KiB) may cost a batch. */
static void __attribute__((noinline)) turn(struct catchment *catchment, uint32_t now_s)
{
	unsigned next = catchment->turn_s == 0 ? 0 : !catchment->current;
	struct catchment_window *window = &catchment->windows[next];

	for (size_t i = 0; catchment->turn_s != 0 && i < count_of(catchment); i++) {
		struct catchment_count *count = &window->counts[i];

		if (atomic_load_explicit(&count->requests, memory_order_relaxed) == 0)
			continue;	/* as new: its memory is nobody's yet */
		sketch_top_clear(&count->top);
		sketch_distinct_clear(&count->distinct);
		atomic_store_explicit(&count->requests, 0, memory_order_relaxed);
	}
	atomic_store_explicit(&window->began_s, now_s, memory_order_relaxed);
	catchment->current = next;
	catchment->turn_s = now_s + catchment->window_s;
}

void catchment_add_to(struct catchment *catchment, enum catchment_service service, unsigned owner, const struct addr *peer,
		      uint32_t now_s, unsigned times)
{
	/* A load balancer may name no address at all. */
	if (peer->any.sa_family != AF_INET && peer->any.sa_family != AF_INET6)
		return;
	struct address address = address_of(addr_bytes(peer));
	enum catchment_family family = address_is_ipv4(address) ? CATCHMENT_IPV4 : CATCHMENT_IPV6;
	uint64_t key = key_of(catchment, family, address), hash = mix(catchment->secret, key);

	if ((catchment->own_bits & bit_of(hash)) != 0 && is_own(catchment, address))
		return;
	if (now_s >= catchment->turn_s)
		turn(catchment, now_s);
	struct catchment_count *count = count_at(&catchment->windows[catchment->current], service, owner, family);
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

/* Which counts: of one service or of all, of one owner or of all. */
struct which {
	enum catchment_service service, service_end;
	unsigned owner, owner_end;
	enum catchment_family family;
};

static void add_counts(const struct catchment_window *window, const struct which *which, bool top, struct catchment_report *ret,
		       struct sketch_distinct *distinct, struct sketch_top_rows *rows)
{
	for (unsigned owner = which->owner; owner < which->owner_end; owner++) {
		for (unsigned service = which->service; service < (unsigned)which->service_end; service++) {
			const struct catchment_count *from = count_at(window, (enum catchment_service)service, owner, which->family);
			uint64_t requests = atomic_load_explicit(&from->requests, memory_order_relaxed);

			if (requests == 0)
				continue;
			ret->requests += requests;
			sketch_distinct_merge(distinct, &from->distinct);
			if (top)
				sketch_top_read(&from->top, rows);
		}
	}
}

static void read_counts(struct catchment *const *list, size_t count, struct which which, size_t most, struct catchment_report *ret)
{
	struct sketch_top_rows rows = { 0 };
	struct sketch_distinct *distinct = mem_alloc(sizeof *distinct);
	const struct catchment *any = NULL;

	*ret = (struct catchment_report){ 0 };
	for (size_t i = 0; i < 2 * count; i++) {
		const struct catchment *one = list[i / 2];

		if (one == NULL || atomic_load_explicit(&one->windows[i & 1].began_s, memory_order_relaxed) == 0)
			continue;
		any = one;
		if (which.owner_end > one->owners)
			which.owner_end = one->owners;
		add_counts(&one->windows[i & 1], &which, most > 0, ret, distinct, &rows);
	}
	ret->networks = sketch_distinct_count(distinct);
	mem_free(distinct);
	sketch_top_rank(&rows, most);
	ret->top = mem_array(rows.count, sizeof *ret->top);
	ret->top_count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		ret->top[i] = (struct catchment_network){ prefix_of(any, which.family, rows.list[i].key), rows.list[i].count,
							  rows.list[i].error };
	sketch_top_rows_fini(&rows);
}

void catchment_read(struct catchment *const *list, size_t count, enum catchment_service service, enum catchment_family family,
		    size_t most, struct catchment_report *ret)
{
	read_counts(list, count, (struct which){ service, service + 1, CATCHMENT_NOBODYS, UINT32_MAX, family }, most, ret);
}

void catchment_read_owner(struct catchment *const *list, size_t count, unsigned owner, enum catchment_family family, size_t most,
			  struct catchment_report *ret)
{
	read_counts(list, count, (struct which){ 0, CATCHMENT_SERVICES, owner, owner + 1, family }, most, ret);
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
