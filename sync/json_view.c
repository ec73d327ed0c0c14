/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/json_view.h"

#include <jansson.h>

/* jansson's own limit of depth is 2048 and fixed; ours is checked before it sees the bytes. */
static bool is_too_deep(struct span bytes)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.at[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JSON_VIEW_DEPTH_MAX)
			return true;
	}
	return false;
}

struct json_view *json_view_parse(struct span bytes, struct err_note *note)
{
	json_error_t error;

	if (is_too_deep(bytes)) {
		err_note_set(note, NULL, 0, "not taken: JSON more than %d levels deep", JSON_VIEW_DEPTH_MAX);
		return NULL;
	}
	json_t *document = json_loadb((const char *)bytes.at, bytes.len, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL)
		err_note_set(note, NULL, 0, "not JSON: %s at byte %d", error.text, error.position);
	return (struct json_view *)document;
}

void json_view_free(struct json_view *document)
{
	json_decref((json_t *)document);
}

struct json_view *json_view_member(struct json_view *object, const char *name)
{
	return (struct json_view *)json_object_get((json_t *)object, name);
}

bool json_view_is_object(const struct json_view *view)
{
	return json_is_object((const json_t *)view);
}

bool json_view_is_list(const struct json_view *view)
{
	return json_is_array((const json_t *)view);
}

const char *json_view_text(const struct json_view *view)
{
	return json_string_value((const json_t *)view);
}

bool json_view_integer(const struct json_view *view, int64_t *ret)
{
	if (!json_is_integer((const json_t *)view))
		return false;
	*ret = json_integer_value((const json_t *)view);
	return true;
}

bool json_view_flag(const struct json_view *view, bool *ret)
{
	if (!json_is_boolean((const json_t *)view))
		return false;
	*ret = json_is_true((const json_t *)view);
	return true;
}

size_t json_view_count(const struct json_view *view)
{
	const json_t *json = (const json_t *)view;

	return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

struct json_view *json_view_at(const struct json_view *list, size_t index)
{
	return (struct json_view *)json_array_get((const json_t *)list, index);
}

bool json_view_next(struct json_view *object, struct json_member *member)
{
	json_t *json = (json_t *)object;
	void *place = member->place == NULL ? json_object_iter(json) : json_object_iter_next(json, member->place);

	if (place == NULL)
		return false;
	*member = (struct json_member){
		json_object_iter_key(place), (struct json_view *)json_object_iter_value(place), place,
	};
	return true;
}
