/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/making.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "conf/base/mem.h"

enum content_fault making_fault(struct making *making, const char *format, ...)
{
	char text[sizeof making->note->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_note_set(making->note, NULL, 0, "zone %.200s: %s", making->zone->name, text);
	return CONTENT_FAULT;
}

enum content_fault making_told(struct making *making, enum content_fault what)
{
	char *text = mem_string(making->note->text);

	making_fault(making, "%s", text);
	mem_free(text);
	return what;
}

struct lthash *making_count(const struct zone_image *image)
{
	struct lthash *state = mem_alloc(sizeof *state);

	lthash_add_image(state, zone_image_header(image));
	return state;
}

enum content_fault making_unpacked(int err)
{
	return err == -ENOMEM ? CONTENT_DISK : CONTENT_FAULT;
}
