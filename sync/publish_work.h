/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publisher's own folder: publish.json (sources, who signs, whom to tell), the lock, and what makes the next
 * release quick: images and digests of what was released. Beside the repository, never in it. Losing all but
 * publish.json costs time only. docs/man/catchment-publish.1 states every member of publish.json. Thread: one at a
 * time.
 */
#ifndef SYNC_PUBLISH_WORK_H
#define SYNC_PUBLISH_WORK_H

#include "sync/publish_item.h"
#include "sync/publish_sign.h"

struct publish_work {
	char *folder;
	char *repository;
	struct json_view *config;	/* publish.json */
	int lock;
};

/* The folder that belongs to a repository when nothing else is said: REPO.publish. The caller's (mem_free). */
char *publish_work_beside(const char *repository);
/* make: a new one; ERR_INVALID when it is there. Takes the lock: -EBUSY when another process has it. */
int publish_work_open(const char *folder, bool make, const char *repository, struct publish_work **ret_work,
		      struct err_note *note);
void publish_work_close(struct publish_work *work);	/* NULL is allowed */
int publish_work_save(struct publish_work *work, struct err_note *note);
char *publish_work_path(const struct publish_work *work, const char *name);	/* in the folder; mem_free */

/* HELD: where the old content of an item that was reverted lies; of a site the folder of it. mem_free. */
char *publish_work_held(const struct publish_work *work, enum publish_kind kind, const char *path);

/* Seconds for which a role's file is good. */
int64_t publish_work_lifetime(const struct publish_work *work, const char *role);
struct json_view *publish_work_items(struct publish_work *work);	/* object: path to item */
/* Who signs a delegated role: zones, sites, files, secrets; with "keys" in it. */
struct json_view *publish_work_who(struct publish_work *work, const char *role);
extern const char *const publish_delegated[4];

#endif
