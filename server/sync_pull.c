/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sync_pull.h"

static const uint64_t MS = 1000000;

uint64_t sync_pull_at(uint64_t whole_ns, uint64_t now_ns, uint64_t chance)
{
	uint64_t at = now_ns + chance % (SYNC_PULL_JITTER_MS * MS), burst = (SYNC_PULL_BURST - 1) * SYNC_PULL_EACH_MS * MS;

	return whole_ns > burst && whole_ns - burst > at ? whole_ns - burst : at;
}

uint64_t sync_pull_take(uint64_t whole_ns, uint64_t now_ns)
{
	return (whole_ns > now_ns ? whole_ns : now_ns) + SYNC_PULL_EACH_MS * MS;
}
