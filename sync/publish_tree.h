/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that are thrown away again. */
#ifndef SYNC_PUBLISH_TREE_H
#define SYNC_PUBLISH_TREE_H

/* A new folder below TMPDIR, /tmp without; the caller's (mem_free). NULL: errno says why. */
char *publish_tree_make(const char *name);
void publish_tree_remove(const char *path);	/* with all that is in it; a file as well, or nothing */

#endif
