/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/zstd.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "conf/base/mem.h"

int zstd_pack(struct span raw, int level, uint8_t **ret_bytes, size_t *ret_len)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(raw.len);
	int err = ERR_LIMIT;

	if (context == NULL || ZSTD_isError(room))
		goto free_context;
	uint8_t *bytes = mem_array(room, 1);
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	size_t len = ZSTD_compress2(context, bytes, room, raw.at, raw.len);
	if (ZSTD_isError(len)) {
		mem_free(bytes);
		goto free_context;
	}
	*ret_bytes = mem_resize(bytes, len, 1);
	*ret_len = len;
	err = 0;
free_context:
	ZSTD_freeCCtx(context);
	return err;
}

static int fault(struct err_note *note, const char *what)
{
	err_note_set(note, NULL, 0, "%s", what);
	return ERR_FORMAT;
}

/* Whether it is one frame, which says the signed length when it says one. */
static int check_frame(struct span packed, uint64_t raw_len, struct err_note *note)
{
	unsigned long long told = ZSTD_getFrameContentSize(packed.at, packed.len);
	size_t frame = ZSTD_findFrameCompressedSize(packed.at, packed.len);

	if (told == ZSTD_CONTENTSIZE_ERROR || ZSTD_isError(frame))
		return fault(note, "not a zstd frame");
	if (told != ZSTD_CONTENTSIZE_UNKNOWN && told != raw_len)
		return fault(note, "the zstd frame is of another size than was signed");
	if (frame != packed.len)
		return fault(note, "there are bytes behind the zstd frame");
	return 0;
}

static int zstd_fault(struct err_note *note, size_t code)
{
	fault(note, ZSTD_getErrorName(code));
	return ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? -ENOMEM : ERR_FORMAT;
}

static int unpack(ZSTD_DStream *stream, struct span packed, uint64_t raw_len, zstd_piece_fn *on_piece, void *ctx,
		  uint8_t *piece, struct err_note *note)
{
	ZSTD_inBuffer in = { packed.at, packed.len, 0 };
	uint64_t len = 0;
	size_t left;

	do {
		ZSTD_outBuffer out = { piece, ZSTD_PIECE, 0 };

		left = ZSTD_decompressStream(stream, &out, &in);
		if (ZSTD_isError(left))
			return zstd_fault(note, left);
		len += out.pos;
		if (len > raw_len)
			return fault(note, "the zstd frame holds more than was signed");
		int err = out.pos > 0 ? on_piece(ctx, (struct span){ piece, out.pos }) : 0;
		if (err != 0)
			return err;
		if (out.pos == 0 && in.pos == in.size && left != 0)
			return fault(note, "the zstd frame has no end");
	} while (left != 0);
	return len == raw_len ? 0 : fault(note, "the zstd frame holds less than was signed");
}

int zstd_unpack_pieces(struct span packed, uint64_t raw_len, zstd_piece_fn *on_piece, void *ctx, struct err_note *note)
{
	int err = check_frame(packed, raw_len, note);

	if (err != 0)
		return err;
	ZSTD_DStream *stream = ZSTD_createDStream();
	uint8_t *piece = mem_array(ZSTD_PIECE, 1);
	if (stream == NULL) {
		fault(note, "there is no memory to unpack it");
		err = -ENOMEM;
	} else {
		ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
		err = unpack(stream, packed, raw_len, on_piece, ctx, piece, note);
	}
	mem_free(piece);
	ZSTD_freeDStream(stream);
	return err;
}

struct block {
	uint8_t *bytes;
	size_t len, room, most;
	struct err_note *note;
};

static int add_piece(void *ctx, struct span piece)
{
	struct block *block = ctx;
	size_t room = block->room;

	while (room < block->len + piece.len)
		room = room > block->most / 2 ? block->most : room * 2;
	/* A byte more: for the NUL. */
	void *grown = room > block->room ? mem_try_resize(block->bytes, room + 1) : block->bytes;
	if (grown == NULL) {
		fault(block->note, "there is no memory to unpack it");
		return -ENOMEM;
	}
	block->bytes = grown;
	block->room = room;
	memcpy(block->bytes + block->len, piece.at, piece.len);
	block->len += piece.len;
	return 0;
}

int zstd_unpack(struct span packed, size_t raw_len, uint8_t **ret_bytes, struct err_note *note)
{
	struct block block = { .room = raw_len < ZSTD_PIECE ? raw_len : ZSTD_PIECE, .most = raw_len, .note = note };

	block.bytes = mem_array(block.room + 1, 1);
	int err = zstd_unpack_pieces(packed, raw_len, add_piece, &block, note);
	if (err != 0) {
		mem_free(block.bytes);
		return err;
	}
	block.bytes[raw_len] = '\0';
	*ret_bytes = block.bytes;
	return 0;
}
