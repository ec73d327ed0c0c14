/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which target of a site. Pure: health, a random number and the hash of the path are given by the caller. Thread: any.
 */
#ifndef REDIRECT_CHOOSE_H
#define REDIRECT_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "redirect/health.h"
#include "redirect/sites.h"

struct redirect_wishes;

enum redirect_choice { REDIRECT_CHOICE_OWN, REDIRECT_CHOICE_FALLBACK, REDIRECT_CHOICE_NONE };

struct redirect_choosing {
	const struct redirect_site *site;
	const struct redirect_health *health;	/* NULL: all are healthy */
	const struct redirect_wishes *wishes;	/* nodes to avoid; NULL: none */
	uint8_t family;				/* of the client: a target must be up in it */
	uint64_t random;
	uint64_t path_hash;			/* redirect_choose_hash(), for sites that balance by path */
};

/* The same on every node and in every version: which server has a path in its cache depends on it. */
uint64_t redirect_choose_hash(struct span path);

/* Choices one after the other. The first alone is looked for; whoever wants another is likely to want more, so some are
 * then found at a time. */
enum { REDIRECT_CHOICES_AHEAD = 16 };

struct redirect_draw {
	const struct redirect_target *target;	/* NULL: none yet */
	uint64_t hash;
	uint64_t log;				/* of it, once it was needed; else 0 */
};

struct redirect_choices {
	const struct redirect_choosing *choosing;
	struct redirect_draw last;		/* of this list */
	bool fallback;				/* the list; this node's own before it */
	uint8_t count, next;			/* of ahead, not yet cleared */
	struct redirect_draw ahead[REDIRECT_CHOICES_AHEAD];
};

static inline void redirect_choices_begin(struct redirect_choices *choices, const struct redirect_choosing *choosing)
{
	choices->choosing = choosing;
	choices->last.target = NULL;
	choices->fallback = false;
	choices->count = choices->next = 0;
}

/* The next choice: this node's usable targets first (by weight, or by rendezvous hashing: each target's share
 * is its weight, and adding one takes 1/n of the paths and moves no other), then the fallbacks (in order, or by hashing).
 * Each target comes once; NULL behind the last. The order depends on nothing but what choosing holds and on health. */
const struct redirect_target *redirect_choices_next(struct redirect_choices *choices, enum redirect_choice *ret_choice);
/* The i-th of them, from 0 on. */
const struct redirect_target *redirect_choose(const struct redirect_choosing *choosing, unsigned i,
					      enum redirect_choice *ret_choice);

#endif
