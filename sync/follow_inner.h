/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of sync/follow share. */
#ifndef SYNC_FOLLOW_INNER_H
#define SYNC_FOLLOW_INNER_H

#include "sync/follow.h"
#include "sync/tuf_client.h"

enum {
	FOLLOW_ITEMS_MAX = 1 << 17,
	FOLLOW_LIST_MAX = 16 << 20,		/* bytes of a JSON file of ours */
	FOLLOW_BLOB_MAX = INT32_MAX,		/* bytes of a packed zone */
};

struct follow {
	const struct follow_settings *settings;
	struct tuf_client *client;
	const struct content *running;
	struct manifest *manifest;	/* being made */
	int64_t now_s;
	struct err_note *note;
};

/* Steps until the client is done. 0, or a result above FOLLOW_SAME with the note. */
enum follow_result follow_metadata(struct follow *follow);
/* Down the delegations. FOLLOW_NEW: there it is. */
enum follow_result follow_find(struct follow *follow, const char *path, struct tuf_file *ret_file,
			       struct json_view **ret_custom, bool *ret_found);
enum follow_result follow_items(struct follow *follow);
/* A target as an item of the manifest, its custom read. NULL with *ret_result. */
struct manifest_item *follow_target(struct follow *follow, enum manifest_kind kind, const char *path, bool must,
				    enum follow_result *ret_result);

/* One file that the state folder must have; path as a TUF target. Fits content_need_fn with a struct follow as ctx. */
int follow_need(void *follow, const char *name, const struct manifest_blob *blob, struct err_note *note);
/* All that the manifest's items will need, as far as it can be told before. */
enum follow_result follow_blobs(struct follow *follow);
/* Name of a blob below the repository: "targets/DIR/SHA256.NAME". The caller's. */
char *follow_target_name(const char *path, const char *sha256);
char *follow_step_name(const char *zone_path, const struct manifest_step *step);

void follow_remark(const struct follow *follow, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum follow_result follow_result_of(int err);	/* of a transport or a disk */

#endif
