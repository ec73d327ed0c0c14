/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the source of an item to its TUF target, zones apart: bytes, checked for what nodes would refuse, and
 * "custom".
 * Thread: one at a time.
 */
#ifndef SYNC_PUBLISH_CONTENT_H
#define SYNC_PUBLISH_CONTENT_H

#include "sync/publish_repo.h"
#include "sync/publish_work.h"

struct publish_bytes {
	uint8_t *bytes;		/* mem_free */
	size_t len;
};

/* The bytes of a file, policy or site from its source file; a site's are checked as the node would. Faults with file
 * and line go to errors. */
int publish_content_read(enum publish_kind kind, const char *file, struct publish_bytes *ret_content,
			 struct err_list *errors);
/* The files that a site names relative to itself: calls on_name for each once. The content was read without
 * faults. */
int publish_content_site_files(const struct publish_bytes *site, int (*on_name)(void *ctx, const char *name),
			       void *ctx);
/* fleet/GROUP/subscribe.json from group, what "*" means taken from the items. */
void publish_content_group(struct publish_work *work, struct json_view *group, struct publish_bytes *ret_content);

/* {"length","hashes","custom"}; the item's own custom members (type, max_age, readers) are taken over. release: of
 * this change. */
struct json_view *publish_content_target(enum publish_kind kind, struct span content, struct json_view *item,
					 int64_t release);
/* Whether both are the same but for the release they were made in, and for a rollout. */
bool publish_content_same(struct json_view *a, struct json_view *b);

#endif
