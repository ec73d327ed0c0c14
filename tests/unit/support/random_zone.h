/* SPDX-License-Identifier: Apache-2.0 */
/* Zones made by chance out of few labels, so that cuts, DNAMEs, wildcards, aliases, empty non-terminals and names in
 * RDATA meet; and their next versions. Not signed by anything, but with chains and RRSIGs in the right places. */
#ifndef TESTS_UNIT_SUPPORT_RANDOM_ZONE_H
#define TESTS_UNIT_SUPPORT_RANDOM_ZONE_H

#include <stdint.h>

#include "zone/image.h"

enum random_denial { RANDOM_UNSIGNED, RANDOM_NSEC, RANDOM_NSEC3, RANDOM_OPT_OUT, RANDOM_MANY_ITERATIONS, RANDOM_DENIALS };

struct random_zone;

/* The same seed gives the same zones. */
struct random_zone *random_zone_new(uint64_t seed, enum random_denial denial, unsigned records);
void random_zone_free(struct random_zone *zone);
uint32_t random_zone_draw(struct random_zone *zone, uint32_t below);
/* Some records come, go and change; the serial rises. */
void random_zone_step(struct random_zone *zone, unsigned changes);
/* Another kind of denial from now on. */
void random_zone_sign(struct random_zone *zone, enum random_denial denial);
/* The version as it is, compiled from text. */
struct zone_image *random_zone_image(struct random_zone *zone);
/* A name at or below the apex, existing or not, as text. */
void random_zone_name(struct random_zone *zone, char out[128]);
const char *random_zone_type(struct random_zone *zone);

#endif
