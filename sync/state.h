/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node keeps of its master, in state-dir/sync: trusted metadata, floors, blobs by their SHA-256, the last
 * generations. Every file is written beside, synced, renamed, and its folder synced; what does not say it is on disk
 * counts as not written. One process at a time, by a lock. Thread: one at a time.
 *
 *     lock  tuf/ROLE.json  roots/N.root.json  floor.a  floor.b  blob/SHA256  gen/N/manifest.json  node.key
 *     ../zones/sync-DIGEST.zone-image
 */
#ifndef SYNC_STATE_H
#define SYNC_STATE_H

#include "sync/floors.h"
#include "sync/manifest.h"
#include "sync/tuf_store.h"
#include "zone/image.h"

enum { STATE_GENERATIONS = 3 };	/* that are kept */

struct state {
	char *folder;		/* state-dir/sync */
	char *images;		/* state-dir/zones */
	int lock;
	struct tuf_store *metadata;
	struct floors floors;
	uint64_t newest;	/* generation ever written */
};

/* Makes what is missing. warnings: what was found damaged and is passed over. -EBUSY: another process has it. */
int state_open(const char *state_dir, struct state **ret_state, struct err_note *note, struct err_list *warnings);
void state_close(struct state *state);		/* NULL is allowed */

/* Wall clock, or the floor of it when that is later. */
int64_t state_now(const struct state *state, int64_t clock_s);
int state_save_floors(struct state *state, struct err_note *note);
/* The chain, for a start whose root.json was lost. */
int state_keep_root(struct state *state, int64_t version, struct span bytes, struct err_note *note);
/* The installed root into an empty store; or, when the stored one is damaged, the newest that the chain leads to. */
int state_anchor(struct state *state, const char *root_file, struct err_note *note, struct err_list *warnings);

/* Whether root_file is a root that signs itself (TUF 5.2); for --check. */
int state_check_root(const char *root_file, struct err_note *note);

char *state_blob_path(const struct state *state, const char *sha256);	/* the caller's */
bool state_has_blob(const struct state *state, const struct manifest_blob *blob);	/* its content is looked at */
/* *ret_bytes is the caller's, with a NUL behind it. Checked. -ENOENT, ERR_FORMAT, -errno with a note. */
int state_read_blob(const struct state *state, const struct manifest_blob *blob, uint8_t **ret_bytes,
		    struct err_note *note);
int state_write_blob(struct state *state, struct span bytes, struct manifest_blob *ret_blob, struct err_note *note);

/* An image as it was compiled, under its digest. On disk for certain after state_sync_images(): once for all of them. */
int state_sync_images(const struct state *state, struct err_note *note);
int state_write_image(struct state *state, const void *bytes, size_t size, struct err_note *note);
int state_map_image(const struct state *state, const char *digest, struct zone_image **ret_image, struct err_note *note);
void state_image_digest(const struct zone_image_header *base, char ret_digits[MANIFEST_HEX]);

/* As generation newest + 1, which it gives the manifest. */
int state_write_generation(struct state *state, struct manifest *manifest, struct err_note *note);
/* The manifest again, with what has become of it since: the same generation. */
int state_read_generation(const struct state *state, uint64_t generation, struct manifest **ret, struct err_note *note);
/* Those that are there, newest first; gives how many, at most room. */
size_t state_generations(const struct state *state, uint64_t *ret, size_t room);
int state_activate(struct state *state, uint64_t generation, struct err_note *note);
void state_drop_generation(struct state *state, uint64_t generation);
/* Removes generations beyond the newest STATE_GENERATIONS (the active one stays), then blobs and images that none of
 * those left names. */
void state_collect(struct state *state);

#endif
