/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of trusted metadata: for each role a file with the bytes as received, ROLE.json, the role
 * percent-encoded. Whole at every moment: a new file is written beside the old one, synced, renamed, and the folder
 * synced. What is read is not trusted for being there: the client verifies it anew. One process at a time, by a lock
 * on the folder itself. Thread: one at a time.
 */
#ifndef SYNC_TUF_STORE_H
#define SYNC_TUF_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

struct tuf_store;

/* make: the folder may be missing and is made. -errno with the reason; -EBUSY: another process has it. */
int tuf_store_open(const char *folder, bool make, struct tuf_store **ret_store, struct err_note *note);
void tuf_store_close(struct tuf_store *store);	/* NULL is allowed */

/* *ret_bytes is the caller's (mem_free). -ENOENT, without a note: there is none. ERR_LIMIT: larger than max_bytes. */
int tuf_store_load(struct tuf_store *store, const char *role, uint64_t max_bytes, uint8_t **ret_bytes,
		   size_t *ret_len, struct err_note *note);
int tuf_store_save(struct tuf_store *store, const char *role, struct span bytes, struct err_note *note);
int tuf_store_forget(struct tuf_store *store, const char *role, struct err_note *note);	/* also when there is none */

#endif
