/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/transport.h"

#include <string.h>

#include "conf/base/mem.h"

int transport_buffer_take(void *ctx, struct span piece)
{
	struct transport_buffer *buffer = ctx;

	if (buffer->len + piece.len > buffer->room) {
		buffer->room = (buffer->len + piece.len) * 2;
		buffer->bytes = mem_resize(buffer->bytes, buffer->room, 1);
	}
	if (piece.len != 0)
		memcpy(buffer->bytes + buffer->len, piece.at, piece.len);
	buffer->len += piece.len;
	return 0;
}
