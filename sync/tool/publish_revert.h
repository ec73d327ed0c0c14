/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the command revert. Thread: one. */
#ifndef SYNC_TOOL_PUBLISH_REVERT_H
#define SYNC_TOOL_PUBLISH_REVERT_H

#include "sync/tool/publish_call.h"

struct reverting {
	struct publish_call *call;
	enum publish_kind kind;
	const char *path;
	int64_t release;
	struct json_view *now, *item;	/* views */
	struct json_view *then;		/* targets of its role as they were: views into file */
	struct json_view *file;
};

/* The zone as the target old has it, with a new serial, as a master file: as it was, or as --signer signs it, which
 * is checked to be the same zone. An exit code. */
int publish_revert_zone(struct reverting *revert, struct json_view *old, const char *file);

#endif
