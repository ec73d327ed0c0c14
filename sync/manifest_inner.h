/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of sync/manifest share. */
#ifndef SYNC_MANIFEST_INNER_H
#define SYNC_MANIFEST_INNER_H

#include "sync/manifest.h"

struct json_view;

struct json_view *manifest_print_item(const struct manifest_item *item);	/* the caller's */
bool manifest_read_item(struct json_view *from, struct manifest *manifest);	/* adds it; false: it is none */

#endif
