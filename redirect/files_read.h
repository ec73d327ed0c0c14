/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sites.files names, read from disk: single files and whole folders. A folder is read below itself only:
 * hidden names, other kinds of files and what came and went meanwhile are passed over, a symbolic link that leads
 * out of it is a fault, links to folders are not followed. Blocking; while a site table is built.
 */
#ifndef REDIRECT_FILES_READ_H
#define REDIRECT_FILES_READ_H

#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"

enum {
	REDIRECT_FOLDER_DEPTH_MAX = 8,	/* folders below the one named */
	REDIRECT_NAME_MAX = 2048,	/* bytes of a file's path below it */
};

/* name: below the folder, without a leading "/"; bytes are the callee's (mem_free). 0, or a code that ends the
 * reading with note as the callee set it. */
typedef int redirect_files_fn(void *ctx, const char *name, const char *source, uint8_t *bytes, size_t len,
			      struct err_note *note);

/* ERR_LIMIT above REDIRECT_FILE_MAX, -errno, ERR_INVALID for what is no regular file; note->text says it. */
int redirect_files_read_one(const char *path, uint8_t **ret_bytes, size_t *ret_len, struct err_note *note);
int redirect_files_read_folder(const char *folder, redirect_files_fn *each, void *ctx, struct err_note *note);

#endif
