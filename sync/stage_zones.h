/* SPDX-License-Identifier: Apache-2.0 */
/* The zones of a dataset being staged (sync/stage.c): loaded anew, or taken from the one that runs. */
#ifndef SYNC_STAGE_ZONES_H
#define SYNC_STAGE_ZONES_H

#include "sync/stage.h"

/* Sets dataset->zones and zone_infos. Zones that fail are counted, not an error; that is an only_zone nobody knows. */
int stage_zones(const struct stage_wish *wish, struct dataset *dataset, unsigned *ret_failed, struct err_list *errors);

#endif
