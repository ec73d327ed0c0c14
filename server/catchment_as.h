/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AS numbers of some prefixes, by a table of all: the file is read once from front to back and nothing of it is kept
 * but the best match of each prefix so far, so a table of a million lines costs time, not memory. Lines are
 * `PREFIX AS` or, as RouteViews' pfx2as files have them, `ADDRESS LENGTH AS`; # begins a comment. What stands for AS is
 * taken as it is written ("64500", "AS64500", "64500_64501"), up to its length. Thread: any that may wait for a disk.
 */
#ifndef SERVER_CATCHMENT_AS_H
#define SERVER_CATCHMENT_AS_H

#include "conf/base/err.h"
#include "conf/base/prefix.h"

enum { CATCHMENT_AS_MAX = 24 };

struct catchment_as {
	struct prefix prefix;			/* asked for */
	char as[CATCHMENT_AS_MAX];		/* "" : no line covers it */
	uint8_t bits;				/* of the line found: the longest that covers prefix */
};

/* list is sorted here. -errno or ERR_SYNTAX with a note; what was found until then stays. */
int catchment_as_look_up(const char *path, struct catchment_as *list, size_t count, struct err_note *note);
/* Behind that: of one of the prefixes. */
const char *catchment_as_of(const struct catchment_as *list, size_t count, const struct prefix *prefix);

#endif
