/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What zones were, and what was taken from them, lately: by it guard rails know how many records went within the hour,
 * and that a state is one this node itself served within the week (then the way back is no new danger). One line for
 * each change of a guarded zone, added to a file of state-dir/sync; a line that a power cut tore is passed over. Owned
 * by sync/state. Thread: one at a time.
 */
#ifndef SYNC_LEDGER_H
#define SYNC_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/base/err.h"
#include "sync/lthash.h"

enum { LEDGER_HOUR_S = 3600, LEDGER_WEEK_S = 7 * 86400, LEDGER_MAX = 1 << 16 };

struct ledger_entry {
	int64_t at_s;			/* wall clock of the change: until then this was served */
	char *zone;
	uint64_t had;			/* records before it; 0: an offline key's word, with which the hour begins anew */
	uint64_t removed;		/* of them */
	uint8_t body[LTHASH_SUM_BYTES];	/* lthash_body() of what was served; zeros: not counted */
};

struct ledger {
	char *path;
	struct ledger_entry *list;	/* oldest first */
	size_t count, room;
	size_t lines;			/* in the file, with those that are of no use any more */
	bool torn;			/* its last line has no end */
};

/* A file that is not there is an empty one. What cannot be read is told to warnings. */
void ledger_open(struct ledger *ledger, const char *path, int64_t now_s, struct err_list *warnings);
void ledger_fini(struct ledger *ledger);
/* Copies; on disk when it returns 0. Else it is remembered as long as the process lives. */
int ledger_add(struct ledger *ledger, const struct ledger_entry *entries, size_t count, int64_t now_s,
	       struct err_note *note);
/* Records that went from a zone within the hour, on the way to body, which is served now; *ret_had: what it had at the
 * beginning, 0 without any change. What was gone back from does not count; what was done before that does. */
uint64_t ledger_removed(const struct ledger *ledger, const char *zone, const uint8_t body[LTHASH_SUM_BYTES],
			int64_t now_s, uint64_t *ret_had);
/* Whether the zone was served in this state within the week. */
bool ledger_served(const struct ledger *ledger, const char *zone, const uint8_t body[LTHASH_SUM_BYTES], int64_t now_s);

#endif
