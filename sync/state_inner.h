/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of sync/state share. */
#ifndef SYNC_STATE_INNER_H
#define SYNC_STATE_INNER_H

#include "sync/state.h"

char *state_image_path(const struct state *state, const char *digest);
/* What a process left that was killed between opening a file and naming it. */
void state_sweep(struct state *state);
/* The highest versions that the stored files say, whoever signed them: a floor for want of a better one. */
void state_floors_from_metadata(struct state *state);

#endif
