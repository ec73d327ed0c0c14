/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest of ten thousand zones in parts: a release that changes one of them writes one part anew. */
#include <string.h>

#include "conf/base/mem.h"
#include "sync/json_build.h"
#include "sync/manifest_inner.h"
#include "zone/digest.h"

static unsigned part_of(const char *path)
{
	uint32_t hash = 2166136261u;	/* FNV-1a */

	for (; *path != '\0'; path++)
		hash = (hash ^ (uint8_t)*path) * 16777619u;
	return (hash ^ hash >> 16) % MANIFEST_PARTS;
}

struct marking {
	uint8_t *bytes;			/* the mark so far, then what is put to it */
	size_t len, room;
};

static void take(struct marking *marking, const void *bytes, size_t len)
{
	void *all = marking->bytes;

	if (marking->len + len > marking->room) {
		marking->room = 2 * (marking->len + len);
		all = mem_resize(all, marking->room, 1);
	}
	marking->bytes = all;
	if (len > 0)
		memcpy(marking->bytes + marking->len, bytes, len);
	marking->len += len;
}

static void take_text(struct marking *marking, const char *text)
{
	if (text != NULL)
		take(marking, text, strlen(text) + 1);
}

/* All of the struct, so that nobody forgets a member that is new. Padding may make a difference where there is none, which
 * costs a part that is written again. */
static void take_item(struct marking *marking, const struct manifest_item *item)
{
	struct manifest_item plain;

	memcpy(&plain, item, sizeof plain);
	plain.path = NULL;
	plain.type = NULL;
	plain.steps = plain.overlay = NULL;
	plain.state = NULL;
	plain.zone = plain.walk = 0;
	take(marking, &plain, sizeof plain);
	take_text(marking, item->path);
	take_text(marking, item->type);
	take(marking, item->steps, item->step_count * sizeof *item->steps);
	take(marking, item->overlay, item->overlay_count * sizeof *item->overlay);
	take(marking, item->state, item->state != NULL ? MANIFEST_STATE_BYTES : 0);
}

void manifest_part_marks(const struct manifest *manifest, uint8_t (*ret_marks)[MANIFEST_MARK_BYTES])
{
	struct marking marking = { 0 };

	memset(ret_marks, 0, (size_t)MANIFEST_PARTS * MANIFEST_MARK_BYTES);
	for (size_t i = 0; i < manifest->item_count; i++) {
		uint8_t *mark = ret_marks[part_of(manifest->items[i].path)];

		marking.len = 0;
		take(&marking, mark, MANIFEST_MARK_BYTES);
		take_item(&marking, &manifest->items[i]);
		zone_digest(marking.bytes, marking.len, mark);
	}
	mem_free(marking.bytes);
}

char *manifest_part_print(const struct manifest *manifest, unsigned part, size_t *ret_len)
{
	struct json_view *document = json_build_object(), *list = json_build_list_in(document, "items");

	for (size_t i = 0; i < manifest->item_count; i++) {
		if (part_of(manifest->items[i].path) == part)
			json_build_append(list, manifest_print_item(&manifest->items[i]));
	}
	char *text = json_build_print(document, ret_len);
	json_view_free(document);
	return text;
}

int manifest_part_parse(struct span bytes, struct manifest *manifest, struct err_note *note)
{
	struct json_view *document = json_view_parse(bytes, note), *list = json_view_member(document, "items");
	bool good = document != NULL && json_view_is_list(list);

	for (size_t i = 0; good && i < json_view_count(list); i++)
		good = manifest_read_item(json_view_at(list, i), manifest);
	json_view_free(document);
	if (good)
		return 0;
	err_note_set(note, NULL, 0, "a part of the manifest is not of its form");
	return ERR_FORMAT;
}
