/* SPDX-License-Identifier: Apache-2.0 */
/* zstd frames with their size known before: what is unpacked is written into a block of exactly the signed length, so
 * neither a window nor an output of another size can be asked of us. The door to libzstd. Thread: any. */
#ifndef SYNC_ZSTD_H
#define SYNC_ZSTD_H

#include "conf/base/err.h"
#include "conf/base/span.h"

enum {
	ZSTD_LEVEL = 3,			/* for what is made every few seconds; level 9 takes 6 times as long for 5 % */
	ZSTD_LEVEL_MAX = 19,
	ZSTD_WINDOW_LOG_MAX = 27,	/* 128 MB: more is never asked of a reader that unpacks in pieces */
};

/* *ret_bytes is the caller's (mem_free). The frame tells its content's size and has a checksum. ERR_LIMIT. */
int zstd_pack(struct span raw, int level, uint8_t **ret_bytes, size_t *ret_len);
/* raw_len: of the content, from what was signed. *ret_bytes is the caller's (mem_free) and has a NUL behind its last
 * byte, which is not counted. ERR_FORMAT with a note: not one frame of that content and size. */
int zstd_unpack(struct span packed, size_t raw_len, uint8_t **ret_bytes, struct err_note *note);

#endif
