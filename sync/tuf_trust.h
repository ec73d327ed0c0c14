/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client trusts, and the rules by which a file becomes trusted: section 5 of the TUF specification 1.0.34, one
 * function for each step, in its order. Pure: no I/O, and the time is told. sync/tuf_client calls it; nobody else
 * need. Thread: one at a time.
 *
 * Every function that takes bytes gives 0 and has taken the file over, or a negative int with the reason, which names
 * role, version, rule and section; what was trusted before then still is.
 */
#ifndef SYNC_TUF_TRUST_H
#define SYNC_TUF_TRUST_H

#include "sync/tuf_metadata.h"

struct tuf_settings {
	int64_t now_s;			/* the start of the update, by which expiry is judged (5.1) */
	bool strict_keyids;		/* a key id must be the hash of its key (4.2) */
	unsigned roots_max;		/* new roots in one refresh (5.3.3) */
	unsigned roles_max;		/* delegated roles visited in one search (5.6.7.1) */
	int64_t bytes_max[TUF_KINDS];	/* of a file whose length nothing tells */
	int64_t bytes_most;		/* of any, whatever is listed */
};

void tuf_settings_init(struct tuf_settings *settings, int64_t now_s);	/* the defaults */

/* A targets role that is trusted now, and by whose word. */
struct tuf_trusted_role {
	char *name;
	struct tuf_metadata *metadata;
	const struct tuf_metadata *delegator;
};

struct tuf_floor {
	char *role;
	int64_t version;
};

struct tuf_trust {
	struct tuf_settings settings;
	struct tuf_metadata *root, *timestamp, *snapshot;	/* NULL: none yet */
	struct tuf_trusted_role *roles;		/* as many as were visited */
	size_t role_count, role_room;
	struct tuf_floor *floors;
	size_t floor_count, floor_room;
};

enum { TUF_KEPT = 1 };	/* success, and what was trusted stays trusted */

void tuf_trust_fini(struct tuf_trust *trust);
/* Files of the role below this version are refused, whatever the local files say. Reset as the files are (5.3.11). */
void tuf_trust_set_floor(struct tuf_trust *trust, const char *role, int64_t version);

/* 5.2: what was installed or stored. */
int tuf_trust_first_root(struct tuf_trust *trust, struct span bytes, struct err_note *note);
/* 5.3.4 to 5.3.7. *ret_reset: the timestamp's or the snapshot's keys were rotated and both files must go (5.3.11). */
int tuf_trust_next_root(struct tuf_trust *trust, struct span bytes, bool *ret_reset, struct err_note *note);
/* 5.3.10, when there is no newer one. */
int tuf_trust_final_root(const struct tuf_trust *trust, struct err_note *note);

/* 5.4. A stored one is trusted though it may have expired: it guards against rollback. TUF_KEPT: the new one has the
 * same version. */
int tuf_trust_stored_timestamp(struct tuf_trust *trust, struct span bytes, struct err_note *note);
int tuf_trust_new_timestamp(struct tuf_trust *trust, struct span bytes, struct err_note *note);

/* 5.5. A stored one likewise; TUF_KEPT: it is trusted for that only, the timestamp wants another. */
int tuf_trust_stored_snapshot(struct tuf_trust *trust, struct span bytes, struct err_note *note);
int tuf_trust_new_snapshot(struct tuf_trust *trust, struct span bytes, struct err_note *note);

/* 5.6, the same for a stored and for a new one. delegator is the root for the role targets. */
int tuf_trust_role(struct tuf_trust *trust, const char *name, const struct tuf_metadata *delegator, struct span bytes,
		   struct err_note *note);
/* A role that is trusted already, reached again through another delegator: by that one's keys. ERR_UNKNOWN: not
 * loaded. */
int tuf_trust_role_again(struct tuf_trust *trust, const char *name, const struct tuf_metadata *delegator,
			 const struct tuf_metadata **ret_metadata, struct err_note *note);
/* What is listed of a role's file. ERR_INVALID: nothing. */
int tuf_trust_file_of(const struct tuf_trust *trust, const char *name, struct tuf_file *ret_file,
		      struct err_note *note);

#endif
