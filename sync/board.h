/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node tells over DNS of its content, as CH TXT: sync.server. is this node as a whole, ZONE.sync.server. one of its
 * zones. Main writes the board once a second, as words without locks; workers read it. The board lives as long as the
 * process, struct board_tell with its dataset.
 */
#ifndef SYNC_BOARD_H
#define SYNC_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "conf/base/prefix.h"
#include "zone/identity.h"

struct dataset;

struct sync_board {
	_Atomic int64_t timestamp, snapshot;	/* verified */
	_Atomic uint64_t generation;
	_Atomic(const char *) state;		/* "FRESH", a constant */
	_Atomic int64_t checked_boot_s;		/* steady clock at the last look that was verified; INT64_MIN: never */
};

struct board_tell {
	struct zone_tell zone;	/* first; its text() is given this */
	const struct sync_board *board;
	const struct dataset *dataset;
	struct prefixes allow;
};

/* dataset: it stays where it is. The tell's prefixes are its own. */
void board_tell_init(struct board_tell *tell, const struct sync_board *board, const struct dataset *dataset,
		     const struct prefixes *allow);
void board_tell_fini(struct board_tell *tell);

#endif
