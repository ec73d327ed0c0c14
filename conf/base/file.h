/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: reading with a limit, and replacing so that a crash leaves the old or the new one. Thread: any. */
#ifndef CONF_BASE_FILE_H
#define CONF_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads all of path. *ret_bytes is the caller's (mem_free) and has a NUL behind its last byte, which is not counted.
 * -errno (-ENOMEM too), or ERR_LIMIT when the file is larger than limit bytes. */
int file_read(const char *path, size_t limit, uint8_t **ret_bytes, size_t *ret_len);
/* The same from an open file, which stays open. */
int file_read_fd(int fd, size_t limit, uint8_t **ret_bytes, size_t *ret_len);
/* Writes path anew: temporary file beside it, fsync, rename, fsync of the folder. -errno; then path is as it was. */
int file_replace(const char *path, const void *bytes, size_t len, mode_t mode);
/* The same without waiting for the disk: whole once file_sync_all() has returned, until then at the mercy of a power
 * cut. For many files at a time that are recognised when torn. */
int file_replace_unsynced(const char *path, const void *bytes, size_t len, mode_t mode);
/* Waits until all that was written to the file system of folder is on disk. -errno. */
int file_sync_all(const char *folder);
/* Creates the folder path and its parents where missing. -errno. */
int file_make_folders(const char *path, mode_t mode);
/* path itself when absolute, else path beside the file base. The caller's (mem_free). */
char *file_beside(const char *base, const char *path);

#endif
