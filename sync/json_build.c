/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/json_build.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conf/base/mem.h"

/* jansson gives NULL for want of memory, or for a text that is none: both are broken promises here. */
static struct json_view *made(json_t *json)
{
	assert(json != NULL);
	return (struct json_view *)json;
}

struct json_view *json_build_object(void)
{
	return made(json_object());
}

struct json_view *json_build_list(void)
{
	return made(json_array());
}

struct json_view *json_build_text(const char *text)
{
	return made(json_string(text));
}

struct json_view *json_build_integer(int64_t value)
{
	return made(json_integer(value));
}

struct json_view *json_build_flag(bool value)
{
	return made(json_boolean(value));
}

struct json_view *json_build_copy(const struct json_view *view)
{
	return made(json_deep_copy((const json_t *)view));
}

static void must(int err)
{
	if (err != 0)
		assert(!"not a document that can be changed so");
}

void json_build_set(struct json_view *object, const char *name, struct json_view *value)
{
	must(json_object_set_new((json_t *)object, name, (json_t *)value));
}

void json_build_set_text(struct json_view *object, const char *name, const char *text)
{
	if (text != NULL)
		json_build_set(object, name, json_build_text(text));
	else
		json_build_remove(object, name);
}

void json_build_set_integer(struct json_view *object, const char *name, int64_t value)
{
	json_build_set(object, name, json_build_integer(value));
}

void json_build_remove(struct json_view *object, const char *name)
{
	json_object_del((json_t *)object, name);	/* it need not be there */
}

void json_build_append(struct json_view *list, struct json_view *value)
{
	must(json_array_append_new((json_t *)list, (json_t *)value));
}

void json_build_append_text(struct json_view *list, const char *text)
{
	json_build_append(list, json_build_text(text));
}

void json_build_insert(struct json_view *list, size_t index, struct json_view *value)
{
	must(json_array_insert_new((json_t *)list, index, (json_t *)value));
}

void json_build_remove_at(struct json_view *list, size_t index)
{
	must(json_array_remove((json_t *)list, index));
}

struct json_view *json_build_object_in(struct json_view *object, const char *name)
{
	struct json_view *member = json_view_member(object, name);

	if (!json_view_is_object(member)) {
		member = json_build_object();
		json_build_set(object, name, member);
	}
	return member;
}

struct json_view *json_build_list_in(struct json_view *object, const char *name)
{
	struct json_view *member = json_view_member(object, name);

	if (!json_view_is_list(member)) {
		member = json_build_list();
		json_build_set(object, name, member);
	}
	return member;
}

bool json_build_equal(const struct json_view *a, const struct json_view *b)
{
	return a == b || (a != NULL && b != NULL && json_equal((const json_t *)a, (const json_t *)b) != 0);
}

bool json_build_is_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	}
	return true;
}

char *json_build_print(const struct json_view *view, size_t *ret_len)
{
	char *text = json_dumps((const json_t *)view,
				JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	char *copy;

	assert(text != NULL);
	copy = mem_format("%s\n", text);
	free(text);
	*ret_len = strlen(copy);
	return copy;
}
