/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each key of a configuration file stands: "sites[0].targets[2].url" is on line 31. conf/check.c notes the
 * places while it walks the document; the passes behind it, which see only struct conf_raw, ask. One load owns it.
 */
#ifndef CONF_PLACE_H
#define CONF_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/base/mem.h"

enum { CONF_PATH_MAX = 192 };	/* the longest key path with its indices, and then some */

struct conf_place {
	const char *path;
	unsigned line;
};

/* Zero-initialised is empty. */
struct conf_places {
	struct arena paths;
	struct conf_place *list;
	size_t count, capacity;
	bool sorted;
};

void conf_place_add(struct conf_places *places, const char *path, unsigned line);
/* The line of path, else of the nearest thing around it that stands in the file, else 0. */
unsigned conf_place_line(struct conf_places *places, const char *path);
void conf_place_fini(struct conf_places *places);

#endif
