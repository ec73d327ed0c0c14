/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node keeps of its master, in state-dir/sync: trusted metadata, floors, blobs by their SHA-256, the last
 * generations. Every file is written beside, synced, renamed, and its folder synced; what does not say it is on disk
 * counts as not written. Many files under their own digests, which are recognised when torn, are synced as one, before
 * the manifest that names them. One process at a time, by a lock. Thread: one at a time.
 *
 *     lock  tuf/ROLE.json  roots/N.root.json  floor.a  floor.b  served  blob/SHA256  part/SHA256  gen/N/manifest.json
 *     node.key  ../zones/sync-DIGEST.zone-image
 */
#ifndef SYNC_STATE_H
#define SYNC_STATE_H

#include "sync/floors.h"
#include "sync/ledger.h"
#include "sync/manifest.h"
#include "sync/tuf_store.h"
#include "zone/image.h"

struct node_key;

enum { STATE_GENERATIONS = 3 };	/* that are kept */

struct state_names;
struct state_seen;

struct state {
	char *folder;		/* state-dir/sync */
	char *images;		/* state-dir/zones */
	int lock;
	struct tuf_store *metadata;
	struct floors floors;
	struct ledger served;	/* of guarded zones */
	uint64_t newest;	/* generation ever written */
	char spare[MANIFEST_HEX];	/* an image that a generation will name: it stays */
	bool unsynced;		/* something was written that a power cut may take yet */
	char **fresh;		/* that, as far as this process wrote it */
	size_t fresh_count, fresh_room;
	struct state_seen *seen;	/* blobs that were looked at */
	struct state_names *names;	/* what generations need, of those that were written or read for it */
	struct state_part {
		uint8_t mark[MANIFEST_MARK_BYTES];
		struct manifest_blob blob;	/* "": none yet */
	} parts[MANIFEST_PARTS];	/* of manifests, as they were written last */
};

/* Makes what is missing. warnings: what was found damaged and is passed over. -EBUSY: another process has it. */
int state_open(const char *state_dir, struct state **ret_state, struct err_note *note, struct err_list *warnings);
void state_close(struct state *state);		/* NULL is allowed */

/* No clock is believed that says less: 2026-01-01, when there was no release of this program yet. */
#define STATE_EPOCH_S INT64_C(1767225600)
int64_t state_floor(const struct state *state);
/* Wall clock, or the floor of it when that is later. */
int64_t state_now(const struct state *state, int64_t clock_s);
int state_save_floors(struct state *state, struct err_note *note);
/* The chain, for a start whose root.json was lost. */
int state_keep_root(struct state *state, int64_t version, struct span bytes, struct err_note *note);
/* The installed root into an empty store; or, when the stored one is damaged, the newest that the chain leads to.
 * ERR_INVALID: what is stored is of another master than root_file. */
int state_anchor(struct state *state, const char *root_file, struct err_note *note, struct err_list *warnings);
/* Whose state it is: told when it was another node's until now. */
void state_own(struct state *state, const char *node, struct err_list *warnings);
/* node.key of the folder; made when there is none, and anew when it is damaged, which is told. */
int state_node_key(struct state *state, struct node_key **ret_key, struct err_note *note, struct err_list *warnings);

/* Whether root_file is a root that signs itself (TUF 5.2); for --check. */
int state_check_root(const char *root_file, struct err_note *note);

char *state_blob_path(const struct state *state, const char *sha256);	/* the caller's */
/* A refresh begins: what was looked at before is looked at again. */
void state_refresh(struct state *state);
bool state_has_blob(const struct state *state, const struct manifest_blob *blob);	/* its content is looked at, once a refresh */
/* *ret_bytes is the caller's, with a NUL behind it. Checked. -ENOENT, ERR_FORMAT, -errno with a note. */
int state_read_blob(const struct state *state, const struct manifest_blob *blob, uint8_t **ret_bytes,
		    struct err_note *note);
/* Where a transfer that breaks off leaves what it had of a blob. Nothing there is believed. */
char *state_part_path(const struct state *state, const char *sha256);	/* the caller's */
/* Removes those that nobody wants any more. wanted NULL: all. */
void state_drop_parts(const struct state *state, bool (*wanted)(void *ctx, const char *sha256), void *ctx);
/* On disk for certain after state_sync(), as images. */
int state_write_blob(struct state *state, struct span bytes, struct manifest_blob *ret_blob, struct err_note *note);

/* Waits for the disk, once for all that was written without waiting: images, and blobs that come many at a time. When that
 * fails they are removed: nobody knows what of them the disk has. */
int state_sync(struct state *state, struct err_note *note);
void state_note_unsynced(struct state *state, const char *path);
/* An image as it was compiled, under its digest. On disk for certain after state_sync(). */
int state_write_image(struct state *state, const void *bytes, size_t size, struct err_note *note);
/* The same, and on disk when it returns; for any thread. */
int state_write_image_now(const struct state *state, const void *bytes, size_t size, struct err_note *note);
int state_map_image(const struct state *state, const char *digest, struct zone_image **ret_image, struct err_note *note);
void state_image_digest(const struct zone_image_header *base, char ret_digits[MANIFEST_HEX]);

/* As generation newest + 1, which it gives the manifest; after state_sync(). */
int state_write_generation(struct state *state, struct manifest *manifest, struct err_note *note);
/* The manifest again, with what has become of it since: the same generation. */
int state_read_generation(const struct state *state, uint64_t generation, struct manifest **ret, struct err_note *note);
/* Those that are there, newest first; gives how many, at most room. */
size_t state_generations(const struct state *state, uint64_t *ret, size_t room);
int state_activate(struct state *state, uint64_t generation, struct err_note *note);
void state_drop_generation(struct state *state, uint64_t generation);
/* Removes generations beyond the newest STATE_GENERATIONS that were not gone back from (the active one stays), then blobs and
 * images that none of those left names, and all parts. After a release was taken. */
void state_collect(struct state *state);

#endif
