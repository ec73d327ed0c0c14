/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zone image: one version of one zone as one immutable, position-independent block, made by zone/compile and mapped
 * from state-dir. The same records give the same bytes on every machine of one byte order, so its digest says whether
 * two nodes serve the same zone. Every offset is checked once, by zone_image_open(); look-ups then trust them.
 *
 * Any thread may read. Counted: who retains it releases it, the last one unmaps it.
 *
 *     header | nodes, canonical order, each followed by its RRsets | foreign names | order | nsec3 | hash table | links
 *            | index of the foreign names
 *
 * A place in the image is a zref: its offset divided by 4. 0 (the header) means none. A patched image (zone/patch) has
 * more names, RRsets and indexes behind all that, and looks the same to everyone who finds names by the hash table or
 * walks them with zone/walk.
 */
#ifndef ZONE_IMAGE_H
#define ZONE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "zone/name.h"
#include "zone/wire.h"

typedef uint32_t zref;

enum {
	ZONE_IMAGE_FORMAT = 3,		/* raised with every change of what is below */
	ZONE_IMAGE_DIGEST_BYTES = 32,	/* BLAKE2b-256 */
	ZONE_NSEC3_HASH_BYTES = 20,	/* SHA-1 (RFC 5155) */
	ZONE_FOREIGN_STEP = 16,		/* every how manieth foreign name is in their index */
};

/* Integers of the header and of the structures below are of the machine's byte order, except where "wire" says so. */
struct zone_image_header {
	char magic[8];			/* "CATCHZI\n" */
	uint32_t format;		/* ZONE_IMAGE_FORMAT */
	uint32_t byte_order;		/* 0x01020304 as the machine writes it */
	uint64_t size;			/* of the whole image in bytes */
	uint8_t digest[ZONE_IMAGE_DIGEST_BYTES]; /* of everything behind this field; patched: of what was patched, and how */
	uint8_t apex_len;		/* wire bytes */
	uint8_t apex_labels;
	uint8_t max_labels;		/* most labels any owner name has, apex's included */
	uint8_t nsec3_salt_len;
	uint8_t apex[DNS_NAME_MAX + 1];	/* lower case */
	uint8_t nsec3_salt[256];
	uint16_t nsec3_iterations;
	uint16_t flags;			/* enum zone_image_flags */
	uint32_t serial;
	uint32_t negative_ttl;		/* min(SOA TTL, SOA MINIMUM): RFC 2308, 5 */
	uint32_t records;		/* resource records */
	uint32_t names;			/* owner names that have records */
	uint32_t nodes;			/* names and empty non-terminals */
	uint32_t slots;			/* of the hash table: a power of two, more than nodes */
	zref apex_node;
	zref nodes_end;			/* foreign names begin here */
	zref foreign_end;
	zref order;			/* zref[order_count]: nodes that own an NSEC, canonical order; 0: none */
	uint32_t order_count;
	zref nsec3;			/* struct zone_nsec3[nsec3_count], by hash; 0: none */
	uint32_t nsec3_count;
	zref hash;			/* struct zone_slot[slots] */
	uint32_t rrsig_expires;		/* earliest RRSIG expiration of the zone as in the RRSIG (RFC 4034, 3.1.5); 0: none;
					 * patched: that of a signature which may be gone, but none is earlier */
	uint32_t soa_expire;		/* seconds */
	zref nsec3_links;		/* struct zone_nsec3_link[slots], one a slot of the hash table; 0: none */
	zref foreign_index;		/* zref[foreign_index_count]: every ZONE_FOREIGN_STEP-th foreign name; 0: none */
	uint32_t foreign_index_count;
	zref added;			/* patched: zref[added_count], the nodes that are new, canonical order */
	uint32_t added_count;
	uint32_t reserved[3];
};

enum zone_image_flags {
	ZONE_IMAGE_SIGNED = 1,		/* the apex has DNSKEY and RRSIG */
	ZONE_IMAGE_NSEC = 2,
	ZONE_IMAGE_NSEC3 = 4,		/* one NSEC3PARAM with flags 0 and SHA-1; its records are in nsec3 */
	ZONE_IMAGE_OPT_OUT = 8,		/* at least one NSEC3 has the flag (patched: or had) */
	ZONE_IMAGE_PATCHED = 16,
};

/* Open addressing, linear probing, first probe at hash & (slots - 1). node 0: empty. */
struct zone_slot {
	uint32_t hash;			/* name_hash_label() of the whole name */
	zref node;
};

