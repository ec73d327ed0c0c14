/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target's file on disk (TUF 1.0.34, 5.7): checked, or taken piece by piece into a nameless neighbour that gets its
 * name when length and hashes are right and it is safe on disk. Thread: one at a time.
 */
#ifndef SYNC_TUF_TARGET_H
#define SYNC_TUF_TARGET_H

#include <stdbool.h>

#include "sync/tuf_metadata.h"

/* Whether the regular file at path is this one already. */
bool tuf_target_is_there(const char *path, const struct tuf_file *file);

struct tuf_target;
/* -errno with the reason. */
int tuf_target_begin(const char *path, const struct tuf_file *file, struct tuf_target **ret_target,
		     struct err_note *note);
/* The same, going on with what tuf_target_set_aside() left in the file part, in a folder of the same file system: it is
 * read once more, and the whole is checked at the end, whoever wrote it. */
int tuf_target_resume(const char *path, const char *part, const struct tuf_file *file, struct tuf_target **ret_target,
		      struct err_note *note);
int64_t tuf_target_have(const struct tuf_target *target);	/* bytes */
/* ERR_LIMIT: more than its length; -errno. The reason comes with tuf_target_end(). */
int tuf_target_take(struct tuf_target *target, struct span piece);
int tuf_target_fault(const struct tuf_target *target);	/* the first that tuf_target_take() gave, or 0 */
/* After the last piece: checks, syncs, renames. Frees it in any case; nothing is left when it fails. */
int tuf_target_end(struct tuf_target *target, struct err_note *note);
/* The end waits for no disk: whoever has many such files syncs them as one, and knows a torn one when it sees it. */
void tuf_target_unsynced(struct tuf_target *target);
void tuf_target_abandon(struct tuf_target *target);	/* NULL is allowed */
/* Abandons it for now: of tuf_target_resume(), what there is stays as part, when that is worth it. */
enum { TUF_PART_MIN = 1 << 16 };
void tuf_target_set_aside(struct tuf_target *target);
/* Removes from folder what processes left that were killed in between, an hour ago or longer. */
void tuf_target_sweep(const char *folder, int64_t now_s);

#endif
