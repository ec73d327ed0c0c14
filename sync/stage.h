/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging: a whole new dataset aside, from the configuration and what the running one already has. Blocking: runs before
 * the loops start, or in the thread pool. A zone that fails keeps its last good version and says why; the others load.
 */
#ifndef SYNC_STAGE_H
#define SYNC_STAGE_H

#include "sync/dataset.h"

struct stage_wish {
	const struct conf *conf;
	const struct dataset *running;	/* NULL at the start; stays alive meanwhile */
	const char *only_zone;		/* reload just this one, keep all other images as they are; NULL: look at all */
	bool keep_secrets;		/* those that run, without a look at the files */
	bool keep_zones;		/* look at no zone's source, keep all images that run */
	bool images;			/* map and write compiled images in state-dir */
	bool keep_local;		/* of the configuration's own zones, sources and all; content may be another one */
	int64_t content_age_s;		/* since the master said that it is still so; sync/age */
	const struct sync_board *board;	/* for CH sync.server.; NULL: it is refused */
	struct content *content;	/* that came from the master, retained by the dataset; NULL: none */
};

/* Gives a new dataset even when zones failed (count in *ret_failed; each fault logged and kept in zone_infos). A
 * negative code when there can be none: the sites do not build (faults in errors), only_zone is not configured. */
int stage_dataset(const struct stage_wish *wish, struct dataset **ret_dataset, unsigned *ret_failed,
		  struct err_list *errors);

#endif