enum zone_node_flags {
	ZONE_NODE_CUT = 1,		/* the topmost NS below the apex on this branch */
	ZONE_NODE_BELOW_CUT = 2,	/* glue or occluded: never authoritative data */
	ZONE_NODE_DNAME = 4,		/* authoritative, owns a DNAME */
	ZONE_NODE_BELOW_DNAME = 8,	/* occluded by a DNAME above */
	ZONE_NODE_WILDCARD_CHILD = 16,	/* "*" directly below exists */
	ZONE_NODE_CNAME = 32,		/* authoritative, owns a CNAME */
	ZONE_NODE_FOREIGN = 64,		/* only named in RDATA and outside the zone, or in it without a node */
	ZONE_NODE_EMPTY = 128,		/* empty non-terminal: exists, owns nothing */
};

/* A name. Its RRsets stand behind it, sets_at times 4 bytes from where it begins; an empty non-terminal has room for a
 * struct zone_moved between. Patched: sets_at is 0 where they stand elsewhere, and a name that has become a node has
 * that for its parent as a foreign name, and no label of its own. Names share their ancestors: wire holds the
 * labels in front of the parent's name only, lower case, without an end. For a node the parent is the next name up in
 * the zone (all of them have nodes), so label_bytes covers one label; the apex has parent 0 and no label. A foreign name's
 * parent is a node or another foreign name or 0, which here means the root, and it may hold several labels. */
struct zone_node {
	zref parent;
	uint16_t flags;			/* enum zone_node_flags */
	uint8_t labels;			/* of the whole name */
	uint8_t label_bytes;		/* of wire */
	uint16_t sets;			/* RRsets; 0 for foreign names */
	uint16_t sets_at;
	uint8_t wire[];
};

/* What a patched image has at the next multiple of 4 behind the label of a node whose RRsets are not those that it was
 * compiled with. */
struct zone_moved {
	uint32_t sets;			/* from the beginning of the node to the first, divided by 4 */
	zref next;			/* the node behind this one in the order of places */
};

/* One RRset; sorted by (covered or own type), data before its RRSIGs: so RRSIG(A) stands directly behind A. An RRSIG
 * RRset is split by type covered. rrs holds count times
 *     wire: RDLENGTH, RDATA                           unless the type is one of zone_layout()
 *     wire prefix, padding to 4, zref name[names], wire suffix, padding to 4     for those
 * and is padded to 4. RRs are in canonical order of RDATA (RFC 4034, 6.3). */
struct zone_rrset {
	uint8_t fixed[8];		/* wire: TYPE CLASS TTL, as every RR of the set has them */
	uint16_t count;			/* of RRs, at least 1 */
	uint16_t covers;		/* RRSIG: type covered; else 0 */
	uint32_t bytes;			/* of the whole RRset with this header, a multiple of 4 */
	uint8_t rrs[];
};

struct zone_nsec3 {
	uint8_t hash[ZONE_NSEC3_HASH_BYTES];	/* the owner's first label, decoded */
	zref node;				/* that owns the NSEC3 RRset */
};

/* What a denial in an NSEC3 zone needs to know of an existing name, so that it is not hashed for each query (zones with
 * many iterations have no links: there it is). */
struct zone_nsec3_link {
	zref match;			/* the node that owns its NSEC3; 0: none does */
	zref wildcard;			/* the one that owns what matches or covers the wildcard directly below it */
};
enum { ZONE_NSEC3_LINK_ITERATIONS = 50 };	/* more: no links */

/* The types whose names may be compressed when sent (RFC 3597, 4: those of RFC 1035); all others are kept as wire. */
struct zone_layout {
	uint8_t prefix, names, suffix;	/* bytes, count, bytes; names 0: kept as wire */
};
static inline struct zone_layout zone_layout(uint16_t type)
{
	switch (type) {
	case DNS_NS: case DNS_MD: case DNS_MF: case DNS_CNAME: case DNS_MB: case DNS_MG: case DNS_MR: case DNS_PTR:
		return (struct zone_layout){ 0, 1, 0 };
	case DNS_SOA: return (struct zone_layout){ 0, 2, 20 };
	case DNS_MINFO: return (struct zone_layout){ 0, 2, 0 };
	case DNS_MX: return (struct zone_layout){ 2, 1, 0 };
	default: return (struct zone_layout){ 0, 0, 0 };
	}
}

struct zone_image;	/* the mapping and its count */

/* Takes over bytes: heap memory that compile made (freed at the last release). Checks all of it: every offset, length,
 * name, order, the hash table; and the digest when check_digest. ERR_FORMAT with a note on any fault, and then the
 * caller keeps bytes. */
int zone_image_open(void *bytes, size_t size, bool check_digest, struct zone_image **ret_image, struct err_note *note);
/* Maps path read-only and checks it in the same way, the digest too. -errno or ERR_FORMAT. */
int zone_image_map(const char *path, struct zone_image **ret_image, struct err_note *note);
struct zone_image *zone_image_retain(struct zone_image *image);
void zone_image_release(struct zone_image *image);

const struct zone_image_header *zone_image_header(const struct zone_image *image);

static inline uint16_t zone_rrset_type(const struct zone_rrset *set)
{
	return dns_get_u16(set->fixed);
}

