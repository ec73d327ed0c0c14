/* SPDX-License-Identifier: Apache-2.0 */
/* When the master is looked at next; server/sync_pull is about NOTIFY. Pure: time and chance are told. Thread: any. */
#ifndef SERVER_SYNC_SCHEDULE_H
#define SERVER_SYNC_SCHEDULE_H

#include <stdint.h>

enum {
	SYNC_BACKOFF_MS = 300000,	/* at most this between two looks that fail, or the interval if it is longer */
};

/* From the end of a look to the next: the interval, doubled with each further failure in a row, less up to a
 * fifth, so that a fleet does not beat in step and news is never older than the interval; never longer than within_ms.
 * chance: any number. */
uint64_t sync_schedule_wait_ms(uint64_t interval_ms, unsigned failures, uint64_t within_ms, uint64_t chance);

#endif
