/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON that came from elsewhere, read within limits, and its canonical form. The one door to jansson in sync. A
 * document with a duplicate key, deeper than JSON_VIEW_DEPTH_MAX or with a NUL in a string is refused. Views live as
 * long as the document they were taken from. Thread: one at a time for one document.
 */
#ifndef SYNC_JSON_VIEW_H
#define SYNC_JSON_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "conf/base/span.h"

enum { JSON_VIEW_DEPTH_MAX = 64 };	/* lists and objects in each other */

struct json_view;

/* The whole document, or NULL and the reason. The caller has bounded the length. */
struct json_view *json_view_parse(struct span bytes, struct err_note *note);
void json_view_free(struct json_view *document);	/* NULL is allowed; nothing but what json_view_parse() gave */

/* Each of these takes any view, NULL too, and answers NULL, false or 0 when it is of another type. */
struct json_view *json_view_member(struct json_view *object, const char *name);
bool json_view_is_object(const struct json_view *view);
bool json_view_is_list(const struct json_view *view);
const char *json_view_text(const struct json_view *view);
bool json_view_integer(const struct json_view *view, int64_t *ret);
bool json_view_flag(const struct json_view *view, bool *ret);
size_t json_view_count(const struct json_view *view);	/* members or elements */
struct json_view *json_view_at(const struct json_view *list, size_t index);

/* Members in the order in which they are written. Zero-initialised stands before the first. */
struct json_member {
	const char *name;
	struct json_view *value;
	void *place;
};
bool json_view_next(struct json_view *object, struct json_member *member);

/* OLPC's canonical JSON, which signatures are made over: keys sorted by their bytes, no white space, integers only,
 * in strings only the quotation mark and the backslash escaped. The caller's (mem_free). NULL when there is a number
 * that is no integer. */
uint8_t *json_view_canonical(struct json_view *view, size_t *ret_len);

#endif
