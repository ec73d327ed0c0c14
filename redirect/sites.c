/* SPDX-License-Identifier: Apache-2.0 */
#include "redirect/sites.h"

#include <assert.h>
#include <string.h>

#include "redirect/sites_inner.h"

/* FNV-1a from the last byte to the first, so that one walk over a host passes the hash of each of its suffixes. */
enum { HASH_START = 0x811c9dc5u, HASH_PRIME = 0x01000193u };

static uint32_t hash_step(uint32_t hash, char byte)
{
	return (hash ^ (uint8_t)byte) * HASH_PRIME;
}

uint32_t redirect_sites_hash(const char *key, size_t len)
{
	uint32_t hash = HASH_START;

	while (len > 0)
		hash = hash_step(hash, key[--len]);
	return hash;
}

struct redirect_slot *redirect_sites_slot(const struct redirect_sites *sites, uint32_t hash, const char *key,
					  size_t len)
{
	size_t at = (hash ^ hash >> 15) & sites->slot_mask;

	for (;; at = (at + 1) & sites->slot_mask) {
		struct redirect_slot *slot = &sites->slots[at];

		if (slot->key == NULL || (slot->hash == hash && slot->len == len && memcmp(slot->key, key, len) == 0))
			return slot;
	}
}

const struct redirect_site *redirect_sites_find(const struct redirect_sites *sites, const char *host, size_t len,
						const char **ret_pattern)
{
	const struct redirect_site *site = sites->any;
	const char *pattern = sites->any_pattern;

	if (len != 0 && sites->slots != NULL && !sites->has_suffixes) {
		const struct redirect_slot *slot =
			redirect_sites_slot(sites, redirect_sites_hash(host, len), host, len);

		if (slot->key != NULL)
			site = slot->site, pattern = slot->pattern;
	} else if (len != 0 && sites->slots != NULL) {
		uint32_t hash = HASH_START;

		/* From the right: a later hit is a longer suffix, and the whole name comes last and wins. */
		for (size_t at = len; at-- > 0;) {
			hash = hash_step(hash, host[at]);
			if (at != 0 && host[at] != '.')
				continue;
			const struct redirect_slot *slot = redirect_sites_slot(sites, hash, host + at, len - at);
			if (slot->key != NULL)
				site = slot->site, pattern = slot->pattern;
		}
	}
	if (site != NULL && ret_pattern != NULL)
		*ret_pattern = pattern;
	return site;
}

void redirect_sites_free(struct redirect_sites *sites)
{
	if (sites == NULL)
		return;
	for (size_t i = 0; i < sites->count; i++) {
		redirect_digests_free(sites->owned[i].digests);
		redirect_files_free(sites->owned[i].files);
	}
	mem_free(sites->owned);
	mem_free(sites->targets);
	mem_free(sites->slots);
	mem_free(sites->list);
	arena_fini(&sites->arena);
	mem_free(sites);
}

size_t redirect_sites_count(const struct redirect_sites *sites)
{
	return sites->count;
}

const struct redirect_site *redirect_sites_at(const struct redirect_sites *sites, size_t index)
{
	assert(index < sites->count);
	return &sites->list[index];
}

size_t redirect_sites_target_count(const struct redirect_sites *sites)
{
	return sites->target_count;
}

size_t redirect_sites_endpoint_count(const struct redirect_sites *sites)
{
	return sites->endpoint_count;
}

const struct redirect_target *redirect_sites_target(const struct redirect_sites *sites, size_t id)
{
	assert(id < sites->target_count);
	return sites->targets[id];
}

struct span redirect_sites_node(const struct redirect_sites *sites)
{
	return sites->node;
}
