/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder that is served: what stands in it now, read along timestamp, snapshot and roles, and a release on its
 * way into it. Everything but metadata/timestamp.json has a name that no other content ever has: it may be written at
 * any time, and is seen by nobody until timestamp.json is renamed, last, when all of it is on disk; the new one waits as
 * timestamp.next.json before, so that a release is completed that a power cut may have taken back. Thread: one at a
 * time.
 */
#ifndef SYNC_PUBLISH_REPO_H
#define SYNC_PUBLISH_REPO_H

#include "sync/publish_sign.h"

/* A role's file: now, and in the release that is being made. */
struct publish_role {
	char *name;
	int64_t version;		/* as the snapshot lists it; 0: not yet there */
	struct json_view *file;		/* envelope; NULL: not there, or not read yet */
	struct json_view *next;		/* envelope of the release being made; NULL: it stays */
};

struct publish_repo {
	char *folder;
	struct json_view *root, *timestamp, *snapshot;	/* envelopes; NULL: not there yet */
	int64_t root_version;
	/* targets and delegated ones, as the snapshot lists them; pointers end with a publish_repo_role() that makes
	 * one */
	struct publish_role *roles;
	size_t role_count, role_room;
	struct json_view *before_root;	/* in force until the commit; NULL: there is no new one */
	bool dry;			/* publish_repo_put() writes nothing: only to see what would be */
	/* of the release being made */
	char **written;			/* files not yet known to be on disk */
	size_t written_count, written_room;
	bool folders_made;
	uint64_t bytes_written;
	unsigned files_written;
};

/* make: the folders may be missing and are made, and a release that was cut short at its last step is completed; for who
 * holds the lock of the work folder. Reads what there is; ERR_FORMAT when it does not hold together. */
int publish_repo_open(const char *folder, bool make, struct publish_repo **ret_repo, struct err_note *note);
void publish_repo_free(struct publish_repo *repo);		/* NULL is allowed */
int publish_repo_read_root(struct publish_repo *repo, struct err_note *note);	/* the newest, again */
/* A new root, which was checked: what is made from now on is signed by its keys; it is visible with the commit. */
void publish_repo_next_root(struct publish_repo *repo, struct json_view *file);

/* "signed" of an envelope, or NULL. */
struct json_view *publish_signed(struct json_view *envelope);
/* With its file read, if there is one. NULL: it cannot be read. make: a role that is not there is made, version 0. */
struct publish_role *publish_repo_role(struct publish_repo *repo, const char *name, bool make, struct err_note *note);
/* Of an earlier version of a role, as long as it is there. */
int publish_repo_old_role(const struct publish_repo *repo, const char *name, int64_t version,
			  struct json_view **ret_file,
			  struct err_note *note);

/* A target as TUF names its file: targets/DIR/HASH.NAME. The caller's (mem_free); relative to the folder. */
char *publish_target_file(const char *path, const char *sha256);
/* Its bytes, checked by their hash. The caller's (mem_free). */
int publish_repo_target(const struct publish_repo *repo, const char *file, int64_t length, const char *sha256,
			uint8_t **ret_bytes, struct err_note *note);

/* Writes a file, relative to the folder; nothing is done when it has these bytes. */
int publish_repo_put(struct publish_repo *repo, const char *file, struct span bytes, struct err_note *note);
/* The release becomes visible: waits for the disk, then timestamp.json. Frees nothing, roles' files become the new
 * ones. */
int publish_repo_commit(struct publish_repo *repo, struct json_view *snapshot, struct json_view *timestamp,
			struct err_note *note);
int publish_repo_put_metadata(struct publish_repo *repo, const char *role, struct json_view *envelope,
			      struct err_note *note);

#endif
