/* SPDX-License-Identifier: Apache-2.0 */
/* zstd frames with their size known before: no more than the signed length is ever written, nor is room made for what did
 * not come yet. The door to libzstd. Thread: any. */
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
/* The content in pieces of ZSTD_PIECE bytes at most, never all of it at a time: beside them a window of at most 128 MB is
 * held. A non-zero return of on_piece stops the unpacking and is returned. ERR_FORMAT as below; -ENOMEM. */
enum { ZSTD_PIECE = 1 << 17 };
typedef int zstd_piece_fn(void *ctx, struct span piece);
int zstd_unpack_pieces(struct span packed, uint64_t raw_len, zstd_piece_fn *on_piece, void *ctx, struct err_note *note);
/* raw_len: of the content, from what was signed. *ret_bytes is the caller's (mem_free) and has a NUL behind its last
 * byte, which is not counted; it grows with what comes, whatever was told. ERR_FORMAT with a note: not one frame of that
 * content and size. -ENOMEM. */
int zstd_unpack(struct span packed, size_t raw_len, uint8_t **ret_bytes, struct err_note *note);

#endif
