/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several servers with the same files is asked next: the first of the list that is not known to fail. One that
 * failed is left alone for a while, longer each time, and then asked again, so that the way leads back to the first.
 * Pure: the time is told. Thread: one at a time.
 */
#ifndef SYNC_MIRROR_CHOICE_H
#define SYNC_MIRROR_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MIRROR_MAX = 32,		/* as many as a mask has bits */
	MIRROR_TEXT_MAX = 256,
	MIRROR_REST_MS = 5000,		/* after the first failure; doubled with each */
	MIRROR_REST_MOST_MS = 300000,
};

struct mirror {
	unsigned failures;		/* in a row */
	bool blamed;			/* the last was in what it gave, not in how: a file that comes clears nothing */
	uint64_t rests_until_ns;	/* monotonic; 0: it does not */
	char text[MIRROR_TEXT_MAX];	/* why; "" without failures */
};

struct mirror_choice {
	struct mirror mirrors[MIRROR_MAX];
	size_t count;			/* 1 to MIRROR_MAX */
};

/* tried: bit i is the i-th, which is not meant any more. Those that rest come last. count: there is none left. */
size_t mirror_next(const struct mirror_choice *choice, uint32_t tried, uint64_t now_ns);
bool mirror_rests(const struct mirror *mirror, uint64_t now_ns);
/* Counts once for all that fails while it rests. */
void mirror_failed(struct mirror *mirror, bool blamed, const char *text, uint64_t now_ns);
/* A file came. */
void mirror_came(struct mirror *mirror);
/* What came was good, and the newest there is. */
void mirror_proved(struct mirror *mirror);
/* Nobody rests any more. */
void mirror_wake_all(struct mirror_choice *choice);

#endif
