/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of our own: what the publisher signs and keeps. Values are views of sync/json_view as well. Who makes a value
 * owns it until it is put into another one, which then does; json_view_free() frees the outermost. Texts are ASCII,
 * so that no two ways to write them down exist. Thread: one at a time for one document.
 */
#ifndef SYNC_JSON_BUILD_H
#define SYNC_JSON_BUILD_H

#include "sync/json_view.h"

struct json_view *json_build_object(void);
struct json_view *json_build_list(void);
struct json_view *json_build_text(const char *text);
struct json_view *json_build_integer(int64_t value);
struct json_view *json_build_flag(bool value);
struct json_view *json_build_copy(const struct json_view *view);	/* deep */

/* Take value over; what had the name is gone. */
void json_build_set(struct json_view *object, const char *name, struct json_view *value);
void json_build_set_text(struct json_view *object, const char *name, const char *text);	/* NULL: removes it */
void json_build_set_integer(struct json_view *object, const char *name, int64_t value);
void json_build_remove(struct json_view *object, const char *name);
void json_build_append(struct json_view *list, struct json_view *value);
void json_build_append_text(struct json_view *list, const char *text);
void json_build_insert(struct json_view *list, size_t index, struct json_view *value);
void json_build_remove_at(struct json_view *list, size_t index);
/* A member that is made when it is not there. */
struct json_view *json_build_object_in(struct json_view *object, const char *name);
struct json_view *json_build_list_in(struct json_view *object, const char *name);

bool json_build_equal(const struct json_view *a, const struct json_view *b);
bool json_build_is_text(const char *text);	/* what a text may be: ASCII without control characters */

/* For people: indented, keys sorted, a newline at the end. The caller's (mem_free). */
char *json_build_print(const struct json_view *view, size_t *ret_len);

#endif
