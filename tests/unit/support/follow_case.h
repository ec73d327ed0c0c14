/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of what may go wrong on the way from one release to the next: a master with two of them, and the state of
 * a node that has the old one. The step has a new root with another timestamp key in it, a zone's changeset, a zone
 * that is new (its checkpoint), a changed file and a changed policy.
 */
#ifndef TESTS_UNIT_SUPPORT_FOLLOW_CASE_H
#define TESTS_UNIT_SUPPORT_FOLLOW_CASE_H

#include "tests/unit/support/follower.h"

#define FOLLOW_CASE_NOW INT64_C(1800000000)

struct follow_case {
	struct sync_master *master;
	char *folder;			/* with the following in it */
	char *saved, *state, *root;	/* the old state; the one that is worked with; the installed root */
	char *repo;			/* as it was with the old release */
	char old[FOLLOWER_TEXT], new[FOLLOWER_TEXT];	/* what is served */
	uint64_t bytes;			/* that an undisturbed step moves */
	unsigned gone_wrong, turned_new;	/* of those that follow_case_check() saw */
};

/* Temporary folders are made in memory from now on, where there is such a place: fsync() is what these tests wait for. */
void follow_case_in_memory(void);
struct follow_case *follow_case_new(void);
void follow_case_free(struct follow_case *test);
/* The old state again. */
void follow_case_restore(struct follow_case *test);
/* A node over the state; ends the test with where when there can be none. */
void follow_case_start(struct follow_case *test, struct follower *ret, const char *where);
/* What must hold whatever happened: without a master a node serves one of both releases, whole, and the new one when
 * seen says that it was served; one look at the undisturbed master, and it is the new one, also after another start;
 * nothing half written is left. */
void follow_case_check(struct follow_case *test, bool seen_new, const char *where);
/* 1: all; else every so manieth, from a place that is another one each day (CATCHMENT_ALL_FAULTS for all). */
unsigned follow_case_stride(unsigned stride, unsigned *ret_first);

#endif
