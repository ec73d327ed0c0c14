/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a NOTIFY makes the node look. Releases come in rows, and each is wanted at once; somebody who has the key and
 * sends NOTIFY all day must not keep the master busy. So SYNC_PULL_BURST looks may follow each other, and from then on
 * one a second. One number is the state: the time at which all of the burst is there again (GCRA). Pure. Thread: any.
 */
#ifndef SERVER_SYNC_PULL_H
#define SERVER_SYNC_PULL_H

#include <stdint.h>

enum {
	SYNC_PULL_BURST = 5,
	SYNC_PULL_EACH_MS = 1000,
	SYNC_PULL_JITTER_MS = 200,	/* so that a fleet does not ask in one moment */
};

/* For a NOTIFY that comes now; chance: any number. whole_ns: 0 at the start. */
uint64_t sync_pull_at(uint64_t whole_ns, uint64_t now_ns, uint64_t chance);
/* A look begins: the new state. */
uint64_t sync_pull_take(uint64_t whole_ns, uint64_t now_ns);

#endif
