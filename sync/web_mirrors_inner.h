/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of sync/web_mirrors: web_mirrors.c (files), web_mirrors_table.c (who is asked, and how it stands with them),
 * web_mirrors_memory.c (the last timestamp of each, for 304), web_mirrors_text.c (failures in words). */
#ifndef SYNC_WEB_MIRRORS_INNER_H
#define SYNC_WEB_MIRRORS_INNER_H

#include <stdatomic.h>
#include <uv.h>

#include "sync/web.h"
#include "sync/web_mirrors.h"

struct web_memory {
	char etag[WEB_ETAG_MAX + 1];	/* "": nothing is remembered */
	uint8_t *bytes;
	size_t len;
	uint64_t at_ns;
};

struct web_mirrors {
	struct transport transport;	/* first: what get() is given */
	struct web_mirrors_settings settings;
	uv_loop_t loop;
	uv_async_t wake;
	struct web *web;
	_Atomic bool stopped;
	_Atomic uint64_t received;
	size_t running;
	struct web_memory *memories;	/* one for each URL */
	int64_t offset_s;		/* our clock less that of the server that answered last */
	bool has_offset;
	bool whole;			/* nothing is asked for with its ETag */
	size_t preferred, turn;		/* settings.url_count: none */

	uv_mutex_t lock;		/* of what others may ask for, below */
	struct mirror_choice choice;
	size_t current;			/* answered last; settings.url_count: none */
	uint64_t files[MIRROR_MAX], bytes[MIRROR_MAX], same[MIRROR_MAX];
};

/* web_mirrors_table.c */
size_t web_mirrors_next(struct web_mirrors *mirrors, uint32_t tried);
bool web_mirrors_is_doubtful(struct web_mirrors *mirrors, size_t index, uint32_t tried);	/* and not the last */
void web_mirrors_note_failure(struct web_mirrors *mirrors, size_t index, const char *text);
void web_mirrors_note_file(struct web_mirrors *mirrors, size_t index, uint64_t bytes, bool same);
void web_mirrors_follow(struct web_mirrors *mirrors, size_t index);

/* web_mirrors_memory.c */
bool web_memory_is_for(const char *name);
bool web_memory_is_good(const struct web_memory *memory, uint64_t max_bytes, uint64_t now_ns);
/* Takes over what copy has when it may be asked for by its ETag; forgets what was there otherwise. */
void web_memory_keep(struct web_memory *memory, const struct web_response *response, struct transport_buffer *copy,
		     uint64_t now_ns);

/* web_mirrors_text.c: "URL: what happened", and which key of the configuration has to do with it. */
void web_mirrors_explain(const struct web_mirrors_settings *settings, const char *url,
			 const struct web_response *response, struct err_note *note);

#endif
