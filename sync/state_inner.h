/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of sync/state share. */
#ifndef SYNC_STATE_INNER_H
#define SYNC_STATE_INNER_H

#include "sync/state.h"

char *state_image_path(const struct state *state, const char *digest);
/* The files that a generation needs, so that a collection need not read its manifest. */
void state_keep_names(struct state *state, const struct manifest *manifest);
void state_forget_names(struct state *state, uint64_t generation);	/* 0: of all */
struct state_seen *state_seen_new(void);
void state_seen_free(struct state_seen *seen);
bool state_seen_has(const struct state_seen *seen, const struct manifest_blob *blob);
void state_seen_add(struct state_seen *seen, const struct manifest_blob *blob);
/* Calls each() for every name in the folder that does not begin with a point. */
void state_names_in(const char *folder, void (*each)(void *ctx, const char *folder, const char *name), void *ctx);
/* What a process left that was killed between opening a file and naming it. */
void state_sweep(struct state *state);
/* The highest versions that the stored files and the generations say: a floor for want of a better one. */
void state_floors_from_files(struct state *state);

#endif
