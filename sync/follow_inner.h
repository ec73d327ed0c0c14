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

/* A file that could not be had in this look is not asked for again. */
struct follow_failed {
	char sha256[MANIFEST_HEX];
	int err;
	struct err_note note;
};

struct follow {
	const struct follow_settings *settings;
	struct tuf_client *client;
	const struct content *running;
	struct manifest *manifest;	/* being made */
	int64_t now_s;
	struct err_note *note;
	int8_t *walks;			/* of the manifest before: 1 holds still, -1 does not, 0 not looked at; NULL: none yet */
	size_t last_walk;		/* of the manifest, from 1 on: that of the item before, mostly also of the next */
	struct follow_failed *failed;
	size_t failed_count, failed_room;
	int64_t timestamp_before;	/* version that was had before this look */
	uint32_t suspect;		/* mirror that may stand still, as a mask; 0: none */
	int64_t suspect_version;
	bool listing;			/* small files are read on the way: nothing is left of one that breaks off */
	bool damaged;			/* no server gave what was signed of some file */
};

/* Steps until the client is done. 0, or a result above FOLLOW_SAME with the note. */
enum follow_result follow_metadata(struct follow *follow);
/* Whether another mirror has a newer timestamp than the one that was followed, which may stand still while what it
 * signed is good: at each look one is asked, in turn, and all when by_hand or the hint says that there is more. Then
 * that one is preferred from now on, and the look begins anew. */
bool follow_look_elsewhere(struct follow *follow);
/* After metadata that is taken: who gave it is right, and who hid it is told. */
void follow_judge_mirrors(struct follow *follow);
/* Down the delegations. FOLLOW_NEW: there it is. */
enum follow_result follow_find(struct follow *follow, const char *path, struct tuf_file *ret_file,
			       struct json_view **ret_custom, bool *ret_found);
enum follow_result follow_items(struct follow *follow);
/* A target as an item of the manifest, its custom read. NULL with *ret_result. */
struct manifest_item *follow_target(struct follow *follow, enum manifest_kind kind, const char *path, bool must,
				    enum follow_result *ret_result);

/* What the custom of its target says, taken over into the item. custom NULL: nothing. */
enum follow_result follow_custom(struct follow *follow, struct json_view *custom, struct manifest_item *item);
/* FOLLOW_CONTENT, with a note that names the target. */
enum follow_result follow_fault(struct follow *follow, const char *path, const char *what);

/* The same from the look before, when nothing that told of it has changed; NULL: it must be looked up. */
struct manifest_item *follow_recall(struct follow *follow, enum manifest_kind kind, const char *path);
/* Notes what the last search has asked, for the item that it found. */
void follow_remember(struct follow *follow, struct manifest_item *item);

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
