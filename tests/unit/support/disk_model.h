/* SPDX-License-Identifier: Apache-2.0 */
/* What tests/unit/support/disk.c writes down, and the disk made of it: each folder and file as it is and as it is safe. */
#ifndef TESTS_UNIT_SUPPORT_DISK_MODEL_H
#define TESTS_UNIT_SUPPORT_DISK_MODEL_H

#include <stdbool.h>
#include <stddef.h>

enum disk_what {
	DISK_OP_NONE,		/* changes nothing that is looked at */
	DISK_OP_FAILED,
	DISK_OP_CREATE,		/* path */
	DISK_OP_MKDIR,
	DISK_OP_WRITE,		/* fd, bytes */
	DISK_OP_FSYNC,		/* fd */
	DISK_OP_SYNCFS,
	DISK_OP_RENAME,		/* path, to */
	DISK_OP_LINK,
	DISK_OP_UNLINK,		/* path; of a folder too */
};

struct disk_op {
	enum disk_what what;
	int fd;
	const char *path, *to;
	const void *bytes;
	size_t len;
};

void disk_model_begin(const char *folder);
bool disk_model_has(int fd);		/* a file or folder of it */
void disk_model_note(const struct disk_op *op);	/* done just now: what it names is there, or just gone */

#endif
