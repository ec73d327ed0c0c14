/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as sync sees it: how long ago the master was asked with success, and whether the wall clock can be believed. Ages
 * are measured with the steady clock while the process runs, so that a clock that is set makes nothing stale.
 */
#include "conf/base/clock.h"
#include "server/events.h"
#include "server/sync_inner.h"

enum { STALE_S = 300, STALE_INTERVALS = 3 };

int64_t sync_age_of(const struct sync *sync, int64_t now_s)
{
	const struct sync_status *status = &sync->status;

	if (status->fetched_at == 0)
		return -1;
	if (sync->clock.checked_boot_s != 0)
		return clock_boot_s() - sync->clock.checked_boot_s;
	if (now_s < status->floor_s)
		now_s = status->floor_s;
	return now_s > status->fetched_at ? now_s - status->fetched_at : 0;
}

enum sync_state sync_state_of(const struct sync *sync, int64_t now_s)
{
	const struct sync_status *status = &sync->status;
	int64_t patience = (int64_t)sync->conf->sync.interval_ms * STALE_INTERVALS / 1000;

	if (status->release[0] == '\0')
		return SYNC_EMPTY;
	if (status->expires_at != 0 && (now_s > status->floor_s ? now_s : status->floor_s) >= status->expires_at)
		return SYNC_EXPIRED;
	return sync_age_of(sync, now_s) > (patience > STALE_S ? patience : STALE_S) ? SYNC_STALE : SYNC_FRESH;
}

void sync_clock_judge(struct sync *sync, int64_t now_s)
{
	struct sync_status *status = &sync->status;
	const struct sync_clock *clock = &sync->clock;
	struct wallclock_facts facts = {
		.clock_s = now_s, .floor_s = status->floor_s, .has_offset = status->has_offset, .offset_s = status->offset_s,
	};

	if (clock->anchor_boot_s != 0) {
		facts.expected_s = clock->anchor_wall_s + clock_boot_s() - clock->anchor_boot_s;
		/* The offset is of the last look; since then the clock may have been set. */
		facts.offset_s += now_s - facts.expected_s;
	}
	status->clock = wallclock_judge(&facts, status->clock_text, sizeof status->clock_text);
}

void sync_clock_looked(struct sync *sync, bool verified, int64_t now_s)
{
	struct sync_clock *clock = &sync->clock;
	int64_t boot_s = clock_boot_s(), offset_s;
	bool told = web_mirrors_offset(sync->mirrors, &offset_s);

	sync->status.floor_s = state_floor(sync->state);
	if (verified) {
		sync->status.fetched_at = state_now(sync->state, now_s);
		clock->checked_boot_s = boot_s;
	}
	/* Both make the steady clock's count begin anew: what the master told, and what was good by this clock. */
	if (told || verified || clock->anchor_boot_s == 0) {
		clock->anchor_wall_s = now_s;
		clock->anchor_boot_s = boot_s;
	}
	if (told) {
		sync->status.has_offset = true;
		sync->status.offset_s = offset_s;
	} else if (verified) {
		sync->status.has_offset = false;
	}
	sync_clock_judge(sync, now_s);
}

void sync_clock_tell(struct sync *sync, enum wallclock verdict, const char *text)
{
	if (verdict == sync->shown_clock)
		return;
	sync->shown_clock = verdict;
	if (verdict == WALLCLOCK_GOOD)
		events_add(sync->node->events, LOG_LEVEL_INFO, "sync", "sync: the clock of this node is believed again");
	else
		events_add(sync->node->events, LOG_LEVEL_ERROR, "sync", "sync: %s", text);
}

void sync_clock_show(struct sync *sync, enum sync_state state)
{
	static const char *const names[] = { "FRESH", "STALE", "EXPIRED", "EMPTY" };
	const struct sync_status *status = &sync->status;
	int64_t age_s = sync_age_of(sync, clock_wall_s());

	atomic_store(&sync->board.timestamp, status->verified.timestamp);
	atomic_store(&sync->board.snapshot, status->verified.snapshot);
	atomic_store(&sync->board.generation, status->generation);
	atomic_store(&sync->board.state, names[state]);
	atomic_store(&sync->board.checked_boot_s, age_s >= 0 ? clock_boot_s() - age_s : INT64_MIN);
}
