/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a metadata file, for sync/tuf_metadata.c: each function fills what is of its part, or says what is
 * wrong with it: ERR_INVALID. */
#ifndef SYNC_TUF_BODY_H
#define SYNC_TUF_BODY_H

#include "sync/tuf_metadata.h"

int tuf_body_root(struct tuf_metadata *metadata, struct err_note *note);
int tuf_body_timestamp(struct tuf_metadata *metadata, struct err_note *note);
int tuf_body_snapshot(struct tuf_metadata *metadata, struct err_note *note);
int tuf_body_targets(struct tuf_metadata *metadata, struct err_note *note);

/* Keys by their ids, and who signs a role (4.3, 4.5). */
int tuf_body_keys(struct json_view *keys, struct err_note *note);
int tuf_body_role(const char *name, struct json_view *view, struct tuf_role *ret_role, struct err_note *note);
int tuf_body_delegations(struct tuf_metadata *metadata, struct json_view *delegations, struct err_note *note);
/* Length and hashes of a file; is_target: both must be there. what names it. */
int tuf_body_file(const char *what, struct json_view *view, bool is_target, struct tuf_file *ret_file,
		  struct err_note *note);

/* Sets the note and gives ERR_INVALID. */
int tuf_body_refuse(struct err_note *note, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* text, when it is one that may be told to people: short, without control characters. Else "?". */
const char *tuf_body_show(const char *text);
bool tuf_body_is_texts(struct json_view *list);	/* a list of text only */

#endif
