/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local names of a dataset: from the configuration, the targets of its sites and their health to the zones that hold
 * them (zone/local). Part of sync/stage.
 */
#ifndef SYNC_STAGE_LOCALS_H
#define SYNC_STAGE_LOCALS_H

#include "sync/dataset.h"

/* After sites, health and zones. A name that cannot be local is told in the log and in dataset->locals, and the zone
 * goes on answering for it; gives how many those are. */
unsigned stage_locals(const struct conf *conf, struct dataset *dataset);

#endif
