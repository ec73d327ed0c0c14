/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every name a zone speaks of, once: owners, names in RDATA, empty non-terminals. A name is kept as its key: labels
 * from the root down, each ended by 0, bytes 0 and 1 inside a label written as 1 1 and 1 2; so memcmp() of two keys
 * is the canonical order (RFC 4034, 6.1), and an ancestor's key is a prefix. Heap lifetime, owned by zone/records;
 * one thread.
 */
#ifndef ZONE_NAMES_H
#define ZONE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/mem.h"
#include "zone/image.h"
#include "zone/name.h"

enum { ZONE_KEY_MAX = 2 * DNS_NAME_MAX };

struct zone_key {
	const uint8_t *key;
	uint32_t hash;		/* name_hash_label() of the whole name */
	uint32_t first;		/* its last record's number in zone_records, plus 1; 0: it owns none */
	zref place;		/* in the image; 0: not there (yet) */
	uint16_t len;
	uint8_t labels;
	bool inside;		/* at or below the apex */
};

struct zone_names {
	struct zone_key *list;
	size_t count, capacity;
	uint64_t *slots;	/* hash, number plus 1: a probe reads no name but the one it wants */
	size_t slot_count;
	struct arena arena;
};

void zone_names_fini(struct zone_names *names);

/* Makes the key of a name; gives its length. out has ZONE_KEY_MAX bytes. */
size_t zone_key_make(const struct name *name, uint8_t *out);
/* The number of a name, which is added when it is new. */
uint32_t zone_names_add(struct zone_names *names, const struct name *name);
/* The same for the first len bytes of a key: a whole number of labels. */
uint32_t zone_names_add_prefix(struct zone_names *names, const uint8_t *key, size_t len);
/* Finds without adding; NULL. */
struct zone_key *zone_names_find(const struct zone_names *names, const uint8_t *key, size_t len, uint32_t hash);

/* Bytes of the label at key, with its end. */
size_t zone_key_step(const uint8_t *key);
/* The label at key in wire form (length byte first) into out; gives its length. out has DNS_LABEL_MAX + 1 bytes. */
size_t zone_key_label(const uint8_t *key, uint8_t *out);
/* The labels of a key from byte from on, nearest first as in wire form, without a root label; gives the bytes. */
size_t zone_key_labels(const struct zone_key *key, size_t from, uint8_t *out);
/* The whole wire name into out (DNS_NAME_MAX bytes); gives its length. */
size_t zone_key_wire(const struct zone_key *key, uint8_t *out);

static inline bool zone_key_is_prefix(const struct zone_key *ancestor, const struct zone_key *key)
{
	return ancestor->len <= key->len && memcmp(ancestor->key, key->key, ancestor->len) == 0;
}

int zone_key_compare(const struct zone_key *a, const struct zone_key *b);

#endif