static inline uint32_t zone_rrset_ttl(const struct zone_rrset *set)
{
	return dns_get_u32(set->fixed + 4);
}

static inline const void *zone_at(const struct zone_image_header *base, zref ref)
{
	return (const uint8_t *)base + (size_t)ref * 4;
}

static inline const struct zone_node *zone_node_at(const struct zone_image_header *base, zref ref)
{
	return zone_at(base, ref);
}

static inline zref zone_ref_of(const struct zone_image_header *base, const void *place)
{
	return (zref)((size_t)((const uint8_t *)place - (const uint8_t *)base) / 4);
}

/* Behind the label. */
static inline const struct zone_moved *zone_node_moved(const struct zone_node *node)
{
	size_t bytes = (sizeof *node + node->label_bytes + 3) & ~(size_t)3;

	return (const struct zone_moved *)(const void *)((const uint8_t *)node + bytes);
}

/* Where sets_at does not tell. */
const struct zone_rrset *zone_node_moved_set(const struct zone_node *node) __attribute__((cold, pure));

static inline const struct zone_rrset *zone_node_first_set(const struct zone_node *node)
{
	if (__builtin_expect(node->sets_at == 0, 0))
		return zone_node_moved_set(node);
	return (const struct zone_rrset *)(const void *)((const uint8_t *)node + (size_t)node->sets_at * 4);
}

static inline const struct zone_rrset *zone_rrset_next(const struct zone_rrset *set)
{
	return (const struct zone_rrset *)(const void *)((const uint8_t *)set + set->bytes);
}

/* The node behind this one in canonical order, of an image that is not patched (undefined for the last: compare with
 * nodes_end). Walks are made with zone/walk. */
static inline const struct zone_node *zone_node_next(const struct zone_node *node)
{
	const struct zone_rrset *set = zone_node_first_set(node);

	for (unsigned i = 0; i < node->sets; i++)
		set = zone_rrset_next(set);
	return (const struct zone_node *)(const void *)set;
}

/* The RRset of a type at a node, or NULL. For RRSIGs ask zone_node_rrsig() with the type covered. */
const struct zone_rrset *zone_node_find(const struct zone_node *node, uint16_t type);
const struct zone_rrset *zone_node_rrsig(const struct zone_node *node, uint16_t covered);

/* One RR of an RRset, taken apart: walks with zone_rr_first(), zone_rr_next(). */
struct zone_rr {
	const uint8_t *at;		/* of this RR in rrs */
	struct span prefix;		/* the whole RDATA when names is 0 */
	unsigned names;
	zref name[2];
	struct span suffix;
};
struct zone_rr zone_rr_first(const struct zone_rrset *set);
struct zone_rr zone_rr_next(const struct zone_rrset *set, const struct zone_rr *rr);

/* The names in an RRset of a type that is one name and nothing else (NS, CNAME, PTR, ...): one an RR. */
static inline const zref *zone_rrset_targets(const struct zone_rrset *set)
{
	return (const zref *)(const void *)set->rrs;
}

/* The whole wire name of a node or foreign name into out (DNS_NAME_MAX bytes); gives its length. */
size_t zone_node_name(const struct zone_image_header *base, zref node, uint8_t *out);

/* RDATA of one RR in wire form, names uncompressed, into out (65535 bytes at most, checked at compile); its length. */
size_t zone_rr_rdata(const struct zone_image_header *base, const struct zone_rr *rr, uint8_t *out);

/* Where a name leads. name must be at or below the apex. */
enum zone_match {
	ZONE_EXACT,	/* node is the name; it may be below a cut: see cut */
	ZONE_ENCLOSER,	/* no such name; node is its closest encloser (RFC 4592, 3.3.1) */
};
struct zone_hit {
	enum zone_match match;
	const struct zone_node *node;
	const struct zone_node *cut;	/* zone cut at or above node, or NULL (a cut at node itself counts) */
	const struct zone_node *dname;	/* DNAME above the name (at the node itself only for ZONE_ENCLOSER), or NULL */
	unsigned skipped;		/* labels of the name in front of node's: 0 for ZONE_EXACT */
};
void zone_image_find(const struct zone_image_header *base, const struct name *name, struct zone_hit *ret_hit);
/* The node of the suffix of name that begins with label index, or NULL. */
const struct zone_node *zone_image_lookup(const struct zone_image_header *base, const struct name *name, unsigned index);
/* What is known of the NSEC3s of the node with the suffix of name from label index on; NULL: no such node, or no links. */
const struct zone_nsec3_link *zone_image_nsec3_link(const struct zone_image_header *base, const struct name *name,
						    unsigned index);
/* "*" directly below node, or NULL. node_hash is that of the node's whole name: name->hash[hit.skipped] of a hit. */
const struct zone_node *zone_image_wildcard(const struct zone_image_header *base, const struct zone_node *node,
					    uint32_t node_hash);

#endif
