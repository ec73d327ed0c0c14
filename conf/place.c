/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conf_place_add(struct conf_places *places, const char *path, unsigned line)
{
	void *list = places->list;

	mem_grow(&list, &places->capacity, places->count, sizeof *places->list);
	places->list = list;
	places->list[places->count++] =
		(struct conf_place){ arena_copy(&places->paths, path, strlen(path) + 1), line };
	places->sorted = false;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct conf_place *)a)->path, ((const struct conf_place *)b)->path);
}

unsigned conf_place_line(struct conf_places *places, const char *path)
{
	char around[CONF_PATH_MAX];
	struct conf_place wanted = { .path = around };

	if (places->count == 0)
		return 0;
	if (!places->sorted)
		qsort(places->list, places->count, sizeof *places->list, by_path);
	places->sorted = true;

	snprintf(around, sizeof around, "%s", path);
	for (size_t end = strlen(around);; around[end] = '\0') {
		struct conf_place *hit = bsearch(&wanted, places->list, places->count, sizeof wanted, by_path);

		if (hit != NULL)
			return hit->line;
		if (end == 0)
			return 0;
		do
			end--;
		while (end > 0 && around[end] != '.' && around[end] != '[');
	}
}

void conf_place_fini(struct conf_places *places)
{
	arena_fini(&places->paths);
	mem_free(places->list);
	*places = (struct conf_places){ 0 };
}
