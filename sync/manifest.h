/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a generation consists of: each item with the files it is made from. The one description between the signed
 * metadata and the content built from it, and what a start without a network reads. JSON with its own SHA-256; one of
 * many items is cut into parts, files of their own by their SHA-256, so that a release writes the parts that it changes.
 * Heap lifetime. Thread: one at a time.
 */
#ifndef SYNC_MANIFEST_H
#define SYNC_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"
#include "sync/hash.h"

enum { MANIFEST_HEX = 2 * HASH_SHA256_BYTES + 1, MANIFEST_BYTES_MAX = 256 << 20, MANIFEST_STEPS_MAX = 64,
       MANIFEST_STATE_BYTES = 2048, MANIFEST_PARTS = 256, MANIFEST_WHOLE_MAX = 512 /* items in one piece */ };

enum manifest_kind {
	MANIFEST_ZONE,
	MANIFEST_SITES,
	MANIFEST_PART,		/* a file that a sites.yaml names */
	MANIFEST_FILE,
	MANIFEST_SECRET,
	MANIFEST_POLICY,
	MANIFEST_LIST,		/* subscribe.json */
	MANIFEST_KINDS,
};

/* A file, by its content. sha256 "": none. */
struct manifest_blob {
	char sha256[MANIFEST_HEX];
	uint64_t length;
};

/* A changeset. */
struct manifest_step {
	struct manifest_blob blob;
	uint32_t from, to;	/* serials */
	uint64_t raw;		/* bytes unpacked */
};

struct manifest_item {
	enum manifest_kind kind;
	char *path;			/* as a TUF target */
	struct manifest_blob blob;	/* of the target; for a zone its checkpoint */
	bool held_back;			/* the version before, for this node is not among those that have the new one */
	bool staged;			/* the new version, which not all nodes have: this one is among the first */
	uint64_t text_length;		/* of a zone at its head, as rr-text; 0: not counted */
	uint32_t lifted_head;		/* of a zone: what guard rails were lifted for last, by an override that is used up */
	char lifted_sum[MANIFEST_HEX];	/* "": never */
	int64_t soak_s;			/* to be looked at so long after the switch */
	int64_t release;		/* 0: not told */
	int64_t order;			/* in the list of the group, from 1 on */
	/* zones */
	uint32_t serial, head;		/* of the checkpoint, and with all changesets */
	uint64_t raw_length;
	char raw_sha256[MANIFEST_HEX];
	char sum[MANIFEST_HEX];		/* state digest at head; "": not told */
	char checkpoint_sum[MANIFEST_HEX];
	struct manifest_step *steps;	/* all that are offered; at most MANIFEST_STEPS_MAX */
	size_t step_count;
	/* zones: how the image that is served is found again */
	char image[MANIFEST_HEX];	/* digest of the image on disk; "": not built yet */
	uint32_t image_serial;
	struct manifest_step *overlay;	/* changesets applied to it since, in order */
	size_t overlay_count;
	uint8_t *state;			/* MANIFEST_STATE_BYTES of the digest's state at head, or NULL */
	size_t zone;			/* its place in the content built from it; not written */
	size_t walk;			/* of manifest->walks, from 1 on; 0: not known; not written */
	/* files */
	char *type;			/* media type, or NULL */
	int64_t max_age_s;
	/* sync/age: how long it is served without word from the master */
	int64_t serve_max_s;		/* 0: for ever */
	bool serve_soa_expire;		/* as long as SOA EXPIRE of the zone says */
	bool aged_servfail;		/* and then no more; else it is only told */
};

/* Which metadata was asked where an item is: while all of it stays as it is, so does the item. Not written. */
struct manifest_walk {
	struct manifest_role {
		char *name;
		int64_t version;
	} *roles;			/* in the order that they were asked */
	size_t role_count;
	int64_t root;			/* version */
	int64_t expires_s;		/* the first of them */
};

struct manifest {
	uint64_t generation;		/* 0: not written yet */
	char *release;			/* "17" */
	int64_t timestamp, snapshot;	/* versions of the metadata */
	int64_t fetched_s;
	struct manifest_item *items;	/* sorted by path */
	size_t item_count, item_room;
	struct manifest_blob *parts;	/* where the items are written, MANIFEST_PARTS of them; NULL: in one piece */
	size_t part_count;
	struct manifest_walk *walks;
	size_t walk_count, walk_room;
};

void manifest_free(struct manifest *manifest);	/* NULL is allowed */
/* A new item; the pointer is good until the next one. */
struct manifest_item *manifest_add(struct manifest *manifest, enum manifest_kind kind, const char *path);
void manifest_sort(struct manifest *manifest);	/* once all are added */
struct manifest_item *manifest_find(const struct manifest *manifest, const char *path);	/* NULL: none; sorted */
void manifest_set_steps(struct manifest_step **list, size_t *count, const struct manifest_step *steps, size_t step_count);
/* How many of its items a release changed last, among them none that is held back. */
unsigned manifest_count_of(const struct manifest *manifest, const char *release);
bool manifest_same_item(const struct manifest_item *a, const struct manifest_item *b);
/* All that decides what is served, of this generation and another one. */
bool manifest_same(const struct manifest *a, const struct manifest *b);

char *manifest_print(const struct manifest *manifest, size_t *ret_len);	/* the caller's */
/* ERR_FORMAT. With parts: without items until manifest_part_parse() of each, and then manifest_sort(). */
int manifest_parse(struct span bytes, struct manifest **ret, struct err_note *note);

/* The items that belong to a part, which their paths decide. */
enum { MANIFEST_MARK_BYTES = 32 };
/* Two sets of items with one mark have the same text; telling so costs less than printing it. ret_marks is of
 * MANIFEST_PARTS marks. */
void manifest_part_marks(const struct manifest *manifest, uint8_t (*ret_marks)[MANIFEST_MARK_BYTES]);
char *manifest_part_print(const struct manifest *manifest, unsigned part, size_t *ret_len);	/* the caller's */
int manifest_part_parse(struct span bytes, struct manifest *manifest, struct err_note *note);	/* ERR_FORMAT */

#endif
