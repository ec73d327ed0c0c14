/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/zstd.h"

#include <zstd.h>

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

int zstd_unpack(struct span packed, size_t raw_len, uint8_t **ret_bytes, struct err_note *note)
{
	unsigned long long told = ZSTD_getFrameContentSize(packed.at, packed.len);
	size_t frame = ZSTD_findFrameCompressedSize(packed.at, packed.len);

	if (told == ZSTD_CONTENTSIZE_ERROR || ZSTD_isError(frame))
		return fault(note, "not a zstd frame");
	if (told != ZSTD_CONTENTSIZE_UNKNOWN && told != raw_len)
		return fault(note, "the zstd frame is of another size than was signed");
	if (frame != packed.len)
		return fault(note, "there are bytes behind the zstd frame");

	uint8_t *bytes = mem_array(raw_len + 1, 1);
	size_t len = ZSTD_decompress(bytes, raw_len, packed.at, packed.len);
	if (ZSTD_isError(len) || len != raw_len) {
		mem_free(bytes);
		return fault(note, ZSTD_isError(len) ? ZSTD_getErrorName(len)
						     : "the zstd frame holds less than was signed");
	}
	*ret_bytes = bytes;
	return 0;
}
