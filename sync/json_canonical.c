/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/json_view.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

struct text {
	uint8_t *bytes;
	size_t len, room;
};

static void put(struct text *out, const void *from, size_t len)
{
	if (out->len + len > out->room) {
		out->room = (out->len + len) * 2;
		out->bytes = mem_resize(out->bytes, out->room, 1);
	}
	memcpy(out->bytes + out->len, from, len);
	out->len += len;
}

/* Everything else stays raw, a newline too: that is what tells this dialect from RFC 8785. */
static void put_string(struct text *out, const char *string, size_t len)
{
	put(out, "\"", 1);
	for (size_t i = 0, begin = 0; i <= len; i++) {
		if (i < len && string[i] != '"' && string[i] != '\\')
			continue;
		put(out, string + begin, i - begin);
		begin = i;
		if (i < len)
			put(out, "\\", 1);
	}
	put(out, "\"", 1);
}

/* By bytes, which for UTF-8 is by code points. */
static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool put_value(struct text *out, json_t *value);

static bool put_object(struct text *out, json_t *object)
{
	size_t count = json_object_size(object), i = 0;
	const char **names = mem_array(count, sizeof *names);
	bool good = true;

	for (void *place = json_object_iter(object); place != NULL; place = json_object_iter_next(object, place))
		names[i++] = json_object_iter_key(place);
	qsort(names, count, sizeof *names, compare);
	put(out, "{", 1);
	for (i = 0; i < count && good; i++) {
		if (i > 0)
			put(out, ",", 1);
		put_string(out, names[i], strlen(names[i]));
		put(out, ":", 1);
		good = put_value(out, json_object_get(object, names[i]));
	}
	put(out, "}", 1);
	mem_free(names);
	return good;
}

static bool put_list(struct text *out, json_t *list)
{
	bool good = true;

	put(out, "[", 1);
	for (size_t i = 0; i < json_array_size(list) && good; i++) {
		if (i > 0)
			put(out, ",", 1);
		good = put_value(out, json_array_get(list, i));
	}
	put(out, "]", 1);
	return good;
}

static void put_integer(struct text *out, json_int_t value)
{
	char digits[32];

	put(out, digits, (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, value));
}

/* As deep as the document, which is no deeper than JSON_VIEW_DEPTH_MAX. */
static bool put_value(struct text *out, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT: return put_object(out, value);
	case JSON_ARRAY: return put_list(out, value);
	case JSON_STRING: put_string(out, json_string_value(value), json_string_length(value)); return true;
	case JSON_INTEGER: put_integer(out, json_integer_value(value)); return true;
	case JSON_TRUE: put(out, "true", 4); return true;
	case JSON_FALSE: put(out, "false", 5); return true;
	case JSON_NULL: put(out, "null", 4); return true;
	default: return false;
	}
}

uint8_t *json_view_canonical(struct json_view *view, size_t *ret_len)
{
	struct text out = { 0 };

	if (!put_value(&out, (json_t *)view)) {
		mem_free(out.bytes);
		return NULL;
	}
	*ret_len = out.len;
	return out.bytes;
}
