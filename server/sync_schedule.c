/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sync_schedule.h"

uint64_t sync_schedule_wait_ms(uint64_t interval_ms, unsigned failures, uint64_t within_ms, uint64_t chance)
{
	uint64_t most = interval_ms > SYNC_BACKOFF_MS ? interval_ms : SYNC_BACKOFF_MS;
	uint64_t wait = interval_ms;

	for (unsigned i = 1; i < failures && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most;
	if (wait > within_ms)
		wait = within_ms;
	return wait - chance % (wait / 5 + 1);
}
