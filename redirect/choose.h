/* SPDX-License-Identifier: Apache-2.0 */
/* Which target of a site. Pure: the health view and a random number are given by the caller. Thread: any. */
#ifndef REDIRECT_CHOOSE_H
#define REDIRECT_CHOOSE_H

#include <stdint.h>

#include "redirect/sites.h"

enum redirect_choice { REDIRECT_CHOICE_OWN, REDIRECT_CHOICE_FALLBACK, REDIRECT_CHOICE_NONE };

/* This node's healthy targets by weight, else the first healthy fallback in the order of the configuration, else
 * NULL. health is indexed by target id, 0 is down; NULL: all are healthy. */
const struct redirect_target *redirect_choose(const struct redirect_site *site, const _Atomic uint8_t *health,
					      uint64_t random, enum redirect_choice *ret_choice);

#endif
