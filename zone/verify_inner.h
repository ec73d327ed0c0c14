/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of zone/verify share: the walk and its parts, which are told of every name in canonical order. One
 * thread. */
#ifndef ZONE_VERIFY_INNER_H
#define ZONE_VERIFY_INNER_H

#include "zone/verify.h"

enum {
	VERIFY_ALGORITHMS = 8,		/* that sign a zone at once; there are more numbers, but no such zone */
	VERIFY_KEY_HEAD_BYTES = 4,	/* of a DNSKEY, in front of the key itself */
};

struct verify_key {
	uint16_t tag;
	uint8_t algorithm;
	bool revoked;			/* RFC 5011, 7: signs its own RRset only */
	struct span rdata;
};

struct verify_keys {
	struct verify_key *list;	/* zone keys only (RFC 4034, 2.1.1) */
	size_t count;
	uint8_t algorithms[VERIFY_ALGORITHMS];	/* those every RRset must be signed with */
	unsigned algorithm_count;
};

/* The name the walk is at. */
struct verify_place {
	const struct zone_node *node;
	uint8_t wire[DNS_NAME_MAX];
	size_t len;
};

struct verify_nsec {
	const struct zone_node *before;	/* whose next name the name that comes must be; NULL: not known */
	struct span next;
};

struct verify_nsec3 {
	uint8_t *seen;			/* a bit for every link of the ring that a name of the zone has */
	uint32_t stride, turn;		/* every how manieth name is hashed */
	/* Empty non-terminals above without an NSEC3, with nothing but insecure delegations below them so far. */
	const struct zone_node *open[DNS_LABELS_MAX + 1];
	unsigned depth;
};

struct verify {
	const struct zone_image_header *base;
	const struct zone_verify *how;
	size_t *counts;
	struct verify_keys keys;
	struct verify_place place;
	struct verify_nsec nsec;
	struct verify_nsec3 nsec3;
	uint8_t *data;			/* what a signature is over, while it is checked */
	size_t data_room;
	bool unavailable[256];		/* algorithms that cannot be checked here, told once */
};

/* What a finding is about: an RRset, its RRSIGs, or (type 0) a name. */
struct verify_subject {
	const struct zone_node *node;
	uint16_t type;
	bool rrsig;
};

/* Counts a finding, and tells it while its kind has had fewer than how->texts. */
void verify_tell(struct verify *verify, enum zone_verify_kind kind, struct verify_subject subject,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The name that comes next in reader as it stands, or an empty span and a bad reader. */
struct span verify_take_name(struct reader *reader);
/* Whether wire is the name of len bytes at lower, which is in lower case. */
bool verify_same_name(struct span wire, const uint8_t *lower, size_t len);

/* verify_keys.c */
struct verify_rrsig {
	uint16_t covered, tag;
	uint8_t algorithm, labels;
	uint32_t original_ttl, expires, begins;
	struct span signer, signature;
	size_t head;			/* bytes in front of the signer */
	const uint8_t *rdata;
};
bool verify_rrsig_read(struct span rdata, struct verify_rrsig *ret_rrsig);
void verify_keys_init(struct verify *verify);
void verify_keys_fini(struct verify *verify);
/* The first key of that tag and algorithm behind after (NULL: of all), or NULL. */
const struct verify_key *verify_keys_find(const struct verify_keys *keys, const struct verify_rrsig *rrsig,
					  const struct verify_key *after);

/* verify_rrsig.c: the RRSIGs (NULL: there are none) of an authoritative RRset at the place. */
void verify_signatures(struct verify *verify, const struct zone_rrset *set, const struct zone_rrset *rrsigs);

/* verify_types.c: the rest of an NSEC's or NSEC3's RDATA against the types at the name. type is that of the chain. */
void verify_types(struct verify *verify, struct verify_subject subject, struct reader bitmap,
		  const struct zone_node *node, uint16_t type);

/* verify_nsec.c: each authoritative name that owns something; then the end. */
void verify_nsec_name(struct verify *verify);
void verify_nsec_end(struct verify *verify);

/* verify_nsec3.c: each authoritative name; then the end. */
void verify_nsec3_init(struct verify *verify);
void verify_nsec3_name(struct verify *verify);
void verify_nsec3_end(struct verify *verify);
void verify_nsec3_fini(struct verify *verify);

/* Whether the owner is a hash and not a name (RFC 5155, 7.2.8). */
bool verify_owns_only_nsec3(const struct zone_node *node);

#endif
