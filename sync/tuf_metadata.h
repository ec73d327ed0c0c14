/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One metadata file of The Update Framework (specification 1.0.34, section 4), parsed and checked for form. Nothing
 * here says that it may be trusted. Unknown fields are tolerated; they are part of what was signed. Immutable once
 * read; views taken from it live as long as it does. Thread: one at a time.
 */
#ifndef SYNC_TUF_METADATA_H
#define SYNC_TUF_METADATA_H

#include "sync/hash.h"
#include "sync/json_view.h"

enum tuf_kind { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS, TUF_KINDS };

enum {
	TUF_KEYIDS_MAX = 1024,		/* of one role, and signatures of one file */
	TUF_BIN_BITS_MAX = 32,		/* of succinct roles (TAP 15) */
};

/* What one file says of another. */
struct tuf_file {
	int64_t version;		/* 0: a target, which has none */
	int64_t length;			/* bytes; -1: not told */
	struct hash_list hashes;	/* empty: not told */
};

/* Who signs a role. For a delegated one also for which targets it is asked. */
struct tuf_role {
	const char *name;
	struct json_view *keyids;	/* list of text */
	struct json_view *paths;	/* list of text, or NULL */
	struct json_view *prefixes;	/* of path hashes: list of text, or NULL */
	int64_t threshold;		/* 1 and above */
	bool terminating;
};

/* TAP 15: 2^bits roles PREFIX-HEX, chosen by the first bits of the hash of a target's path. */
struct tuf_bins {
	struct tuf_role role;		/* of each; without a name */
	const char *prefix;		/* NULL: there are none */
	unsigned bits;
};

struct tuf_metadata {
	enum tuf_kind kind;
	int64_t version;		/* 1 and above */
	int64_t expires_s;
	bool consistent;		/* root: consistent_snapshot */
	struct json_view *document, *body;	/* the whole, and "signed" */
	struct json_view *signatures;
	uint8_t *canonical;		/* of body: what is signed */
	size_t canonical_len;
	struct json_view *keys;		/* root; targets with delegations, else NULL */
	struct tuf_role *roles;		/* root: TUF_KINDS; targets: the delegations, in their order */
	size_t role_count;
	struct tuf_bins bins;
	struct tuf_file snapshot;	/* timestamp */
};

#define TUF_VERSION_MAX (INT64_MAX / 2)	/* one more is a number still */

const char *tuf_kind_name(enum tuf_kind kind);

/* Refuses what is not a well-formed file of this kind. ERR_SYNTAX or ERR_INVALID, with the reason. */
int tuf_metadata_read(enum tuf_kind kind, struct span bytes, struct tuf_metadata **ret_metadata,
		      struct err_note *note);
void tuf_metadata_free(struct tuf_metadata *metadata);		/* NULL is allowed */

/* What a snapshot says of a role's file, and targets of a target. ERR_UNKNOWN: nothing. */
int tuf_snapshot_file(const struct tuf_metadata *snapshot, const char *role, struct tuf_file *ret_file);
int tuf_targets_file(const struct tuf_metadata *targets, const char *path, struct tuf_file *ret_file);
/* "custom" of a target, opaque to TUF, or NULL. */
struct json_view *tuf_targets_custom(const struct tuf_metadata *targets, const char *path);

/* How many of the role's keys, found in keys, have signed the file: each public key once, whatever its ids. Stops
 * counting at the threshold. strict: a key whose id is not the SHA-256 of its canonical form does not count. */
int64_t tuf_role_signatures(const struct tuf_role *role, struct json_view *keys, const struct tuf_metadata *metadata,
			    bool strict);
/* Whether a key of the one role, from keys, is no longer one of the other's. */
bool tuf_role_lost_key(const struct tuf_role *role, struct json_view *keys, const struct tuf_role *later,
		       struct json_view *later_keys);

/* YYYY-MM-DDTHH:MM:SSZ and nothing else, as seconds since 1970. ERR_SYNTAX. */
int tuf_time_parse(const char *text, int64_t *ret_s);

#endif
