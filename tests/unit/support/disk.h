/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails, for tests of what is written to folders: every call of ours that changes a file below the folder
 * that is watched goes through here (by the linker's --wrap, see tests/CMakeLists.txt). It is counted, the wanted one
 * goes wrong, and all are written down, so that afterwards the folder can be made as a power cut behind any of them
 * could have left it. Owned by the test; one at a time, one thread.
 *
 * What a power cut may do is taken from what POSIX promises and no more: content is safe behind fsync() of the file, a
 * name behind fsync() of the folder that it is in, everything behind syncfs().
 */
#ifndef TESTS_UNIT_SUPPORT_DISK_H
#define TESTS_UNIT_SUPPORT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum disk_fault {
	DISK_NO_FAULT,
	DISK_EIO,		/* the call fails */
	DISK_FULL,		/* half of a write, then ENOSPC, for all that takes room from then on */
	DISK_SHORT,		/* a write that writes half and says so: no failure */
	DISK_KILL,		/* the process dies before the call, of a write within it */
	DISK_KILL_BEHIND,	/* right behind it */
	DISK_FAULTS,
};
const char *disk_fault_name(enum disk_fault fault);

enum disk_cut {
	DISK_CUT_LOST,		/* what was not synced is gone */
	DISK_CUT_EMPTY,		/* names are there, content that was not synced is not */
	DISK_CUT_ZEROS,		/* names are there, content that was not synced has its length, all zeros */
	DISK_CUT_KEPT,		/* all is there: as if the process alone had died */
	DISK_CUT_CHANCE,	/* of each name and each content one of these, by seed */
	DISK_CUTS,
};
const char *disk_cut_name(enum disk_cut cut);

/* From now on, until disk_watch(NULL): what is there is taken as safe. fault: at the at-th call, counted from 1. */
void disk_watch(const char *folder, size_t at, enum disk_fault fault);
size_t disk_calls(void);		/* since disk_watch() */
bool disk_has_failed(void);		/* the fault was met */
const char *disk_call(size_t at);	/* "rename", for messages */
/* The folder as it may be after a power cut behind the first calls calls, into the folder to, which is made. */
void disk_cut(size_t calls, enum disk_cut cut, uint64_t seed, const char *to);
void disk_free(void);			/* what was written down */

#endif
